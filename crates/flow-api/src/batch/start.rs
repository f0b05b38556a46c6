//! A batch on its way to being run.

use std::fmt;

use super::progress::Progress;
use super::queue::{OnProgress, Queue};
use super::request::Request;
use crate::calls::Execute;
use crate::options::{CallOptions, option_setters};
use crate::stream_options::stream_setters;

/// How many calls are under way at once, unless the caller says otherwise.
const CONCURRENCY: usize = 64;

/// What a client crate provides so that batches can be run.
pub trait ExecuteBatch: Execute {
    /// What hands out the results as they come.
    type Results<I: Iterator<Item: Request>>;

    /// What running a batch to its end returns: the results, or a future of them.
    type Gathered<I: Iterator<Item: Request>>;

    /// Begins a batch.
    fn results<I: Iterator<Item: Request>>(&self, queue: Queue<I>) -> Self::Results<I>;

    /// Runs a batch to its end.
    fn gather<I: Iterator<Item: Request>>(results: Self::Results<I>) -> Self::Gathered<I>;
}

/// Many chats on their way to being sent, some at a time. `Debug` does not show the messages.
///
/// Each call is one as [`Chat::send`](crate::Chat::send) makes, and what is set here is set for every
/// one. A failure is its own request's, and the batch goes on; only what every call would fail with
/// (`invalid_api_key`, `insufficient_balance`, `config`, `cancelled`) stops it: then nothing more is
/// sent, and the requests that are left get that error, without an attempt.
///
/// Nobody waits for a single result, so the calls are patient, unless the client or the batch is told
/// otherwise: in place of the default policy they have [`RetryPolicy::batch`](flow_errors::RetryPolicy::batch), and in place of the
/// default times no deadline and 10 minutes for each attempt.
#[must_use = "a batch does nothing until `run` or `results` is called"]
pub struct Batch<'a, C, I> {
    client: &'a C,
    requests: I,
    options: CallOptions,
    concurrency: usize,
    on_progress: Option<OnProgress>,
}

impl<'a, C: ExecuteBatch, I: Iterator<Item: Request>> Batch<'a, C, I> {
    /// Starts a batch of requests.
    pub fn new(client: &'a C, requests: impl IntoIterator<IntoIter = I, Item = I::Item>) -> Self {
        let options = client.settings().of_batch();
        let requests = requests.into_iter();
        Self { client, requests, options, concurrency: CONCURRENCY, on_progress: None }
    }

    option_setters!();
    stream_setters!();

    /// Sets the models that are asked when a request's own is no good just now, the next one first,
    /// in place of the client's list; an empty list switches that off.
    ///
    /// See [`ClientBuilder::fallback_models`](crate::ClientBuilder::fallback_models).
    pub fn fallback_models(mut self, models: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.options.fallback_models = Some(models.into_iter().map(Into::into).collect());
        self
    }

    /// Sets how many calls are under way at once, at least 1; default 64.
    ///
    /// More than the service takes do no harm: the calls wait for their turn, as many as
    /// [`max_waiting_calls`](flow_errors::RetryPolicy::max_waiting_calls). What blocks has a thread for each.
    pub const fn concurrency(mut self, calls: usize) -> Self {
        self.concurrency = calls;
        self
    }

    /// Calls `hook` whenever there is a result, with how far the batch has come.
    ///
    /// It runs where the results are asked for, before the result is handed out.
    pub fn on_progress(mut self, hook: impl FnMut(&Progress) + Send + 'static) -> Self {
        self.on_progress = Some(Box::new(hook));
        self
    }

    /// Sends all requests, and returns the results in the order of the requests: one for each.
    /// **This costs money.**
    ///
    /// They are all in memory at the end; [`results`](Self::results) hands them out as they come.
    pub fn run(self) -> C::Gathered<I> {
        C::gather(self.results())
    }

    /// Returns the results as they come, in whatever order that is. **This costs money.**
    ///
    /// Nothing is sent before the first one is asked for. From then on the calls under way go on by
    /// themselves, and others begin whenever a result is asked for. Dropping it ends the calls under
    /// way, whose replies are lost, though they may have been billed.
    pub fn results(self) -> C::Results<I> {
        let Self { client, requests, options, concurrency, on_progress } = self;
        client.results(Queue::new(requests, options, concurrency, on_progress))
    }
}

impl<C, I> fmt::Debug for Batch<'_, C, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch")
            .field("options", &self.options)
            .field("concurrency", &self.concurrency)
            .finish_non_exhaustive()
    }
}
