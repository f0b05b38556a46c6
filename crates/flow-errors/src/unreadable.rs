//! Successes that cannot be handed on: not what was asked for, too large, or cut short.
//!
//! A reply may hold the prompt, so no text of it enters a message or a cause.

use http::{HeaderMap, StatusCode};

use crate::advice::ARGUMENTS;
use crate::delivered::Delivered;
use crate::envelope::trim;
use crate::header_text::texts;
use crate::{Body, Class, Error, Kind, text};

impl Error {
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
        let kind_of_body = short(texts(headers, "content-type").next().unwrap_or("unknown"));
        let message = format!(
            "response with status {} and content type {kind_of_body} could not be decoded",
            status.as_u16()
        );
        let error = Self::new(Kind::Decode, class, message).caused_by(without_payload(&source));
        error.with_reply(status, headers, body)
    }

    /// Creates the error of an event of a stream that is no JSON.
    ///
    /// The event's data is to be kept as the body; none of it enters the message or the cause.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "the source is an error to hand over")]
    pub fn undecodable_event(source: serde_json::Error) -> Self {
        let class = if source.is_eof() { Class::Ambiguous } else { Class::Permanent };
        let message = "an event of the stream could not be decoded";
        Self::new(Kind::Decode, class, message).caused_by(without_payload(&source))
    }

    /// Creates the error of an event of a stream that is longer than `limit` bytes.
    #[must_use]
    pub fn event_too_large(limit: usize) -> Self {
        let message = format!("an event of the stream is longer than {limit} bytes");
        Self::new(Kind::ReplyTooLarge, Class::Permanent, message)
    }

    /// Creates the error of a stream that ended before it was complete.
    ///
    /// `how` ends the sentence "the stream ended …". Asked again, the service may send all of it,
    /// and bill all of it.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_errors::call::Delivered;
    /// use flow_errors::{Error, Kind};
    ///
    /// let error = Error::stream_truncated("without a finish reason", Delivered::new(3, 12));
    /// assert_eq!(error.kind(), Kind::StreamTruncated);
    /// assert_eq!(
    ///     error.message(),
    ///     "the stream ended without a finish reason, after 3 events with 12 bytes of text",
    /// );
    /// ```
    #[must_use]
    pub fn stream_truncated(how: &str, delivered: Delivered) -> Self {
        let message = format!("the stream ended {how}, {delivered}");
        Self::new(Kind::StreamTruncated, Class::Ambiguous, message).with_delivered(delivered)
    }

    /// Creates the error of a tool call whose arguments are not what the function takes.
    ///
    /// The message says where they do not fit; what the model wrote is not quoted.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_errors::{Error, Kind};
    ///
    /// let source = serde_json::from_str::<u8>("\"7\"").unwrap_err();
    /// let error = Error::invalid_arguments("count", &source);
    /// assert_eq!(error.kind(), Kind::Decode);
    /// assert!(error.message().contains("`count`: invalid type, expected u8"));
    /// ```
    #[must_use]
    pub fn invalid_arguments(function: &str, source: &serde_json::Error) -> Self {
        let message = format!("the arguments of the call of `{}`", short(function));
        let error = Self::new(Kind::Decode, Class::Permanent, message);
        let error = error.caused_by(without_payload(source));
        error.map(|inner| inner.param = Some(ARGUMENTS.into()))
    }

    /// Creates the error of a success whose body is longer than `limit` bytes.
    #[must_use]
    pub fn reply_too_large(limit: usize) -> Self {
        let message = format!("the reply is longer than {limit} bytes");
        Self::new(Kind::ReplyTooLarge, Class::Permanent, message)
    }
}

/// The first characters of a service's text, harmless to a terminal.
fn short(text: &str) -> String {
    let text: String = text.chars().take(100).collect();
    text::line(&text).to_string()
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
        // What was read from a value, and not from text, has no place.
        _ if source.line() == 0 => "invalid data".to_owned(),
        _ => format!("invalid data at line {} column {}", source.line(), source.column()),
    }
}

const SAFE: [&str; 2] = ["missing field `", "duplicate field `"];

/// How serde's own messages begin that quote the input and end in what was expected.
const QUOTING: [&str; 5] =
    ["invalid type", "invalid value", "invalid length", "unknown variant", "unknown field"];

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;
    use crate::header_text::headers;

    fn undecodable<T: serde::de::DeserializeOwned>(body: &str) -> Error {
        let source = serde_json::from_str::<T>(body).err().unwrap();
        let headers = headers(&[("content-type", "text/plain"), ("x-request-id", "req-1")]);
        Error::undecodable(StatusCode::OK, &headers, Body::new(body), source)
    }

    #[test]
    fn undecodable_reply_may_have_broken_off() {
        let table = [
            (r#"{"choices": ["#, Class::Ambiguous),
            ("", Class::Permanent),
            (" \r\n", Class::Permanent),
            ("<html>", Class::Permanent),
            ("[1, 2] 3", Class::Permanent),
        ];
        for (body, class) in table {
            let error = undecodable::<serde_json::Value>(body);
            assert_eq!(error.class(), class, "{body:?}");
            assert_eq!(error.kind(), Kind::Decode, "{body:?}");
            assert_eq!(error.request_id(), Some("req-1"), "{body:?}");
            let want = "response with status 200 and content type text/plain could not be decoded";
            assert!(error.message().starts_with(want), "{}", error.message());
        }
    }

    #[test]
    fn undecodable_reply_is_quoted_nowhere() {
        #[derive(Debug, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Reply {
            #[serde(rename = "count")]
            _count: Option<u8>,
            #[serde(rename = "role")]
            _role: Option<Role>,
            #[serde(rename = "at")]
            _at: Option<std::net::IpAddr>,
        }
        #[derive(Debug, serde::Deserialize)]
        #[serde(rename_all = "snake_case")]
        enum Role {
            User,
        }
        let table = [
            (r#"{"count": "planted"}"#, "invalid type, expected u8 at line 1 column 19"),
            (r#"{"count": "planted, expected"}"#, "invalid type, expected u8 at line 1 column 29"),
            (r#"{"role": "planted"}"#, "unknown variant, expected `user` at line 1 column 18"),
            (r#"{"at": "planted"}"#, "invalid data at line 1 column 16"),
            (
                r#"{"planted": 1}"#,
                "unknown field, expected one of `count`, `role`, `at` at line 1 column 10",
            ),
            (r#"{"count": planted}"#, "expected value at line 1 column 11"),
        ];
        for (body, want) in table {
            let error = undecodable::<Reply>(body);
            let source = error.source().map(ToString::to_string);
            assert_eq!(source.as_deref(), Some(want), "{body}");
            assert!(!format!("{error} {error:?}").contains("planted"), "{body}");
            assert_eq!(error.body(), body.as_bytes());
        }
    }

    #[test]
    fn names_are_bounded_and_escaped_and_places_told_where_there_is_one() {
        let name = format!("f\n\u{1b}[2J{}", "x".repeat(200));
        let source = serde_json::from_value::<std::net::IpAddr>("planted".into()).unwrap_err();
        let error = Error::invalid_arguments(&name, &source);
        let want = "the arguments of the call of `f\\n\\u{1b}[2Jxxx";
        assert!(error.message().starts_with(want), "{}", error.message());
        assert!(error.message().ends_with("xxx`: invalid data"), "{}", error.message());
        assert!(error.message().len() < 160, "{}", error.message());
    }

    #[test]
    fn missing_field_is_named() {
        #[derive(Debug, serde::Deserialize)]
        struct Reply {
            #[serde(rename = "choices")]
            _choices: u8,
        }
        let source = undecodable::<Reply>("{}").source().map(ToString::to_string);
        assert_eq!(source.as_deref(), Some("missing field `choices` at line 1 column 2"));
    }

    #[test]
    fn failures_of_streams_say_what_is_known_and_quote_nothing() {
        let json = |text| serde_json::from_str::<serde_json::Value>(text).unwrap_err();
        #[rustfmt::skip]
        let table = [
            (Error::undecodable_event(json("planted")), Class::Permanent,
                "decode: an event of the stream could not be decoded: expected value at line 1 column 1"),
            (Error::undecodable_event(json(r#"{"planted"#)), Class::Ambiguous,
                "decode: an event of the stream could not be decoded: EOF while parsing a string at line 1 column 9"),
            (Error::event_too_large(8).with_delivered(Delivered::new(2, 1)), Class::Permanent,
                "reply_too_large: an event of the stream is longer than 8 bytes, after 2 events with 1 byte of text"),
            (Error::stream_truncated("inside an event", Delivered::NOTHING), Class::Ambiguous,
                "stream_truncated: the stream ended inside an event, before anything was delivered"),
            (Error::stream_truncated("without [DONE]", Delivered::new(1, 0)), Class::Ambiguous,
                "stream_truncated: the stream ended without [DONE], after 1 event with 0 bytes of text"),
        ];
        for (error, class, want) in table {
            assert_eq!(error.class(), class, "{want}");
            let told = error.to_string();
            assert_eq!(told.split_once(". ").unwrap().0, want);
            assert!(!format!("{error:?}").contains("planted"), "{error:?}");
        }
    }

    #[test]
    fn reply_too_large_says_the_limit() {
        let headers = headers(&[("x-request-id", "req-1")]);
        let error =
            Error::reply_too_large(8).with_reply(StatusCode::OK, &headers, Body::cut("12345678"));
        assert_eq!((error.kind(), error.class()), (Kind::ReplyTooLarge, Class::Permanent));
        assert_eq!(error.message(), "the reply is longer than 8 bytes");
        assert_eq!(error.request_id(), Some("req-1"));
    }
}
