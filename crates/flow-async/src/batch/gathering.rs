//! A batch that is run to its end.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use flow_api::batch::Request;
use flow_api::client::InOrder;
use flow_api::{ChatCompletion, Reply};
use flow_errors::Result;

use super::results::Results;

/// A batch as a future of all its results, in the order of the requests: what
/// [`Batch::run`](super::Batch::run) gives.
///
/// Dropping it ends the calls under way.
#[must_use = "futures do nothing unless awaited"]
pub struct Gathering<I: Iterator<Item: Request>> {
    results: Results<I>,
    gathered: InOrder,
}

impl<I: Iterator<Item: Request>> Gathering<I> {
    pub(super) fn new(results: Results<I>) -> Self {
        Self { results, gathered: InOrder::default() }
    }
}

impl<I: Iterator<Item: Request>> Future for Gathering<I> {
    type Output = Vec<Result<Reply<ChatCompletion>>>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        while let Some(done) = ready!(self.results.poll_result(context)) {
            self.gathered.put(done.index, done.result);
        }
        Poll::Ready(self.gathered.take())
    }
}

impl<I: Iterator<Item: Request>> fmt::Debug for Gathering<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gathering").field("results", &self.results).finish_non_exhaustive()
    }
}
