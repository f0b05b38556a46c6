//! Waiting for what is to be sent next: a backoff, a hint, the call's turn.

use flow_api::client::Running;
use flow_errors::Result;
use flow_errors::call::{Send, Step};

use crate::client::Client;
use crate::sleeper::Sleeper;

/// Waits until the call may send, or is over.
pub(crate) fn next_send(client: &Client, call: &mut Running) -> Result<Send> {
    let (clock, cancel) = (client.clock(), client.cancel_token());
    Sleeper::of_this_thread(|sleeper| {
        loop {
            if cancel.is_cancelled() {
                call.cancel(clock.now());
            }
            // Whoever wakes us up early, the call knows whether there is something to do.
            match call.poll(clock.now(), sleeper.waker()) {
                Step::Send(send) => return Ok(send),
                Step::Done(verdict) => return Err(call.finish(verdict)),
                Step::Wait { until, .. } => clock.sleep_until(until, sleeper, cancel),
            }
        }
    })
}
