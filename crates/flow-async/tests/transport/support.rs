//! Sending and reading, in a line each.

use std::time::{Duration, Instant};

use bytes::Bytes;
use flow_api::client::{Connection, InFlight};
use flow_async::{HttpTransport, Transport};
use flow_loopback::Server;
use flow_loopback::scenarios::Got;
use http::Request;
use http_body_util::BodyExt as _;

/// Sends over a new transport, reads the whole body, and opens the server's gate in between.
pub(crate) async fn run(connection: &Connection, request: Request<Bytes>, server: &Server) -> Got {
    let transport = HttpTransport::new(connection).unwrap();
    let in_flight = InFlight::new(Some(Duration::from_secs(10)));
    send(&transport, request, &in_flight, || server.gate().open()).await
}

/// Sends and reads the whole body.
pub(crate) async fn send(
    transport: &impl Transport,
    request: Request<Bytes>,
    in_flight: &InFlight,
    on_head: impl FnOnce(),
) -> Got {
    let reply = match transport.send(request, in_flight).await {
        Ok(reply) => reply,
        Err(error) => return Got::NoHead(error, in_flight.sent()),
    };
    on_head();
    let (head, body) = reply.into_parts();
    match body.collect().await {
        Ok(body) => Got::Reply(head.status, head.headers, body.to_bytes().into()),
        Err(error) => Got::BrokenBody(error),
    }
}

/// Awaits `work` and panics unless it takes from `least` to `most` milliseconds.
pub(crate) async fn within<T>(
    name: &str,
    least: u64,
    most: u64,
    work: impl Future<Output = T>,
) -> T {
    let begin = Instant::now();
    let result = work.await;
    let took = begin.elapsed();
    assert!(took >= Duration::from_millis(least), "{name}: only {took:?}");
    assert!(took < Duration::from_millis(most), "{name}: {took:?}");
    result
}
