//! The decoder: bytes in, events out.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;

use super::event::Event;
use super::fields::Fields;
use super::lines::{Line, Lines};

/// Decodes server-sent events from chunks of any size, split anywhere.
///
/// After each [`push`](Self::push) call [`next_event`](Self::next_event) until it gives `None`;
/// at the end of the body call [`finish`](Self::finish) and do so once more. Memory is bounded: an
/// event above the maximum is an error, and after an error nothing more comes. `Debug` shows no
/// data.
///
/// # Examples
///
/// ```
/// use flow_api::sse::Decoder;
///
/// let mut decoder = Decoder::new();
/// let mut seen = Vec::new();
/// for chunk in ["data: {\"a\"", ": 1}\r", "\n\r\ndata: [DO", "NE]"] {
///     decoder.push(chunk);
///     while let Some(event) = decoder.next_event()? {
///         seen.push(event.data().to_owned());
///     }
/// }
/// decoder.finish();
/// assert!(decoder.next_event()?.is_some_and(|event| event.is_done()));
/// assert_eq!(seen, ["{\"a\": 1}"]);
/// # Ok::<(), flow_api::sse::InvalidStream>(())
/// ```
pub struct Decoder {
    lines: Lines,
    fields: Fields,
    max_event_bytes: usize,
    /// Whether the event in `fields` was given out: the next call begins another.
    is_given: bool,
    is_finished: bool,
    is_over: bool,
}

impl Decoder {
    /// The most bytes of one event, unless the caller says otherwise: 16 MiB.
    pub const DEFAULT_MAX_EVENT_BYTES: usize = 16 * 1024 * 1024;

    /// Creates a decoder at the beginning of a stream.
    #[must_use]
    pub fn new() -> Self {
        Self {
            lines: Lines::default(),
            fields: Fields::default(),
            max_event_bytes: Self::DEFAULT_MAX_EVENT_BYTES,
            is_given: false,
            is_finished: false,
            is_over: false,
        }
    }

    /// Returns the decoder with another maximum for the bytes of one event's lines.
    #[must_use]
    pub fn with_max_event_bytes(self, bytes: usize) -> Self {
        Self { max_event_bytes: bytes, ..self }
    }

    /// Gives the decoder the next chunk of the body.
    ///
    /// What has not been asked for of the chunk before is decoded first, at the cost of a copy.
    pub fn push(&mut self, chunk: impl Into<Bytes>) {
        self.clear_given();
        self.fields.own(&self.lines);
        self.lines.push(chunk.into());
    }

    /// Says that the body has ended.
    pub const fn finish(&mut self) {
        self.is_finished = true;
    }

    /// Returns the next whole event; `None` when more bytes are needed, or none are left.
    ///
    /// # Errors
    ///
    /// Returns [`InvalidStream`] for an event above the maximum, and after
    /// [`finish`](Self::finish) for a stream that broke off inside an event.
    pub fn next_event(&mut self) -> Result<Option<Event<'_>>, InvalidStream> {
        self.clear_given();
        if self.is_over {
            return Ok(None);
        }
        let found = self.advance();
        self.is_over |= found.is_err();
        self.is_given = found?;
        Ok(self.is_given.then(|| self.fields.event(&self.lines)))
    }

    /// Returns how long the stream asks clients to wait before they connect again, if it said so.
    #[must_use]
    pub const fn retry(&self) -> Option<Duration> {
        self.fields.retry()
    }

    /// Reads up to the end of an event; returns whether there is one.
    fn advance(&mut self) -> Result<bool, InvalidStream> {
        if let Some((start, end)) = self.next_data() {
            self.fields.take_data(start, end);
            self.check_size(0)?;
            return Ok(true);
        }
        while let Some(line) = self.lines.next() {
            if self.read(line)? {
                return Ok(true);
            }
        }
        self.release();
        self.check_size(self.lines.begun().len())?;
        if self.is_finished { self.read_end() } else { Ok(false) }
    }

    /// Passes over an event that is one line of data, unless another has begun.
    fn next_data(&mut self) -> Option<(usize, usize)> {
        if self.fields.is_new() { self.lines.next_data() } else { None }
    }

    /// Reads a line; returns whether it ends an event.
    fn read(&mut self, line: Line) -> Result<bool, InvalidStream> {
        let (bytes, end) = self.lines.bytes(line);
        let is_empty = bytes.is_empty();
        if !is_empty {
            self.fields.read(bytes, end, &self.lines);
        } else if !self.fields.has_event() {
            self.fields.clear();
        }
        self.lines.done(line);
        self.check_size(0)?;
        Ok(is_empty && self.fields.has_event())
    }

    /// Reads what stands at the end of the body without the empty line that it needs.
    ///
    /// Some gateways leave that line out. An event whose data is whole has arrived all the same.
    fn read_end(&mut self) -> Result<bool, InvalidStream> {
        self.is_over = true;
        if !self.lines.begun().is_empty() {
            self.read(Line::Begun)?;
        }
        if !self.fields.has_event() {
            return Ok(false);
        }
        let data = self.fields.data(&self.lines).unwrap_or_default();
        let is_whole = data == b"[DONE]" || is_json(data);
        if is_whole { Ok(true) } else { Err(InvalidStream::Cut) }
    }

    fn check_size(&self, begun: usize) -> Result<(), InvalidStream> {
        let size = self.fields.size().saturating_add(begun);
        if size <= self.max_event_bytes {
            return Ok(());
        }
        Err(InvalidStream::EventTooLarge { max_bytes: self.max_event_bytes })
    }

    /// Lets go of a chunk of which all has been read: whoever made it may use its memory again, and
    /// many streams that wait do not hold any.
    fn release(&mut self) {
        self.fields.own(&self.lines);
        self.lines.release();
    }

    fn clear_given(&mut self) {
        if std::mem::take(&mut self.is_given) {
            self.fields.clear();
        }
    }
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoder")
            .field("event_bytes", &self.fields.size())
            .field("is_finished", &self.is_finished)
            .finish_non_exhaustive()
    }
}

/// Why no further event comes out of a stream. The text says nothing of what was in it.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvalidStream {
    /// An event was larger than the maximum.
    EventTooLarge {
        /// The maximum.
        max_bytes: usize,
    },
    /// The stream broke off inside an event, so something is missing.
    Cut,
}

impl fmt::Display for InvalidStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EventTooLarge { max_bytes } => {
                write!(
                    f,
                    "an event of the stream has more than {max_bytes} bytes; raise the maximum"
                )
            }
            Self::Cut => f.write_str("the stream broke off inside an event; ask again"),
        }
    }
}

impl std::error::Error for InvalidStream {}
/// By way of a value: it is asked once a stream, and the parser of values is compiled already.
fn is_json(data: &[u8]) -> bool {
    std::str::from_utf8(data).is_ok_and(|text| text.parse::<Value>().is_ok())
}
