//! The body of a streamed reply, read from the transport as it arrives and within its limits.

use std::future::poll_fn;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use flow_api::client::Streaming;
use flow_errors::Result;
use http_body::Body as _;

use crate::time_limit::TimeLimit;
use crate::transport::ReplyBody;

/// The most pieces that are read after the end of a stream, in the hope for the end of the body.
const MAX_PIECES_AFTER_END: u32 = 16;

/// The body of a streamed reply.
pub(crate) struct Incoming {
    /// `None` once nothing more is wanted of it: the connection is closed then, unless all was read.
    body: Option<ReplyBody>,
    limit: TimeLimit,
    /// Whether the latest read brought something: then its wait is over, and the next one must not
    /// begin too late.
    has_read: bool,
    /// How much was read after the end of the stream; `None` before that.
    after_end: Option<u32>,
}

impl Incoming {
    pub(crate) const fn new(body: ReplyBody, limit: TimeLimit) -> Self {
        Self { body: Some(body), limit, has_read: false, after_end: None }
    }

    /// Reads until the stream has begun: until nothing of it can be sent again without being noticed.
    pub(crate) async fn begin(&mut self, stream: &mut Streaming) -> Result<()> {
        poll_fn(|context| {
            loop {
                if let Some(begun) = stream.begin() {
                    return Poll::Ready(begun);
                }
                ready!(self.poll_read(context, stream));
            }
        })
        .await
    }

    /// Reads all of the stream.
    pub(crate) async fn read_all(&mut self, stream: &mut Streaming) -> Result<()> {
        poll_fn(|context| {
            loop {
                match stream.pass_over() {
                    Some(Ok(())) => {}
                    Some(Err(error)) => return Poll::Ready(Err(error)),
                    None if stream.is_over() => return self.poll_end(context).map(Ok),
                    None => ready!(self.poll_read(context, stream)),
                }
            }
        })
        .await
    }

    /// Reads once, and tells the stream what there was.
    pub(crate) fn poll_read(
        &mut self,
        context: &mut Context<'_>,
        stream: &mut Streaming,
    ) -> Poll<()> {
        let Some(body) = &mut self.body else {
            stream.finish();
            return Poll::Ready(());
        };
        // What never says anything may never let go either.
        if mem::take(&mut self.has_read) && self.limit.is_over(stream.contents()) {
            stream.fail(self.limit.over());
            return Poll::Ready(());
        }
        match Pin::new(body).poll_frame(context) {
            Poll::Ready(Some(Ok(frame))) => {
                self.has_read = true;
                if let Ok(bytes) = frame.into_data() {
                    stream.push(bytes);
                }
            }
            Poll::Ready(Some(Err(error))) => stream.fail(error),
            Poll::Ready(None) => stream.finish(),
            Poll::Pending => {
                ready!(self.limit.poll_over(context, stream.contents()));
                stream.fail(self.limit.over());
            }
        }
        Poll::Ready(())
    }

    /// Reads on to the end of the body, for the next call to have the connection; what else there is
    /// does not matter, nor does how it ends.
    pub(crate) fn poll_end(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if self.after_end.is_none() {
            self.limit.for_end();
        }
        let pieces = self.after_end.get_or_insert(0);
        while let Some(body) = &mut self.body {
            match Pin::new(body).poll_frame(context) {
                Poll::Ready(Some(Ok(_))) if *pieces < MAX_PIECES_AFTER_END => *pieces += 1,
                Poll::Ready(_) => self.body = None,
                Poll::Pending => {
                    ready!(self.limit.poll_over(context, 0));
                    self.body = None;
                }
            }
        }
        Poll::Ready(())
    }

    /// Closes the connection.
    pub(crate) fn close(&mut self) {
        self.body = None;
    }
}
