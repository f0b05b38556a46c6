//! Reading a reply whose body has arrived: a success that really is one, or the error it is.

use flow_errors::{Body, Class, Error, Kind, Result};
use http::{HeaderMap, StatusCode};
use serde::de::{self, Unexpected};

use crate::arrived::Arrived;
use crate::body::Collected;
use crate::kept_body::KeptBody;
use crate::reply::Received;

/// Decodes the JSON text of a reply.
///
/// It is the only part of a call that differs between types of replies, so that nothing else is
/// compiled for each of them.
pub type Decode<T> = fn(&str) -> serde_json::Result<T>;

/// Reads a reply of which at most `max_reply_bytes` were collected; `check` says what is wrong with
/// what was decoded.
///
/// # Errors
///
/// Returns the service's error, whatever its dialect and under whatever status; `decode` for a
/// success that `decode` or `check` refuses; `reply_too_large` above the maximum; what ended the reading early.
pub(crate) fn read<T>(
    arrived: Arrived,
    max_reply_bytes: usize,
    decode: Decode<T>,
    check: impl FnOnce(&mut T) -> std::result::Result<(), String>,
) -> Result<Received<T>> {
    let Success { status, headers, bytes } = success(arrived, max_reply_bytes)?;
    // A success without content is JSON's null, for those who ask for `()` or an `Option`.
    let json: &[u8] = if status == StatusCode::NO_CONTENT { b"null" } else { &bytes };
    let mut value = match utf8(json).and_then(decode) {
        Ok(value) => value,
        Err(source) => {
            return Err(Error::undecodable(status, &headers, Body::new(bytes), source));
        }
    };
    match check(&mut value) {
        Ok(()) => Ok(Received { value, status, headers, body: KeptBody::new(bytes) }),
        Err(flaw) => {
            let error = Error::new(Kind::Decode, Class::Permanent, flaw);
            Err(error.with_reply(status, &headers, Body::new(bytes)))
        }
    }
}

/// A reply that is no error, and has arrived whole.
struct Success {
    status: StatusCode,
    headers: HeaderMap,
    bytes: Vec<u8>,
}

fn success(arrived: Arrived, max_reply_bytes: usize) -> Result<Success> {
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
    match Error::in_success(status, &headers, &bytes, received_at) {
        Some(error) => Err(error),
        None => Ok(Success { status, headers, bytes }),
    }
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
