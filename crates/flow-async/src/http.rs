//! The default transport, on reqwest.
//!
//! reqwest only carries: its retries, redirects, proxy discovery and total timeout are off,
//! because all of them are decided above. Its errors are classified here, where the phase that
//! failed is still known.

use std::error::Error as StdError;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use flow_api::client::{Connection, InFlight, head};
use flow_errors::{Error, Result, Sent};
use http::uri::Authority;
use http::{Request, Response, Uri};
use http_body_util::BodyExt as _;
use reqwest::Url;

use crate::request_body::RequestBody;
use crate::{ReplyBody, Transport, tls};

/// A runtime that has not been heard of for so long may have stood still.
const STANDSTILL: Duration = Duration::from_millis(1);

/// The transport that clients use by default, on reqwest, for those who wrap it in one of their own.
///
/// Cloning is cheap; clones share connections.
#[derive(Clone)]
pub struct HttpTransport {
    client: reqwest::Client,
    connect_timeout: Duration,
    last: Arc<Mutex<Last>>,
}

/// What is remembered from call to call.
#[derive(Default)]
struct Last {
    /// The URL of the last request: most calls have the same, and parsing one takes longer than
    /// writing the request.
    url: Option<(Uri, Url)>,
    /// When the last head arrived.
    reply: Option<Instant>,
}

impl HttpTransport {
    /// Creates the transport of one client; roots are read here, once.
    ///
    /// # Errors
    ///
    /// Returns an error of kind `config` if certificates or the proxy cannot be used.
    pub fn new(connection: &Connection) -> Result<Self> {
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls::config(connection)?)
            .connect_timeout(connection.connect_timeout)
            .http1_only()
            // Also where another crate turns these features on: see `flow_api`'s body reader.
            .no_brotli()
            .no_deflate()
            .no_gzip()
            .no_zstd()
            .no_proxy()
            .pool_idle_timeout(Connection::MAX_IDLE_AGE)
            .pool_max_idle_per_host(Connection::MAX_IDLE_PER_HOST)
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .retry(reqwest::retry::never())
            .tcp_nodelay(true);
        if let Some(proxy) = &connection.proxy {
            let refuse = |source: reqwest::Error| {
                let message = format!("the proxy `{proxy}` cannot be used");
                Error::config(message).with_source(source.without_url())
            };
            builder = builder.proxy(reqwest::Proxy::all(proxy.uri().to_string()).map_err(refuse)?);
        }
        let client = builder.build().map_err(|source| {
            Error::config("the HTTP client cannot be built").with_source(source.without_url())
        })?;
        let connect_timeout = connection.connect_timeout;
        Ok(Self { client, connect_timeout, last: Arc::default() })
    }

    fn request(&self, request: Request<Bytes>, in_flight: &InFlight) -> Result<reqwest::Request> {
        let (head, body) = request.into_parts();
        let mut request = reqwest::Request::new(head.method, self.url(head.uri)?);
        *request.headers_mut() = head.headers;
        let body = RequestBody::new(body, in_flight.clone());
        *request.body_mut() = Some(reqwest::Body::wrap(body));
        Ok(request)
    }

    fn url(&self, uri: Uri) -> Result<Url> {
        let mut last = self.last();
        if let Some((_, url)) = last.url.as_ref().filter(|(known, _)| is_same(known, &uri)) {
            return Ok(url.clone());
        }
        let url = Url::parse(&uri.to_string())
            .map_err(|source| head::unsendable().with_source(source))?;
        last.url = Some((uri, url.clone()));
        Ok(url)
    }

    /// Lets the runtime look at its sockets, unless it has just done so: of a connection that the
    /// server has closed meanwhile hyper learns only so, and would write the request into it.
    async fn look_at_sockets(&self) {
        let reply = self.last().reply;
        if reply.is_some_and(|reply| reply.elapsed() > STANDSTILL) {
            tokio::task::yield_now().await;
        }
    }

    fn last(&self) -> MutexGuard<'_, Last> {
        // What is in it is whole at any time, so a panic elsewhere does no harm.
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self, error: reqwest::Error, in_flight: &InFlight) -> Error {
        let error = error.without_url();
        if error.is_builder() {
            return head::unsendable().with_source(error);
        }
        if error.is_connect() {
            return if error.is_timeout() {
                head::connect_timeout(self.connect_timeout).with_source(error)
            } else {
                Error::connect(error)
            };
        }
        in_flight.mark_sent();
        if is_head_too_large(&error) {
            return head::too_large().with_source(error);
        }
        Error::transport(in_flight.sent(), error)
    }
}

impl Transport for HttpTransport {
    fn send<'client, 'flight, 'send>(
        &'client self,
        request: Request<Bytes>,
        in_flight: &'flight InFlight,
    ) -> Pin<Box<dyn Future<Output = Result<Response<ReplyBody>>> + Send + 'send>>
    where
        'client: 'send,
        'flight: 'send,
    {
        Box::pin(async move {
            let request = self.request(request, in_flight)?;
            self.look_at_sockets().await;
            let reply = self.client.execute(request).await;
            let reply = Response::from(reply.map_err(|error| self.failed(error, in_flight))?);
            self.last().reply = Some(Instant::now());
            head::check(reply.headers())?;
            Ok(reply.map(|body| body.map_err(body_failed).boxed_unsync()))
        })
    }
}

/// Quicker than `==`, which compares hosts letter by letter, as their case does not matter.
fn is_same(one: &Uri, other: &Uri) -> bool {
    one.path_and_query() == other.path_and_query()
        && one.authority().map(Authority::as_str) == other.authority().map(Authority::as_str)
        && one.scheme() == other.scheme()
}

fn body_failed(error: reqwest::Error) -> Error {
    Error::transport(Sent::Perhaps, error.without_url())
}

/// hyper refuses such a head itself; reqwest does not say so, and hyper's own question for it is
/// there only with a server's code built in.
fn is_head_too_large(error: &reqwest::Error) -> bool {
    let mut cause: Option<&dyn StdError> = Some(error);
    while let Some(error) = cause {
        if error.to_string() == "message head is too large" {
            return true;
        }
        cause = error.source();
    }
    false
}

impl fmt::Debug for HttpTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // reqwest's own would print the proxy's credentials.
        f.debug_struct("HttpTransport").finish_non_exhaustive()
    }
}
