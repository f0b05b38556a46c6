//! What a stream says and does, part after part, as users write it.
//!
//! A [`Stream`] only stores; what it says is checked when the server takes the script.

use std::time::Duration;

use bytes::Bytes;

use crate::dialect::Dialect;
use crate::event::LineEnd;
use crate::part::Part;

/// What becomes of the answer to a request with `stream: true`.
///
/// It is a list of parts. Some send the answer's own events, which come in this order: an opening for
/// each choice with its role and no content, deltas with content, a finish reason for each choice, the
/// usage if it was asked for, `[DONE]`. Others send what is not the answer's, or break the stream.
/// After the last part the body ends as it should; a stream without parts is the whole answer.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use flow_sim::{Action, Dialect, Sim, Stream};
///
/// let sim = Sim::builder()
///     .script([
///         // An error in the middle of the answer.
///         Action::normal().stream(Stream::new().deltas(3).error(Dialect::Nested, 503)),
///         // A gateway that hides that its upstream broke off.
///         Action::normal().stream(Stream::new().deltas(3).done()),
///         // All of it, a byte a write: lines end with CR LF, and the two come apart.
///         Action::normal().stream(Stream::new().crlf()).slow(1, Duration::ZERO),
///     ])
///     .start()?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use = "a stream does nothing until it is part of an action"]
pub struct Stream {
    pub(crate) parts: Vec<Part>,
    pub(crate) line_end: LineEnd,
}

impl Stream {
    /// Creates a stream that is the whole answer until a part is added.
    pub const fn new() -> Self {
        Self { parts: Vec::new(), line_end: LineEnd::Lf }
    }

    /// Ends lines with CR LF in place of LF.
    pub const fn crlf(mut self) -> Self {
        self.line_end = LineEnd::CrLf;
        self
    }

    /// Ends lines with CR in place of LF.
    pub const fn cr(mut self) -> Self {
        self.line_end = LineEnd::Cr;
        self
    }

    /// Sends the opening of each choice: its role, and no content.
    pub fn opening(self) -> Self {
        self.part(Part::Opening)
    }

    /// Sends the next `count` deltas that have content, and the openings before them.
    pub fn deltas(self, count: usize) -> Self {
        self.part(Part::Deltas(count))
    }

    /// Sends all of the content, and no finish reason.
    pub fn content(self) -> Self {
        self.part(Part::Content)
    }

    /// Sends everything up to the last finish reason.
    pub fn finish(self) -> Self {
        self.part(Part::Finish)
    }

    /// Sends everything but `[DONE]`.
    pub fn usage(self) -> Self {
        self.part(Part::Usage)
    }

    /// Sends all that is left of the answer, `[DONE]` included.
    pub fn rest(self) -> Self {
        self.part(Part::Rest)
    }

    /// Sends `[DONE]`, whatever is left of the answer.
    pub fn done(self) -> Self {
        self.part(Part::Done)
    }

    /// Sends the first half of the answer's next event.
    pub fn half(self) -> Self {
        self.part(Part::Half)
    }

    /// Sends the answer's next event with this many bytes of white space within its JSON.
    pub fn padded(self, bytes: usize) -> Self {
        self.part(Part::Padded(bytes))
    }

    /// Sends an event with this data, a line of it for each line of the text.
    pub fn data(self, data: impl Into<String>) -> Self {
        self.part(Part::Data(data.into()))
    }

    /// Sends an event with a name and this data.
    pub fn named(self, name: impl Into<String>, data: impl Into<String>) -> Self {
        self.part(Part::Named { name: name.into(), data: data.into() })
    }

    /// Sends a comment, as gateways do to keep a connection alive.
    pub fn comment(self, text: impl Into<String>) -> Self {
        self.part(Part::Comment(text.into()))
    }

    /// Sends these bytes as they are.
    pub fn raw(self, bytes: impl Into<Bytes>) -> Self {
        self.part(Part::Raw(bytes.into()))
    }

    /// Sends the error table's row of this status, or an envelope like it, in a dialect.
    pub fn error(self, dialect: Dialect, status: u16) -> Self {
        self.part(Part::Error { dialect, row: status })
    }

    /// Sends what is harmless and says nothing: a comment, a keep-alive payload, an empty delta.
    pub fn pings(self) -> Self {
        self.part(Part::Pings)
    }

    /// Waits. What was sent before leaves as a write of its own, even if the pause is zero.
    pub fn pause(self, pause: Duration) -> Self {
        self.part(Part::Pause(pause))
    }

    /// Takes away the blank line that ends the last event.
    pub fn no_blank_line(self) -> Self {
        self.part(Part::NoBlankLine)
    }

    /// Resets the connection (TCP RST).
    pub fn reset(self) -> Self {
        self.part(Part::Reset)
    }

    /// Closes the connection (TCP FIN) without the last chunk of the body.
    pub fn close(self) -> Self {
        self.part(Part::Close)
    }

    /// Sends nothing more; the connection stays open.
    pub fn stall(self) -> Self {
        self.part(Part::Stall)
    }

    /// Sends a comment, a keep-alive payload or an empty delta every so often, for ever.
    pub fn stall_with_pings(self, every: Duration) -> Self {
        self.part(Part::StallWithPings(every))
    }

    fn part(mut self, part: Part) -> Self {
        self.parts.push(part);
        self
    }

    /// Says what cannot be done.
    pub(crate) fn check(&self) -> Result<(), String> {
        let last = self.parts.len().saturating_sub(1);
        for (at, part) in self.parts.iter().enumerate() {
            part.check()?;
            if part.is_end() && at < last {
                let number = at.saturating_add(1);
                return Err(format!("part {number} of the stream ends it, but more parts follow"));
            }
        }
        Ok(())
    }
}
