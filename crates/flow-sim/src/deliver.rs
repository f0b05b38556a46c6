//! Brings a reply onto the wire, whole or not.

use std::collections::VecDeque;

use http::header::CONTENT_LENGTH;
use http::{HeaderValue, Response, StatusCode};

use crate::body::Steps;
use crate::log::InFlight;
use crate::plan::Delivery;
use crate::reply::Reply;
use crate::step::{self, Step};
use crate::wire::{Cut, Plug};

/// Makes the response; an `Err` ends the connection in place of one.
pub(crate) async fn deliver(
    reply: Reply,
    delivery: Delivery,
    plug: Plug,
    in_flight: InFlight,
) -> Result<Response<Steps>, Cut> {
    if let Some(cut) = instead(&delivery) {
        in_flight.finish();
        plug.pull(cut.clone());
        return Err(cut);
    }
    if delivery == Delivery::Hang {
        // `in_flight` lives until the client goes or the server stops.
        std::future::pending::<()>().await;
    }
    let length = announced(&reply, &delivery);
    if is_bodiless(reply.status) {
        in_flight.finish();
    }
    let steps = steps(reply.body, &delivery);
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
    match delivery {
        _ if is_bodiless(reply.status) => None,
        _ if reply.stream.is_some() && !matches!(delivery, Delivery::TruncateLength(_)) => None,
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

/// Says whether HTTP has no body for the status.
fn is_bodiless(status: StatusCode) -> bool {
    matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
}

fn steps(body: Vec<Step>, delivery: &Delivery) -> VecDeque<Step> {
    let cut = |body, sent: usize, end: Step| {
        let mut steps = step::head(body, sent);
        steps.push(end);
        steps
    };
    let steps = match delivery {
        Delivery::ResetAfter(sent) => cut(body, *sent, Step::Cut(Cut::Reset)),
        Delivery::HangAfter(sent) => cut(body, *sent, Step::Hang),
        Delivery::TruncateLength(sent) | Delivery::TruncateChunked(sent) => {
            cut(body, *sent, Step::Cut(Cut::Close))
        }
        Delivery::Slow { piece, pause } => step::slow(body, *piece, *pause),
        _ => body,
    };
    let is_empty = |step: &Step| matches!(step, Step::Send(bytes) if bytes.is_empty());
    steps.into_iter().filter(|step| !is_empty(step)).collect()
}
