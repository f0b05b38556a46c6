//! A runtime on one thread, which stands still between two calls.

use std::thread;
use std::time::Duration;

use flow_api::client::{Connection, InFlight};
use flow_async::HttpTransport;
use flow_loopback::scenarios::{Got, post};
use flow_loopback::{Gate, Server};

use crate::support::send;

#[test]
fn connection_that_was_closed_while_the_runtime_stood_still_is_not_used_again() {
    let (read, closed) = (Gate::default(), Gate::default());
    let (is_read, is_closed) = (read.clone(), closed.clone());
    let server = Server::start(move |mut peer, server| {
        server.note(peer.request().unwrap());
        peer.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
        is_read.wait();
        drop(peer);
        is_closed.open();
    });
    let transport = HttpTransport::new(&Connection::new(false)).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for _ in 0..2 {
        let in_flight = InFlight::new(None);
        let got = runtime.block_on(send(&transport, post(&server.http()), &in_flight, || ()));
        assert!(matches!(got, Got::Reply(..)), "{got:?}");
        read.open();
        closed.wait();
        // Shorter pauses are no standstill; so long a one is, however long it takes in truth.
        thread::sleep(Duration::from_millis(2));
    }
    assert_eq!((server.connections(), server.seen().len()), (2, 2));
}
