//! What sends one request: the seam below the client, for other HTTP stacks and for tests.
//!
//! A transport tells the truth about one send. Retries, the deadline and reading the reply's body
//! are the caller's.

use std::pin::Pin;

use bytes::Bytes;
use flow_api::client::InFlight;
use flow_errors::{Error, Result};
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;

/// The body of a reply, read as it arrives.
pub type ReplyBody = UnsyncBoxBody<Bytes, Error>;

/// Sends one request and returns the head of its reply.
///
/// The lifetimes are those that the macro `async_trait` writes, so that an implementation may use it
/// and write `async fn send`. This crate does without it, which spares its users the building of it.
///
/// # What an implementation keeps to
///
/// - It calls [`InFlight::mark_sent`] before the first byte of the request may be written: what
///   was not sent may be sent again without being billed twice.
/// - It bounds connecting itself. It may ignore the limits in [`InFlight`]: the caller drops the
///   future when one is over, and the body as well.
/// - It sends once, follows no redirect, and returns every status as a reply.
/// - A body that ends before it is complete is an error, never an end.
///
/// # Examples
///
/// One that answers every request itself:
///
/// ```
/// use std::sync::Arc;
///
/// use async_trait::async_trait;
/// use bytes::Bytes;
/// use flow_async::flow_api::client::InFlight;
/// use flow_async::{Client, ReplyBody, Result, Transport};
/// use http::{Request, Response};
/// use http_body_util::{BodyExt, Full};
///
/// struct Canned;
///
/// #[async_trait]
/// impl Transport for Canned {
///     async fn send(&self, _: Request<Bytes>, flight: &InFlight) -> Result<Response<ReplyBody>> {
///         flight.mark_sent();
///         let body = Full::from(r#"{"choices": [{"message": {"role": "assistant", "content": "Hi"}}]}"#);
///         Ok(Response::new(body.map_err(|never| match never {}).boxed_unsync()))
///     }
/// }
///
/// # async fn example() -> Result<()> {
/// let client = Client::builder().api_key("sk-any").transport(Arc::new(Canned)).build()?;
/// assert_eq!(client.chat("gpt-4o").user("Hello").send().await?.text(), "Hi");
/// # Ok(())
/// # }
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
/// # runtime.block_on(example()).unwrap();
/// ```
pub trait Transport: Send + Sync + 'static {
    /// Sends `request` and returns the head of the reply; the body is read afterwards.
    ///
    /// # Errors
    ///
    /// Returns an error of kind `connect` when DNS, TCP, TLS or the proxy failed, `transport`
    /// when the connection broke, and `decode` when the reply's head is refused.
    fn send<'client, 'flight, 'send>(
        &'client self,
        request: Request<Bytes>,
        in_flight: &'flight InFlight,
    ) -> Pin<Box<dyn Future<Output = Result<Response<ReplyBody>>> + Send + 'send>>
    where
        'client: 'send,
        'flight: 'send;
}
