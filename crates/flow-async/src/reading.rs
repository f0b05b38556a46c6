//! Reading a reply's body from the transport into the reader that bounds it.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Poll, ready};

use flow_api::client::BodyReader;
use flow_errors::Result;
use http_body::Body as _;

use crate::transport::ReplyBody;

/// Reads the body until its end, or until the reader has enough.
pub(crate) fn read(
    body: &mut ReplyBody,
    reader: &mut BodyReader,
) -> impl Future<Output = Result<()>> + Unpin {
    poll_fn(move |context| {
        while let Some(frame) = ready!(Pin::new(&mut *body).poll_frame(context)?) {
            let Ok(chunk) = frame.into_data() else { continue };
            if !reader.push(&chunk) {
                break;
            }
        }
        Poll::Ready(Ok(()))
    })
}
