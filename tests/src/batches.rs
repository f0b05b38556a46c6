//! The batches of both clients, as one thing for tests.

use flow_api::batch::{Done, Progress, Request, StopToken};
use flow_errors::Error;

use crate::runtime::runtime;

/// The results of a batch, for tests that are written once.
pub trait TestResults: Iterator {
    /// Returns how far the batch has come.
    fn progress(&self) -> &Progress;

    /// Returns the failure that ended the batch early.
    fn stopped_by(&self) -> Option<&Error>;

    /// Returns what stops the batch from elsewhere.
    fn stop_token(&self) -> StopToken;
}

/// The async client's results, waited for.
#[derive(Debug)]
pub struct WaitedResults<I: Iterator<Item: Request>>(pub(crate) flow_async::batch::Results<I>);

impl<I: Iterator<Item: Request>> Iterator for WaitedResults<I> {
    type Item = Done<<I::Item as Request>::Key>;

    fn next(&mut self) -> Option<Self::Item> {
        runtime().block_on(self.0.next())
    }
}

impl<I: Iterator<Item: Request>> TestResults for WaitedResults<I> {
    fn progress(&self) -> &Progress {
        self.0.progress()
    }

    fn stopped_by(&self) -> Option<&Error> {
        self.0.stopped_by()
    }

    fn stop_token(&self) -> StopToken {
        self.0.stop_token()
    }
}

impl<I: Iterator<Item: Request>> TestResults for flow_blocking::batch::Results<I> {
    fn progress(&self) -> &Progress {
        self.progress()
    }

    fn stopped_by(&self) -> Option<&Error> {
        self.stopped_by()
    }

    fn stop_token(&self) -> StopToken {
        self.stop_token()
    }
}
