//! The bytes of the body: events, as a rule, or one reply in their place.

use bytes::Bytes;
use http::{HeaderMap, header};

use super::event::Head;
use super::rules::Rules;
use crate::body::BodyReader;
use crate::sse::Decoder;

/// The bytes that have arrived.
#[derive(Default)]
pub(super) enum Incoming {
    /// None yet, but for line ends.
    #[default]
    Nothing,
    Events(Decoder),
    /// One reply, or one error.
    Whole(BodyReader),
}

impl Incoming {
    /// Starts with the events of a body that has arrived, and ended well or not.
    pub(super) fn events(rules: &Rules, bytes: Vec<u8>, has_ended: bool) -> Self {
        let mut decoder = Decoder::new().with_max_event_bytes(rules.max_event_bytes());
        decoder.push(bytes);
        if has_ended {
            decoder.finish();
        }
        Self::Events(decoder)
    }

    /// Takes more bytes; returns whether further ones are wanted.
    pub(super) fn push(&mut self, bytes: Bytes, head: &Head, rules: &Rules) -> bool {
        if !matches!(self, Self::Nothing) {
            return self.add(bytes);
        }
        // Some services send line ends while they think.
        let is_line_end = |byte: &u8| matches!(byte, b'\r' | b'\n');
        let Some(start) = bytes.iter().position(|byte| !is_line_end(byte)) else { return true };
        let bytes = bytes.slice(start..);
        *self = if bytes.first().is_some_and(|first| is_whole(*first, &head.headers)) {
            Self::Whole(BodyReader::new(head.status, &head.headers, rules.max_reply_bytes))
        } else {
            Self::events(rules, Vec::new(), false)
        };
        self.add(bytes)
    }

    pub(super) const fn finish(&mut self) {
        if let Self::Events(decoder) = self {
            decoder.finish();
        }
    }

    fn add(&mut self, bytes: Bytes) -> bool {
        match self {
            Self::Nothing => {}
            Self::Events(decoder) => decoder.push(bytes),
            Self::Whole(reader) => return reader.push(&bytes),
        }
        true
    }
}

/// Whether a body is an event stream, judged by how it begins.
pub(super) fn is_stream(body: &[u8]) -> bool {
    body.iter().find(|byte| !matches!(byte, b'\r' | b'\n')).is_some_and(|first| is_line(*first))
}

/// Whether a body that begins so is one reply in place of a stream.
///
/// The label counts where the first byte does not tell: gateways mix them up.
fn is_whole(first: u8, headers: &HeaderMap) -> bool {
    match first {
        // JSON, a page, gzip.
        b'{' | b'[' | b'<' | 0x1f => true,
        _ => !is_line(first) && is_labelled_json(headers),
    }
}

/// Whether a line of an event stream can begin so: data, event, id, retry, a comment.
const fn is_line(first: u8) -> bool {
    matches!(first, b'd' | b'e' | b'i' | b'r' | b':')
}

fn is_labelled_json(headers: &HeaderMap) -> bool {
    let label = headers.get(header::CONTENT_TYPE).and_then(|label| label.to_str().ok());
    let kind = label.and_then(|label| label.split(';').next()).unwrap_or_default().trim();
    kind.to_ascii_lowercase().ends_with("json")
}
