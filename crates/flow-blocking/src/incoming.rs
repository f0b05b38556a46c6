//! The body of a streamed reply, read from the transport as it arrives and within its limits.

use std::io::{self, Read as _};
use std::sync::Arc;

use bytes::Bytes;
use flow_api::client::{InFlight, Patience, Streaming};
use flow_errors::Result;

use crate::clock::Clock;
use crate::reading::broken;
use crate::transport::ReplyBody;

/// The most pieces that are read after the end of a stream, in the hope for the end of the body.
const MAX_PIECES_AFTER_END: u32 = 16;

/// How much is read at once: as much as ureq has buffered, at most.
const PIECE: usize = 16 * 1024;

/// The body of a streamed reply.
pub(crate) struct Incoming {
    /// `None` once nothing more is wanted of it: the connection is closed then, unless all was read.
    body: Option<ReplyBody>,
    clock: Arc<dyn Clock>,
    in_flight: InFlight,
    patience: Patience,
    buffer: Box<[u8]>,
}

impl Incoming {
    pub(crate) fn new(
        body: ReplyBody,
        clock: Arc<dyn Clock>,
        in_flight: InFlight,
        patience: Patience,
    ) -> Self {
        let buffer = vec![0; PIECE].into_boxed_slice();
        Self { body: Some(body), clock, in_flight, patience, buffer }
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
            match stream.next_chunk() {
                Some(Ok(_)) => {}
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
        self.limit_wait(stream.contents());
        let Some(body) = &mut self.body else { return stream.finish() };
        match body.read(&mut self.buffer) {
            Ok(0) => stream.finish(),
            Ok(length) => {
                let piece = self.buffer.get(..length).unwrap_or(&self.buffer);
                stream.push(Bytes::copy_from_slice(piece));
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                stream.fail(self.patience.instead_of(broken(error), self.in_flight.sent()));
            }
        }
    }

    /// Reads on to the end of the body, for the next call to have the connection; what else there is
    /// does not matter, nor does how it ends.
    pub(crate) fn read_end(&mut self) {
        self.patience.for_end(self.clock.now());
        for _ in 0..MAX_PIECES_AFTER_END {
            self.limit_wait(0);
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

    /// Tells the transport how long the next read may take.
    fn limit_wait(&mut self, contents: u64) {
        self.in_flight.set_wait_limit(self.patience.left(self.clock.now(), contents));
    }
}
