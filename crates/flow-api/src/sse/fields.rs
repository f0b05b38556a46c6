//! Fields out of lines, until an event is complete.

use std::time::Duration;

use super::event::Event;
use super::lines::Lines;

/// How nearly every line begins in the streams that matter here.
pub(super) const DATA: &[u8] = b"data: ";

/// What has been read of an event, and what a stream keeps from one event to the next.
#[derive(Default)]
pub(super) struct Fields {
    name: Vec<u8>,
    data: Data,
    /// The bytes of the event's lines, comments left out.
    size: usize,
    id: String,
    retry: Option<Duration>,
}

/// The data of the event that is being read.
#[derive(Default)]
enum Data {
    #[default]
    None,
    /// One line, between two places of the chunk.
    InChunk(usize, usize),
    /// One line or more, copied.
    Owned(Vec<u8>),
}

impl Fields {
    /// Reads a line that is not empty. `end` is its place in the chunk, if it lies there.
    pub(super) fn read(&mut self, line: &[u8], end: Option<usize>, lines: &Lines) {
        if line.first() == Some(&b':') {
            return;
        }
        self.size = self.size.saturating_add(line.len());
        let (name, value) = split(line);
        match name {
            b"data" => self.add_data(value, end, lines),
            b"event" => {
                self.name.clear();
                self.name.extend_from_slice(value);
            }
            // The standard ignores an id with a NUL: it could not be sent back in a header.
            b"id" if !value.contains(&0) => self.id = String::from_utf8_lossy(value).into_owned(),
            b"retry" => self.retry = milliseconds(value).or(self.retry),
            _ => {}
        }
    }

    /// Whether nothing has been read of an event yet.
    pub(super) fn is_new(&self) -> bool {
        self.size == 0 && !self.has_event()
    }

    /// Takes data of one line, which make up the event.
    pub(super) fn take_data(&mut self, start: usize, end: usize) {
        self.data = Data::InChunk(start, end);
        self.size = end.saturating_sub(start).saturating_add(DATA.len());
    }

    /// Whether there is an event: an empty line then completes it.
    pub(super) fn has_event(&self) -> bool {
        !matches!(self.data, Data::None) || !self.name.is_empty()
    }

    /// Returns the bytes of the event so far.
    pub(super) const fn size(&self) -> usize {
        self.size
    }

    /// Returns the data, and whether there is any.
    pub(super) fn data<'a>(&'a self, lines: &'a Lines) -> Option<&'a [u8]> {
        match &self.data {
            Data::None => None,
            Data::InChunk(start, end) => Some(lines.between(*start, *end)),
            Data::Owned(data) => Some(data),
        }
    }

    pub(super) fn event<'a>(&'a self, lines: &'a Lines) -> Event<'a> {
        Event::new(&self.name, self.data(lines).unwrap_or_default(), &self.id)
    }

    pub(super) const fn retry(&self) -> Option<Duration> {
        self.retry
    }

    /// Begins the next event.
    pub(super) fn clear(&mut self) {
        self.name.clear();
        self.data = Data::None;
        self.size = 0;
    }

    /// Copies what lies in the chunk, which is about to be replaced.
    pub(super) fn own(&mut self, lines: &Lines) {
        if let Data::InChunk(start, end) = self.data {
            self.data = Data::Owned(lines.between(start, end).to_vec());
        }
    }

    fn add_data(&mut self, value: &[u8], end: Option<usize>, lines: &Lines) {
        if let (Data::None, Some(end)) = (&self.data, end) {
            self.data = Data::InChunk(end.saturating_sub(value.len()), end);
            return;
        }
        self.own(lines);
        match &mut self.data {
            Data::Owned(data) => {
                data.push(b'\n');
                data.extend_from_slice(value);
            }
            _ => self.data = Data::Owned(value.to_vec()),
        }
    }
}

/// Splits a line into a field's name and its value, less the one space that may follow the colon.
fn split(line: &[u8]) -> (&[u8], &[u8]) {
    if let Some(value) = line.strip_prefix(DATA) {
        return (b"data", value);
    }
    let colon = line.iter().position(|byte| *byte == b':').unwrap_or(line.len());
    let (name, value) = line.split_at_checked(colon).unwrap_or((line, b""));
    let value = value.strip_prefix(b":").unwrap_or(value);
    (name, value.strip_prefix(b" ").unwrap_or(value))
}

/// Reads digits and nothing else.
fn milliseconds(value: &[u8]) -> Option<Duration> {
    let is_number = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
    let text = std::str::from_utf8(value).ok().filter(|_| is_number)?;
    // More milliseconds than fit are as good as the most that do.
    Some(Duration::from_millis(text.parse().unwrap_or(u64::MAX)))
}
