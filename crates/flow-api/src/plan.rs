//! One call, checked and ready: what every attempt sends, and how its reply is read.

use std::iter;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use flow_errors::call::{Call, Operation, Target, Tick};
use flow_errors::{Attempt, Body, Error, Kind, Result};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri, header, response};
use serde::de::DeserializeOwned;

use crate::body::{BodyReader, Collected};
use crate::fallback::{Encode, Fallbacks};
use crate::gates::{Gates, SharedGate};
use crate::kept_body::KeptBody;
use crate::options::{Checked, IDEMPOTENCY_KEY};
use crate::reply::Received;
use crate::settings::CallSettings;

/// Where other services than ours expect their key.
const KEY_HEADERS: [&str; 4] = ["api-key", "x-api-key", "x-goog-api-key", "x-auth-token"];

/// One call, checked and ready to be driven.
pub struct Plan {
    pub(crate) operation: Operation,
    pub(crate) uri: Uri,
    /// Lets the service recognize a request sent twice.
    idempotency_key: Option<HeaderValue>,
    pub(crate) body: Bytes,
    checked: Checked,
    gate: SharedGate,
    fallbacks: Option<Fallbacks>,
}

impl Plan {
    pub(crate) fn new(
        operation: Operation,
        path: &str,
        body: Bytes,
        settings: CallSettings<'_>,
    ) -> Result<Self> {
        let CallSettings { client, checked } = settings;
        let uri = client.base_url.join(path)?;
        let gate = client.gates.gate(operation.model().unwrap_or_default());
        Ok(Self { operation, uri, idempotency_key: None, body, checked, gate, fallbacks: None })
    }

    /// Returns the plan with the models that the caller wants asked after the first, whose bodies
    /// `encode` writes; without it there are none.
    pub(crate) fn with_fallbacks(mut self, encode: Option<Encode>, gates: &Gates) -> Self {
        if let (Some(encode), Some(names)) = (encode, &self.checked.fallback_models) {
            self.fallbacks = Some(Fallbacks::new(encode, names, self.operation.model(), gates));
        }
        self
    }

    /// Returns the plan with a key, made of `entropy`, that lets the service recognize a request
    /// sent twice; one of the caller's own stays. GET requests need none.
    pub(crate) fn with_idempotency_key(mut self, entropy: [u64; 2]) -> Self {
        if *self.operation.method() == Method::POST {
            self.idempotency_key = HeaderValue::from_maybe_shared(idempotency_key(entropy)).ok();
        }
        self
    }

    /// Starts the state machine of this call.
    pub(crate) fn call(&self, now: Tick, wall: SystemTime) -> Call {
        Call::new(self.operation.clone(), self.checked.policy, self.checked.timeouts, now)
            .with_fallback_models(self.fallbacks.iter().flat_map(Fallbacks::models))
            .started_at(wall)
    }

    /// Returns the gate of one of the call's models.
    pub(crate) fn gate(&self, target: Target) -> &SharedGate {
        let fallback = self.fallbacks.as_ref().and_then(|fallbacks| fallbacks.gate(target));
        fallback.unwrap_or(&self.gate)
    }

    pub(crate) fn tell(&self, attempt: Option<&Attempt>) {
        if let (Some(hook), Some(attempt)) = (&self.checked.on_attempt, attempt) {
            hook(attempt);
        }
    }

    /// Returns the request of an attempt to `target`; all attempts to one model send the same.
    ///
    /// # Errors
    ///
    /// Returns an error of kind `invalid_input` if the body for another model cannot be written.
    pub fn request(&self, target: Target) -> Result<Request<Bytes>> {
        let fallback = self.fallbacks.as_ref().and_then(|fallbacks| fallbacks.body(target));
        let is_first = fallback.is_none();
        let mut request = Request::new(fallback.unwrap_or_else(|| Ok(self.body.clone()))?);
        *request.method_mut() = self.operation.method().clone();
        *request.uri_mut() = self.uri.clone();
        let mut headers = HeaderMap::clone(&self.checked.headers);
        if *self.operation.method() == Method::POST {
            let json = HeaderValue::from_static("application/json");
            headers.entry(header::CONTENT_TYPE).or_insert(json);
        }
        if let Some(key) = &self.idempotency_key {
            headers.entry(IDEMPOTENCY_KEY).or_insert_with(|| key.clone());
        }
        if !is_first {
            distinguish(&mut headers, target);
        }
        *request.headers_mut() = headers;
        Ok(request)
    }

    /// Starts reading the body that follows `head`.
    #[must_use]
    pub fn body_reader(&self, head: &response::Parts) -> BodyReader {
        BodyReader::new(head.status, &head.headers, self.checked.max_reply_bytes)
    }

    /// Reads a reply: a success that really is one, or the error it is.
    ///
    /// # Errors
    ///
    /// Returns the service's error, whatever its dialect and under whatever status; `decode` for a
    /// success that is not a `T`; `reply_too_large` above the caller's maximum; `cancelled` where
    /// the body's reading ended with that.
    pub fn receive<T: DeserializeOwned>(
        &self,
        head: response::Parts,
        body: BodyReader,
        received_at: SystemTime,
    ) -> Result<Received<T>> {
        self.read(head, body, received_at).map_err(|error| self.redacted(error))
    }

    /// Removes the caller's keys from what the service said: some echo what they refuse.
    fn redacted(&self, error: Error) -> Error {
        self.keys().fold(error, Error::redacted)
    }

    /// Returns the caller's keys, those for other services included.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        let of_callers = KEY_HEADERS.iter().filter_map(|name| self.checked.headers.get(*name));
        let of_callers = of_callers.filter_map(|value| value.to_str().ok());
        iter::once(self.checked.api_key.expose()).chain(of_callers)
    }

    fn read<T: DeserializeOwned>(
        &self,
        head: response::Parts,
        body: BodyReader,
        received_at: SystemTime,
    ) -> Result<Received<T>> {
        let response::Parts { status, headers, .. } = head;
        let Collected { bytes, is_over, failure } = body.finish(&headers);
        // Whoever cancelled wants to hear of nothing else.
        if let Some(cancelled) = failure.as_ref().filter(|error| error.kind() == Kind::Cancelled) {
            return Err(cancelled.clone());
        }
        let is_cut = is_over || failure.is_some();
        let keep = if is_cut { Body::cut } else { Body::new };
        // An error is told from its status, however little of its body arrived.
        if !status.is_success() {
            return Err(Error::from_response(status, &headers, keep(bytes), received_at));
        }
        let too_large = is_over.then(|| Error::reply_too_large(self.checked.max_reply_bytes));
        if let Some(error) = too_large.or(failure) {
            return Err(error.with_reply(status, &headers, keep(bytes)));
        }
        if let Some(error) = Error::in_success(status, &headers, &bytes, received_at) {
            return Err(error);
        }
        // A success without content is JSON's null, for those who ask for `()` or an `Option`.
        let json: &[u8] = if status == StatusCode::NO_CONTENT { b"null" } else { &bytes };
        match decode(json) {
            Ok(value) => Ok(Received { value, status, headers, body: KeptBody::new(bytes) }),
            Err(source) => Err(Error::undecodable(status, &headers, Body::new(bytes), source)),
        }
    }
}

impl std::fmt::Debug for Plan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plan")
            .field("operation", &self.operation)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// Decodes a reply; checking all of it for UTF-8 at once is quicker than string by string.
fn decode<T: DeserializeOwned>(json: &[u8]) -> serde_json::Result<T> {
    std::str::from_utf8(json).map_or_else(|_| serde_json::from_slice(json), serde_json::from_str)
}

/// `flow-` and the entropy in hexadecimal; `format!` would take as long as all other headers.
fn idempotency_key(entropy: [u64; 2]) -> Bytes {
    const PREFIX: &[u8] = b"flow-";
    let digit = |half: u8| if half < 10 { b'0' + half } else { b'a' - 10 + half };
    let mut key = Vec::with_capacity(PREFIX.len() + 32);
    key.extend_from_slice(PREFIX);
    for byte in entropy.into_iter().flat_map(u64::to_be_bytes) {
        key.extend_from_slice(&[digit(byte >> 4), digit(byte & 0xf)]);
    }
    key.into()
}

/// Gives another body a key of its own: a service must not take it for the first one sent again.
///
/// It follows from the first one's, so that a caller who repeats a call under a key of their own
/// repeats this one as well.
fn distinguish(headers: &mut HeaderMap, target: Target) {
    let Some(key) = headers.get_mut(IDEMPOTENCY_KEY) else { return };
    let ending = format!("-fallback-{}", target.model);
    let other = Bytes::from([key.as_bytes(), ending.as_bytes()].concat());
    // It cannot fail: a value stays one with ASCII behind it.
    if let Ok(mut other) = HeaderValue::from_maybe_shared(other) {
        other.set_sensitive(key.is_sensitive());
        *key = other;
    }
}

/// The request id of a reply's head, in the form that the history shares.
pub(crate) fn shared_request_id(headers: &HeaderMap) -> Option<Arc<str>> {
    flow_errors::headers::request_id(headers).map(Arc::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idempotency_key_is_the_entropy_in_hexadecimal() {
        let (high, low) = (0x0123_4567_89ab_cdef, 0xf);
        assert_eq!(idempotency_key([high, low]), format!("flow-{high:016x}{low:016x}"));
    }

    #[test]
    fn key_of_another_body_is_another_one_and_as_secret() {
        let (mut headers, mut target) = (HeaderMap::new(), Target::default());
        target.model = 2;
        distinguish(&mut headers, target);
        assert!(headers.is_empty());
        let mut key = HeaderValue::from_static("job-17");
        key.set_sensitive(true);
        headers.insert(IDEMPOTENCY_KEY, key);
        distinguish(&mut headers, target);
        assert_eq!(headers[IDEMPOTENCY_KEY], "job-17-fallback-2");
        assert!(headers[IDEMPOTENCY_KEY].is_sensitive());
    }
}
