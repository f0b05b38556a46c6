//! A stream on its way to the caller, together with the call that it belongs to.

use std::task::Waker;

use flow_errors::call::{Outcome, Step, Tick};
use flow_errors::{Attempts, Error, Kind, Result};
use http::HeaderMap;

use crate::chunk::Chunk;
use crate::running::Running;
use crate::streaming::Streaming;
use crate::usage::Usage;
use crate::{ChatCompletion, Reply};

/// A stream whose first content has arrived, and the call that asked for it.
///
/// A driver reads the body into [`stream`](Self::stream) whenever [`next_chunk`](Self::next_chunk) has
/// none, and says with [`end`](Self::end) that a stream which came to its end has been read. What the
/// call held is given back then, after an error, or when this is dropped.
#[derive(Debug)]
pub struct StreamCall {
    call: Running,
    stream: Box<Streaming>,
    /// What the caller gets of a stream that has ended.
    result: Option<Result<Reply<ChatCompletion>>>,
}

impl StreamCall {
    /// Hands the stream of a call's latest attempt to its caller.
    #[must_use]
    pub const fn new(call: Running, stream: Box<Streaming>) -> Self {
        Self { call, stream, result: None }
    }

    /// Returns the stream, for what was read.
    pub fn stream(&mut self) -> &mut Streaming {
        &mut self.stream
    }

    /// Returns the call.
    #[must_use]
    pub const fn call(&self) -> &Running {
        &self.call
    }

    /// Returns whether the caller has got everything, or the error in its place.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.stream.is_over()
    }

    /// Returns the next piece, or the error that ends the stream, with the call's history; `None` when
    /// more has to be read, and for ever once it [`is_over`](Self::is_over).
    pub fn next_chunk(&mut self, now: impl FnOnce() -> Tick) -> Option<Result<Chunk>> {
        match self.stream.next_chunk()? {
            Ok(chunk) => Some(Ok(chunk)),
            Err(error) => {
                let error = self.fail(now(), error);
                self.result = Some(Err(error.clone()));
                Some(Err(error))
            }
        }
    }

    /// Ends the call of a stream that is complete and over.
    pub fn end(&mut self, now: impl FnOnce() -> Tick) {
        if self.result.is_none() {
            let received = self.stream.take_received();
            self.result = self.call.on_reply(now(), || 0, Ok(received)).map(Ok);
        }
    }

    /// Returns what came of it: the reply of a stream that was read to its end.
    ///
    /// # Errors
    ///
    /// Returns the error that ended the stream.
    pub fn into_result(mut self, now: Tick) -> Result<Reply<ChatCompletion>> {
        self.end(|| now);
        // Only a call that was over before has no reply, and such a one opens no stream.
        self.result.take().unwrap_or_else(|| Err(Error::cancelled()))
    }

    /// Returns the attempts; the one under way is not among them.
    #[must_use]
    pub const fn attempts(&self) -> &Attempts {
        self.call.attempts()
    }

    /// Returns the model that was asked.
    #[must_use]
    pub fn asked_model(&self) -> Option<&str> {
        self.call.model()
    }

    /// Returns the model that answers, as the service names it.
    #[must_use]
    pub fn model(&self) -> Option<&str> {
        match &self.result {
            Some(Ok(reply)) => reply.model(),
            _ => self.stream.model(),
        }
    }

    /// Returns what the call used, once the service has said it.
    #[must_use]
    pub fn usage(&self) -> Option<&Usage> {
        match &self.result {
            Some(Ok(reply)) => reply.usage(),
            _ => self.stream.usage(),
        }
    }

    /// Returns the service's id for the request.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        flow_errors::headers::request_id(self.headers())
    }

    /// Returns the headers that came before the stream.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        match &self.result {
            Some(Ok(reply)) => reply.headers(),
            _ => self.stream.headers(),
        }
    }

    /// Ends the call with what ended its stream; content has reached the caller.
    fn fail(&mut self, now: Tick, error: Error) -> Error {
        let partial = error.clone();
        if error.kind() == Kind::Cancelled {
            self.call.cancel(now);
        } else {
            self.call.on_outcome(now, 0, Outcome::Broken(error));
        }
        match self.call.poll(now, Waker::noop()) {
            // What cancels a call knows nothing of its stream.
            Step::Done(verdict) => self.call.finish(verdict).with_delivery_of(&partial),
            Step::Send(_) | Step::Wait { .. } => partial,
        }
    }
}

impl Drop for StreamCall {
    /// A stream that is left after its last finish reason has succeeded.
    fn drop(&mut self) {
        if self.stream.is_complete() {
            // The instant only matters to the history, which nobody reads any more.
            self.end(|| Tick::ORIGIN);
        }
    }
}
