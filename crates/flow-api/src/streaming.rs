//! A reply that is arriving as a stream: bytes in, pieces out, and one end that can be relied on.
//!
//! A stream that was cut is an error, and after an error nothing more comes out. Nothing here waits:
//! the driver reads, and says how the body ended.

mod body;
mod end;
mod event;
mod reading;
mod rules;

use std::collections::VecDeque;
use std::fmt;
use std::time::SystemTime;

use bytes::Bytes;
use flow_errors::call::Delivered;
use flow_errors::{Error, Kind, Result};
use http::{HeaderMap, StatusCode, response};

use crate::ChatCompletion;
use crate::arrived::Arrived;
use crate::assembler::Assembler;
use crate::chunk::Chunk;
use crate::completeness::Completeness;
use crate::kept_body::KeptBody;
use crate::keys::Keys;
use crate::reply::Received;
use crate::usage::Usage;

use self::body::Incoming;
use self::end::{Closed, End, Failure};
use self::event::Head;
use self::rules::Rules;

/// A chat completion that is arriving, one piece after the other.
///
/// Give it the body with [`push`](Self::push), and say with [`finish`](Self::finish) or
/// [`fail`](Self::fail) how the body ended. After each of them call
/// [`next_chunk`](Self::next_chunk) until it gives `None`. Pieces that say nothing yet are held back
/// until one does: as long as [`has_delivered`](Self::has_delivered) is false, the request can be
/// sent again without anybody noticing. A body that is one whole reply, or one error, in place of a
/// stream is taken as such. `Debug` shows how much arrived, not what.
///
/// # Examples
///
/// ```
/// use std::time::SystemTime;
///
/// use flow_api::client::Streaming;
/// use flow_errors::Kind;
///
/// let (head, ()) = http::Response::new(()).into_parts();
/// let mut stream = Streaming::new(head, SystemTime::UNIX_EPOCH);
/// stream.push("data: {\"choices\": [{\"index\": 0, \"delta\": {\"content\": \"Hel\"}}]}\n\n");
/// assert_eq!(stream.next_chunk().unwrap()?.text(), "Hel");
///
/// stream.push("data: [DONE]\n\n");
/// let error = stream.next_chunk().unwrap().unwrap_err();
/// assert_eq!(error.kind(), Kind::StreamTruncated);
/// assert!(stream.next_chunk().is_none() && stream.is_over());
/// assert_eq!(stream.take_reply().text(), "Hel");
/// # Ok::<(), flow_errors::Error>(())
/// ```
pub struct Streaming {
    head: Head,
    rules: Rules,
    keys: Keys,
    body: Incoming,
    closed: Closed,
    /// Decoded, and not yet given out.
    ready: VecDeque<Chunk>,
    /// The bytes of what is held back.
    held: usize,
    end: End,
    assembler: Assembler,
    /// The reply, if it came in one piece.
    whole: Option<ChatCompletion>,
    contents: u64,
    delivered: Delivered,
}

impl Streaming {
    /// Starts reading the body that follows the `head` of a success, received at `received_at`.
    ///
    /// One answer is expected, with a finish reason, and at most 64 MiB in events of at most 16 MiB.
    #[must_use]
    pub fn new(head: response::Parts, received_at: SystemTime) -> Self {
        Self {
            head: Head { status: head.status, headers: head.headers, received_at },
            rules: Rules::default(),
            keys: Keys::default(),
            body: Incoming::Nothing,
            closed: Closed::Not,
            ready: VecDeque::new(),
            held: 0,
            end: End::Ahead,
            assembler: Assembler::new(),
            whole: None,
            contents: 0,
            delivered: Delivered::NOTHING,
        }
    }

    /// Returns the stream with another number of answers that were asked for.
    #[must_use]
    pub fn with_choices(mut self, n: u64) -> Self {
        self.rules.choices = usize::try_from(n).unwrap_or(usize::MAX).max(1);
        self
    }

    /// Returns the stream with another rule for when it is complete.
    #[must_use]
    pub fn with_completeness(mut self, completeness: Completeness) -> Self {
        self.rules.completeness = completeness;
        self
    }

    /// Returns the stream with another maximum for the bytes of the reply that it makes.
    ///
    /// One event may have 16 MiB of them, or a quarter where that is more.
    #[must_use]
    pub fn with_max_reply_bytes(mut self, bytes: usize) -> Self {
        self.rules.max_reply_bytes = bytes;
        self
    }

    /// Returns the stream with a key that is to be removed from what the service says in errors.
    #[must_use]
    pub fn with_secret(mut self, key: &str) -> Self {
        self.keys.add(key);
        self
    }

    /// Takes the next bytes of the body; what comes after the end is ignored.
    pub fn push(&mut self, bytes: impl Into<Bytes>) {
        if !self.is_closed() {
            let wants_more = self.body.push(bytes.into(), &self.head, &self.rules);
            // Too much of a whole reply: there is nothing left to wait for.
            if !wants_more {
                self.finish();
            }
        }
    }

    /// Says that the body has ended, and that nothing says it broke off.
    pub fn finish(&mut self) {
        if !self.is_closed() {
            self.closed = Closed::Well;
            self.body.finish();
        }
    }

    /// Says why the rest of the body will not come: a broken connection, or no time left.
    ///
    /// What had arrived before is given out first, unless the caller cancelled. A stream that was
    /// complete by then stays so.
    pub fn fail(&mut self, error: Error) {
        if error.kind() == Kind::Cancelled && !self.is_over() {
            self.ready.clear();
            self.end = End::Near(Err(Failure::Failed(error)));
        } else if !self.is_closed() {
            self.closed = Closed::Badly(error);
        }
    }

    /// Returns whether the stream has begun, which is when there is content, or its whole end without
    /// any; `None` when more bytes are needed.
    ///
    /// # Errors
    ///
    /// Returns the error that ends the stream before that. Nothing has reached the caller by then.
    pub fn begin(&mut self) -> Option<Result<()>> {
        loop {
            if self.contents > 0 {
                return Some(Ok(()));
            }
            match std::mem::replace(&mut self.end, End::Ahead) {
                End::Ahead if self.advance() => {}
                End::Ahead => return None,
                End::Near(Err(failure)) => {
                    self.end = End::Passed { is_complete: false };
                    return Some(Err(self.error(failure)));
                }
                end @ (End::Near(Ok(())) | End::Passed { .. }) => {
                    self.end = end;
                    return Some(Ok(()));
                }
            }
        }
    }

    /// Returns the next piece, or the error that ends the stream; `None` when more bytes are needed,
    /// and for ever once it [`is_over`](Self::is_over).
    pub fn next_chunk(&mut self) -> Option<Result<Chunk>> {
        let next = self.next_ready();
        if let Some(Ok(chunk)) = &next {
            self.deliver(chunk);
        }
        next
    }

    /// Passes over the next piece as [`next_chunk`](Self::next_chunk) gives it out: for a stream that
    /// is put together, of which nothing is delivered.
    ///
    /// # Errors
    ///
    /// Returns the error that ends the stream.
    pub fn pass_over(&mut self) -> Option<Result<()>> {
        self.next_ready().map(|next| next.map(drop))
    }

    fn next_ready(&mut self) -> Option<Result<Chunk>> {
        loop {
            let may_give = self.contents > 0 || matches!(self.end, End::Near(Ok(())));
            if let Some(chunk) = may_give.then(|| self.ready.pop_front()).flatten() {
                return Some(Ok(chunk));
            }
            match std::mem::replace(&mut self.end, End::Ahead) {
                End::Ahead if self.advance() => {}
                End::Ahead => return None,
                End::Passed { is_complete } => {
                    self.end = End::Passed { is_complete };
                    return None;
                }
                End::Near(result) => {
                    self.end = End::Passed { is_complete: result.is_ok() };
                    return result.err().map(|failure| Err(self.error(failure)));
                }
            }
        }
    }

    /// Returns whether the end has been given out: the connection is not needed any more.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        matches!(self.end, End::Passed { .. })
    }

    /// Returns whether everything that was asked for has arrived.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        match self.end {
            End::Ahead => self.rules.is_complete(&self.assembler),
            End::Near(ref result) => result.is_ok(),
            End::Passed { is_complete } => is_complete,
        }
    }

    /// Returns how many pieces with content have arrived: who waits for more looks at this, because
    /// comments, blank lines and empty deltas are no progress.
    #[must_use]
    pub const fn contents(&self) -> u64 {
        self.contents
    }

    /// Returns how many pieces have been given out, and how much text was in them.
    #[must_use]
    pub const fn delivered(&self) -> Delivered {
        self.delivered
    }

    /// Returns whether any piece has been given out, so that nothing must be sent again.
    #[must_use]
    pub const fn has_delivered(&self) -> bool {
        !self.delivered.is_nothing()
    }

    /// Returns the HTTP status.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.head.status
    }

    /// Returns the headers that came before the stream.
    #[must_use]
    pub const fn headers(&self) -> &HeaderMap {
        &self.head.headers
    }

    /// Returns the service's id for the request.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        flow_errors::headers::request_id(&self.head.headers)
    }

    /// Returns the model that answers, as the service names it.
    #[must_use]
    pub fn model(&self) -> Option<&str> {
        let whole = self.whole.as_ref().and_then(ChatCompletion::model);
        whole.or_else(|| self.assembler.model())
    }

    /// Returns what the call used, once the service has said it.
    #[must_use]
    pub fn usage(&self) -> Option<&Usage> {
        let whole = self.whole.as_ref().and_then(ChatCompletion::usage);
        whole.or_else(|| self.assembler.usage())
    }

    /// Takes out the reply, as far as it has arrived.
    #[must_use]
    pub fn take_reply(&mut self) -> ChatCompletion {
        let assembled = std::mem::take(&mut self.assembler);
        self.whole.take().unwrap_or_else(|| assembled.finish())
    }

    /// Returns the reply as if it had come in one piece; ask [`is_complete`](Self::is_complete) before.
    #[must_use]
    pub fn into_arrived(mut self) -> Arrived {
        let reply = self.take_reply();
        let Head { status, headers, received_at } = self.head;
        Arrived::assembled(status, headers, reply, received_at)
    }

    /// Takes out the reply as a call gets it, and the headers with it.
    pub(crate) fn take_received(&mut self) -> Received<ChatCompletion> {
        let value = self.take_reply();
        let headers = std::mem::take(&mut self.head.headers);
        let body = KeptBody::written(&value);
        Received { value, status: self.head.status, headers, body }
    }

    const fn is_closed(&self) -> bool {
        !matches!((&self.closed, &self.end), (Closed::Not, End::Ahead))
    }
}

impl fmt::Debug for Streaming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Streaming")
            .field("status", &self.head.status)
            .field("request_id", &self.request_id())
            .field("assembled", &self.assembler)
            .field("delivered", &self.delivered)
            .field("is_over", &self.is_over())
            .finish_non_exhaustive()
    }
}
