//! How the calls of `flow-api` come to the driver.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use flow_api::Reply;
use flow_api::client::{Execute, Plan, Settings};
use flow_errors::Result;
use serde::de::DeserializeOwned;

use crate::chat_stream::ChatStream;
use crate::client::Client;
use crate::driver::{drive, open};

impl Execute for Client {
    type Sending<T> = Sending<T>;
    type Opening = Opening;

    fn settings(&self) -> &Settings {
        self.settings()
    }

    fn execute<T: DeserializeOwned + Send + 'static>(&self, plan: Result<Plan>) -> Sending<T> {
        // The future holds the plan more than once while it is handed on: better a pointer to it.
        let (client, plan) = (self.clone(), plan.map(Box::new));
        Sending(Box::pin(async move { drive(&client, plan?).await }))
    }

    fn open(&self, plan: Result<Plan>) -> Opening {
        let (client, plan) = (self.clone(), plan.map(Box::new));
        Opening(Box::pin(async move { open(&client, plan?).await }))
    }

    fn map<T: Send + 'static, U>(
        sending: Sending<T>,
        change: impl FnOnce(T) -> U + Send + 'static,
    ) -> Sending<U> {
        Sending(Box::pin(async move { sending.await.map(|reply| reply.map(change)) }))
    }

    fn entropy(&self) -> u64 {
        self.clock().entropy()
    }
}

/// A call as a future: it starts when it is first polled, and ends when it is dropped.
#[must_use = "futures do nothing unless awaited"]
pub struct Sending<T>(Pin<Box<dyn Future<Output = Result<Reply<T>>> + Send>>);

impl<T> Future for Sending<T> {
    type Output = Result<Reply<T>>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(context)
    }
}

impl<T> fmt::Debug for Sending<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sending").finish_non_exhaustive()
    }
}

/// A stream that is being opened, as a future: the call starts when it is first polled, and ends when
/// it is dropped. It comes with the first content.
#[must_use = "futures do nothing unless awaited"]
pub struct Opening(Pin<Box<dyn Future<Output = Result<ChatStream>> + Send>>);

impl Future for Opening {
    type Output = Result<ChatStream>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(context)
    }
}

impl fmt::Debug for Opening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opening").finish_non_exhaustive()
    }
}
