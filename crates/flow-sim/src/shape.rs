//! A completion and the parts of a stream, made into the steps of a body.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use serde_json::{Value, json};

use crate::chunks::{self, Chunks, Own, Section};
use crate::event::{Event, LineEnd};
use crate::part::Part;
use crate::step::{self, Step};
use crate::stream::Stream;
use crate::wire::Cut;

/// A stream, ready to be sent.
#[derive(Debug)]
pub(crate) struct Shape {
    pub(crate) steps: Vec<Step>,
    /// What the log says of it, after the status.
    pub(crate) words: String,
}

/// Makes the stream that `stream` wants out of the chunks of an answer.
pub(crate) fn shape(chunks: Chunks, stream: &Stream) -> Shape {
    let mut shaper = Shaper {
        own: chunks.own,
        idle: chunks.idle,
        line_end: stream.line_end,
        sent: 0,
        is_over: false,
        steps: Vec::new(),
        words: " stream".to_owned(),
    };
    let whole = [Part::Rest];
    let parts = if stream.parts.is_empty() { &whole[..] } else { &stream.parts };
    for part in parts {
        shaper.part(part);
    }
    if !shaper.is_over {
        shaper.note("end");
    }
    Shape { steps: shaper.steps, words: shaper.words }
}

struct Shaper {
    /// What is left of the answer.
    own: VecDeque<Own>,
    idle: Value,
    line_end: LineEnd,
    /// How many deltas with content were sent.
    sent: usize,
    /// The words say how the stream ends.
    is_over: bool,
    steps: Vec<Step>,
    words: String,
}

impl Shaper {
    fn part(&mut self, part: &Part) {
        match part {
            Part::Opening => self.until(Section::Opening),
            Part::Deltas(count) => self.deltas(*count),
            Part::Content => self.until(Section::Content),
            Part::Finish => self.until(Section::Finish),
            Part::Usage => self.until(Section::Usage),
            Part::Rest => self.until(Section::Done),
            Part::Done => self.done(),
            Part::Half => self.half(),
            Part::Padded(bytes) => self.padded(*bytes),
            Part::Data(data) => self.foreign(&Event::data(data)),
            Part::Named { name, data } => self.foreign(&Event::named(name, data)),
            Part::Raw(bytes) => self.raw(bytes),
            Part::Error { dialect, row } => {
                self.end("error event");
                let status = StatusCode::from_u16(*row).unwrap_or_default();
                self.send(dialect.event(status, &self.idle).written(self.line_end));
            }
            Part::Comment(text) => self.send(self.line_end.comment(text)),
            Part::Pings => self.steps.extend(self.pings().map(Step::Send)),
            Part::Pause(pause) => self.steps.push(Step::Pause(*pause)),
            Part::NoBlankLine => self.no_blank_line(),
            Part::Reset => self.cut("reset", Step::Cut(Cut::Reset)),
            Part::Close => self.cut("close", Step::Cut(Cut::Close)),
            Part::Stall => self.cut("stall", Step::Hang),
            Part::StallWithPings(every) => self.cut("stall with pings", self.endless_pings(*every)),
        }
    }

    /// Sends the answer's events of this section and of those before it.
    fn until(&mut self, section: Section) {
        while let Some(own) = self.next(section) {
            self.own(&own);
        }
    }

    fn deltas(&mut self, count: usize) {
        self.until(Section::Opening);
        for _ in 0..count {
            let Some(own) = self.next(Section::Content) else { return };
            self.own(&own);
        }
    }

    fn done(&mut self) {
        if self.own.front().is_some_and(|own| own.section < Section::Done) {
            self.end("[DONE]");
        }
        self.own(&chunks::done());
    }

    fn half(&mut self) {
        let Some(own) = self.own.pop_front() else { return };
        let mut text = Bytes::from(own.event.written(self.line_end));
        text.truncate(text.len() / 2);
        self.steps.push(Step::Send(text));
    }

    fn padded(&mut self, bytes: usize) {
        let Some(own) = self.own.pop_front() else { return };
        self.note(&format!("event of more than {bytes} bytes"));
        self.count(own.section);
        let text = own.event.written(self.line_end);
        self.steps.extend(step::padded(text.into(), bytes));
    }

    fn raw(&mut self, bytes: &Bytes) {
        self.note("other bytes");
        self.steps.push(Step::Send(bytes.clone()));
    }

    /// Sends an event that is none of the answer's.
    fn foreign(&mut self, event: &Event) {
        self.note("another event");
        self.send(event.written(self.line_end));
    }

    /// A comment, a keep-alive payload and an empty delta.
    fn pings(&self) -> impl Iterator<Item = Bytes> + use<> {
        let event = |data: &Value| Event::data(data.to_string()).written(self.line_end);
        let keep_alive = event(&json!({ "type": "keepalive" }));
        let all = [self.line_end.comment("ping"), keep_alive, event(&self.idle)];
        all.into_iter().map(Bytes::from)
    }

    fn endless_pings(&self, every: Duration) -> Step {
        Step::Loop(self.pings().flat_map(|ping| [Step::Pause(every), Step::Send(ping)]).collect())
    }

    fn no_blank_line(&mut self) {
        self.note("no blank line");
        if let Some(Step::Send(bytes)) = self.steps.last_mut() {
            bytes.truncate(bytes.len().saturating_sub(self.line_end.as_str().len()));
        }
    }

    /// Breaks the stream off.
    fn cut(&mut self, words: &str, step: Step) {
        self.end(words);
        self.steps.push(step);
    }

    fn next(&mut self, last: Section) -> Option<Own> {
        let is_due = self.own.front().is_some_and(|own| own.section <= last);
        if is_due { self.own.pop_front() } else { None }
    }

    /// Sends an event of the answer.
    fn own(&mut self, own: &Own) {
        self.count(own.section);
        self.send(own.event.written(self.line_end));
    }

    fn count(&mut self, section: Section) {
        self.sent = self.sent.saturating_add(usize::from(section == Section::Content));
        self.is_over |= section == Section::Done;
    }

    fn send(&mut self, text: String) {
        self.steps.push(Step::Send(text.into()));
    }

    fn end(&mut self, words: &str) {
        self.is_over = true;
        self.note(words);
    }

    fn note(&mut self, words: &str) {
        // Writing to a text cannot fail.
        let _ = write!(self.words, ", {words} after {}", self.sent);
    }
}
