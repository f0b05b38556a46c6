//! The connect timeout, and what is known of a request whose future is dropped.

use std::time::Duration;

use bytes::Bytes;
use flow_api::Proxy;
use flow_api::client::{Connection, InFlight};
use flow_async::{HttpTransport, Transport as _};
use flow_errors::{Class, Kind, Sent};
use flow_loopback::scenarios::{Got, chain, post};
use flow_loopback::{Authority, Server, deaf, proxy};
use http::Request;

use crate::support::{send, within};

const LIMIT: Duration = Duration::from_millis(300);

/// Milliseconds: more than a busy machine needs, and less than any limit but ours.
const MOST: u64 = 3_000;

/// Places where connecting can block, with who waits there.
fn places() -> Vec<(&'static str, Connection, String, Box<dyn Send>)> {
    let deaf = deaf();
    let silent = Server::start(|peer, _| peer.hang());
    let authority = Authority::new();
    let through = |proxy: &Server| {
        let mut connection = authority.trusted();
        connection.proxy = Some(Proxy::new(&proxy.http()).unwrap());
        connection
    };
    let (tcp, tunnel) = (format!("http://{}", deaf.0), "https://localhost:9".to_owned());
    let relay = proxy(silent.address());
    vec![
        ("TCP", Connection::new(false), tcp, Box::new(deaf)),
        ("TLS", authority.trusted(), silent.https(), Box::new(())),
        ("CONNECT", through(&silent), tunnel.clone(), Box::new(())),
        ("TLS in a tunnel", through(&relay), tunnel, Box::new(())),
    ]
}

#[tokio::test]
async fn connect_timeout_ends_every_wait_before_the_request() {
    for (name, mut connection, url, _guard) in places() {
        connection.connect_timeout = LIMIT;
        let transport = HttpTransport::new(&connection).unwrap();
        let in_flight = InFlight::new(None);
        let sending = send(&transport, post(&url), &in_flight, || ());
        let got = within(name, 295, MOST, sending).await;
        let Got::NoHead(error, Sent::No) = got else { panic!("{name}: {got:?}") };
        assert_eq!((error.kind(), error.class()), (Kind::Connect, Class::NotSent), "{error:?}");
        assert!(chain(&error).contains("timeout of 300ms"), "{name}: {}", chain(&error));
    }
}

#[tokio::test]
async fn dropped_future_was_not_sent_while_it_was_connecting() {
    for (name, connection, url, _guard) in places() {
        let get = Request::get(&url).body(Bytes::new()).unwrap();
        for request in [post(&url), get] {
            let transport = HttpTransport::new(&connection).unwrap();
            let in_flight = InFlight::new(None);
            let sending = transport.send(request, &in_flight);
            assert!(tokio::time::timeout(LIMIT, sending).await.is_err(), "{name}");
            assert_eq!(in_flight.sent(), Sent::No, "{name}");
        }
    }
}

#[tokio::test]
async fn dropped_future_was_perhaps_sent_once_it_had_a_connection() {
    let server = Server::start(|peer, _| peer.hang());
    let get = Request::get(server.http()).body(Bytes::new()).unwrap();
    for request in [post(&server.http()), get] {
        let transport = HttpTransport::new(&Connection::new(false)).unwrap();
        let in_flight = InFlight::new(None);
        let sending = transport.send(request, &in_flight);
        assert!(tokio::time::timeout(LIMIT, sending).await.is_err());
        assert_eq!(in_flight.sent(), Sent::Perhaps);
    }
}

#[tokio::test]
async fn endless_timeouts_are_no_problem() {
    let server = Server::start(|mut peer, _| {
        while peer.request().is_some() {
            peer.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
        }
    });
    let mut connection = Connection::new(false);
    connection.connect_timeout = Duration::MAX;
    let transport = HttpTransport::new(&connection).unwrap();
    let in_flight = InFlight::new(Some(Duration::MAX));
    let got = send(&transport, post(&server.http()), &in_flight, || ()).await;
    assert!(matches!(got, Got::Reply(..)), "{got:?}");
}
