//! Runs the state machine of a call over a transport.

use flow_api::Reply;
use flow_api::client::{InFlight, Plan, Received, Running};
use flow_errors::Result;
use flow_errors::call::{Send, Step};
use serde::de::DeserializeOwned;

use crate::client::Client;
use crate::reading::read;
use crate::time_limit::TimeLimit;

/// Makes the call that `plan` describes.
pub(crate) async fn drive<T: DeserializeOwned>(client: &Client, plan: &Plan) -> Result<Reply<T>> {
    let clock = client.clock();
    let mut call = Running::new(plan, clock.now(), clock.wall());
    let mut now = clock.now();
    loop {
        match call.poll(now) {
            Step::Send(send) => {
                let result = call.span().in_future(attempt(client, plan, send)).await;
                now = clock.now();
                if let Some(reply) = call.on_reply(now, clock.entropy(), result) {
                    return Ok(reply);
                }
            }
            Step::Wait { until, .. } => {
                clock.sleep_until(until).await;
                now = clock.now();
            }
            Step::Done(verdict) => return Err(call.finish(verdict)),
        }
    }
}

/// Sends once and reads the reply.
async fn attempt<T: DeserializeOwned>(
    client: &Client,
    plan: &Plan,
    send: Send,
) -> Result<Received<T>> {
    let in_flight = InFlight::new(send.timeout);
    let mut limit = TimeLimit::new(client.clock(), &in_flight);
    let sending = client.transport().send(plan.request(), &in_flight);
    let reply = limit.hold(sending).await?;
    let (head, mut body) = reply.into_parts();
    let mut reader = plan.body_reader(&head);
    limit.for_body(head.status);
    if let Err(error) = limit.hold(read(&mut body, &mut reader)).await {
        reader.fail(error);
    }
    plan.receive(head, reader, client.clock().wall())
}
