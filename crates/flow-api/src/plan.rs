//! One call, checked and ready: what every attempt sends, and how its reply is read.

use std::any::Any;
use std::iter;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use flow_errors::call::{Call, Operation, Send, Target, Tick};
use flow_errors::{Attempt, Class, Error, Kind, Result};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, header, response};

use crate::arrived::Arrived;
use crate::body::BodyReader;
use crate::embedding_list;
use crate::fallback::Fallbacks;
use crate::gates::SharedGate;
use crate::options::{Checked, IDEMPOTENCY_KEY};
use crate::patience::Patience;
use crate::read::{Decode, read};
use crate::reply::Received;
use crate::settings::Settings;
use crate::stop_token::{Place, StopToken};
use crate::streaming::Streaming;
use crate::variants::{Encode, Variants};

/// Where other services than ours expect their key.
const KEY_HEADERS: [&str; 4] = ["api-key", "x-api-key", "x-goog-api-key", "x-auth-token"];

/// How many bytes of a body make a token, about: four letters of English.
const BYTES_A_TOKEN: usize = 4;

/// One call, checked and ready to be driven.
///
/// It is large and handed on often, so it lives in a box from the start.
pub struct Plan {
    pub(crate) operation: Operation,
    pub(crate) uri: Uri,
    /// Lets the service recognize a request sent twice.
    idempotency_key: Option<HeaderValue>,
    pub(crate) body: Bytes,
    /// Whether `body` asks for a stream.
    streams: bool,
    /// How many answers it asks for.
    answers: u64,
    /// How many vectors there are to be in the reply, if it is embeddings.
    vectors: RangeInclusive<usize>,
    /// About how many tokens an attempt needs, prompt and answers together.
    tokens: u64,
    warning: Option<Arc<str>>,
    checked: Arc<Checked>,
    gate: SharedGate,
    fallbacks: Fallbacks,
    variants: Option<Variants>,
}

impl Plan {
    pub(crate) fn new(
        operation: Operation,
        uri: Uri,
        body: Bytes,
        checked: Arc<Checked>,
        gate: SharedGate,
    ) -> Box<Self> {
        Box::new(Self {
            operation,
            uri,
            idempotency_key: None,
            body,
            streams: false,
            answers: 1,
            vectors: 0..=usize::MAX,
            tokens: 0,
            warning: None,
            checked,
            gate,
            fallbacks: Fallbacks::default(),
            variants: None,
        })
    }

    /// Returns the plan of a chat that asks for so many answers, as a stream or in one piece.
    pub(crate) fn for_chat(mut self: Box<Self>, answers: u64, streams: bool) -> Box<Self> {
        (self.answers, self.streams) = (answers, streams);
        self
    }

    /// Returns the plan of a request for so many vectors.
    pub(crate) fn for_vectors(mut self: Box<Self>, vectors: RangeInclusive<usize>) -> Box<Self> {
        self.vectors = vectors;
        self
    }

    /// Returns the plan of a request to whose prompt the answers may add so many tokens.
    pub(crate) fn with_answer_tokens(mut self: Box<Self>, tokens: u64) -> Box<Self> {
        let prompt = u64::try_from(self.body.len() / BYTES_A_TOKEN).unwrap_or(u64::MAX);
        self.tokens = prompt.saturating_add(tokens);
        self
    }

    /// Returns the plan with what is to be said of attempts that are no streams.
    pub(crate) fn with_warning(mut self: Box<Self>, warning: Option<String>) -> Box<Self> {
        self.warning = warning.map(Arc::from);
        self
    }

    /// Returns the plan with the caller's fallback models, and with streams where it may recover by
    /// them; `encode` writes their bodies.
    pub(crate) fn with_variants(
        mut self: Box<Self>,
        encode: Encode,
        settings: &Settings,
    ) -> Box<Self> {
        if let Some(names) = &self.checked.fallback_models {
            let gate = |model: &str| settings.gate(model, &self.checked);
            self.fallbacks = Fallbacks::new(names, self.operation.model(), gate);
        }
        self.variants = Some(Variants::new(encode));
        self
    }

    /// Returns the plan with a key, made of `entropy`, that lets the service recognize a request
    /// sent twice; one of the caller's own stays. GET requests need none.
    pub(crate) fn with_idempotency_key(mut self: Box<Self>, entropy: [u64; 2]) -> Box<Self> {
        let is_post = *self.operation.method() == Method::POST;
        if is_post && !self.checked.headers.contains_key(IDEMPOTENCY_KEY) {
            self.idempotency_key = HeaderValue::from_maybe_shared(idempotency_key(entropy)).ok();
        }
        self
    }

    /// Starts the state machine of this call.
    pub(crate) fn call(&self, now: Tick, wall: SystemTime) -> Call {
        let mut call =
            Call::new(self.operation.clone(), self.checked.policy, self.checked.timeouts, now)
                .with_fallback_models(self.fallbacks.models())
                .reserving(self.tokens)
                .started_at(wall);
        if let Some(warning) = &self.warning {
            call = call.with_warning(warning.clone());
        }
        if self.streams {
            call.streaming()
        } else if self.variants.is_some() && self.checked.stream.recovers {
            call.recovering_by_streaming()
        } else {
            call
        }
    }

    /// Returns the gate of one of the call's models.
    pub(crate) fn gate(&self, target: Target) -> &SharedGate {
        self.fallbacks.gate(target).unwrap_or(&self.gate)
    }

    /// Returns the place of a call at what stops its batch, if it belongs to one.
    pub(crate) fn stops_with(&self) -> Option<Place> {
        self.checked.stop.as_ref().map(StopToken::enter)
    }

    pub(crate) fn tell(&self, attempt: Option<&Attempt>) {
        if let (Some(hook), Some(attempt)) = (&self.checked.on_attempt, attempt) {
            hook(attempt);
        }
    }

    /// Returns the request of an attempt to `target`; all attempts to one target send the same.
    ///
    /// # Errors
    ///
    /// Returns an error of kind `invalid_input` if the body for another target cannot be written.
    pub fn request(&self, target: Target) -> Result<Request<Bytes>> {
        let mut request = Request::new(self.body(target)?);
        *request.method_mut() = self.operation.method().clone();
        *request.uri_mut() = self.uri.clone();
        let is_post = *self.operation.method() == Method::POST;
        let Checked { headers, post_headers, .. } = &*self.checked;
        let mut headers = HeaderMap::clone(if is_post { post_headers } else { headers });
        if let Some(key) = &self.idempotency_key {
            headers.insert(IDEMPOTENCY_KEY, key.clone());
        }
        if let Some(ending) = self.key_ending(target) {
            distinguish(&mut headers, &ending);
        }
        if target.streams {
            ask_for_stream(&mut headers);
        }
        *request.headers_mut() = headers;
        Ok(request)
    }

    /// Returns the body for a target.
    fn body(&self, target: Target) -> Result<Bytes> {
        match &self.variants {
            Some(variants) if (target.model, target.streams) != (0, self.streams) => {
                variants.body(target, &self.fallbacks)
            }
            _ => Ok(self.body.clone()),
        }
    }

    /// Returns what tells the idempotency key of a target from that of the first one.
    fn key_ending(&self, target: Target) -> Option<String> {
        let model = (target.model > 0).then(|| format!("-fallback-{}", target.model));
        if target.streams == self.streams {
            return model;
        }
        // What was to be a stream never becomes anything else.
        Some(model.unwrap_or_default() + "-stream")
    }

    /// Starts the time of an attempt.
    #[must_use]
    pub fn patience(&self, send: &Send) -> Patience {
        Patience::new(send, &self.checked.stream)
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
    /// success that `decode` refuses, and for embeddings that cannot be read or are not as many as the
    /// inputs; `reply_too_large` above the caller's maximum; `cancelled` where the body's reading
    /// ended with that.
    pub fn receive<T: Any>(&self, arrived: Arrived, decode: Decode<T>) -> Result<Received<T>> {
        let most = self.checked.max_reply_bytes;
        let check = |reply: &mut T| embedding_list::settle(reply, &self.vectors);
        read(arrived, most, decode, check).map_err(|error| self.redacted(error))
    }

    /// Reads a reply that is no success.
    #[must_use]
    pub fn refusal(&self, arrived: Arrived) -> Error {
        match self.receive(arrived, |_| Ok(())) {
            Err(error) => error,
            // It never is: what succeeds is read as a stream.
            Ok(_) => Error::new(Kind::Unexpected, Class::Permanent, "a success that is no stream"),
        }
    }

    /// Starts reading the stream that follows the `head` of a success.
    ///
    /// The caller's keys are removed from whatever error ends the stream.
    #[must_use]
    pub fn streaming(&self, head: response::Parts, received_at: SystemTime) -> Streaming {
        let stream = Streaming::new(head, received_at)
            .with_choices(self.answers)
            .with_completeness(self.checked.stream.completeness)
            .with_max_reply_bytes(self.checked.max_reply_bytes);
        self.keys().fold(stream, Streaming::with_secret)
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
}

impl std::fmt::Debug for Plan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plan")
            .field("operation", &self.operation)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// `flow-` and the entropy in hexadecimal; `format!` would take as long as all other headers.
fn idempotency_key([high, low]: [u64; 2]) -> Bytes {
    let bytes = ((u128::from(high) << 64) | u128::from(low)).to_be_bytes();
    let digit = |half: u8| half + if half < 10 { b'0' } else { b'a' - 10 };
    // All at once, as for one instruction.
    let firsts = bytes.map(|byte| digit(byte >> 4));
    let seconds = bytes.map(|byte| digit(byte & 0xf));
    let mut digits = [0; 32];
    for ((pair, first), second) in digits.chunks_exact_mut(2).zip(firsts).zip(seconds) {
        pair.copy_from_slice(&[first, second]);
    }
    Bytes::from([b"flow-".as_slice(), &digits].concat())
}

/// Gives another body a key of its own: a service must not take it for the first one sent again.
///
/// It follows from the first one's, so that a caller who repeats a call under a key of their own
/// repeats this one as well.
fn distinguish(headers: &mut HeaderMap, ending: &str) {
    let Some(key) = headers.get_mut(IDEMPOTENCY_KEY) else { return };
    let other = Bytes::from([key.as_bytes(), ending.as_bytes()].concat());
    // It cannot fail: a value stays one with ASCII behind it.
    if let Ok(mut other) = HeaderValue::from_maybe_shared(other) {
        other.set_sensitive(key.is_sensitive());
        *key = other;
    }
}

/// Says that a stream is wanted, and not compressed, which would hold its pieces back; what the caller
/// set, which is marked sensitive, is left alone.
fn ask_for_stream(headers: &mut HeaderMap) {
    const FOR_STREAMS: [(HeaderName, &str); 2] = [
        (header::ACCEPT, "text/event-stream, application/json"),
        (header::ACCEPT_ENCODING, "identity"),
    ];
    for (name, value) in FOR_STREAMS {
        if headers.get(&name).is_none_or(|value| !value.is_sensitive()) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
}

#[cfg(test)]
mod tests {
    use http::Response;

    use super::*;
    use crate::base_url::BaseUrl;
    use crate::calls::{Draft, plan};
    use crate::gates::Gates;
    use crate::options::{CallOptions, Options};

    #[test]
    fn stream_of_a_plan_knows_what_was_asked_and_hides_the_key() {
        let options = Options { api_key: Some("sk-planted".to_owned()), ..Options::default() };
        let base_url = BaseUrl::new("https://example.com/v1", false).unwrap();
        let checked = Checked::new(options, "ours/1").unwrap();
        let settings = Settings::new(base_url, checked, Gates::default());
        let operation = settings.chat("m");
        let draft = Draft { operation, path: "/chat/completions", body: Ok(Bytes::new()) };
        let plan = plan(&settings, [0; 2], draft, CallOptions::default()).unwrap();
        let plan = plan.for_chat(2, true);
        let end = |body: &'static str| {
            let (head, ()) = Response::new(()).into_parts();
            let mut stream = plan.streaming(head, SystemTime::UNIX_EPOCH);
            stream.push(body);
            stream.finish();
            iter::from_fn(|| stream.next_chunk()).find_map(Result::err)
        };
        let one = "data: {\"choices\": [{\"finish_reason\": \"stop\"}]}\n\n";
        let error = end(one).unwrap();
        assert!(error.message().contains("with 1 of 2 answers finished"), "{error}");
        let error = end("data: {\"error\": \"sk-planted is not active\"}\n\n").unwrap();
        assert_eq!(error.message(), "[redacted] is not active");
    }

    #[test]
    fn idempotency_key_is_the_entropy_in_hexadecimal() {
        let (high, low) = (0x0123_4567_89ab_cdef, 0xf);
        assert_eq!(idempotency_key([high, low]), format!("flow-{high:016x}{low:016x}"));
    }

    #[test]
    fn key_of_another_body_is_another_one_and_as_secret() {
        let mut headers = HeaderMap::new();
        distinguish(&mut headers, "-fallback-2");
        assert!(headers.is_empty());
        let mut key = HeaderValue::from_static("job-17");
        key.set_sensitive(true);
        headers.insert(IDEMPOTENCY_KEY, key);
        distinguish(&mut headers, "-fallback-2");
        assert_eq!(headers[IDEMPOTENCY_KEY], "job-17-fallback-2");
        assert!(headers[IDEMPOTENCY_KEY].is_sensitive());
    }
}
