//! Through a proxy: the whole URL for `http`, a tunnel for `https`.

use flow_api::Proxy;
use flow_api::client::Connection;
use flow_errors::{Class, Kind, Sent};
use flow_loopback::scenarios::{Got, chain, post};
use flow_loopback::{Authority, Server, check_request, proxy};

use crate::support::run;

/// The Base64 of `me:hu@sh`.
const CREDENTIALS: &str = "Basic bWU6aHVAc2g=";

fn through(mut connection: Connection, scheme: &str, host: &str, proxy: &Server) -> Connection {
    let url = format!("{scheme}://me:hu%40sh@{host}:{}", proxy.address().port());
    connection.proxy = Some(Proxy::new(&url).unwrap());
    connection
}

fn hello(authority: &Authority) -> Server {
    Server::tls(authority.server("localhost"), |mut peer, server| {
        while let Some(seen) = peer.request() {
            server.note(seen);
            peer.write("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello");
        }
    })
}

#[tokio::test]
async fn plain_requests_name_the_whole_url() {
    let proxy = proxy(([127, 0, 0, 1], 9).into());
    let connection = through(Connection::new(false), "http", "127.0.0.1", &proxy);
    let got = run(&connection, post("http://api.example:81"), &proxy).await;
    let Got::Reply(_, _, body) = got else { panic!("{got:?}") };
    assert_eq!(body, b"proxy");
    let seen = proxy.seen().remove(0);
    assert_eq!(seen.line, "POST http://api.example:81/v1/chat HTTP/1.1");
    check_request(&seen, "api.example:81", &[("proxy-authorization", CREDENTIALS)]);
}

#[tokio::test]
async fn encrypted_requests_go_through_a_tunnel() {
    let authority = Authority::new();
    let server = hello(&authority);
    let proxy = proxy(server.address());
    let connection = through(authority.trusted(), "http", "127.0.0.1", &proxy);
    let got = run(&connection, post(&server.https()), &proxy).await;
    let Got::Reply(_, _, body) = got else { panic!("{got:?}") };
    assert_eq!(body, b"hello");
    let (connect, host) =
        (proxy.seen().remove(0), format!("localhost:{}", server.address().port()));
    assert_eq!(connect.line, format!("CONNECT {host} HTTP/1.1"));
    assert_eq!(connect.header("host"), Some(&*host));
    assert_eq!(connect.header("proxy-authorization"), Some(CREDENTIALS));
    check_request(&server.seen().remove(0), &host, &[]);
}

#[tokio::test]
async fn encrypted_proxy_is_trusted_like_a_server() {
    let authority = Authority::new();
    let proxy = hello(&authority);
    let mut connection = authority.trusted();
    connection.is_https = false;
    let connection = through(connection, "https", "localhost", &proxy);
    let got = run(&connection, post("http://api.example"), &proxy).await;
    let Got::Reply(_, _, body) = got else { panic!("{got:?}") };
    assert_eq!(body, b"hello");
    assert_eq!(proxy.seen().remove(0).line, "POST http://api.example/v1/chat HTTP/1.1");
}

#[tokio::test]
async fn refused_tunnel_is_a_connect_error_that_names_the_status() {
    #[rustfmt::skip]
    let cases = [
        // name          answer                                                                     want in the chain
        ("needs a login", "HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n", "authorization required"),
        ("forbids it",    "HTTP/1.1 403 Forbidden\r\n\r\n",                                         "unsuccessful"),
        ("is no proxy",   "hello\r\n\r\n",                                                          "unsuccessful"),
        ("is silent",     "",                                                                       "unexpected end of file"),
    ];
    for (name, answer, want) in cases {
        let proxy = Server::start(move |mut peer, _| {
            if peer.request().is_some() {
                peer.write(answer);
            }
        });
        let connection = through(Authority::new().trusted(), "http", "127.0.0.1", &proxy);
        let got = run(&connection, post("https://localhost:9"), &proxy).await;
        let Got::NoHead(error, sent) = got else { panic!("{name}: {got:?}") };
        assert_eq!((error.kind(), error.class()), (Kind::Connect, Class::NotSent), "{error:?}");
        assert_eq!(sent, Sent::No, "{name}");
        let chain = chain(&error);
        assert!(chain.contains(want) && !chain.contains("hu"), "{name}: {chain}");
    }
}

#[test]
fn debug_hides_the_credentials() {
    let proxy = proxy(([127, 0, 0, 1], 9).into());
    let connection = through(Connection::new(false), "http", "127.0.0.1", &proxy);
    let transport = flow_async::HttpTransport::new(&connection).unwrap();
    let debug = format!("{transport:?}{connection:?}");
    assert!(!debug.contains("hu%40sh") && !debug.contains(CREDENTIALS), "{debug}");
}
