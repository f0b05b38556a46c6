//! The results of a batch as they come.
//!
//! Each call is made on a thread of the batch's own, so that all go on while the caller is busy with
//! a result.

use std::fmt;
use std::panic::resume_unwind;

use flow_api::batch::{Done, Progress, Request, StopToken};
use flow_api::client::{Next, Queue};
use flow_errors::Error;

use super::workers::Workers;
use crate::client::Client;

/// The results of a batch as they come, in whatever order that is: what
/// [`Batch::results`](super::Batch::results) gives.
///
/// The client's [`CancelToken`](crate::CancelToken) ends it, and so does dropping it, which waits until
/// the calls under way have ended.
///
/// # Examples
///
/// ```no_run
/// use flow_blocking::ChatRequest;
///
/// # fn example() -> flow_blocking::Result<()> {
/// let client = flow_blocking::Client::from_env()?;
/// let cities = ["Oslo", "Rome"].into_iter();
/// let requests = cities.map(|city| (city, ChatRequest::new("gpt-4o").user(city)));
/// for done in client.batch(requests).concurrency(8).results() {
///     match done.result {
///         Ok(reply) => println!("{}: {}", done.key, reply.text()),
///         Err(error) => println!("{}: {error}", done.key),
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "a batch does nothing unless its results are asked for"]
pub struct Results<I: Iterator<Item: Request>> {
    client: Client,
    queue: Queue<I>,
    calls: Workers,
}

impl<I: Iterator<Item: Request>> Results<I> {
    pub(super) fn new(client: &Client, queue: Queue<I>) -> Self {
        Self { client: client.clone(), queue, calls: Workers::new(client) }
    }

    /// Has nothing more sent: what is being sent is finished, and then the batch is over.
    ///
    /// Calls that wait for their turn or for a retry end at once with an error of kind `cancelled`;
    /// requests that no call was begun for have no result.
    pub fn stop(&self) {
        self.queue.stop_token().stop();
    }

    /// Returns what [`stop`](Self::stop)s the batch from elsewhere, also while a result is waited for.
    #[must_use]
    pub fn stop_token(&self) -> StopToken {
        self.queue.stop_token().clone()
    }

    /// Returns how far the batch has come.
    #[must_use]
    pub const fn progress(&self) -> &Progress {
        self.queue.progress()
    }

    /// Returns the failure because of which nothing more is sent, if there was one.
    #[must_use]
    pub const fn stopped_by(&self) -> Option<&Error> {
        self.queue.stopped_by()
    }
}

impl<I: Iterator<Item: Request>> Iterator for Results<I> {
    type Item = Done<<I::Item as Request>::Key>;

    /// Returns the next result; `None` when every request has one.
    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.queue.next(self.client.clock().now()) {
                Next::Call(task) => self.calls.begin(task),
                Next::Done(done) => return Some(done),
                Next::End => return None,
                Next::Wait => match self.calls.wait() {
                    Some(Ok((index, result))) => {
                        let done = self.queue.finish(self.client.clock().now(), index, result);
                        if done.is_some() {
                            return done;
                        }
                    }
                    Some(Err(panic)) => resume_unwind(panic),
                    None => self.queue.lose(),
                },
            }
        }
    }
}

impl<I: Iterator<Item: Request>> fmt::Debug for Results<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Results").field("queue", &self.queue).finish_non_exhaustive()
    }
}
