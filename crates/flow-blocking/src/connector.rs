//! Makes the connections that ureq asks for: DNS, TCP, proxy and TLS within one limit.

use std::sync::Arc;
use std::time::Duration;

use flow_api::{self, Proxy};
use flow_errors::{Error, Result};
use http::Uri;
use http::uri::Scheme;
use rustls::ClientConfig;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{ConnectionDetails, Connector, NextTimeout};

use crate::call::Call;
use crate::connection::Connection;
use crate::dial::dial;
use crate::socket::Socket;
use crate::stream::Stream;
use crate::{tls, tunnel};

/// Makes new connections.
#[derive(Debug)]
pub(crate) struct Dialer {
    tls: Arc<ClientConfig>,
    proxy: Option<Proxy>,
    timeout: Duration,
}

impl Dialer {
    /// Creates the connector of one client; roots are read here, once.
    ///
    /// # Errors
    ///
    /// Returns an error of kind `config` if certificates cannot be used.
    pub(crate) fn new(connection: &flow_api::client::Connection) -> Result<Self> {
        Ok(Self {
            tls: Arc::new(tls::config(connection)?),
            proxy: connection.proxy.clone(),
            timeout: connection.connect_timeout,
        })
    }

    fn open(&self, call: &Call, target: &Uri) -> Result<Connection> {
        let host = target.host().unwrap_or_default();
        let is_https = is_https(target);
        let hop = self.proxy.as_ref().map_or(target, Proxy::uri);
        let mut stream = self.reach(call, hop)?;
        let Some(proxy) = &self.proxy else {
            return Ok(Connection::new(stream, None));
        };
        if !is_https {
            let authority = target.authority().map_or(host, http::uri::Authority::as_str);
            return Ok(Connection::new(stream, Some(format!("http://{authority}").into())));
        }
        tunnel::open(&mut stream, call, proxy, &format!("{host}:{}", port(target)))?;
        Ok(Connection::new(stream.encrypt(call, &self.tls, bare(host))?, None))
    }

    /// Connects to one machine, with TLS where its URL says so.
    fn reach(&self, call: &Call, hop: &Uri) -> Result<Stream> {
        let host = bare(hop.host().unwrap_or_default());
        let stream = dial(call, host, port(hop))?;
        let stream = Stream::Plain(Socket::new(stream).map_err(|error| call.broke(error))?);
        if is_https(hop) { stream.encrypt(call, &self.tls, host) } else { Ok(stream) }
    }
}

impl Connector for Dialer {
    type Out = Connection;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        _: Option<()>,
    ) -> Result<Option<Connection>, ureq::Error> {
        let call = Call::current().ok_or(ureq::Error::ConnectionFailed)?;
        call.begin_connecting(self.timeout);
        let opened = self.open(&call, details.uri);
        call.end_connecting();
        opened.map(Some).map_err(|error: Error| ureq::Error::Other(error.into()))
    }
}

/// Resolves nothing: ureq asks also where a connection is at hand, and the connector does it.
#[derive(Debug)]
pub(crate) struct NoResolver;

impl Resolver for NoResolver {
    fn resolve(
        &self,
        _: &Uri,
        _: &ureq::config::Config,
        _: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        Ok(self.empty())
    }
}

fn is_https(uri: &Uri) -> bool {
    uri.scheme() == Some(&Scheme::HTTPS)
}

fn port(uri: &Uri) -> u16 {
    uri.port_u16().unwrap_or_else(|| if is_https(uri) { 443 } else { 80 })
}

/// The host without the brackets that URLs put around IPv6 addresses.
fn bare(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']')
}
