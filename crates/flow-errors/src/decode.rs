//! From status, headers and bytes to a typed [`Error`]: total, and nothing is lost.

use std::time::SystemTime;

use http::{HeaderMap, StatusCode};

use crate::classify::{classify, classify_words};
use crate::document::Document;
use crate::documented::Documented;
use crate::header_text::date;
use crate::hint::{self, Said};
use crate::rate_limits::RateLimits;
use crate::{Body, Class, Envelope, Error, Kind, headers as facts};

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
        // Under a success the body may name the status, which is the long way's business.
        let documented = if status.is_success() { None } else { Documented::read(body.as_bytes()) };
        let error = match documented {
            Some(facts) => {
                documented_error(status, headers, &facts).with_hint(headers, None, received_at)
            }
            None => {
                let document = Document::read(body.as_bytes());
                let error = decoded(status, headers, &document);
                error.with_hint(headers, document.envelope(), received_at)
            }
        };
        error.with_body(body)
    }

    /// Finds the error in a reply whose status says success; `None` if it is a success.
    ///
    /// Gateways report failures under 200 too: as an envelope, as a `code` with a `message`, as an
    /// `error` in each of the `choices`, or in the middle of an event stream. A reply of which any
    /// choice has content is never an error. Ordinary replies are only scanned, not parsed.
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
        let error = decoded(status, headers, &document);
        let error = error.with_hint(headers, document.envelope(), received_at);
        Some(error.with_body(Body::new(kept)))
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
        let error = decoded(status, headers, &document);
        // The headers were sent before the failure: what they say of waiting is not about it.
        let hint = hint::in_body(&error.said(document.envelope()), || date(headers));
        let error = error.map(|inner| inner.retry_after = hint);
        let kept = data.get(..=Body::MAX).unwrap_or(data);
        Some(error.with_body(Body::new(kept)))
    }

    /// Returns a copy that knows the reply it came with: status, request id, limits, the headers
    /// that matter, and as much of the body as arrived.
    ///
    /// This is for failures after a reply had begun: a connection that broke, time that ran out.
    #[must_use]
    pub fn with_reply(self, status: StatusCode, headers: &HeaderMap, body: Body) -> Self {
        self.with_head(status, headers).with_body(body)
    }

    pub(crate) fn with_head(self, status: StatusCode, headers: &HeaderMap) -> Self {
        self.map(|inner| {
            inner.status = Some(status);
            inner.request_id = facts::request_id(headers).map(Into::into);
            inner.rate_limits = RateLimits::from_headers(headers);
            inner.headers = facts::kept(headers);
            inner.should_retry = facts::should_retry(headers);
        })
    }

    fn with_hint(
        self,
        headers: &HeaderMap,
        envelope: Option<&Envelope>,
        received_at: SystemTime,
    ) -> Self {
        let hint = hint::of_reply(headers, &self.said(envelope), received_at);
        self.map(|inner| inner.retry_after = hint)
    }

    /// Where a body may say how long to wait: in its prose only if trying again can help.
    fn said<'a>(&'a self, envelope: Option<&'a Envelope>) -> Said<'a> {
        let is_rate_limit = self.kind() == Kind::RateLimit && self.class() == Class::Throttled;
        let prose = Some(self.message()).filter(|_| self.is_retryable());
        Said { is_rate_limit, envelope, prose }
    }

    pub(crate) fn with_body(self, body: Body) -> Self {
        self.map(|inner| inner.body = body)
    }
}

fn decoded(status: StatusCode, headers: &HeaderMap, document: &Document) -> Error {
    let envelope = document.envelope();
    let (kind, class) = classify(status, headers, envelope);
    let error = Error::new(kind, class, document.message()).with_head(status, headers);
    error.map(|inner| {
        if let Some(envelope) = envelope {
            inner.code = envelope.code().map(|code| code.into_owned().into());
            inner.api_type = envelope.api_type().map(Into::into);
            inner.param = envelope.param().map(Into::into);
            let in_body = || envelope.request_id().map(Into::into);
            inner.request_id = inner.request_id.take().or_else(in_body);
        }
    })
}

/// The same for the documented envelope, which needs no search.
fn documented_error(status: StatusCode, headers: &HeaderMap, facts: &Documented<'_>) -> Error {
    let (kind, class) = classify_words(status, headers, [facts.code(), facts.api_type()]);
    let error = Error::new(kind, class, facts.message()).with_head(status, headers);
    error.map(|inner| {
        inner.code = facts.code().map(Into::into);
        inner.api_type = facts.api_type().map(Into::into);
        inner.param = facts.param().map(Into::into);
    })
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::header_text::headers;

    fn of(status: u16, pairs: &[(&str, &str)], body: &str) -> Error {
        let status = StatusCode::from_u16(status).unwrap();
        Error::from_response(status, &headers(pairs), Body::new(body), SystemTime::UNIX_EPOCH)
    }

    #[test]
    fn every_fact_of_a_reply_is_kept() {
        let pairs = [
            ("x-request-id", "req-1"),
            ("retry-after", "3"),
            ("x-should-retry", "false"),
            ("x-ratelimit-remaining-requests", "0"),
            ("set-cookie", "planted"),
        ];
        let body =
            r#"{"error":{"message":"m","type":"t","code":"c","param":"p","request_id":"x"}}"#;
        let error = of(429, &pairs, body);
        assert_eq!(error.status(), Some(StatusCode::TOO_MANY_REQUESTS));
        assert_eq!(error.kind(), Kind::RateLimit);
        assert_eq!(error.class(), Class::Throttled);
        assert_eq!(error.message(), "m");
        assert_eq!(error.api_type(), Some("t"));
        assert_eq!(error.code(), Some("c"));
        assert_eq!(error.param(), Some("p"));
        assert_eq!(error.request_id(), Some("req-1"));
        assert_eq!(error.retry_after().map(|wait| wait.as_secs()), Some(3));
        assert_eq!(
            error.rate_limits().requests().and_then(crate::headers::Limit::remaining),
            Some(0)
        );
        assert_eq!(error.headers().len(), 4);
        assert_eq!(error.body(), body.as_bytes());
        assert!(!error.is_retryable());
    }

    /// The statuses of the official SDKs' tests, with their envelope.
    #[test]
    fn envelope_is_read_under_every_status() {
        let body = r#"{"error":{"message":"request failed","code":"bad_request","param":"model",
            "type":"invalid_request"}}"#;
        let table = [
            (400, Kind::InvalidRequest),
            (401, Kind::InvalidApiKey),
            (403, Kind::Permission),
            (404, Kind::NotFound),
            (409, Kind::Conflict),
            (418, Kind::InvalidRequest),
            (422, Kind::InvalidRequest),
            (429, Kind::RateLimit),
            (500, Kind::Server),
            (503, Kind::ServiceUnavailable),
        ];
        for (status, kind) in table {
            let error = of(status, &[("x-request-id", "req_123")], body);
            assert_eq!(error.kind(), kind, "{status}");
            assert_eq!(error.message(), "request failed", "{status}");
            assert_eq!(error.request_id(), Some("req_123"), "{status}");
            assert_eq!(error.param(), Some("model"), "{status}");
        }
    }

    #[test]
    fn retrying_follows_the_status_unless_the_service_says_otherwise() {
        let quota = r#"{"error":{"code":"insufficient_quota"}}"#;
        let table = [
            (408, "", "", true),
            (409, "", "", true),
            (425, "", "", true),
            (429, "", "", true),
            (500, "", "", true),
            (504, "", "", true),
            (400, "", "", false),
            (501, "", "", false),
            (400, "true", "", true),
            (500, "false", "", false),
            (503, "maybe", "", true),
            (429, "true", quota, false),
        ];
        for (status, wish, body, want) in table {
            let error = of(status, &[("x-should-retry", wish)], body);
            assert_eq!(error.is_retryable(), want, "{status} {wish} {body}");
        }
    }

    #[test]
    fn prose_asks_to_wait_only_where_trying_again_can_help() {
        for body in [
            r#"{"error":{"message":"try again in 5s"}}"#,
            r#"{"error":{"message":"try again in 5s","more":1}}"#,
            "try again in 5s",
        ] {
            assert_eq!(of(400, &[], body).retry_after(), None, "{body}");
            let told = of(503, &[], body).retry_after();
            assert_eq!(told.map(|wait| wait.as_secs()), Some(5), "{body}");
        }
    }

    #[test]
    fn limits_are_asked_about_rate_limits_only_whatever_the_status() {
        let limits = [("ratelimit", "limit=1, remaining=0, reset=60")];
        let refused = r#"{"error":{"code":429,"message":"slow down"}}"#;
        let quota = r#"{"error":{"code":"insufficient_quota"}}"#;
        let table =
            [(429, "", Some(60)), (200, refused, Some(60)), (503, "", None), (429, quota, None)];
        for (status, body, want) in table {
            let status = StatusCode::from_u16(status).unwrap();
            let (headers, at) = (headers(&limits), SystemTime::UNIX_EPOCH);
            let found = Error::in_success(status, &headers, body.as_bytes(), at);
            let error = found.filter(|_| status.is_success());
            let error = error.unwrap_or_else(|| of(status.as_u16(), &limits, body));
            assert_eq!(error.retry_after().map(|wait| wait.as_secs()), want, "{status} {body}");
        }
    }

    #[test]
    fn error_in_a_choice_is_that_of_its_code() {
        #[rustfmt::skip]
        let table = [
            // error                                          kind                      class               retryable
            (json!({"code": 502, "message": "m"}),            Kind::Server,             Class::Transient,   true),
            (json!({"code": 503, "message": "m"}),            Kind::ServiceUnavailable, Class::Overloaded,  true),
            (json!({"code": "429", "message": "m"}),          Kind::RateLimit,          Class::Throttled,   true),
            (json!({"code": 400, "message": "m"}),            Kind::InvalidRequest,     Class::Permanent,   false),
            (json!({"code": "server_error", "message": "m"}), Kind::Server,             Class::Transient,   true),
            (json!("m"),                                      Kind::Unexpected,         Class::Permanent,   false),
        ];
        for (error, kind, class, is_retryable) in table {
            let message = json!({"role": "assistant", "content": ""});
            let choice = json!({"index": 0, "finish_reason": "error", "error": error});
            let (mut whole, mut beside) = (choice.clone(), choice.clone());
            whole["message"] = message;
            beside.as_object_mut().unwrap().remove("error");
            let bodies = [
                json!({"id": "gen-1", "choices": [choice]}),
                json!({"id": "gen-1", "choices": [whole]}),
                json!({"id": "gen-1", "choices": [beside], "error": error}),
            ];
            for body in bodies.map(|body| body.to_string()) {
                let (headers, at) = (HeaderMap::new(), SystemTime::UNIX_EPOCH);
                let found = Error::in_success(StatusCode::OK, &headers, body.as_bytes(), at);
                let got = found.unwrap_or_else(|| panic!("{body} is an error"));
                assert_eq!((got.kind(), got.class()), (kind, class), "{body}");
                assert_eq!((got.message(), got.is_retryable()), ("m", is_retryable), "{body}");
                assert_eq!(got.body(), body.as_bytes());
                assert_eq!(got.envelope().unwrap().message(), Some("m"), "{body}");
            }
        }
    }

    #[test]
    fn event_says_itself_how_long_to_wait() {
        let headers = headers(&[("retry-after", "9")]);
        let find = |data: &str| {
            Error::in_event(StatusCode::OK, &headers, "error", data.as_bytes()).unwrap()
        };
        let told =
            find(r#"{"error": {"type": "rate_limit_error", "message": "try again in 20ms"}}"#);
        assert_eq!(told.retry_after().map(|wait| wait.as_millis()), Some(20));
        // The headers came before the failure.
        assert_eq!(find(r#"{"error": {"type": "rate_limit_error"}}"#).retry_after(), None);
    }

    #[test]
    fn error_in_a_long_success_is_cut() {
        let text = "x".repeat(2 * Body::MAX);
        let body = json!({"error": {"message": "m", "extra": text}}).to_string();
        let at = SystemTime::UNIX_EPOCH;
        let error =
            Error::in_success(StatusCode::OK, &HeaderMap::new(), body.as_bytes(), at).unwrap();
        assert_eq!(error.message(), "m");
        assert_eq!(error.body().len(), Body::MAX);
        assert!(error.is_body_cut());
    }

    fn any_headers() -> impl Strategy<Value = HeaderMap> {
        let name = proptest::sample::select(
            &[
                "retry-after",
                "retry-after-ms",
                "date",
                "x-request-id",
                "x-should-retry",
                "x-ratelimit-reset-tokens",
                "x-ratelimit-limit",
                "x-amzn-errortype",
                "content-type",
                "set-cookie",
            ][..],
        );
        let pairs = proptest::collection::vec((name, any::<Vec<u8>>()), 0..12);
        pairs.prop_map(|pairs| {
            let values = pairs.into_iter().filter_map(|(name, value)| {
                Some((HeaderName::from_static(name), HeaderValue::from_bytes(&value).ok()?))
            });
            values.collect()
        })
    }

    /// Bytes, and pieces of what services send, in any order.
    fn any_body() -> impl Strategy<Value = Vec<u8>> {
        const PIECES: &str = r#"(data: |event: error|id:|\n|\r\n|\{"error":|"message":|"code":|"m"
            |429|null|\{|\}|\[|\]|,|<html>|<title>|</title>|&#|;|\u{feff}|[a-z ]){0,24}"#;
        prop_oneof![any::<Vec<u8>>(), PIECES.prop_map(String::into_bytes)]
    }

    proptest! {
        #[test]
        fn prop_any_reply_is_decoded(
            status in 100_u16..1000,
            headers in any_headers(),
            body in any_body(),
            at: u32,
        ) {
            let status = StatusCode::from_u16(status).unwrap();
            let at = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(at.into());
            let error = Error::from_response(status, &headers, Body::new(&*body), at);
            prop_assert_eq!(error.body(), &*body);
            prop_assert_eq!(error.status(), Some(status));
            prop_assert!(!error.headers().contains_key("set-cookie"));
            let shown = format!("{error} {error:?} {:?} {}", error.envelope(), error.support_report());
            prop_assert!(!shown.is_empty());
            prop_assert!(serde_json::to_string(&error).is_ok());
        }

        #[test]
        fn prop_any_success_is_read(headers in any_headers(), body in any_body(), event in "error|") {
            let at = SystemTime::UNIX_EPOCH;
            let found = Error::in_success(StatusCode::OK, &headers, &body, at);
            prop_assert!(found.is_none_or(|error| error.body() == body));
            let _ = Error::in_event(StatusCode::OK, &headers, &event, &body);
        }

        #[test]
        fn prop_54_retry_metadata_survives_json(headers in any_headers(), seconds: u64) {
            let mut headers = headers;
            headers.insert("retry-after", seconds.into());
            headers.insert("x-ratelimit-reset-requests", "1.5s".parse().unwrap());
            let status = StatusCode::TOO_MANY_REQUESTS;
            let at = SystemTime::UNIX_EPOCH;
            let error = Error::from_response(status, &headers, Body::default(), at);
            let json = serde_json::to_string(&error).unwrap();
            let again: Error = serde_json::from_str(&json).unwrap();
            prop_assert_eq!(again.retry_after(), error.retry_after());
            prop_assert_eq!(again.rate_limits(), error.rate_limits());
            prop_assert_eq!(again.is_retryable(), error.is_retryable());
        }
    }
}
