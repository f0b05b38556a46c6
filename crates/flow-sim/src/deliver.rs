//! Brings a reply onto the wire, whole or not.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::{Buf as _, Bytes};
use http::header::CONTENT_LENGTH;
use http::{HeaderValue, Response, StatusCode};

use crate::body::{Step, Steps};
use crate::log::InFlight;
use crate::plan::Delivery;
use crate::reply::Reply;
use crate::wire::{Cut, Plug};

/// Makes the response; an `Err` ends the connection in place of one.
pub(crate) async fn deliver(
    reply: Reply,
    delivery: Delivery,
    plug: Plug,
    in_flight: InFlight,
) -> Result<Response<Steps>, Cut> {
    if let Some(cut) = instead(&delivery) {
        plug.pull(cut.clone());
        return Err(cut);
    }
    if delivery == Delivery::Hang {
        // `in_flight` lives until the client goes or the server stops.
        std::future::pending::<()>().await;
    }
    let length = announced(&reply, &delivery);
    let steps = steps(&reply.body, &delivery);
    let mut response = Response::new(Steps::new(steps, plug, in_flight));
    *response.status_mut() = reply.status;
    *response.headers_mut() = reply.headers;
    if let Some(length) = length {
        response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
    Ok(response)
}

/// What happens in place of an answer.
fn instead(delivery: &Delivery) -> Option<Cut> {
    match delivery {
        Delivery::ResetBeforeHead => Some(Cut::Reset),
        Delivery::CloseBeforeHead => Some(Cut::Close),
        Delivery::Garbage(bytes) => Some(Cut::Raw(bytes.clone())),
        _ => None,
    }
}

/// The content-length to announce; without one the body is sent in chunks.
fn announced(reply: &Reply, delivery: &Delivery) -> Option<usize> {
    let bodiless = matches!(reply.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    match delivery {
        _ if bodiless => None,
        Delivery::Chunked | Delivery::TruncateChunked(_) => None,
        // A body that is to break off at or behind its end is announced longer than it is: else
        // it would be complete, and nothing would have gone wrong.
        Delivery::ResetAfter(sent) | Delivery::HangAfter(sent) | Delivery::TruncateLength(sent)
            if *sent >= reply.len() =>
        {
            Some(reply.len().saturating_add(1))
        }
        _ => Some(reply.len()),
    }
}

fn steps(body: &[Bytes], delivery: &Delivery) -> VecDeque<Step> {
    let whole = || body.iter().cloned().map(Step::Send);
    let cut = |sent: usize, end: Step| head(body, sent).map(Step::Send).chain([end]).collect();
    match delivery {
        Delivery::ResetAfter(sent) => cut(*sent, Step::Cut(Cut::Reset)),
        Delivery::HangAfter(sent) => cut(*sent, Step::Hang),
        Delivery::TruncateLength(sent) | Delivery::TruncateChunked(sent) => {
            cut(*sent, Step::Cut(Cut::Close))
        }
        Delivery::Slow { piece, pause } => slow(body, *piece, *pause),
        _ => whole().collect(),
    }
}

/// The first `limit` bytes of a body.
fn head(body: &[Bytes], limit: usize) -> impl Iterator<Item = Bytes> {
    let mut left = limit;
    body.iter().map_while(move |bytes| {
        let piece = bytes.slice(..bytes.len().min(left));
        left = left.saturating_sub(piece.len());
        (!piece.is_empty()).then_some(piece)
    })
}

fn slow(body: &[Bytes], piece: usize, pause: Duration) -> VecDeque<Step> {
    let mut steps = VecDeque::new();
    for bytes in body {
        let mut rest = bytes.clone();
        while rest.has_remaining() {
            let next = rest.split_to(rest.len().min(piece.max(1)));
            steps.extend([Step::Pause(pause), Step::Send(next)]);
        }
    }
    steps
}
