//! Runs the state machine of a call over a transport.

use flow_api::Reply;
use flow_api::client::{Arrived, Decode, InFlight, Plan, Running, StreamCall, Streaming};
use flow_errors::Result;
use flow_errors::call::Send;

use crate::chat_stream::ChatStream;
use crate::client::Client;
use crate::incoming::Incoming;
use crate::reading::read;
use crate::time_limit::TimeLimit;
use crate::waiting::next_send;

/// Makes the call that `plan` describes.
pub(crate) async fn drive<T: 'static>(
    client: &Client,
    plan: Box<Plan>,
    decode: Decode<T>,
) -> Result<Reply<T>> {
    let clock = client.clock();
    let mut call = Running::new(plan, clock.now(), clock.wall());
    loop {
        let send = next_send(client, &mut call).await?;
        let result = call.span().in_future(attempt(client, call.plan(), send)).await;
        let result = result.and_then(|arrived| call.plan().receive(arrived, decode));
        if let Some(reply) = call.on_reply(clock.now(), || clock.entropy(), result) {
            return Ok(reply);
        }
    }
}

/// Makes the call that `plan` describes, as far as the first content of its stream.
pub(crate) async fn open(client: &Client, plan: Box<Plan>) -> Result<ChatStream> {
    let clock = client.clock();
    let mut call = Running::new(plan, clock.now(), clock.wall());
    loop {
        let send = next_send(client, &mut call).await?;
        match call.span().in_future(begin(client, call.plan(), send)).await {
            Ok((stream, incoming)) => {
                let call = StreamCall::new(call, stream);
                return Ok(ChatStream::new(call, incoming, client));
            }
            Err(error) => call.on_failure(clock.now(), clock.entropy(), error),
        }
    }
}

/// Sends once and reads the reply; a stream is put together.
async fn attempt(client: &Client, plan: &Plan, send: Send) -> Result<Arrived> {
    match exchange(client, plan, send).await? {
        Answer::Whole(arrived) => Ok(arrived),
        Answer::Stream(mut stream, mut incoming) => {
            incoming.read_all(&mut stream).await?;
            Ok(stream.into_arrived())
        }
    }
}

/// Sends once and reads a stream as far as its first content.
async fn begin(client: &Client, plan: &Plan, send: Send) -> Result<(Box<Streaming>, Incoming)> {
    match exchange(client, plan, send).await? {
        Answer::Whole(arrived) => Err(plan.refusal(arrived)),
        Answer::Stream(mut stream, mut incoming) => {
            incoming.begin(&mut stream).await?;
            Ok((stream, incoming))
        }
    }
}

/// What came of a send.
enum Answer {
    Whole(Arrived),
    Stream(Box<Streaming>, Incoming),
}

/// Sends once and reads the head of the reply, and all of it unless it is a stream.
async fn exchange(client: &Client, plan: &Plan, send: Send) -> Result<Answer> {
    let clock = client.clock();
    let in_flight = InFlight::new(send.timeout);
    let patience = plan.patience(&send);
    let mut limit = TimeLimit::new(clock.clone(), in_flight.clone(), patience, send.at);
    let request = plan.request(send.target)?;
    let sending = client.transport().send(request, &in_flight);
    let reply = limit.hold(sending).await?;
    // A reply proves it, whatever the transport says.
    in_flight.mark_sent();
    let (head, mut body) = reply.into_parts();
    if send.target.streams && head.status.is_success() {
        let stream = plan.streaming(head, clock.wall());
        return Ok(Answer::Stream(Box::new(stream), Incoming::new(body, limit)));
    }
    let mut reader = plan.body_reader(&head);
    limit.for_body(head.status);
    if let Err(error) = limit.hold(read(&mut body, &mut reader)).await {
        reader.fail(error);
    }
    Ok(Answer::Whole(Arrived::new(head, reader, clock.wall())))
}
