//! Runs the state machine of a call over a transport.

use std::future::poll_fn;
use std::marker;
use std::pin::{Pin, pin};
use std::task::Poll;

use flow_api::Reply;
use flow_api::client::head::MAX_ERROR_BODY_TIME;
use flow_api::client::{BodyReader, InFlight, Plan, Received, Running};
use flow_errors::call::{Send, Step, Tick};
use flow_errors::{Error, Result};
use http_body_util::BodyExt;
use serde::de::DeserializeOwned;

use crate::Client;
use crate::transport::ReplyBody;

/// Makes the call that `plan` describes.
pub(crate) async fn drive<T: DeserializeOwned>(
    client: Client,
    plan: Box<Plan>,
) -> Result<Reply<T>> {
    let clock = client.clock();
    let mut call = Running::new(&plan, clock.now(), clock.wall());
    loop {
        match call.poll(clock.now()) {
            Step::Send(send) => {
                let result = attempt(&client, &plan, send).await;
                call.on_reply(clock.now(), clock.entropy(), result);
            }
            Step::Wait { until, .. } => clock.sleep_until(until).await,
            Step::Done(verdict) => return call.finish(verdict),
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
    let until = send.timeout.map(|timeout| client.clock().now() + timeout);
    let mut timer = until.map(|until| client.clock().sleep_until(until));
    let sending = client.transport().send(plan.request(), &in_flight);
    let (head, mut body) = within(&mut timer, &in_flight, sending).await?.into_parts();
    let mut reader = plan.body_reader(&head);
    if !head.status.is_success() {
        timer = Some(client.clock().sleep_until(sooner(client, until)));
    }
    if let Err(error) = within(&mut timer, &in_flight, read(&mut body, &mut reader)).await {
        reader.fail(error);
    }
    plan.receive(head, reader, client.clock().wall())
}

/// Reads the body until its end, or until the reader has enough.
async fn read(body: &mut ReplyBody, reader: &mut BodyReader) -> Result<()> {
    while let Some(frame) = body.frame().await {
        let Ok(chunk) = frame?.into_data() else { continue };
        if !reader.push(&chunk) {
            break;
        }
    }
    Ok(())
}

/// Bounds the body of an error: what it means is known from its status already.
fn sooner(client: &Client, until: Option<Tick>) -> Tick {
    let soon = client.clock().now() + MAX_ERROR_BODY_TIME;
    until.map_or(soon, |until| until.min(soon))
}

/// The end of an attempt's time; none without a limit.
type Timer<'a> = Option<Pin<Box<dyn Future<Output = ()> + marker::Send + 'a>>>;

/// Does `work` unless the attempt's time is over first.
async fn within<T>(
    timer: &mut Timer<'_>,
    in_flight: &InFlight,
    work: impl Future<Output = Result<T>>,
) -> Result<T> {
    let Some(timer) = timer else { return work.await };
    let limit = in_flight.timeout().unwrap_or(MAX_ERROR_BODY_TIME);
    let mut work = pin!(work);
    poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Ready(result) => Poll::Ready(result),
        Poll::Pending => {
            timer.as_mut().poll(context).map(|()| Err(Error::timeout(in_flight.sent(), limit)))
        }
    })
    .await
}
