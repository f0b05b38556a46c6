//! What an error body is: an envelope, a text, or nothing.
//!
//! Total: JSON in any dialect, event streams, lines of JSON, HTML, plain text, broken UTF-8 and
//! half a body all have a reading.

use std::iter;

use serde_json::Value;

use crate::envelope::trim;
use crate::{Envelope, html, sse, success};

/// A body, read.
pub(crate) enum Document {
    Envelope(Envelope),
    Text(String),
    Empty,
}

impl Document {
    /// Reads the body of a reply that is an error by its status.
    pub(crate) fn read(body: &[u8]) -> Self {
        let body = trim(body);
        if let Ok(envelope) = Envelope::decode(body) {
            return Self::Envelope(envelope);
        }
        let streamed = if sse::is_stream(body) { in_events(body) } else { in_values(body) };
        streamed.unwrap_or_else(|| Self::text(body))
    }

    /// Finds the error in a body whose status says success; `None` if it is a success.
    pub(crate) fn error_in_success(body: &[u8]) -> Option<Self> {
        let body = trim(body);
        if sse::is_stream(body) {
            return sse::events(body)
                .find_map(|event| Self::error_in_event(event.name, &event.data));
        }
        if !success::may_be_error(body) {
            return None;
        }
        match Envelope::decode(body) {
            Ok(envelope) => {
                success::is_error(envelope.as_value()).then_some(Self::Envelope(envelope))
            }
            Err(_) => values(body).find(success::is_error).and_then(Self::value),
        }
    }

    /// Finds the error in an event of a stream; `None` if it is an ordinary event.
    pub(crate) fn error_in_event(name: &[u8], data: &[u8]) -> Option<Self> {
        let is_error = name == b"error";
        if !is_error && !success::may_be_error(data) {
            return None;
        }
        match Envelope::decode(data) {
            Ok(envelope) => (is_error || success::is_error(envelope.as_value()))
                .then_some(Self::Envelope(envelope)),
            // Half an envelope may hold anything, so it does not become a message.
            Err(_) if matches!(trim(data).first(), Some(b'{' | b'[')) => {
                is_error.then_some(Self::Empty)
            }
            Err(_) => is_error.then(|| Self::text(trim(data))),
        }
    }

    pub(crate) fn envelope(&self) -> Option<&Envelope> {
        match self {
            Self::Envelope(envelope) => Some(envelope),
            _ => None,
        }
    }

    pub(crate) fn into_envelope(self) -> Option<Envelope> {
        match self {
            Self::Envelope(envelope) => Some(envelope),
            _ => None,
        }
    }

    /// What the service said, empty if nothing.
    pub(crate) fn message(&self) -> &str {
        match self {
            Self::Envelope(envelope) => envelope.message().unwrap_or_default(),
            Self::Text(text) => text,
            Self::Empty => "",
        }
    }

    /// Reads what is no envelope.
    fn text(body: &[u8]) -> Self {
        // Half an envelope may hold anything, the prompt included, so it does not become a message.
        if body.is_empty() || is_binary(body) || is_like_json(body) {
            return Self::Empty;
        }
        let text = String::from_utf8_lossy(body);
        if html::is_page(&text) {
            return html::headline(&text).map_or(Self::Empty, Self::Text);
        }
        match text.parse() {
            Ok(Value::String(inner)) => Self::Text(inner),
            _ => Self::Text(text.into_owned()),
        }
    }

    fn value(value: Value) -> Option<Self> {
        Envelope::from_value(value).ok().map(Self::Envelope)
    }
}

/// The error of an event stream, or else its first event.
fn in_events(body: &[u8]) -> Option<Document> {
    let error =
        sse::events(body).find_map(|event| Document::error_in_event(event.name, &event.data));
    error.or_else(|| {
        let data = sse::events(body).map(|event| event.data).find(|data| !data.is_empty())?;
        let envelope = Envelope::decode(&data).ok().map(Document::Envelope);
        Some(envelope.unwrap_or_else(|| Document::text(trim(&data))))
    })
}

/// The error in several JSON values one after another, or else the first object.
fn in_values(body: &[u8]) -> Option<Document> {
    let error = values(body).find(success::is_error);
    error.or_else(|| values(body).find(Value::is_object)).and_then(Document::value)
}

/// JSON values one after another, up to the first thing that is none.
fn values(body: &[u8]) -> impl Iterator<Item = Value> {
    let text = String::from_utf8_lossy(body);
    let mut start = 0;
    iter::from_fn(move || {
        let rest: &str = text.get(start..)?;
        let (value, len) = first_value(rest)?;
        start = len.saturating_add(start);
        Some(value)
    })
}

/// The first of several values, and its length; the parser of `serde_json` that is compiled already
/// takes only one, and says where the next begins.
fn first_value(text: &str) -> Option<(Value, usize)> {
    let error = match text.parse() {
        Ok(value) => return Some((value, text.len())),
        Err(error) => error,
    };
    let error: serde_json::Error = error;
    if !error.to_string().starts_with("trailing characters") {
        return None;
    }
    let lines_before = error.line().checked_sub(1)?;
    let line: usize = text.split_inclusive('\n').take(lines_before).map(str::len).sum();
    let first = text.get(..line.saturating_add(error.column()).checked_sub(1)?)?;
    Some((first.parse().ok()?, first.len()))
}

/// Whether a body begins as an object or a list of them does, also in Python's spelling.
fn is_like_json(body: &[u8]) -> bool {
    let mut bytes = body.iter().filter(|byte| !byte.is_ascii_whitespace());
    match (bytes.next(), bytes.next()) {
        (Some(b'{'), second) => matches!(second, None | Some(b'"' | b'\'' | b'}')),
        (Some(b'['), second) => matches!(second, None | Some(b'"' | b'\'' | b'{' | b'[')),
        _ => false,
    }
}

/// Whether a body holds bytes that no text has: compressed data, for instance.
fn is_binary(body: &[u8]) -> bool {
    body.iter().any(|byte| *byte < b'\t')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_body_has_a_reading() {
        let table: [(&str, &[u8], &str); 21] = [
            ("envelope", br#"{"error":{"message":"m"}}"#, "m"),
            ("plain text", b" upstream connect error\r\n", "upstream connect error"),
            ("page", b"<html><head><title>502 Bad Gateway</title>", "502 Bad Gateway"),
            ("page without a headline", b"<html><p>x</p>", ""),
            ("XML", b"<?xml version=\"1.0\"?><E/>", "<?xml version=\"1.0\"?><E/>"),
            ("nothing", b"", ""),
            ("white space", b" \r\n", ""),
            ("binary", b"\x1f\x8b\x08\x00\x00", ""),
            ("half JSON", br#"{"error":{"message":"The upstr"#, ""),
            ("half a list", br#" [ {"detail"#, ""),
            ("Python's spelling", br#"{'detail': 'x'}"#, ""),
            ("text in brackets", b"[error] upstream", "[error] upstream"),
            ("text in braces", b"{error}", "{error}"),
            ("string", br#""just text""#, "just text"),
            ("scalar", b"42", "42"),
            ("two documents", br#"{"error":"one"}{"error":"two"}"#, "one"),
            ("lines", b"{\"message\":{\"content\":\"a\"}}\n{\"error\":\"m\"}\n", "m"),
            (
                "lines in one",
                b"\xef\xbb\xbf{\"a\":\n\"\xc3\xa9\"} {\"b\":1}\n\n  {\"error\":\"m\"}x",
                "m",
            ),
            ("events", b"event: x\ndata: {\"id\":1}\n\ndata: {\"error\":\"m\"}\n\n", "m"),
            ("events without error", b"data: something broke\n\n", "something broke"),
            ("broken UTF-8", b"bad \xff byte", "bad \u{fffd} byte"),
        ];
        for (name, body, want) in table {
            assert_eq!(Document::read(body).message(), want, "{name}");
        }
    }

    #[test]
    fn events_named_error_are_errors_whatever_they_hold() {
        let table = [
            ("error", r#"{"message":"m","code":"provider_error"}"#, Some("m")),
            ("error", r#"{"error":{"message":"m"}}"#, Some("m")),
            ("error", r#"{"code":400,"details":".."}"#, Some("")),
            ("error", "null", Some("null")),
            ("error", r#""text""#, Some("text")),
            ("error", "42", Some("42")),
            ("error", r#"{"credential":"sk-planted"#, Some("")),
            ("error", "", Some("")),
            ("", r#"{"error":{"message":"m"}}"#, Some("m")),
            ("", r#"{"credential":"sk-planted","error"#, None),
            ("thread.error", r#"{"id":"x"}"#, None),
            ("", r#"{"choices":[{"delta":{"content":"error"}}]}"#, None),
        ];
        for (name, data, want) in table {
            let found = Document::error_in_event(name.as_bytes(), data.as_bytes());
            assert_eq!(found.as_ref().map(Document::message), want, "{name}: {data}");
        }
    }
}
