//! A line of a file of replies, as OpenAI's batches have it.

use flow_errors::{Error, Kind};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::error::Category;

use super::invalid_line::InvalidLine;
use super::queue::Done;
use super::request_line::{key, not_json};
use crate::{ChatCompletion, Reply};

/// How each line of [`write_result`]'s begins.
const BEGINNING: &[u8] = b"{\"custom_id\":";

/// Returns the line that says what a request came to, with its end; `None` if the request is still to
/// be done.
///
/// That is so where the failure says nothing of the request itself: a limit, a time that ran out, a
/// connection, an outage, a key, a balance, an unknown model. So it is where the request was refused
/// before it was sent (`invalid_input`): that costs nothing, and it is to be corrected. What the service
/// says of the request itself (`invalid_request`, `content_filter`, `context_length`,
/// `payload_too_large`) are results like replies.
#[must_use]
pub fn write_result(done: &Done<String>) -> Option<Vec<u8>> {
    let line = match &done.result {
        Ok(reply) => Line { custom_id: &done.key, response: Some(reply.into()), error: None },
        Err(error) if is_of_the_request(error.kind()) => {
            Line { custom_id: &done.key, response: None, error: Some(error.into()) }
        }
        Err(_) => return None,
    };
    // Neither texts nor what was read from JSON can fail to be written as JSON.
    let mut text = serde_json::to_vec(&line).ok()?;
    text.push(b'\n');
    Some(text)
}

/// Reads the key of a line that [`write_result`] wrote.
///
/// The reply is passed over: one that came as deep as JSON may be is too deep to be read in a line.
pub(super) fn read_key(line: &[u8]) -> Result<String, InvalidLine> {
    let line = std::str::from_utf8(line).map_err(|_| InvalidLine::new("the line is not UTF-8"))?;
    let line: KeptLine = serde_json::from_str(line).map_err(|error| match error.classify() {
        Category::Data => no_reply(),
        _ => not_json(&error),
    })?;
    if line.response.is_none() && line.error.is_none() {
        return Err(no_reply());
    }
    key(line.custom_id)
}

/// Returns whether a last line without an end is what a writer left that was killed in it, or that
/// lost its power: some file systems then have zeros for what was not on the disk yet.
pub(super) fn is_torn(line: &[u8]) -> bool {
    let zeros = line.iter().rev().take_while(|byte| **byte == 0).count();
    let (written, _) = line.split_at(line.len().saturating_sub(zeros));
    let begins = written.starts_with(BEGINNING) || BEGINNING.starts_with(written);
    begins && serde_json::from_slice::<IgnoredAny>(written).is_err()
}

fn no_reply() -> InvalidLine {
    InvalidLine::new("the line is no reply: it has no `response` and no `error`")
}

const fn is_of_the_request(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::InvalidRequest | Kind::ContentFilter | Kind::ContextLength | Kind::PayloadTooLarge
    )
}

/// What of a line says that its request is done.
#[derive(Deserialize)]
struct KeptLine {
    custom_id: Option<Value>,
    response: Option<Object>,
    error: Option<Object>,
}

/// An object with whatever fields.
#[derive(Deserialize)]
struct Object {}

#[derive(Serialize)]
struct Line<'a> {
    custom_id: &'a str,
    response: Option<Response<'a>>,
    error: Option<Failure<'a>>,
}

#[derive(Serialize)]
struct Response<'a> {
    status_code: u16,
    request_id: Option<&'a str>,
    body: &'a ChatCompletion,
}

#[derive(Serialize)]
struct Failure<'a> {
    /// The word of its kind.
    code: &'static str,
    message: &'a str,
    /// What the service said of it besides, if it did: its own code, the type, the parameter.
    #[serde(skip_serializing_if = "Option::is_none")]
    service_code: Option<&'a str>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    api_type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    param: Option<&'a str>,
    status_code: Option<u16>,
    request_id: Option<&'a str>,
}

impl<'a> From<&'a Reply<ChatCompletion>> for Response<'a> {
    fn from(reply: &'a Reply<ChatCompletion>) -> Self {
        Self { status_code: reply.status().as_u16(), request_id: reply.request_id(), body: reply }
    }
}

impl<'a> From<&'a Error> for Failure<'a> {
    fn from(error: &'a Error) -> Self {
        Self {
            code: error.kind().as_str(),
            message: error.message(),
            service_code: error.code(),
            api_type: error.api_type(),
            param: error.param(),
            status_code: error.status().map(|status| status.as_u16()),
            request_id: error.request_id(),
        }
    }
}
