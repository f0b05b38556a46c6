//! What both clients accept as the head of a request and of a reply, and what they say where not.
//!
//! The HTTP stacks have limits of their own, which differ; the smaller ones here are the same in
//! both clients.

use std::time::Duration;

use flow_errors::{Class, Error, Kind, Result};
use http::HeaderMap;

pub use crate::patience::MAX_ERROR_BODY_TIME;

/// How many header lines a reply may have: hyper's limit.
pub const MAX_HEADERS: usize = 100;

/// How many bytes the names and values of a reply's headers may have.
pub const MAX_HEADER_BYTES: usize = 64 * 1024;

/// Refuses a head that passes one of the limits.
///
/// # Errors
///
/// Returns an error of kind `decode`: the request has been run, and the same reply would come
/// again.
pub fn check(headers: &HeaderMap) -> Result<()> {
    let bytes: usize =
        headers.iter().map(|(name, value)| name.as_str().len().saturating_add(value.len())).sum();
    if headers.len() > MAX_HEADERS || bytes > MAX_HEADER_BYTES {
        return Err(too_large());
    }
    Ok(())
}

/// Creates the error of a head that passes one of the limits.
#[must_use]
pub fn too_large() -> Error {
    let kib = MAX_HEADER_BYTES / 1024;
    let message = format!("more than {MAX_HEADERS} reply headers, or more than {kib} KiB of them");
    Error::new(Kind::Decode, Class::Permanent, message)
}

/// Creates the error of a request that the HTTP stack refuses to write.
#[must_use]
pub fn unsendable() -> Error {
    Error::invalid_input("request", "the request cannot be sent as it is")
}

/// Creates the error of a connection that could not be made in time.
#[must_use]
pub fn connect_timeout(limit: Duration) -> Error {
    let message = format!("connecting took longer than the connect timeout of {limit:?}");
    Error::new(Kind::Connect, Class::NotSent, message)
}
