//! Lines out of chunks: they end in LF, CR or CR LF, and may be cut anywhere.

use bytes::{Bytes, BytesMut};

/// The byte order mark that a stream may begin with.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Splits chunks into lines. A line that lies in one chunk is not copied.
#[derive(Default)]
pub(super) struct Lines {
    chunk: Bytes,
    /// How much of the chunk has been read.
    at: usize,
    /// The line that began in the chunks before this one.
    begun: Vec<u8>,
    is_past_first: bool,
    /// Whether the last line ended in a CR at the very end of a chunk: a LF that comes next is
    /// part of that end.
    may_skip_lf: bool,
}

/// Where the bytes of a line are.
#[derive(Clone, Copy)]
pub(super) enum Line {
    /// Between two places of the chunk.
    InChunk(usize, usize),
    /// Copied out of the chunks in which it began.
    Begun,
}

impl Lines {
    /// Gives the next chunk.
    pub(super) fn push(&mut self, chunk: Bytes) {
        let rest = self.chunk.get(self.at..).unwrap_or_default();
        if rest.is_empty() {
            self.at = usize::from(self.may_skip_lf && chunk.starts_with(b"\n"));
            self.may_skip_lf &= chunk.is_empty();
            self.chunk = chunk;
            return;
        }
        let mut joined = BytesMut::from(rest);
        joined.extend_from_slice(&chunk);
        self.chunk = joined.freeze();
        self.at = 0;
    }

    /// Returns the next line that has ended; `None` when the chunk holds no further end.
    pub(super) fn next(&mut self) -> Option<Line> {
        let rest = self.chunk.get(self.at..).unwrap_or_default();
        let Some(length) = memchr::memchr2(b'\n', b'\r', rest) else {
            self.keep_rest();
            return None;
        };
        let start = self.at;
        let end = start.saturating_add(length);
        self.at = self.after(end);
        if self.begun.is_empty() {
            return Some(Line::InChunk(start, end));
        }
        self.begun.extend_from_slice(self.chunk.get(start..end).unwrap_or_default());
        Some(Line::Begun)
    }

    /// Passes over an event that is one line of data and lies in the chunk, as nearly all do; returns
    /// where its data are.
    pub(super) fn next_data(&mut self) -> Option<(usize, usize)> {
        const BEGIN: &[u8] = b"data: ";
        // A byte order mark may come first, and a line that began in the chunk before goes on.
        let is_at_line = self.is_past_first && self.begun.is_empty();
        let data = self.chunk.get(self.at..)?.strip_prefix(BEGIN).filter(|_| is_at_line)?;
        let length = memchr::memchr2(b'\n', b'\r', data)?;
        if !data.get(length..)?.starts_with(b"\n\n") {
            return None;
        }
        let start = self.at.saturating_add(BEGIN.len());
        let end = start.saturating_add(length);
        self.at = end.saturating_add(2);
        Some((start, end))
    }

    /// Returns a line's bytes, and where in the chunk they end if they lie there.
    pub(super) fn bytes(&self, line: Line) -> (&[u8], Option<usize>) {
        match line {
            Line::InChunk(start, end) => (self.unmarked(self.between(start, end)), Some(end)),
            Line::Begun => (self.unmarked(&self.begun), None),
        }
    }

    /// Forgets a line that was read.
    pub(super) fn done(&mut self, line: Line) {
        self.is_past_first = true;
        if matches!(line, Line::Begun) {
            self.begun.clear();
        }
    }

    /// Forgets the chunk, all of which has been read.
    pub(super) fn release(&mut self) {
        self.chunk = Bytes::new();
        self.at = 0;
    }

    /// Returns the bytes between two places of the chunk.
    pub(super) fn between(&self, start: usize, end: usize) -> &[u8] {
        self.chunk.get(start..end).unwrap_or_default()
    }

    /// Returns the line that has begun and not ended, unless it is a comment.
    pub(super) fn begun(&self) -> &[u8] {
        let line = self.unmarked(&self.begun);
        if line.first() == Some(&b':') { b"" } else { line }
    }

    /// The place behind the end of the line at `end`.
    fn after(&mut self, end: usize) -> usize {
        let after = end.saturating_add(1);
        match self.chunk.get(end..) {
            Some([b'\r', b'\n', ..]) => after.saturating_add(1),
            Some([b'\r']) => {
                self.may_skip_lf = true;
                after
            }
            _ => after,
        }
    }

    /// Copies the beginning of a line out of a chunk that ends; of a comment only that it is one.
    fn keep_rest(&mut self) {
        let rest = self.chunk.get(self.at..).unwrap_or_default();
        let is_begun_comment = self.unmarked(&self.begun).first() == Some(&b':');
        if !is_begun_comment {
            let is_comment = self.begun.is_empty() && self.unmarked(rest).first() == Some(&b':');
            self.begun.extend_from_slice(if is_comment { b":" } else { rest });
        }
        self.at = self.chunk.len();
    }

    /// Removes the byte order mark from the first line.
    fn unmarked<'a>(&self, line: &'a [u8]) -> &'a [u8] {
        if self.is_past_first {
            return line;
        }
        line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line)
    }
}
