//! Reading a reply whose body has arrived: a success that really is one, or the error it is.

use std::any::Any;
use std::time::SystemTime;

use flow_errors::{Body, Error, Kind, Result};
use http::{HeaderMap, StatusCode};
use serde::de::{self, Unexpected};

use crate::ChatCompletion;
use crate::arrived::Arrived;
use crate::body::Collected;
use crate::kept_body::KeptBody;
use crate::reply::Received;

/// Decodes the JSON text of a reply.
///
/// It is the only part of a call that differs between types of replies, so that nothing else is
/// compiled for each of them.
pub type Decode<T> = fn(&str) -> serde_json::Result<T>;

/// Reads a reply of which at most `max_reply_bytes` were collected.
///
/// # Errors
///
/// Returns the service's error, whatever its dialect and under whatever status; `decode` for a
/// success that `decode` refuses; `reply_too_large` above the maximum; what ended the reading early.
pub(crate) fn read<T: Any>(
    arrived: Arrived,
    max_reply_bytes: usize,
    decode: Decode<T>,
) -> Result<Received<T>> {
    let Whole { status, headers, bytes, received_at } = whole(arrived, max_reply_bytes)?;
    // A success without content is JSON's null, for those who ask for `()` or an `Option`.
    let json: &[u8] = if status == StatusCode::NO_CONTENT { b"null" } else { &bytes };
    let decoded = utf8(json).and_then(decode);
    // Where there is an answer, no error need be looked for.
    let is_answer = decoded.as_ref().is_ok_and(|value| is_answer(value));
    let find_error = || Error::in_success(status, &headers, &bytes, received_at);
    if let Some(error) = (!is_answer).then(find_error).flatten() {
        return Err(error);
    }
    match decoded {
        Ok(value) => Ok(Received { value, status, headers, body: KeptBody::new(bytes) }),
        Err(source) => Err(Error::undecodable(status, &headers, Body::new(bytes), source)),
    }
}

/// Whether a reply is of a type that shows that it is an answer, and is one.
fn is_answer(value: &dyn Any) -> bool {
    value.downcast_ref::<ChatCompletion>().is_some_and(|reply| !reply.choices().is_empty())
}

/// A reply that is no error by its status, and has arrived whole.
struct Whole {
    status: StatusCode,
    headers: HeaderMap,
    bytes: Vec<u8>,
    received_at: SystemTime,
}

fn whole(arrived: Arrived, max_reply_bytes: usize) -> Result<Whole> {
    let Arrived { status, headers, collected, received_at } = arrived;
    let Collected { bytes, is_over, failure } = collected;
    // Whoever cancelled wants to hear of nothing else.
    if let Some(cancelled) = failure.as_ref().filter(|error| error.kind() == Kind::Cancelled) {
        return Err(cancelled.clone());
    }
    let is_cut = is_over || failure.is_some();
    let keep = if is_cut { Body::cut } else { Body::new };
    // An error is told from its status, however little of its body arrived.
    if !status.is_success() {
        return Err(Error::from_response(status, &headers, keep(bytes), received_at));
    }
    let too_large = is_over.then(|| Error::reply_too_large(max_reply_bytes));
    if let Some(error) = too_large.or(failure) {
        return Err(error.with_reply(status, &headers, keep(bytes)));
    }
    Ok(Whole { status, headers, bytes, received_at })
}

/// Checking all of a reply for UTF-8 at once is quicker than string by string.
fn utf8(json: &[u8]) -> serde_json::Result<&str> {
    let error = match std::str::from_utf8(json) {
        Ok(text) => return Ok(text),
        Err(error) => error,
    };
    // What ends in the middle of a letter has broken off, which is what the decoder will say.
    let begun = json.utf8_chunks().next().filter(|_| error.error_len().is_none());
    let begun = begun.map(|chunk| chunk.valid());
    begun.ok_or_else(|| de::Error::invalid_value(Unexpected::Other("bytes"), &"UTF-8"))
}

#[cfg(test)]
mod tests {
    use serde_json::error::Category;

    use super::*;

    #[test]
    fn error_is_found_in_whatever_holds_no_answer() {
        #[rustfmt::skip]
        let table = [
            (r#"{"choices": [{}], "error": "slow down"}"#, None),
            (r#"{"choices": [{}]}"#,                       None),
            (r#"{"choices": []}"#,                         None),
            (r#"{"choices": [], "error": "slow down"}"#,   Some("slow down")),
            (r#"{"choices": {}, "error": "slow down"}"#,   Some("slow down")),
            (r#"{"error": "slow down"}"#,                  Some("slow down")),
        ];
        for (json, want) in table {
            let arrived = Arrived {
                status: StatusCode::OK,
                headers: HeaderMap::new(),
                collected: Collected { bytes: json.into(), is_over: false, failure: None },
                received_at: SystemTime::UNIX_EPOCH,
            };
            let error = read(arrived, usize::MAX, ChatCompletion::from_json).err();
            assert_eq!(error.as_ref().map(Error::message), want, "{json}");
        }
    }

    #[test]
    fn reply_that_is_not_utf8_is_refused_and_one_cut_within_a_letter_has_broken_off() {
        #[rustfmt::skip]
        let table: [(&[u8], Option<Category>); 4] = [
            ("\"h\u{e9}\"".as_bytes(), None),
            (b"\"h\xe9\"",             Some(Category::Data)),
            (b"\"h\xc3",               Some(Category::Eof)),
            (b"\"h",                   Some(Category::Eof)),
        ];
        for (json, want) in table {
            let got = utf8(json).and_then(serde_json::from_str::<String>).err();
            assert_eq!(got.as_ref().map(serde_json::Error::classify), want, "{json:?}: {got:?}");
        }
    }
}
