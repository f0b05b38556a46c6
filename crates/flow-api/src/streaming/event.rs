//! What one event of a stream is.

use std::time::SystemTime;

use flow_errors::{Body, Error};
use http::{HeaderMap, StatusCode};
use serde_json::{Map, Value};

use crate::chunk::Chunk;
use crate::sse::Event;

/// What came before the body.
#[derive(Clone)]
pub(super) struct Head {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) received_at: SystemTime,
}

impl Head {
    /// Returns an error of ours with what the head says: status, request id, limits.
    pub(super) fn complete(&self, error: Error) -> Error {
        error.with_reply(self.status, &self.headers, Body::default())
    }
}

/// What one event is.
#[expect(
    clippy::large_enum_variant,
    reason = "nearly all events are pieces: a box would cost more"
)]
pub(super) enum Seen {
    /// Nothing that matters here.
    Nothing,
    /// A piece of the reply, and how long it was on the wire.
    Chunk(Chunk, usize),
    /// The service says that it has said everything.
    Done,
    /// The service says that it failed.
    Refused(Error),
    /// It is no JSON, or too long.
    Unreadable(Error),
    /// The stream broke off inside it.
    Cut,
}

impl Seen {
    /// Reads an event that has arrived whole.
    pub(super) fn read(head: &Head, event: &Event<'_>) -> Self {
        let is_named_error = event.name() == "error";
        if event.is_done() && !is_named_error {
            return Self::Done;
        }
        let data = event.data();
        match fields(data) {
            Ok(Some(fields)) if has_failed(&fields) => Self::failed(head, data),
            // What holds answers is no other error, so it need not be looked through for one.
            Ok(Some(fields)) if has_answers(&fields) && !is_named_error => {
                Self::chunk(fields, data)
            }
            fields => Self::error(head, event).unwrap_or_else(|| match fields {
                Ok(Some(fields)) if Chunk::is_chunk(&fields) => Self::chunk(fields, data),
                // Events of other names are something else's business, whatever they hold.
                Err(source) if matches!(event.name(), "" | "message") => {
                    let body = Body::new(data.get(..=Body::MAX).unwrap_or(data));
                    let error = Error::undecodable_event(source);
                    Self::Unreadable(error.with_reply(head.status, &head.headers, body))
                }
                _ => Self::Nothing,
            }),
        }
    }

    fn chunk(fields: Map<String, Value>, data: &str) -> Self {
        Self::Chunk(fields.into(), data.len())
    }

    /// A piece in which an answer failed is an error, whatever else it holds.
    fn failed(head: &Head, data: &str) -> Self {
        Error::in_event(head.status, &head.headers, "error", data.as_bytes())
            .map_or(Self::Nothing, Self::Refused)
    }

    fn error(head: &Head, event: &Event<'_>) -> Option<Self> {
        let data = event.data().as_bytes();
        Error::in_event(head.status, &head.headers, event.name(), data).map(Self::Refused)
    }
}

fn has_answers(fields: &Map<String, Value>) -> bool {
    !answers(fields).is_empty()
}

/// Whether an answer ends with the reason `error`, as gateways write it when their upstream failed.
fn has_failed(fields: &Map<String, Value>) -> bool {
    answers(fields).iter().any(|answer| answer.get("finish_reason") == Some(&"error".into()))
}

fn answers(fields: &Map<String, Value>) -> &[Value] {
    fields.get("choices").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Reads data as an object; `None` if it is JSON of another type, or nothing at all.
fn fields(data: &str) -> serde_json::Result<Option<Map<String, Value>>> {
    let data = data.trim_ascii();
    if data.is_empty() {
        return Ok(None);
    }
    // As a value, whose parser is compiled in serde_json already.
    Ok(match data.parse()? {
        Value::Object(fields) => Some(fields),
        _ => None,
    })
}
