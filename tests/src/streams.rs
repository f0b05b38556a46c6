//! The streams of both clients, as one thing for tests.

use std::fmt::Debug;

use flow_api::chat::{Chunk, Usage};
use flow_api::{ChatCompletion, Reply};
use flow_errors::headers::RateLimits;
use flow_errors::{Attempts, Result};

use crate::runtime::runtime;

/// A stream that tests can be written for once.
pub trait TestStream: Iterator<Item = Result<Chunk>> + Debug + Sized + Send {
    /// Reads the rest and returns the whole reply.
    ///
    /// # Errors
    ///
    /// Returns what ended the stream early.
    fn into_reply(self) -> Result<Reply<ChatCompletion>>;

    /// Returns the service's id for the request.
    fn request_id(&self) -> Option<&str>;

    /// Returns the attempts.
    fn attempts(&self) -> &Attempts;

    /// Returns the model that answers.
    fn model(&self) -> Option<&str>;

    /// Returns the model that was asked.
    fn asked_model(&self) -> Option<&str>;

    /// Returns the usage.
    fn usage(&self) -> Option<&Usage>;

    /// Returns what the service said of its limits.
    fn rate_limits(&self) -> RateLimits;
}

/// The async client's stream, waited for.
#[derive(Debug)]
pub struct Waited(pub(crate) flow_async::ChatStream);

impl Iterator for Waited {
    type Item = Result<Chunk>;

    fn next(&mut self) -> Option<Result<Chunk>> {
        runtime().block_on(self.0.next())
    }
}

macro_rules! accessors {
    ($($at:tt)*) => {
        fn request_id(&self) -> Option<&str> {
            self.$($at)*request_id()
        }

        fn attempts(&self) -> &Attempts {
            self.$($at)*attempts()
        }

        fn model(&self) -> Option<&str> {
            self.$($at)*model()
        }

        fn asked_model(&self) -> Option<&str> {
            self.$($at)*asked_model()
        }

        fn usage(&self) -> Option<&Usage> {
            self.$($at)*usage()
        }

        fn rate_limits(&self) -> RateLimits {
            self.$($at)*rate_limits()
        }
    };
}

impl TestStream for Waited {
    fn into_reply(self) -> Result<Reply<ChatCompletion>> {
        runtime().block_on(self.0.into_reply())
    }

    accessors!(0.);
}

impl TestStream for flow_blocking::ChatStream {
    fn into_reply(self) -> Result<Reply<ChatCompletion>> {
        self.into_reply()
    }

    accessors!();
}
