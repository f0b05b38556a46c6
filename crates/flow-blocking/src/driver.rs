//! Runs the state machine of a call over a transport.

use std::io::{self, Read};

use flow_api::Reply;
use flow_api::client::{BodyReader, InFlight, Plan, Received, Running};
use flow_errors::call::{Send, Step};
use flow_errors::{Error, Kind, Result, Sent};
use serde::de::DeserializeOwned;

use crate::Client;
use crate::transport::ReplyBody;

/// Makes the call that `plan` describes.
pub(crate) fn drive<T: DeserializeOwned>(client: &Client, plan: &Plan) -> Result<Reply<T>> {
    let clock = client.clock();
    let mut call = Running::new(plan, clock.now(), clock.wall());
    loop {
        if client.cancel_token().is_cancelled() {
            call.cancel(clock.now());
        }
        match call.poll(clock.now()) {
            Step::Send(send) => match attempt(client, plan, send) {
                Err(error) if error.kind() == Kind::Cancelled => call.cancel(clock.now()),
                result => call.on_reply(clock.now(), clock.entropy(), result),
            },
            Step::Wait { until, .. } => clock.sleep_until(until, client.cancel_token()),
            Step::Done(verdict) => return call.finish(verdict),
        }
    }
}

/// Sends once and reads the reply.
fn attempt<T: DeserializeOwned>(client: &Client, plan: &Plan, send: Send) -> Result<Received<T>> {
    let in_flight = InFlight::new(send.timeout);
    let reply = client.transport().send(plan.request(), &in_flight, client.cancel_token())?;
    let (head, mut body) = reply.into_parts();
    let mut reader = plan.body_reader(&head);
    match read(&mut body, &mut reader) {
        Err(error) if error.kind() == Kind::Cancelled => return Err(error),
        Err(error) => reader.fail(error),
        Ok(()) => {}
    }
    plan.receive(head, reader, client.clock().wall())
}

/// Reads the body until its end, or until the reader has enough.
fn read(body: &mut ReplyBody, reader: &mut BodyReader) -> Result<()> {
    // Small, because all of it is set to zero for each call; most replies fit.
    let mut buffer = [0; 4 * 1024];
    loop {
        match body.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(length) => {
                if !reader.push(buffer.get(..length).unwrap_or(&buffer)) {
                    return Ok(());
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(broken(error)),
        }
    }
}

/// Takes our own error out of the reader's, or says that the connection broke.
fn broken(error: io::Error) -> Error {
    match error.downcast::<Error>() {
        Ok(error) => error,
        Err(error) => Error::transport(Sent::Perhaps, error),
    }
}
