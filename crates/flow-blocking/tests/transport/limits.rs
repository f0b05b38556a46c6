//! Timeouts and cancels: everything that blocks ends in time, and says why.

use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use flow_api::Proxy;
use flow_api::client::{Connection, InFlight};
use flow_blocking::{CancelToken, HttpTransport};
use flow_errors::{Class, Error, Kind};
use flow_loopback::scenarios::{Got, chain, post};
use flow_loopback::{Authority, Peer, Server, deaf, proxy};
use http::Request;

use crate::support::{send, within};

const LIMIT: Duration = Duration::from_millis(300);

/// Milliseconds: more than a busy machine needs, and less than any limit but ours.
const MOST: u64 = 3_000;

/// A place where a call can block.
struct Place {
    name: &'static str,
    connection: Connection,
    request: Request<Bytes>,
    /// Whether the request may have been run by then.
    is_sent: bool,
    _guard: Box<dyn Send>,
}

fn on_request(script: fn(Peer)) -> impl Fn(Peer, &Server) {
    move |mut peer, _| {
        if peer.request().is_some() {
            script(peer);
        }
    }
}

fn hang_in_body(mut peer: Peer) {
    peer.write("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhel");
    peer.hang();
}

fn drip_body(mut peer: Peer) {
    peer.write("HTTP/1.1 200 OK\r\ncontent-length: 9000\r\n\r\n");
    peer.drip([b'x'; 9000], Duration::from_millis(10));
}

fn drip_open_body(mut peer: Peer) {
    peer.write("HTTP/1.1 200 OK\r\n\r\n");
    peer.drip([b'x'; 9000], Duration::from_millis(10));
}

fn drip_chunks(mut peer: Peer) {
    peer.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
    peer.drip(b"1\r\nx\r\n".repeat(2000), Duration::from_millis(10));
}

fn drip_head(mut peer: Peer) {
    peer.write("HTTP/1.1 200 OK\r\n");
    peer.drip(b"x: y\r\n".repeat(90), Duration::from_millis(10));
}

fn places() -> Vec<Place> {
    let scripts: [(_, fn(Peer)); 6] = [
        ("head", Peer::hang),
        ("slow head", drip_head),
        ("body", hang_in_body),
        ("slow body", drip_body),
        ("slow body up to the close", drip_open_body),
        ("slow chunks", drip_chunks),
    ];
    let authority = Authority::new();
    let mut places = Vec::new();
    for (name, script) in scripts {
        let server = Server::start(on_request(script));
        places.push(place(name, Connection::new(false), post(&server.http()), true));
        let server = Server::tls(authority.server("localhost"), on_request(script));
        places.push(place(name, authority.trusted(), post(&server.https()), true));
        let mut tunnelled = authority.trusted();
        let relay = proxy(server.address());
        tunnelled.proxy = Some(Proxy::new(&relay.http()).unwrap());
        places.push(place(name, tunnelled, post(&server.https()), true));
    }
    let deaf = deaf();
    let request = post(&format!("http://{}", deaf.0));
    let mut connecting = place("TCP", Connection::new(false), request, false);
    connecting._guard = Box::new(deaf);
    places.push(connecting);
    let silent = Server::start(|peer, _| peer.hang());
    places.push(place("TLS", authority.trusted(), post(&silent.https()), false));
    let mut tunnelled = authority.trusted();
    tunnelled.proxy = Some(Proxy::new(&silent.http()).unwrap());
    places.push(place("CONNECT", tunnelled, post("https://localhost:9"), false));
    let mut relayed = authority.trusted();
    relayed.proxy = Some(Proxy::new(&proxy(silent.address()).http()).unwrap());
    places.push(place("TLS in a tunnel", relayed, post("https://localhost:9"), false));
    let busy = Server::start(|_, server| server.gate().wait());
    let large = post(&busy.http()).map(|_| vec![0; 64 << 20].into());
    places.push(place("request body", Connection::new(false), large, true));
    places
}

fn place(
    name: &'static str,
    connection: Connection,
    request: Request<Bytes>,
    is_sent: bool,
) -> Place {
    Place { name, connection, request, is_sent, _guard: Box::new(()) }
}

/// Sends, and returns the error that must come of it 300 ms later, long before any other limit.
fn run(
    place: &Place,
    in_flight: &InFlight,
    cancel: &CancelToken,
    at_start: impl FnOnce(),
) -> Error {
    let transport = HttpTransport::new(&place.connection).unwrap();
    let got = within(place.name, 300, MOST, || {
        at_start();
        send(&transport, place.request.clone(), in_flight, cancel, || ())
    });
    match got {
        Got::NoHead(error, _) | Got::BrokenBody(error) => error,
        Got::Reply(..) => panic!("{}: {got:?}", place.name),
    }
}

#[test]
fn timeout_ends_every_wait() {
    for place in places() {
        let error = run(&place, &InFlight::new(Some(LIMIT)), &CancelToken::new(), || ());
        let class = if place.is_sent { Class::Ambiguous } else { Class::NotSent };
        assert_eq!((error.kind(), error.class()), (Kind::Timeout, class), "{}", place.name);
        assert!(chain(&error).contains("300 ms"), "{}: {}", place.name, chain(&error));
    }
}

#[test]
fn connect_timeout_ends_every_wait_before_the_request() {
    for mut place in places().into_iter().filter(|place| !place.is_sent) {
        place.connection.connect_timeout = LIMIT;
        let error = run(&place, &InFlight::new(None), &CancelToken::new(), || ());
        assert_eq!((error.kind(), error.class()), (Kind::Connect, Class::NotSent), "{error:?}");
        assert!(chain(&error).contains("timeout of 300ms"), "{}: {}", place.name, chain(&error));
    }
}

#[test]
fn cancel_ends_every_wait() {
    for place in places() {
        let cancel = CancelToken::new();
        let other = cancel.clone();
        let mut canceller = None;
        let error = run(&place, &InFlight::new(None), &cancel, || {
            canceller = Some(thread::spawn(move || {
                assert!(!other.wait_timeout(LIMIT));
                other.cancel();
                other.cancel();
            }));
        });
        let want = (Kind::Cancelled, Class::Permanent);
        assert_eq!((error.kind(), error.class()), want, "{}: {error:?}", place.name);
        canceller.unwrap().join().unwrap();
    }
}

#[test]
fn nothing_is_sent_when_it_is_over_before() {
    let server = Server::start(|_, _| ());
    let transport = HttpTransport::new(&Connection::new(false)).unwrap();
    let cancel = CancelToken::new();
    let no_time = InFlight::new(Some(Duration::ZERO));
    let got = send(&transport, post(&server.http()), &no_time, &cancel, || ());
    assert!(matches!(got, Got::NoHead(error, _) if error.kind() == Kind::Timeout));
    cancel.cancel();
    let got = send(&transport, post(&server.http()), &InFlight::new(None), &cancel, || ());
    assert!(matches!(got, Got::NoHead(error, _) if error.kind() == Kind::Cancelled));
    assert_eq!(server.connections(), 0);
}

#[test]
fn endless_timeouts_are_no_problem() {
    let server = Server::start(on_request(|mut peer| {
        peer.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
    }));
    let mut connection = Connection::new(false);
    connection.connect_timeout = Duration::MAX;
    let transport = HttpTransport::new(&connection).unwrap();
    let in_flight = InFlight::new(Some(Duration::MAX));
    let got = send(&transport, post(&server.http()), &in_flight, &CancelToken::new(), || ());
    assert!(matches!(got, Got::Reply(..)), "{got:?}");
}

#[test]
fn cancel_of_a_finished_call_leaves_its_connection_to_the_next() {
    let server = Server::start(|mut peer, _| {
        while peer.request().is_some() {
            peer.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
        }
    });
    let transport = HttpTransport::new(&Connection::new(false)).unwrap();
    let begin = Instant::now();
    while begin.elapsed() < LIMIT {
        let finished = CancelToken::new();
        let in_flight = InFlight::new(Some(Duration::from_secs(10)));
        let url = server.http();
        let reply = send(&transport, post(&url), &in_flight, &finished, || ());
        assert!(matches!(reply, Got::Reply(..)), "{reply:?}");
        let canceller = thread::spawn(move || finished.cancel());
        let in_flight = InFlight::new(Some(Duration::from_secs(10)));
        let reply = send(&transport, post(&url), &in_flight, &CancelToken::new(), || ());
        assert!(matches!(reply, Got::Reply(..)), "{reply:?}");
        canceller.join().unwrap();
    }
    assert_eq!(server.connections(), 1);
}
