//! Waiting for what is to be sent next: a backoff, a hint, the call's turn.

use std::future::poll_fn;
use std::task::{Poll, ready};

use flow_api::client::Running;
use flow_errors::Result;
use flow_errors::call::{Send, Step, Tick};

use crate::client::Client;
use crate::clock::Sleep;

/// Waits until the call may send, or is over.
pub(crate) async fn next_send(client: &Client, call: &mut Running) -> Result<Send> {
    let clock = client.clock();
    let mut sleep: Option<(Tick, Sleep)> = None;
    poll_fn(|context| {
        loop {
            // Whoever wakes us up early, the call knows whether there is something to do.
            let until = match call.poll(clock.now(), context.waker()) {
                Step::Send(send) => return Poll::Ready(Ok(send)),
                Step::Done(verdict) => return Poll::Ready(Err(call.finish(verdict))),
                Step::Wait { until, .. } => until,
            };
            let (_, timer) = match &mut sleep {
                Some(sleep) if sleep.0 == until => sleep,
                sleep => sleep.insert((until, clock.sleep_until(until))),
            };
            ready!(timer.as_mut().poll(context));
            sleep = None;
        }
    })
    .await
}
