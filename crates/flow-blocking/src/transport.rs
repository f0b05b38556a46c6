//! What sends one request: the seam below the client, for other HTTP stacks and for tests.
//!
//! A transport tells the truth about one send. Retries, the deadline and reading the reply's body
//! are the caller's.

use std::io;

use bytes::Bytes;
use flow_api::client::InFlight;
use flow_errors::Result;
use http::{Request, Response};

use crate::CancelToken;

/// The body of a reply, read as it arrives.
///
/// What goes wrong while it is read is a [`flow_errors::Error`] inside the [`io::Error`].
pub type ReplyBody = Box<dyn io::Read + Send>;

/// Sends one request and returns the head of its reply.
///
/// # What an implementation keeps to
///
/// - It calls [`InFlight::mark_sent`] before the first byte of the request may be written: what
///   was not sent may be sent again without being billed twice.
/// - It bounds connecting itself, and keeps to [`InFlight::timeout`] from the start of the send to
///   the last byte of the body, and to [`InFlight::wait_limit`], asked anew, in the send and in each
///   read of the body.
/// - It ends soon after [`CancelToken::cancel`], wherever it waits.
/// - It sends once, follows no redirect, and returns every status as a reply.
/// - A body that ends before it is complete is an error, never an end; the body of an error status
///   is read for [`MAX_ERROR_BODY_TIME`](flow_api::client::head::MAX_ERROR_BODY_TIME) at most.
///
/// # Examples
///
/// One that answers every request itself:
///
/// ```
/// use std::sync::Arc;
///
/// use bytes::Bytes;
/// use flow_blocking::flow_api::client::InFlight;
/// use flow_blocking::{CancelToken, Client, ReplyBody, Result, Transport};
/// use http::{Request, Response};
///
/// struct Canned;
///
/// impl Transport for Canned {
///     fn send(
///         &self, _: Request<Bytes>, flight: &InFlight, _: &CancelToken,
///     ) -> Result<Response<ReplyBody>> {
///         flight.mark_sent();
///         let body = r#"{"choices": [{"message": {"role": "assistant", "content": "Hi"}}]}"#;
///         Ok(Response::new(Box::new(body.as_bytes())))
///     }
/// }
///
/// let client = Client::builder().api_key("sk-any").transport(Arc::new(Canned)).build()?;
/// assert_eq!(client.chat("gpt-4o").user("Hello").send()?.text(), "Hi");
/// # Ok::<(), flow_blocking::Error>(())
/// ```
pub trait Transport: Send + Sync + 'static {
    /// Sends `request` and returns the head of the reply; the body is read afterwards.
    ///
    /// # Errors
    ///
    /// Returns an error of kind `connect` when DNS, TCP, TLS or the proxy failed, `transport`
    /// when the connection broke, `timeout` when one of its limits is over, `cancelled` after
    /// [`CancelToken::cancel`], and `decode` when the reply's head is refused.
    fn send(
        &self,
        request: Request<Bytes>,
        in_flight: &InFlight,
        cancel: &CancelToken,
    ) -> Result<Response<ReplyBody>>;
}
