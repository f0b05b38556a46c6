//! Sending and reading, in a line each.

use std::io::Read as _;
use std::time::{Duration, Instant};

use bytes::Bytes;
use flow_api::client::{Connection, InFlight};
use flow_blocking::{CancelToken, HttpTransport, Transport};
use flow_errors::Error;
use flow_loopback::Server;
use flow_loopback::scenarios::Got;
use http::Request;

/// Sends over a new transport, reads the whole body, and opens the server's gate in between.
pub(crate) fn run(connection: &Connection, request: Request<Bytes>, server: &Server) -> Got {
    let transport = HttpTransport::new(connection).unwrap();
    let in_flight = InFlight::new(Some(Duration::from_secs(10)));
    send(&transport, request, &in_flight, &CancelToken::new(), || server.gate().open())
}

/// Sends and reads the whole body.
pub(crate) fn send(
    transport: &impl Transport,
    request: Request<Bytes>,
    in_flight: &InFlight,
    cancel: &CancelToken,
    on_head: impl FnOnce(),
) -> Got {
    let reply = match transport.send(request, in_flight, cancel) {
        Ok(reply) => reply,
        Err(error) => return Got::NoHead(error, in_flight.sent()),
    };
    on_head();
    let (head, mut body) = reply.into_parts();
    let mut bytes = Vec::new();
    match body.read_to_end(&mut bytes) {
        Ok(_) => Got::Reply(head.status, head.headers, bytes),
        Err(error) => {
            let again = body.read(&mut [0]).unwrap_err();
            let error: Error = error.downcast().unwrap();
            assert_eq!(again.downcast::<Error>().unwrap().kind(), error.kind(), "it stays broken");
            Got::BrokenBody(error)
        }
    }
}

/// Runs `work` and panics unless it takes from `least` to `most` milliseconds.
pub(crate) fn within<T>(name: &str, least: u64, most: u64, work: impl FnOnce() -> T) -> T {
    let begin = Instant::now();
    let result = work();
    let took = begin.elapsed();
    assert!(took >= Duration::from_millis(least), "{name}: only {took:?}");
    assert!(took < Duration::from_millis(most), "{name}: {took:?}");
    result
}
