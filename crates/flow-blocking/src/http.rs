//! The default transport, on ureq.
//!
//! ureq only speaks HTTP and keeps idle connections: its redirects, proxies, DNS, TLS and timeouts
//! are off, because all of them are decided above or made by the connector below.

use std::fmt;
use std::io::{self, Read};
use std::sync::Arc;

use bytes::Bytes;
use flow_api::client::{Connection, InFlight, head};
use flow_errors::{Error, Result};
use http::header::{
    ACCEPT, CONNECTION, CONTENT_LENGTH, EXPECT, HOST, HeaderName, PROXY_AUTHORIZATION,
    TRANSFER_ENCODING,
};
use http::uri::Scheme;
use http::{HeaderMap, HeaderValue, Method, Request, Response};

use crate::call::Call;
use crate::cancel::Registration;
use crate::connection::MAX_HEAD_BYTES;
use crate::connector::{Dialer, NoResolver};
use crate::{CancelToken, ReplyBody, Transport, tunnel};

/// The transport that clients use by default, on ureq, for those who wrap it in one of their own.
///
/// Cloning is cheap; clones share connections.
#[derive(Clone)]
pub struct HttpTransport {
    agent: ureq::Agent,
    /// What a proxy wants in requests that it can read.
    proxy_authorization: Option<HeaderValue>,
}

impl HttpTransport {
    /// Creates the transport of one client; roots are read here, once.
    ///
    /// # Errors
    ///
    /// Returns an error of kind `config` if certificates cannot be used.
    pub fn new(connection: &Connection) -> Result<Self> {
        let config = ureq::config::Config::builder()
            .http_status_as_error(false)
            .max_idle_age(Connection::MAX_IDLE_AGE)
            .max_idle_connections(Connection::MAX_IDLE_PER_HOST)
            .max_idle_connections_per_host(Connection::MAX_IDLE_PER_HOST)
            .max_redirects(0)
            .max_response_header_size(MAX_HEAD_BYTES)
            // Ours; ureq's own would be read from the environment.
            .proxy(None)
            .user_agent("")
            .build();
        let agent = ureq::Agent::with_parts(config, Dialer::new(connection)?, NoResolver);
        let proxy = connection.proxy.as_ref();
        Ok(Self { agent, proxy_authorization: proxy.and_then(tunnel::authorization) })
    }
}

impl Transport for HttpTransport {
    fn send(
        &self,
        mut request: Request<Bytes>,
        in_flight: &InFlight,
        cancel: &CancelToken,
    ) -> Result<Response<ReplyBody>> {
        self.authorize(&mut request);
        let secret_lines = take_secret_lines(request.headers_mut());
        let call = Arc::new(Call::new(in_flight, cancel, secret_lines));
        call.left()?;
        let registration = cancel.register(Arc::clone(&call) as _);
        let reply = {
            let _entered = call.enter();
            self.run(request)
        };
        let reply = reply.map_err(|error| failed(&call, error))?;
        head::check(reply.headers())?;
        if !reply.status().is_success() {
            call.limit_body(head::MAX_ERROR_BODY_TIME);
        }
        Ok(reply.map(|body| {
            let reader = body.into_reader();
            Box::new(Body { reader, call, _registration: registration, failed: None }) as ReplyBody
        }))
    }
}

impl HttpTransport {
    /// Adds what a proxy wants of the requests that it can read.
    fn authorize(&self, request: &mut Request<Bytes>) {
        if let Some(value) = &self.proxy_authorization {
            if request.uri().scheme() == Some(&Scheme::HTTP) {
                request.headers_mut().insert(PROXY_AUTHORIZATION, value.clone());
            }
        }
    }

    fn run(&self, request: Request<Bytes>) -> Result<Response<ureq::Body>, ureq::Error> {
        let (parts, body) = request.into_parts();
        let may_lack_body = !matches!(parts.method, Method::POST | Method::PUT | Method::PATCH);
        if body.is_empty() && may_lack_body {
            // Without a `content-length: 0`, which some servers refuse in a GET.
            return self.agent.run(Request::from_parts(parts, ()));
        }
        self.agent.run(Request::from_parts(parts, &*body))
    }
}

impl fmt::Debug for HttpTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpTransport").finish_non_exhaustive()
    }
}

/// Takes the headers marked sensitive out, as lines of a request.
///
/// ureq logs the head that it writes, byte by byte, to whoever listens to `trace`. The headers by
/// which it frames the request it must see.
fn take_secret_lines(headers: &mut HeaderMap) -> Vec<u8> {
    const FRAMING: [HeaderName; 6] =
        [ACCEPT, CONNECTION, CONTENT_LENGTH, EXPECT, HOST, TRANSFER_ENCODING];

    let is_secret = |(name, value): &(&HeaderName, &HeaderValue)| {
        value.is_sensitive() && !FRAMING.contains(name)
    };
    let mut lines = Vec::new();
    while let Some(name) = headers.iter().find(is_secret).map(|(name, _)| name.clone()) {
        for value in headers.get_all(&name) {
            for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
                lines.extend_from_slice(part);
            }
        }
        headers.remove(&name);
    }
    lines
}

/// A reply's body, read within the limits of its call.
struct Body {
    reader: ureq::BodyReader<'static>,
    call: Arc<Call>,
    _registration: Registration,
    /// What ended it; an end of file after that would look like success.
    failed: Option<Error>,
}

impl Read for Body {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if let Some(error) = &self.failed {
            return Err(io::Error::other(error.clone()));
        }
        self.call.begin_read();
        // What has been buffered is not read after the call's end either.
        let read = self.call.left().and_then(|_| {
            let _entered = self.call.enter();
            self.reader.read(buf).map_err(|error| match error.downcast::<ureq::Error>() {
                Ok(error) => failed(&self.call, error),
                Err(error) => self.call.broke_io(error),
            })
        });
        read.map_err(|error| {
            self.call.end_wait();
            self.failed = Some(error.clone());
            io::Error::other(error)
        })
    }
}

/// Finds the error that was made below ureq, or makes one.
fn failed(call: &Call, error: ureq::Error) -> Error {
    match error {
        ureq::Error::Other(source) => match source.downcast::<Error>() {
            Ok(error) => *error,
            Err(source) => call.broke(io::Error::other(source)),
        },
        ureq::Error::Io(error) => call.broke_io(error),
        ureq::Error::LargeResponseHeader(..) => head::too_large().with_source(error),
        ureq::Error::BadUri(_) | ureq::Error::Http(_) => head::unsendable().with_source(error),
        // Of a crate whose errors ureq does not export.
        ureq::Error::Protocol(_) if error.to_string().contains("too many headers") => {
            head::too_large().with_source(error)
        }
        error => call.broke(error),
    }
}
