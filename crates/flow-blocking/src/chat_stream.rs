//! A chat completion that arrives piece by piece.

use std::fmt;
use std::sync::Arc;

use flow_api::chat::{Chunk, Usage};
use flow_api::client::StreamCall;
use flow_api::{ChatCompletion, Reply};
use flow_errors::headers::RateLimits;
use flow_errors::{Attempts, Error, Result};

use crate::CancelToken;
use crate::client::Client;
use crate::clock::Clock;
use crate::incoming::Incoming;

/// A chat completion that arrives piece by piece: what [`Chat::stream`](crate::Chat::stream) gives.
///
/// It ends in one of two ways: complete, with `None`, or with an error, and `None` after it. The error
/// says how much had been delivered ([`Error::delivered`](crate::Error::delivered)) and holds what had
/// arrived ([`Error::partial`](crate::Error::partial)). Nothing is read ahead of what is asked for.
///
/// A [`CancelToken`](crate::CancelToken) ends it. Dropping it closes the connection and gives back what
/// the call held. A stream that was read to its end leaves the connection to the next call; for that it
/// may wait 100 ms for the body to end as well.
///
/// # Examples
///
/// ```no_run
/// # fn example() -> flow_blocking::Result<()> {
/// let client = flow_blocking::Client::from_env()?;
/// let mut stream = client.chat("gpt-4o").user("Hello").stream()?;
/// for chunk in &mut stream {
///     print!("{}", chunk?.text());
/// }
/// println!("\n{:?}", stream.usage());
/// # Ok(())
/// # }
/// ```
#[must_use = "a stream does nothing unless it is read"]
pub struct ChatStream {
    call: StreamCall,
    incoming: Incoming,
    clock: Arc<dyn Clock>,
    cancel: CancelToken,
}

impl ChatStream {
    pub(crate) fn new(call: StreamCall, incoming: Incoming, client: &Client) -> Self {
        let (clock, cancel) = (client.clock().clone(), client.cancel_token().clone());
        Self { call, incoming, clock, cancel }
    }

    /// Reads the rest, and returns the whole reply as if it had come in one piece.
    ///
    /// # Errors
    ///
    /// Returns the error that ended the stream early, also if it was given out before. What had arrived
    /// is in [`Error::partial`](crate::Error::partial).
    pub fn into_reply(mut self) -> Result<Reply<ChatCompletion>> {
        for chunk in self.by_ref() {
            chunk?;
        }
        self.call.into_result(self.clock.now())
    }

    /// Returns the service's id for the request.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.call.request_id()
    }

    /// Returns the attempts of the call: those before this stream, and its own once it is over.
    #[must_use]
    pub const fn attempts(&self) -> &Attempts {
        self.call.attempts()
    }

    /// Returns the model that answers, as the service names it.
    #[must_use]
    pub fn model(&self) -> Option<&str> {
        self.call.model()
    }

    /// Returns the model that was asked: the request's own, or the fallback model that the call came to.
    #[must_use]
    pub fn asked_model(&self) -> Option<&str> {
        self.call.asked_model()
    }

    /// Returns what the call used: services say it at the end, if they do at all.
    #[must_use]
    pub fn usage(&self) -> Option<&Usage> {
        self.call.usage()
    }

    /// Returns what the service said of its limits.
    #[must_use]
    pub fn rate_limits(&self) -> RateLimits {
        RateLimits::from_headers(self.call.headers())
    }
}

impl Iterator for ChatStream {
    type Item = Result<Chunk>;

    /// Returns the next piece; `None` when the stream is over, which without an error before it means
    /// that it is complete.
    ///
    /// # Errors
    ///
    /// Returns once what ended the stream early: the service's own error, `stream_truncated`,
    /// `transport`, `timeout`, `cancelled`, `decode`, `reply_too_large`.
    fn next(&mut self) -> Option<Result<Chunk>> {
        self.call.call().span().in_scope(|| {
            // Also of what has been read already nothing more is wanted then.
            if self.cancel.is_cancelled() {
                self.call.stream().fail(Error::cancelled());
            }
            loop {
                if let Some(piece) = self.call.next_chunk(|| self.clock.now()) {
                    if piece.is_err() {
                        self.incoming.close();
                    }
                    return Some(piece);
                }
                if self.call.is_over() {
                    self.incoming.read_end();
                    self.call.end(|| self.clock.now());
                    return None;
                }
                self.incoming.read(self.call.stream());
            }
        })
    }
}

impl fmt::Debug for ChatStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChatStream").field("call", &self.call).finish_non_exhaustive()
    }
}
