//! Replies, connections that are used again, and everything in the common table.

use std::time::Duration;

use flow_api::client::{Connection, InFlight};
use flow_async::{HttpTransport, Transport as _};
use flow_loopback::scenarios::{Got, post, scenarios};
use flow_loopback::{Authority, Peer, Server, check_request};
use http::Request;

use crate::support::{run, send};

fn polite(mut peer: Peer, server: &Server) {
    while let Some(seen) = peer.request() {
        server.note(seen);
        peer.write(b"HTTP/1.1 200 OK\r\nx-name: J\xE9r\xF4me\r\ncontent-length: 5\r\n\r\nhello");
    }
}

#[tokio::test]
async fn scenarios_come_out_as_wanted() {
    for scenario in scenarios() {
        scenario
            .check(&run(&scenario.connection, scenario.request.clone(), &scenario.server).await);
    }
}

#[tokio::test]
async fn connection_is_used_again_and_only_the_request_is_sent() {
    let authority = Authority::new();
    for (is_https, server) in
        [(false, Server::start(polite)), (true, Server::tls(authority.server("localhost"), polite))]
    {
        let url = if is_https { server.https() } else { server.http() };
        let connection = if is_https { authority.trusted() } else { Connection::new(false) };
        let transport = HttpTransport::new(&connection).unwrap();
        for _ in 0..3 {
            let in_flight = InFlight::new(Some(Duration::from_secs(10)));
            let got = send(&transport, post(&url), &in_flight, || ()).await;
            let Got::Reply(_, headers, body) = got else { panic!("{got:?}") };
            assert_eq!(headers["x-name"].as_bytes(), b"J\xE9r\xF4me");
            assert_eq!(body, b"hello");
        }
        assert_eq!(server.connections(), 1);
        let host = url.split("://").nth(1).unwrap();
        for seen in server.seen() {
            assert_eq!(seen.line, "POST /v1/chat HTTP/1.1");
            check_request(&seen, host, &[]);
        }
    }
}

#[tokio::test]
async fn connection_whose_body_was_not_read_is_not_used_again() {
    let server = Server::start(|mut peer, _| {
        while peer.request().is_some() {
            peer.write("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhel");
        }
    });
    let transport = HttpTransport::new(&Connection::new(false)).unwrap();
    for _ in 0..2 {
        let in_flight = InFlight::new(None);
        drop(transport.send(post(&server.http()), &in_flight).await.unwrap());
    }
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn connection_that_the_server_closed_is_not_used_again() {
    let server = Server::start(|mut peer, server| {
        server.note(peer.request().unwrap());
        peer.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
        drop(peer);
        server.gate().open();
    });
    let transport = HttpTransport::new(&Connection::new(false)).unwrap();
    for _ in 0..2 {
        let in_flight = InFlight::new(None);
        let got = send(&transport, post(&server.http()), &in_flight, || {
            server.gate().wait();
            // A close is noticed before the next send if it came this long before it.
            std::thread::sleep(Duration::from_millis(2));
        })
        .await;
        assert!(matches!(got, Got::Reply(..)), "{got:?}");
    }
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn get_is_sent_without_a_length() {
    let server = Server::start(polite);
    let request = Request::get(format!("{}/v1/models?a=b", server.http())).body("".into()).unwrap();
    let got = run(&Connection::new(false), request, &server).await;
    assert!(matches!(got, Got::Reply(..)), "{got:?}");
    let seen = server.seen().remove(0);
    assert_eq!(seen.line, "GET /v1/models?a=b HTTP/1.1");
    assert_eq!(seen.header("content-length"), None);
}

#[tokio::test]
async fn ipv6_is_reached_where_the_machine_has_it() {
    let Ok(listener) = std::net::TcpListener::bind("[::1]:0") else { return };
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let got = run(&Connection::new(false), post(&url), &Server::start(polite)).await;
    assert!(format!("{got:?}").contains("ConnectionRefused"), "{got:?}");
}
