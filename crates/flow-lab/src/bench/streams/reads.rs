//! A body as a client reads it: in pieces of 16 KiB, which cut events where they happen to.

use bytes::Bytes;

const READ: usize = 16 * 1024;

/// Cuts a body into reads.
pub(super) fn reads(body: &[u8]) -> Vec<Bytes> {
    body.chunks(READ).map(Bytes::copy_from_slice).collect()
}

/// Makes a body of events with these data.
pub(super) fn body<T: AsRef<str>>(data: &[T]) -> Vec<u8> {
    let events = data.iter().flat_map(|data| ["data: ", data.as_ref(), "\n\n"]);
    events.collect::<String>().into_bytes()
}
