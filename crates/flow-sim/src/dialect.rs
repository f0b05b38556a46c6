//! The shapes in which services and gateways put an error into a stream.

use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::event::Event;
use crate::rows;

/// How an error within a stream is written.
///
/// What it says is a row of the error table, as far as the shape has room for it.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dialect {
    /// `data: {"error":{"message":...,"type":...,"code":...}}`, the envelope of an HTTP error.
    Nested,
    /// `data: {"type":"error","code":...,"message":...}`.
    Flat,
    /// The envelope in an event whose name is `error`.
    Named,
    /// The fields of the envelope, without it, in an event whose name is `error`.
    NamedFlat,
    /// A JSON string in an event whose name is `error`.
    Text,
    /// The status as a JSON number in an event whose name is `error`.
    Number,
    /// A JSON null in an event whose name is `error`.
    Null,
    /// Words that are not JSON in an event whose name is `error`.
    Plain,
    /// A chunk with choices, their finish reason `error`, and an `error` whose `code` is a number.
    Chunk,
    /// The same, with the `error` in the choice that it ends.
    Choice,
}

impl Dialect {
    pub(crate) const ALL: [(&'static str, &'static str, Self); 10] = [
        ("nested", "data: {\"error\":{...}}", Self::Nested),
        ("flat", "data: {\"type\":\"error\",\"code\":...}", Self::Flat),
        ("named", "event: error, {\"error\":{...}}", Self::Named),
        ("named-flat", "event: error, {\"message\":...,\"code\":...}", Self::NamedFlat),
        ("text", "event: error, a JSON string", Self::Text),
        ("number", "event: error, a number", Self::Number),
        ("null", "event: error, null", Self::Null),
        ("plain", "event: error, words that are not JSON", Self::Plain),
        ("chunk", "an `error` in a chunk with finish reason `error`", Self::Chunk),
        ("choice", "an `error` in a choice with finish reason `error`", Self::Choice),
    ];

    /// The event with the error of this status; `idle` is a chunk of the stream without content.
    pub(crate) fn event(self, status: StatusCode, idle: &Value) -> Event {
        let (kind, message) = rows::words(status);
        let fields = json!({ "message": message, "type": kind, "code": kind, "param": null });
        let named = |data: &Value| Event::named("error", data.to_string());
        let data = |data: &Value| Event::data(data.to_string());
        match self {
            Self::Nested => data(&json!({ "error": fields })),
            Self::Flat => data(&json!({
                "type": "error", "code": kind, "message": message, "param": null,
            })),
            Self::Named => named(&json!({ "error": fields })),
            Self::NamedFlat => named(&fields),
            Self::Text => named(&json!(message)),
            Self::Number => named(&json!(status.as_u16())),
            Self::Null => named(&Value::Null),
            Self::Plain => Event::named("error", message),
            Self::Chunk => data(&chunk(status, message, idle, "")),
            Self::Choice => data(&chunk(status, message, idle, "/choices/0")),
        }
    }
}

/// The idle chunk, made to fail, with the error in what the pointer `place` points to.
fn chunk(status: StatusCode, message: &str, idle: &Value, place: &str) -> Value {
    let mut chunk = idle.clone();
    if let Some(reason) = chunk.pointer_mut("/choices/0/finish_reason") {
        *reason = "error".into();
    }
    if let Some(fields) = chunk.pointer_mut(place).and_then(Value::as_object_mut) {
        let error = json!({ "code": status.as_u16(), "message": message });
        fields.insert("error".to_owned(), error);
    }
    chunk
}
