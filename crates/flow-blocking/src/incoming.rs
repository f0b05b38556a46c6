//! The body of a streamed reply, read from the transport as it arrives and within its limits.

use std::io::{self, Read as _};
use std::mem;

use bytes::Bytes;
use flow_api::client::Streaming;
use flow_errors::Result;

use crate::reading::broken;
use crate::time_limit::TimeLimit;
use crate::transport::ReplyBody;

/// The most pieces that are read after the end of a stream, in the hope for the end of the body.
const MAX_PIECES_AFTER_END: u32 = 16;

/// How much is read at once: as much as ureq has buffered, at most.
const PIECE: usize = 16 * 1024;

/// The body of a streamed reply.
pub(crate) struct Incoming {
    /// `None` once nothing more is wanted of it: the connection is closed then, unless all was read.
    body: Option<ReplyBody>,
    limit: TimeLimit,
    /// Whether the latest read brought something: then its wait is over, and the next one must not
    /// begin too late.
    has_read: bool,
    buffer: Box<[u8]>,
}

impl Incoming {
    pub(crate) fn new(body: ReplyBody, limit: TimeLimit) -> Self {
        Self { body: Some(body), limit, has_read: false, buffer: vec![0; PIECE].into_boxed_slice() }
    }

    /// Reads until the stream has begun: until nothing of it can be sent again without being noticed.
    pub(crate) fn begin(&mut self, stream: &mut Streaming) -> Result<()> {
        loop {
            if let Some(begun) = stream.begin() {
                return begun;
            }
            self.read(stream);
        }
    }

    /// Reads all of the stream.
    pub(crate) fn read_all(&mut self, stream: &mut Streaming) -> Result<()> {
        loop {
            match stream.pass_over() {
                Some(Ok(())) => {}
                Some(Err(error)) => return Err(error),
                None if stream.is_over() => {
                    self.read_end();
                    return Ok(());
                }
                None => self.read(stream),
            }
        }
    }

    /// Reads once, and tells the stream what there was.
    pub(crate) fn read(&mut self, stream: &mut Streaming) {
        // What never says anything may never let go either, nor a transport that knows no limits.
        if mem::take(&mut self.has_read) && self.limit.is_over(stream.contents()) {
            return stream.fail(self.limit.over());
        }
        self.limit.begin_wait(stream.contents());
        let Some(body) = &mut self.body else { return stream.finish() };
        match body.read(&mut self.buffer) {
            Ok(0) => stream.finish(),
            Ok(length) => {
                self.has_read = true;
                let piece = self.buffer.get(..length).unwrap_or(&self.buffer);
                stream.push(Bytes::copy_from_slice(piece));
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                if let Err(error) = self.limit.hold(Err::<(), _>(broken(error))) {
                    stream.fail(error);
                }
            }
        }
    }

    /// Reads on to the end of the body, for the next call to have the connection; what else there is
    /// does not matter, nor does how it ends.
    pub(crate) fn read_end(&mut self) {
        self.limit.for_end();
        for _ in 0..MAX_PIECES_AFTER_END {
            self.limit.begin_wait(0);
            let Some(body) = &mut self.body else { return };
            match body.read(&mut self.buffer) {
                Ok(0) | Err(_) => break,
                Ok(_) => {}
            }
        }
        self.close();
    }

    /// Closes the connection.
    pub(crate) fn close(&mut self) {
        self.body = None;
    }
}
