//! From the body to pieces and an end, one event at a time.

use flow_errors::Error;
use flow_errors::call::Delivered;
use serde_json::Value;

use super::Streaming;
use super::body::{self, Incoming};
use super::end::{Closed, End, Failure};
use super::event::{Head, Seen};
use super::rules::Ending;
use crate::ChatCompletion;
use crate::arrived::Arrived;
use crate::body::BodyReader;
use crate::chunk::Chunk;
use crate::read::read;
use crate::reply::Received;
use crate::sse::InvalidStream;

impl Streaming {
    /// Reads on to the next event, or to the end of the body; returns whether there was either.
    pub(super) fn advance(&mut self) -> bool {
        let Incoming::Events(decoder) = &mut self.body else { return self.close() };
        let seen = match decoder.next_event() {
            Ok(Some(event)) => Seen::read(&self.head, &event),
            Ok(None) => return self.close(),
            Err(InvalidStream::EventTooLarge { max_bytes }) => {
                Seen::Unreadable(self.head.complete(Error::event_too_large(max_bytes)))
            }
            Err(_) => Seen::Cut,
        };
        match seen {
            Seen::Nothing => {}
            Seen::Chunk(chunk, bytes) => self.take(chunk, bytes),
            Seen::Done => self.conclude(Ending::Done),
            Seen::Cut => self.conclude(Ending::Cut),
            Seen::Unreadable(error) => self.break_off(error),
            Seen::Refused(error) => self.end = End::Near(Err(Failure::Failed(error))),
        }
        true
    }

    /// Draws the conclusions from the end of the body; returns whether it has ended.
    fn close(&mut self) -> bool {
        let failure = match std::mem::replace(&mut self.closed, Closed::Well) {
            Closed::Not => {
                self.closed = Closed::Not;
                return false;
            }
            Closed::Well => None,
            Closed::Badly(error) => Some(error),
        };
        match (std::mem::take(&mut self.body), failure) {
            (Incoming::Whole(reader), failure) => self.read_whole(reader, failure),
            (_, Some(error)) => self.break_off(self.head.complete(error)),
            (_, None) => self.conclude(Ending::Body),
        }
        true
    }

    /// Reads what came in place of a stream.
    fn read_whole(&mut self, reader: BodyReader, failure: Option<Error>) {
        let mut collected = reader.finish(&self.head.headers);
        if body::is_stream(&collected.bytes) {
            // It was compressed, although nobody asked for that.
            let failure = failure.or(collected.failure);
            self.body = Incoming::events(&self.rules, collected.bytes, failure.is_none());
            self.closed = failure.map_or(Closed::Well, Closed::Badly);
            return;
        }
        collected.failure = failure.or(collected.failure);
        let Head { status, headers, received_at } = self.head.clone();
        let arrived = Arrived { status, headers, collected, received_at };
        match read(arrived, self.rules.max_reply_bytes, decode_whole, |_| Ok(())) {
            Ok(Received { value: (reply, chunk), .. }) => {
                self.whole = Some(reply);
                self.take(chunk, 0);
                self.conclude(Ending::Whole);
            }
            Err(error) => self.break_off(error),
        }
    }

    fn take(&mut self, chunk: Chunk, bytes: usize) {
        self.assembler.push(&chunk);
        if chunk.has_content() {
            self.contents = self.contents.saturating_add(1);
        }
        if self.contents == 0 {
            // Pieces that say nothing are short on the wire, and as large as any here.
            let size = bytes.saturating_add(size_of::<Chunk>());
            self.held = self.held.saturating_add(size);
        }
        let most = self.rules.max_reply_bytes;
        if self.held.max(self.assembler.size()) > most {
            let error = self.head.complete(Error::reply_too_large(most));
            self.end = End::Near(Err(Failure::Failed(error)));
        } else {
            self.ready.push_back(chunk);
        }
    }

    /// Ends the stream as its body ended.
    fn conclude(&mut self, ending: Ending) {
        let verdict = self.rules.judge(ending, &self.assembler);
        self.end = End::Near(verdict.map_err(Failure::Truncated));
    }

    /// Ends the stream with an error, unless nothing that was asked for can be missing.
    fn break_off(&mut self, error: Error) {
        let is_complete = self.rules.is_complete(&self.assembler);
        self.end = End::Near(if is_complete { Ok(()) } else { Err(Failure::Failed(error)) });
    }

    pub(super) fn deliver(&mut self, chunk: &Chunk) {
        let text = u64::try_from(chunk.text_bytes()).unwrap_or(u64::MAX);
        self.delivered = Delivered::new(
            self.delivered.events().saturating_add(1),
            self.delivered.text_bytes().saturating_add(text),
        );
    }

    /// The error that the caller gets.
    pub(super) fn error(&mut self, failure: Failure) -> Error {
        self.ready.clear();
        self.body = Incoming::Nothing;
        let error = match failure {
            Failure::Failed(error) => error.with_delivered(self.delivered),
            Failure::Truncated(how) => {
                self.head.complete(Error::stream_truncated(&how, self.delivered))
            }
        };
        self.with_partial(self.keys.redacted(error))
    }

    /// Adds what has arrived of the reply, if any of it has.
    fn with_partial(&mut self, error: Error) -> Error {
        if self.assembler.begun() == 0 {
            return error;
        }
        let reply = self.take_reply();
        let partial = Value::Object(reply.clone().into());
        self.whole = Some(reply);
        error.with_partial(partial)
    }
}

/// Reads one reply in place of a stream, and also as what it would have been as its only piece.
fn decode_whole(json: &str) -> serde_json::Result<(ChatCompletion, Chunk)> {
    Ok((ChatCompletion::from_json(json)?, Chunk::from_json(json)?))
}
