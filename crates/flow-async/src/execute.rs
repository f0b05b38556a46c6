//! How the calls of `flow-api` come to the driver.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use flow_api::Reply;
use flow_api::client::{Decode, Execute, Plan, Settings};
use flow_errors::Result;

use crate::chat_stream::ChatStream;
use crate::client::Client;
use crate::driver::{drive, open};

impl Execute for Client {
    type Sending<T> = Sending<Reply<T>>;
    type Opening = Sending<ChatStream>;

    fn settings(&self) -> &Settings {
        self.settings()
    }

    fn execute<T: Send + 'static>(
        &self,
        plan: Result<Box<Plan>>,
        decode: Decode<T>,
    ) -> Sending<Reply<T>> {
        let client = self.clone();
        Sending(Box::pin(async move { drive(&client, plan?, decode).await }))
    }

    fn stream(&self, plan: Result<Box<Plan>>) -> Sending<ChatStream> {
        let client = self.clone();
        Sending(Box::pin(async move { open(&client, plan?).await }))
    }

    fn map<T: Send + 'static, U>(
        sending: Sending<Reply<T>>,
        change: impl FnOnce(T) -> U + Send + 'static,
    ) -> Sending<Reply<U>> {
        Sending(Box::pin(async move { sending.await.map(|reply| reply.map(change)) }))
    }

    fn entropy(&self) -> u64 {
        self.clock().entropy()
    }
}

/// A call as a future, of a [`Reply`] or of a [`ChatStream`]: it starts when it is first polled, and
/// ends when it is dropped.
#[must_use = "futures do nothing unless awaited"]
pub struct Sending<T>(Pin<Box<dyn Future<Output = Result<T>> + Send>>);

impl<T> Future for Sending<T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(context)
    }
}

impl<T> fmt::Debug for Sending<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sending").finish_non_exhaustive()
    }
}
