//! A connection as ureq sees it: buffers that are written to and filled.
//!
//! ureq's own timeouts are off; what is passed here as a timeout is ignored in favor of the
//! current call, which the socket below asks.

use std::fmt;
use std::io::{self, Read as _, Write as _};

use flow_api::client::head;
use ureq::unversioned::transport::{Buffers, LazyBuffers, NextTimeout, Transport};

use crate::call::Call;
use crate::stream::Stream;

/// How long ureq lets a reply's head be: whatever our own limit on headers may admit.
pub(crate) const MAX_HEAD_BYTES: usize = head::MAX_HEADER_BYTES + 8 * 1024;

/// Room for the largest head, and for what a body brings at once.
const INPUT_BYTES: usize = MAX_HEAD_BYTES + 16 * 1024;

/// What is written at once.
const OUTPUT_BYTES: usize = 32 * 1024;

/// A connection that requests are sent over.
pub(crate) struct Connection {
    stream: Stream,
    buffers: LazyBuffers,
    /// The target's `http://host:port`, which a plain-HTTP proxy wants in each request line.
    origin: Option<Box<str>>,
    is_tls: bool,
    /// The beginning of a request, until it is known what follows: one write is half of two. Its room
    /// is kept from request to request.
    held: Vec<u8>,
}

impl Connection {
    pub(crate) fn new(stream: Stream, origin: Option<Box<str>>) -> Self {
        let buffers = LazyBuffers::new(INPUT_BYTES, OUTPUT_BYTES);
        // TLS that only reaches as far as the proxy is not TLS to the service.
        let is_tls = stream.is_tls() && origin.is_none();
        Self { stream, buffers, origin, is_tls, held: Vec::new() }
    }

    /// Writes what ureq has put into the buffer; the beginning of a request waits for the rest.
    fn write(&mut self, call: &Call, amount: usize) -> io::Result<()> {
        let begins_request = call.begin_write();
        let output = self.buffers.output().get(..amount).unwrap_or_default();
        if begins_request {
            let origin = self.origin.as_deref().unwrap_or_default();
            complete(&mut self.held, output, origin, call.secret_lines());
            return Ok(());
        }
        if self.held.is_empty() {
            self.stream.write_all(output)?;
            return self.stream.flush();
        }
        self.held.extend_from_slice(output);
        self.release()
    }

    /// Writes what is held, if anything is.
    fn release(&mut self) -> io::Result<()> {
        if self.held.is_empty() {
            return Ok(());
        }
        let written = self.stream.write_all(&self.held);
        self.held.clear();
        written.and_then(|()| self.stream.flush())
    }

    fn read(&mut self) -> io::Result<usize> {
        // A request without a body is over with its head.
        self.release()?;
        let count = self.stream.read(self.buffers.input_append_buf())?;
        self.buffers.input_appended(count);
        Ok(count)
    }
}

/// Holds the beginning of a request, with what ureq does not know: the proxied origin, which makes
/// `POST /v1` into `POST http://host/v1`, and the header lines that it would log.
fn complete(held: &mut Vec<u8>, output: &[u8], origin: &str, secret_lines: &[u8]) {
    let behind = |wanted: u8| {
        let at = output.iter().position(|byte| *byte == wanted);
        at.map_or(output.len(), |at| at.saturating_add(1))
    };
    let (line, headers) = output.split_at(behind(b'\n'));
    let (method, path) = line.split_at(behind(b' ').min(line.len()));
    held.clear();
    for part in [method, origin.as_bytes(), path, secret_lines, headers] {
        held.extend_from_slice(part);
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What is held and buffered has the key and the prompt in it.
        f.debug_struct("Connection").field("stream", &self.stream).finish_non_exhaustive()
    }
}

impl Transport for Connection {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, _: NextTimeout) -> Result<(), ureq::Error> {
        let call = Call::current().ok_or(ureq::Error::ConnectionFailed)?;
        let written = self.write(&call, amount);
        written.map_err(|error| ureq::Error::Other(call.broke_io(error).into()))
    }

    fn await_input(&mut self, _: NextTimeout) -> Result<bool, ureq::Error> {
        let call = Call::current().ok_or(ureq::Error::ConnectionFailed)?;
        let read = self.read();
        read.map(|count| count > 0).map_err(|error| ureq::Error::Other(call.broke_io(error).into()))
    }

    fn is_open(&mut self) -> bool {
        self.stream.is_idle()
    }

    fn is_tls(&self) -> bool {
        self.is_tls
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_is_completed_behind_the_method_and_the_request_line() {
        const OUTPUT: &str = "POST /v1 HTTP/1.1\r\nhost: h\r\n";
        #[rustfmt::skip]
        let cases = [
            // output origin         secret       want
            (OUTPUT, "http://h:81", "k: v\r\n", "POST http://h:81/v1 HTTP/1.1\r\nk: v\r\nhost: h\r\n"),
            (OUTPUT, "",            "k: v\r\n", "POST /v1 HTTP/1.1\r\nk: v\r\nhost: h\r\n"),
            (OUTPUT, "",            "",         OUTPUT),
            ("",     "",            "",         ""),
        ];
        let mut held = Vec::new();
        for (output, origin, secret, want) in cases {
            complete(&mut held, output.as_bytes(), origin, secret.as_bytes());
            assert_eq!(std::str::from_utf8(&held).unwrap(), want);
        }
    }
}
