//! One call, checked and ready: what every attempt sends, and how its reply is read.

use std::iter;
use std::time::SystemTime;

use bytes::Bytes;
use flow_errors::call::{Call, Operation, Tick};
use flow_errors::{Attempt, Body, Error, Kind, Result};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri, response};
use serde::de::{self, DeserializeOwned, Unexpected};

use crate::body::{BodyReader, Collected};
use crate::gates::SharedGate;
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
        Ok(Self { operation, uri, idempotency_key: None, body, checked, gate })
    }

    /// Returns the plan with a key, made of `entropy`, that lets the service recognize a request
    /// sent twice; one of the caller's own stays. GET requests need none.
    pub(crate) fn with_idempotency_key(mut self, entropy: [u64; 2]) -> Self {
        let is_post = *self.operation.method() == Method::POST;
        if is_post && !self.checked.headers.contains_key(IDEMPOTENCY_KEY) {
            self.idempotency_key = HeaderValue::from_maybe_shared(idempotency_key(entropy)).ok();
        }
        self
    }

    /// Starts the state machine of this call.
    pub(crate) fn call(&self, now: Tick, wall: SystemTime) -> Call {
        Call::new(self.operation.clone(), self.checked.policy, self.checked.timeouts, now)
            .started_at(wall)
    }

    pub(crate) const fn gate(&self) -> &SharedGate {
        &self.gate
    }

    pub(crate) fn tell(&self, attempt: Option<&Attempt>) {
        if let (Some(hook), Some(attempt)) = (&self.checked.on_attempt, attempt) {
            hook(attempt);
        }
    }

    /// Returns the request of one attempt; all attempts send the same.
    #[must_use]
    pub fn request(&self) -> Request<Bytes> {
        let mut request = Request::new(self.body.clone());
        *request.method_mut() = self.operation.method().clone();
        *request.uri_mut() = self.uri.clone();
        let is_post = *self.operation.method() == Method::POST;
        let Checked { headers, post_headers, .. } = &self.checked;
        let mut headers = HeaderMap::clone(if is_post { post_headers } else { headers });
        if let Some(key) = &self.idempotency_key {
            headers.insert(IDEMPOTENCY_KEY, key.clone());
        }
        *request.headers_mut() = headers;
        request
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
    serde_json::from_str(utf8(json)?)
}

fn utf8(json: &[u8]) -> serde_json::Result<&str> {
    let error = match std::str::from_utf8(json) {
        Ok(text) => return Ok(text),
        Err(error) => error,
    };
    // What ends in the middle of a letter has broken off, which is what the decoder will say.
    let begun = json.utf8_chunks().next().filter(|_| error.error_len().is_none());
    let begun = begun.map(|chunk| chunk.valid());
    begun.ok_or_else(|| de::Error::invalid_value(Unexpected::Other("bytes"), &"UTF-8"))
}

/// `flow-` and the entropy in hexadecimal; `format!` would take as long as all other headers.
fn idempotency_key(entropy: [u64; 2]) -> Bytes {
    let mut key = *b"flow-00112233445566778899aabbccddeeff";
    let bytes = entropy.into_iter().flat_map(u64::to_be_bytes);
    let digit = |half: u8| half + if half < 10 { b'0' } else { b'a' - 10 };
    for (digits, byte) in key.rchunks_exact_mut(2).zip(bytes.rev()) {
        digits.copy_from_slice(&[digit(byte >> 4), digit(byte & 0xf)]);
    }
    Bytes::copy_from_slice(&key)
}

#[cfg(test)]
mod tests {
    use serde_json::error::Category;

    use super::*;

    #[test]
    fn reply_that_is_not_utf8_is_refused_and_one_cut_within_a_letter_has_broken_off() {
        #[rustfmt::skip]
        let table: [(&[u8], Option<Category>); 4] = [
            ("\"h\u{e9}\"".as_bytes(), None),
            (b"\"h\xe9\"",             Some(Category::Data)),
            (b"\"h\xc3",               Some(Category::Eof)),
            (b"\"h",                   Some(Category::Eof)),
        ];
        for (json, want) in table {
            let got = decode::<String>(json).err();
            assert_eq!(got.as_ref().map(serde_json::Error::classify), want, "{json:?}: {got:?}");
        }
    }

    #[test]
    fn idempotency_key_is_the_entropy_in_hexadecimal() {
        let (high, low) = (0x0123_4567_89ab_cdef, 0xf);
        assert_eq!(idempotency_key([high, low]), format!("flow-{high:016x}{low:016x}"));
    }
}
