//! From status, headers and bytes to a typed [`Error`]: total, and nothing is lost.

use std::time::SystemTime;

use http::{HeaderMap, StatusCode};

use crate::classify::classify;
use crate::document::Document;
use crate::envelope::trim;
use crate::{Body, Class, Error, Kind, RateLimits, headers as facts, hint};

impl Error {
    /// Decodes an error reply. This never fails: whatever arrived gives a typed error.
    ///
    /// The body may be JSON in any dialect, an event stream, HTML, text, empty, cut or broken; its
    /// bytes stay in [`body`](Self::body). A compressed one is to be inflated before.
    /// `received_at` is what a `Retry-After` date counts from when the reply has no `Date`.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::SystemTime;
    ///
    /// use flow_errors::{Body, Class, Error, Kind};
    /// use http::{HeaderMap, StatusCode};
    ///
    /// let page = "<html><head><title>503 Backend fetch failed</title></head></html>";
    /// let error = Error::from_response(
    ///     StatusCode::SERVICE_UNAVAILABLE,
    ///     &HeaderMap::new(),
    ///     Body::new(page),
    ///     SystemTime::UNIX_EPOCH,
    /// );
    /// assert_eq!(error.kind(), Kind::ServiceUnavailable);
    /// assert_eq!(error.class(), Class::Overloaded);
    /// assert_eq!(error.message(), "503 Backend fetch failed");
    /// assert_eq!(error.body(), page.as_bytes());
    /// ```
    #[must_use]
    pub fn from_response(
        status: StatusCode,
        headers: &HeaderMap,
        body: Body,
        received_at: SystemTime,
    ) -> Self {
        let document = Document::read(body.as_bytes());
        decoded(status, headers, &document, received_at).with_body(body)
    }

    /// Finds the error in a reply whose status says success; `None` if it is a success.
    ///
    /// Gateways report failures under 200 too: as an envelope, as a `code` with a `message`, or in
    /// the middle of an event stream. A reply with `choices` is never an error. Ordinary replies
    /// are only scanned, not parsed.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::SystemTime;
    ///
    /// use flow_errors::{Error, Kind};
    /// use http::{HeaderMap, StatusCode};
    ///
    /// let find = |body: &[u8]| {
    ///     Error::in_success(StatusCode::OK, &HeaderMap::new(), body, SystemTime::UNIX_EPOCH)
    /// };
    /// let error = find(br#"{"error": {"message": "slow down", "code": 429}}"#);
    /// assert_eq!(error.map(|error| error.kind()), Some(Kind::RateLimit));
    /// assert!(find(br#"{"choices": [{"index": 0}], "error": null}"#).is_none());
    /// ```
    #[must_use]
    pub fn in_success(
        status: StatusCode,
        headers: &HeaderMap,
        body: &[u8],
        received_at: SystemTime,
    ) -> Option<Self> {
        let document = Document::error_in_success(body)?;
        // One byte more than is kept, so that `Body` sees whether there was more.
        let kept = body.get(..=Body::MAX).unwrap_or(body);
        Some(decoded(status, headers, &document, received_at).with_body(Body::new(kept)))
    }

    /// Finds the error in one event of a stream; `None` if it is an ordinary event.
    ///
    /// `event` is the event's name, empty if it has none. One named `error` is an error whatever
    /// it holds; any other is one if its data is.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_errors::{Error, Kind};
    /// use http::{HeaderMap, StatusCode};
    ///
    /// let data = br#"{"message": "Overloaded", "type": "overloaded_error"}"#;
    /// let error = Error::in_event(StatusCode::OK, &HeaderMap::new(), "error", data);
    /// assert_eq!(error.map(|error| error.kind()), Some(Kind::ServiceUnavailable));
    /// ```
    #[must_use]
    pub fn in_event(
        status: StatusCode,
        headers: &HeaderMap,
        event: &str,
        data: &[u8],
    ) -> Option<Self> {
        let document = Document::error_in_event(event.as_bytes(), data)?;
        // The headers were sent before the failure: what they say of waiting is not about it.
        let error = decoded(status, headers, &document, SystemTime::UNIX_EPOCH);
        let error = error.map(|inner| inner.retry_after = None);
        let kept = data.get(..=Body::MAX).unwrap_or(data);
        Some(error.with_body(Body::new(kept)))
    }

    /// Creates the error of a success whose body cannot be decoded as the reply it should be.
    ///
    /// The message says status and content type. The body is kept, but no text of it enters the
    /// message or the cause. A body that ends too early may be a broken connection: its class is
    /// [`Class::Ambiguous`].
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_errors::{Body, Class, Error, Kind};
    /// use http::{HeaderMap, StatusCode};
    ///
    /// let half = r#"{"choices": ["#;
    /// let source = serde_json::from_str::<serde_json::Value>(half).unwrap_err();
    /// let error = Error::undecodable(StatusCode::OK, &HeaderMap::new(), Body::new(half), source);
    /// assert_eq!(error.kind(), Kind::Decode);
    /// assert_eq!(error.class(), Class::Ambiguous);
    /// ```
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "the source is an error to hand over")]
    pub fn undecodable(
        status: StatusCode,
        headers: &HeaderMap,
        body: Body,
        source: serde_json::Error,
    ) -> Self {
        let is_early_end = source.is_eof() && !trim(body.as_bytes()).is_empty();
        let class = if is_early_end { Class::Ambiguous } else { Class::Permanent };
        let kind_of_body = facts::texts(headers, "content-type").next().unwrap_or("unknown");
        let message = format!(
            "response with status {} and content type {kind_of_body} could not be decoded",
            status.as_u16()
        );
        let error = Self::new(Kind::Decode, class, message).with_source(without_payload(&source));
        error.with_reply(status, headers).with_body(body)
    }

    /// Creates the error of a success whose body is longer than `limit` bytes.
    #[must_use]
    pub fn reply_too_large(status: StatusCode, headers: &HeaderMap, limit: usize) -> Self {
        let message = format!("the reply is longer than {limit} bytes");
        let error = Self::new(Kind::ReplyTooLarge, Class::Permanent, message);
        error.with_reply(status, headers)
    }

    fn with_reply(self, status: StatusCode, headers: &HeaderMap) -> Self {
        self.map(|inner| {
            inner.status = Some(status);
            inner.request_id = facts::request_id(headers).map(Into::into);
            inner.rate_limits = RateLimits::from_headers(headers);
            inner.headers = facts::kept(headers);
        })
    }

    fn with_body(self, body: Body) -> Self {
        self.map(|inner| inner.body = body)
    }
}

fn decoded(
    status: StatusCode,
    headers: &HeaderMap,
    document: &Document,
    received_at: SystemTime,
) -> Error {
    let envelope = document.envelope();
    let (kind, class) = classify(status, headers, envelope);
    let error = Error::new(kind, class, document.message()).with_reply(status, headers);
    error.map(|inner| {
        inner.retry_after = hint::retry_after(headers, received_at);
        inner.should_retry = facts::should_retry(headers);
        if let Some(envelope) = envelope {
            inner.code = envelope.code().map(|code| code.into_owned().into());
            inner.api_type = envelope.api_type().map(Into::into);
            inner.param = envelope.param().map(Into::into);
            let in_body = || envelope.request_id().map(Into::into);
            inner.request_id = inner.request_id.take().or_else(in_body);
        }
    })
}

/// What went wrong where, without the piece of the body that serde quotes.
fn without_payload(source: &serde_json::Error) -> String {
    let whole = source.to_string();
    // These name fields of our own types, or the place alone.
    let is_safe = !source.is_data() || SAFE.iter().any(|start| whole.starts_with(start));
    if is_safe {
        return whole;
    }
    let quoting = QUOTING.iter().find(|start| whole.starts_with(*start));
    let expected = quoting.and_then(|_| whole.rsplit_once(", expected "));
    match (quoting, expected) {
        (Some(what), Some((_, expected))) => format!("{what}, expected {expected}"),
        _ => format!("invalid data at line {} column {}", source.line(), source.column()),
    }
}

const SAFE: [&str; 2] = ["missing field `", "duplicate field `"];

/// How serde's own messages begin that quote the input and end in what was expected.
const QUOTING: [&str; 5] =
    ["invalid type", "invalid value", "invalid length", "unknown variant", "unknown field"];
