//! The results of a batch as they come.
//!
//! Each call is a task of its own, so that all go on, and their time does not just run, while the
//! caller is busy with a result.

use std::fmt;
use std::future::poll_fn;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use flow_api::batch::{Done, Progress, Request, StopToken};
use flow_api::client::{Next, Queue, Task, WorkSpan};
use flow_api::{ChatCompletion, Reply};
use flow_errors::{Error, Result};
use futures_core::Stream;
use tokio::task::JoinSet;

use crate::client::Client;

/// The results of a batch as they come, in whatever order that is: what
/// [`Batch::results`](super::Batch::results) gives.
///
/// Dropping it ends the calls under way. It must be used within a tokio runtime.
///
/// # Examples
///
/// ```no_run
/// use flow_async::ChatRequest;
///
/// # async fn example() -> flow_async::Result<()> {
/// let client = flow_async::Client::from_env()?;
/// let cities = ["Oslo", "Rome"].into_iter();
/// let requests = cities.map(|city| (city, ChatRequest::new("gpt-4o").user(city)));
/// let mut results = client.batch(requests).concurrency(8).results();
/// while let Some(done) = results.next().await {
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
    calls: JoinSet<(usize, Result<Reply<ChatCompletion>>)>,
    span: WorkSpan,
}

impl<I: Iterator<Item: Request>> Results<I> {
    pub(super) fn new(client: &Client, queue: Queue<I>) -> Self {
        let (client, span) = (client.clone(), WorkSpan::current());
        Self { client, queue, calls: JoinSet::new(), span }
    }

    /// Returns the next result; `None` when every request has one.
    ///
    /// A wait for it that is given up, as in a `select!`, loses nothing.
    pub async fn next(&mut self) -> Option<Done<<I::Item as Request>::Key>> {
        poll_fn(|context| self.poll_result(context)).await
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

    pub(super) fn poll_result(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Done<<I::Item as Request>::Key>>> {
        loop {
            match self.queue.next(self.client.clock().now()) {
                Next::Call(task) => self.begin(task),
                Next::Done(done) => return Poll::Ready(Some(done)),
                Next::End => return Poll::Ready(None),
                Next::Wait => match ready!(self.calls.poll_join_next(context)) {
                    Some(Ok((index, result))) => {
                        let done = self.queue.finish(self.client.clock().now(), index, result);
                        if done.is_some() {
                            return Poll::Ready(done);
                        }
                    }
                    Some(Err(error)) if error.is_panic() => resume_unwind(error.into_panic()),
                    // The runtime that the calls ran on is gone.
                    Some(Err(_)) | None => self.queue.lose(),
                },
            }
        }
    }

    fn begin(&mut self, task: Task) {
        let client = self.client.clone();
        let call = async move { (task.index(), task.send(&client).await) };
        self.calls.spawn(self.span.in_future(call));
    }
}

/// Nothing in it is pinned: the calls are on the heap.
impl<I: Iterator<Item: Request>> Unpin for Results<I> {}

impl<I: Iterator<Item: Request>> Stream for Results<I> {
    type Item = Done<<I::Item as Request>::Key>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_result(context)
    }
}

impl<I: Iterator<Item: Request>> fmt::Debug for Results<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Results").field("queue", &self.queue).finish_non_exhaustive()
    }
}
