//! What one event of a stream is.

use std::time::SystemTime;

use flow_errors::{Body, Error};
use http::{HeaderMap, StatusCode};
use serde::de::DeserializeSeed as _;

use crate::chunk::Chunk;
use crate::field::Field;
use crate::one_pass::Seed;
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
        match chunk(data) {
            Ok(Some(chunk)) if chunk.has_failed() => Self::failed(head, data),
            // What holds answers is no other error, so it need not be looked through for one.
            Ok(Some(chunk)) if chunk.has_answers() && !is_named_error => {
                Self::Chunk(chunk, data.len())
            }
            chunk => Self::error(head, event).unwrap_or_else(|| match chunk {
                Ok(Some(chunk)) if chunk.is_chunk() => Self::Chunk(chunk, data.len()),
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

/// Reads data as an object, whatever its fields; `None` if it is JSON of another type, or nothing at
/// all.
fn chunk(data: &str) -> serde_json::Result<Option<Chunk>> {
    let data = data.trim_ascii();
    if data.is_empty() {
        return Ok(None);
    }
    let mut field = Field::Absent;
    let mut json = serde_json::Deserializer::from_str(data);
    Seed(&mut field).deserialize(&mut json)?;
    json.end()?;
    Ok(match field {
        Field::Value(chunk) => Some(chunk),
        _ => None,
    })
}
