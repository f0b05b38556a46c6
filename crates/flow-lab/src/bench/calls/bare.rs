//! The same calls with nothing but an HTTP stack and serde: what a careful program would do.
//!
//! Whatever changes the result is as in ours: headers, body, gzip, no redirects, the status, a
//! reply that fits into memory, the deadline. Each call has a new idempotency key. Missing is what
//! only matters when something fails: retries, errors with names, a history.

use std::hash::{BuildHasher, RandomState};
use std::io::Read;
use std::time::Duration;

use flate2::read::MultiGzDecoder;
use flow_async::ChatCompletion;
use http::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, USER_AGENT,
};
use http::{HeaderMap, HeaderValue, StatusCode};
use rustls::{ClientConfig, RootCertStore};
use serde::Serialize;

use super::ours::use_up;
use super::same::{DEADLINE, KEY, MODEL, PROMPT};
use crate::Result;

/// How many bytes of a reply are read, as in ours.
const MAX_REPLY_BYTES: u64 = 64 * 1024 * 1024;

#[derive(Clone)]
pub(in crate::bench) struct Async {
    client: reqwest::Client,
    url: reqwest::Url,
}

impl Async {
    pub(in crate::bench) fn new(base_url: &str) -> Result<Self> {
        let provider = rustls::crypto::ring::default_provider();
        // Never used over plain HTTP; without it reqwest would load the system's roots.
        let tls = ClientConfig::builder_with_provider(provider.into())
            .with_safe_default_protocol_versions()?
            .with_root_certificates(RootCertStore::empty())
            .with_no_client_auth();
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .default_headers(headers(concat!("flow-async/", env!("CARGO_PKG_VERSION")))?)
            .connect_timeout(Duration::from_secs(5))
            .timeout(DEADLINE)
            .http1_only()
            .no_proxy()
            .pool_max_idle_per_host(100)
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .build()?;
        Ok(Self { client, url: url(base_url).parse()? })
    }

    pub(super) async fn calls(self, calls: u32) -> Result<(), String> {
        for _ in 0..calls {
            use_up(&self.call().await.map_err(|error| error.to_string())?);
        }
        Ok(())
    }

    /// Sends a body; returns what comes back once its head is there.
    pub(in crate::bench) async fn post(&self, body: Vec<u8>) -> reqwest::Result<reqwest::Response> {
        let request = self.client.post(self.url.clone());
        request.header("idempotency-key", idempotency_key()).body(body).send().await
    }

    async fn call(&self) -> Result<ChatCompletion, Box<dyn std::error::Error + Send + Sync>> {
        let reply = self.post(serde_json::to_vec(&Chat::NEW)?).await?;
        let (status, is_gzip) = (reply.status(), is_gzip(reply.headers()));
        decoded(status, is_gzip, &reply.bytes().await?)
    }
}

pub(in crate::bench) struct Blocking {
    agent: ureq::Agent,
    url: http::Uri,
    headers: HeaderMap,
}

impl Blocking {
    pub(in crate::bench) fn new(base_url: &str, timeout: Option<Duration>) -> Result<Self> {
        let config = ureq::config::Config::builder()
            .http_status_as_error(false)
            .max_idle_connections(100)
            .max_idle_connections_per_host(100)
            .max_redirects(0)
            .proxy(None)
            .timeout_global(timeout)
            .build();
        let headers = headers(concat!("flow-blocking/", env!("CARGO_PKG_VERSION")))?;
        Ok(Self { agent: config.into(), url: url(base_url).parse()?, headers })
    }

    pub(super) fn calls(&self, calls: u32) -> Result<(), String> {
        for _ in 0..calls {
            use_up(&self.call().map_err(|error| error.to_string())?);
        }
        Ok(())
    }

    /// Sends a body; returns what comes back once its head is there.
    pub(in crate::bench) fn post(
        &self,
        body: Vec<u8>,
    ) -> Result<http::Response<ureq::Body>, Box<dyn std::error::Error + Send + Sync>> {
        let mut request = http::Request::post(self.url.clone()).body(body)?;
        *request.headers_mut() = self.headers.clone();
        request.headers_mut().insert("idempotency-key", idempotency_key().parse()?);
        Ok(self.agent.run(request)?)
    }

    fn call(&self) -> Result<ChatCompletion, Box<dyn std::error::Error + Send + Sync>> {
        let (head, mut body) = self.post(serde_json::to_vec(&Chat::NEW)?)?.into_parts();
        let bytes = body.with_config().limit(MAX_REPLY_BYTES).read_to_vec()?;
        decoded(head.status, is_gzip(&head.headers), &bytes)
    }
}

/// The request's body, with the fields in the order in which ours writes them.
#[derive(Serialize)]
struct Chat {
    model: &'static str,
    messages: [Message; 1],
}

#[derive(Serialize)]
struct Message {
    role: &'static str,
    content: &'static str,
}

impl Chat {
    const NEW: Self = Self { model: MODEL, messages: [Message { role: "user", content: PROMPT }] };
}

fn url(base_url: &str) -> String {
    format!("{base_url}/chat/completions")
}

fn headers(user_agent: &'static str) -> Result<HeaderMap> {
    let mut key: HeaderValue = format!("Bearer {KEY}").parse()?;
    key.set_sensitive(true);
    let json = HeaderValue::from_static("application/json");
    let headers = [
        (ACCEPT, json.clone()),
        (ACCEPT_ENCODING, HeaderValue::from_static("gzip")),
        (USER_AGENT, HeaderValue::from_static(user_agent)),
        (CONTENT_TYPE, json),
        (AUTHORIZATION, key),
    ];
    Ok(headers.into_iter().collect())
}

fn idempotency_key() -> String {
    let random = || RandomState::new().hash_one(0_u8);
    format!("flow-{:016x}{:016x}", random(), random())
}

fn is_gzip(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_ENCODING).is_some_and(|encoding| encoding == "gzip")
}

fn decoded(
    status: StatusCode,
    is_gzip: bool,
    body: &[u8],
) -> Result<ChatCompletion, Box<dyn std::error::Error + Send + Sync>> {
    if !status.is_success() {
        return Err(format!("the server answered {status}").into());
    }
    if is_gzip {
        let mut plain = Vec::new();
        MultiGzDecoder::new(body).take(MAX_REPLY_BYTES).read_to_end(&mut plain)?;
        return Ok(serde_json::from_slice(&plain)?);
    }
    Ok(serde_json::from_slice(body)?)
}
