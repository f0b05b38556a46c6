//! What can happen to one request, and what both transports must say of it.

use std::time::Duration;

use bytes::Bytes;
use flow_api::client::Connection;
use flow_errors::{Class, Error, Kind, Sent};
use http::{HeaderMap, Request, StatusCode};

use crate::{Authority, Peer, Server, closed};

/// One request and what must come of it.
#[derive(Debug)]
pub struct Scenario {
    /// A sentence for the failure message.
    pub name: &'static str,
    /// How the transport connects.
    pub connection: Connection,
    /// What is sent.
    pub request: Request<Bytes>,
    /// Who answers; its gate is to be opened once the head has been received.
    pub server: Server,
    /// What must come of it.
    pub want: Want,
}

/// What must come of a request.
#[derive(Debug)]
pub enum Want {
    /// A whole reply with this status and body.
    Reply(u16, &'static [u8]),
    /// An error before the head was there.
    NoHead(Kind, Class, Sent, &'static str),
    /// An error while the body was read.
    BrokenBody(Kind, Class, &'static str),
}

/// What came of a request.
#[derive(Debug)]
pub enum Got {
    /// The head and the whole body.
    Reply(StatusCode, HeaderMap, Vec<u8>),
    /// An error before the head was there.
    NoHead(Error, Sent),
    /// An error while the body was read.
    BrokenBody(Error),
}

impl Scenario {
    /// Panics unless `got` is what must come of it.
    pub fn check(&self, got: &Got) {
        let name = self.name;
        match (&self.want, got) {
            (Want::Reply(status, body), Got::Reply(got_status, _, got_body)) => {
                assert_eq!(got_status.as_u16(), *status, "{name}");
                assert_eq!(got_body, body, "{name}");
            }
            (Want::NoHead(kind, class, sent, text), Got::NoHead(error, got_sent)) => {
                assert_eq!(got_sent, sent, "{name}: {error:?}");
                check_error(name, error, (*kind, *class, text));
            }
            (Want::BrokenBody(kind, class, text), Got::BrokenBody(error)) => {
                check_error(name, error, (*kind, *class, text));
            }
            (want, got) => assert_eq!(format!("{got:?}"), format!("{want:?}"), "{name}"),
        }
    }
}

fn check_error(name: &str, error: &Error, (kind, class, text): (Kind, Class, &str)) {
    assert_eq!((error.kind(), error.class()), (kind, class), "{name}: {error:?}");
    let chain = chain(error);
    assert!(chain.contains(text), "{name}: `{text}` is not in: {chain}");
    assert!(!chain.contains("hush"), "{name}: a secret is in: {chain}");
}

/// Returns an error and its causes, as a report prints them.
#[must_use]
pub fn chain(error: &Error) -> String {
    let mut chain = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        chain = format!("{chain}: {error}");
        cause = error.source();
    }
    chain
}

/// Returns a `POST` to a URL.
#[must_use]
pub fn post(url: &str) -> Request<Bytes> {
    Request::post(format!("{url}/v1/chat")).body(Bytes::from_static(b"{\"hush\": 1}")).unwrap()
}

/// Returns every scenario, each with a server of its own.
#[must_use]
pub fn scenarios() -> Vec<Scenario> {
    [replies(), connects(), heads(), bodies(), tls()].into_iter().flatten().collect()
}

const LOST: (Kind, Class) = (Kind::Transport, Class::Ambiguous);

fn plain(
    name: &'static str,
    want: Want,
    script: impl Fn(Peer, &Server) + Send + Sync + 'static,
) -> Scenario {
    let server = Server::start(move |mut peer, server| {
        if let Some(seen) = peer.request() {
            server.note(seen);
            script(peer, server);
        }
    });
    let request = post(&server.http());
    Scenario { name, connection: Connection::new(false), request, server, want }
}

/// Writes a reply at once and closes.
fn says(bytes: impl AsRef<[u8]> + Send + Sync + 'static) -> impl Fn(Peer, &Server) {
    move |mut peer, _| peer.write(&bytes)
}

/// Writes a head, and once the client has it does `end`.
fn then(head: &'static str, end: fn(Peer)) -> impl Fn(Peer, &Server) {
    move |mut peer, server| {
        peer.write(head);
        server.gate().wait();
        end(peer);
    }
}

fn replies() -> Vec<Scenario> {
    use Want::Reply;

    let many = |count: usize| {
        let headers = "x-a: b\r\n".repeat(count - 1);
        format!("HTTP/1.1 200 OK\r\n{headers}content-length: 2\r\n\r\nok")
    };
    #[rustfmt::skip]
    let mut scenarios = vec![
        plain("sized body", Reply(200, b"hello"), says("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello")),
        plain("chunked body", Reply(200, b"hello"), says("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n")),
        plain("body up to the close", Reply(200, b"hello"), says("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nhello")),
        plain("HTTP/1.0", Reply(200, b"hello"), says("HTTP/1.0 200 OK\r\n\r\nhello")),
        plain("no reason phrase", Reply(429, b"{}"), says("HTTP/1.1 429\r\ncontent-length: 2\r\n\r\n{}")),
        plain("error status", Reply(503, b"busy"), says("HTTP/1.1 503 Busy\r\ncontent-length: 4\r\n\r\nbusy")),
        plain("no content", Reply(204, b""), says("HTTP/1.1 204 No Content\r\n\r\n")),
        plain("not followed redirect", Reply(307, b"on"), says("HTTP/1.1 307 On\r\nlocation: /there\r\ncontent-length: 2\r\n\r\non")),
        plain("unasked upgrade", Reply(101, b""), says("HTTP/1.1 101 Switch\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n")),
        plain("chunks with trailers", Reply(200, b"ok"), says("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2;x=y\r\nok\r\n0\r\nx: y\r\n\r\n")),
        plain("length and chunks", Reply(200, b"ok"), says("HTTP/1.1 200 OK\r\ncontent-length: 9\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n")),
        plain("bare line feeds", Reply(200, b"ok"), says("HTTP/1.1 200 OK\ncontent-length: 2\n\nok")),
        plain("not followed redirect of a POST", Reply(302, b""), says("HTTP/1.1 302 On\r\nlocation: http://10.255.255.1/\r\ncontent-length: 0\r\n\r\n")),
        plain("early hints first", Reply(200, b"ok"), says("HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")),
        plain("gzip is left alone", Reply(200, b"no gzip"), says("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 7\r\n\r\nno gzip")),
        plain("100 headers", Reply(200, b"ok"), says(many(100))),
        plain("slow body", Reply(200, b"hello"), |mut peer, _| {
            peer.write("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n");
            peer.drip("hello", Duration::from_millis(5));
        }),
    ];
    let mut head =
        plain("HEAD", Reply(200, b""), says("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n"));
    *head.request.method_mut() = http::Method::HEAD;
    *head.request.body_mut() = Bytes::new();
    scenarios.push(head);
    let mut get = plain("GET", Reply(200, b"ok"), says(many(2)));
    *get.request.method_mut() = http::Method::GET;
    *get.request.body_mut() = Bytes::new();
    scenarios.push(get);
    let name = "large body";
    let large = plain(name, Reply(200, b"ok"), says(many(2)));
    scenarios
        .push(Scenario { request: large.request.map(|_| vec![b'x'; 3 << 20].into()), ..large });
    scenarios
}

fn connects() -> Vec<Scenario> {
    let failed = |text| Want::NoHead(Kind::Connect, Class::NotSent, Sent::No, text);
    let mut refused = plain("refused port", failed("refused"), |_, _| {});
    let free = closed();
    refused.request = post(&format!("http://{free}"));
    let mut get = plain("refused port, nothing to send", failed("refused"), |_, _| {});
    get.request = Request::get(format!("http://{free}")).body(Bytes::new()).unwrap();
    let mut unknown = plain("unknown host", failed("lookup"), |_, _| {});
    unknown.request = post("http://nonexistent.invalid");
    vec![refused, get, unknown]
}

fn heads() -> Vec<Scenario> {
    let lost = |text| Want::NoHead(LOST.0, LOST.1, Sent::Perhaps, text);
    let refused = || {
        let text = "more than 100 reply headers";
        Want::NoHead(Kind::Decode, Class::Permanent, Sent::Perhaps, text)
    };
    let many = |count: usize| format!("HTTP/1.1 200 OK\r\n{}\r\n", "x-a: b\r\n".repeat(count));
    let long = |bytes: usize| format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "x".repeat(bytes));
    vec![
        plain("reset before the head", lost(""), |peer, _| peer.reset()),
        plain("closed before the head", lost(""), |_, _| {}),
        plain("closed inside the head", lost(""), says("HTTP/1.1 200 OK\r\ncontent-le")),
        plain("reset inside the head", lost(""), |mut peer, _| {
            peer.write("HTTP/1.1 200 OK\r\ncontent-le");
            peer.reset();
        }),
        plain("not HTTP", lost(""), says("SSH-2.0-OpenSSH_9.6\r\n\r\n")),
        plain("status out of range", lost(""), says("HTTP/1.1 099 No\r\n\r\n")),
        plain("101 headers", refused(), says(many(101))),
        plain("1000 headers", refused(), says(many(1000))),
        plain("100 KB of headers", refused(), says(long(100_000))),
        plain("1 MB of headers", refused(), says(long(1_000_000))),
        plain(
            "length is no number",
            lost(""),
            says("HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\nok"),
        ),
        plain(
            "two lengths",
            lost(""),
            says("HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nok"),
        ),
        plain("space before the colon", lost(""), says("HTTP/1.1 200 OK\r\nx : y\r\n\r\n")),
        plain("endless headers", refused(), |mut peer, _| {
            peer.write("HTTP/1.1 200 OK\r\nx: ");
            for _ in 0..2000 {
                peer.write([b'x'; 1000]);
            }
            peer.hang();
        }),
    ]
}

fn bodies() -> Vec<Scenario> {
    const SIZED: &str = "HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nhel";
    const CHUNKED: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nhel\r\n";
    const OPEN: &str = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nhel";

    let lost = || Want::BrokenBody(LOST.0, LOST.1, "");
    vec![
        plain("sized body, closed", lost(), then(SIZED, drop)),
        plain("sized body, reset", lost(), then(SIZED, Peer::reset)),
        plain("chunked body, closed", lost(), then(CHUNKED, drop)),
        plain("chunked body, reset", lost(), then(CHUNKED, Peer::reset)),
        plain("chunked body, garbage", lost(), then(CHUNKED, |mut peer| peer.write("zz\r\n"))),
        plain("body up to the close, reset", lost(), then(OPEN, Peer::reset)),
    ]
}

fn tls() -> Vec<Scenario> {
    const REPLY: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";
    const OPEN: &str = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nhel";

    let failed = |text| Want::NoHead(Kind::Connect, Class::NotSent, Sent::No, text);
    let authority = Authority::new();
    let secure = |name, want, host: &str, script: fn(Peer, &Server)| {
        let server = Server::tls(authority.server(host), move |mut peer, server| {
            if peer.request().is_some() {
                script(peer, server);
            }
        });
        let request = post(&server.https());
        Scenario { name, connection: authority.trusted(), request, server, want }
    };
    let reply: fn(Peer, &Server) = |mut peer, _| peer.write(REPLY);
    let cut: fn(Peer, &Server) = |mut peer, server| {
        peer.write(OPEN);
        server.gate().wait();
        peer.cut();
    };
    let mut untrusted =
        secure("untrusted certificate", failed("invalid peer certificate"), "localhost", reply);
    untrusted.connection = Authority::new().trusted();
    let mut not_tls = plain("TLS to a plain port", failed(""), |_, _| {});
    not_tls.server = Server::start(|mut peer, _| peer.write("HTTP/1.1 400 Bad\r\n\r\n"));
    not_tls.request = post(&not_tls.server.https());
    not_tls.connection = authority.trusted();
    let mut closed = plain("closed in the handshake", failed(""), |_, _| {});
    closed.server = Server::start(|_, _| {});
    closed.request = post(&closed.server.https());
    closed.connection = authority.trusted();
    let mut silent = plain("silent handshake", failed("the connect timeout of 300ms"), |_, _| {});
    silent.server = Server::start(|peer, _| peer.hang());
    silent.request = post(&silent.server.https());
    silent.connection = authority.trusted();
    silent.connection.connect_timeout = Duration::from_millis(300);
    vec![
        secure("TLS", Want::Reply(200, b"hello"), "localhost", reply),
        secure("certificate for another name", failed("other.example"), "other.example", reply),
        secure("cut without a word of TLS", Want::BrokenBody(LOST.0, LOST.1, ""), "localhost", cut),
        untrusted,
        not_tls,
        closed,
        silent,
    ]
}
