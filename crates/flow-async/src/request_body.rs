//! A request body that notes when it leaves.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use flow_api::client::InFlight;
use http_body::{Body, Frame, SizeHint};

/// A request's bytes, sent whole.
///
/// hyper asks for the first frame once it has a connection, just before it writes the head. An
/// empty body is never asked for a frame; hyper asks it whether it has ended, at the same moment.
pub(crate) struct RequestBody {
    rest: Option<Bytes>,
    in_flight: InFlight,
}

impl RequestBody {
    pub(crate) fn new(bytes: Bytes, in_flight: InFlight) -> Self {
        Self { rest: Some(bytes).filter(|bytes| !bytes.is_empty()), in_flight }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.in_flight.mark_sent();
        Poll::Ready(self.rest.take().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        if self.rest.is_none() {
            self.in_flight.mark_sent();
        }
        self.rest.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        let len = self.rest.as_ref().map_or(0, Bytes::len);
        SizeHint::with_exact(u64::try_from(len).unwrap_or(u64::MAX))
    }
}
