//! What the stack below writes to the log: it must not be the key, nor the prompt.

use std::sync::Mutex;

use flow_api::client::Connection;
use flow_loopback::scenarios::{Got, post};
use flow_loopback::{Server, check_request};
use http::HeaderValue;
use http::header::AUTHORIZATION;
use log::{LevelFilter, Log, Metadata, Record};

use crate::support::run;

/// Long enough for every 16 bytes of it to show, should it be logged in rows, as ureq does.
const KEY: &str = "Bearer hushhushhushhushhushhushhush";

struct Lines(Mutex<Vec<String>>);

static LINES: Lines = Lines(Mutex::new(Vec::new()));

impl Log for Lines {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        self.0.lock().unwrap().push(format!("{} {}", record.target(), record.args()));
    }

    fn flush(&self) {}
}

#[test]
fn log_shows_neither_key_nor_prompt() {
    log::set_logger(&LINES).unwrap();
    log::set_max_level(LevelFilter::Trace);
    let server = Server::start(|mut peer, server| {
        server.note(peer.request().unwrap());
        peer.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
    });
    let mut request = post(&server.http());
    let mut key = HeaderValue::from_static(KEY);
    key.set_sensitive(true);
    request.headers_mut().insert(AUTHORIZATION, key.clone());
    request.headers_mut().append("x-two", HeaderValue::from_static("seen"));
    request.headers_mut().append("x-two", key);
    request.headers_mut().append("x-two", HeaderValue::from_static("also"));
    let got = run(&Connection::new(false), request, &server);
    assert!(matches!(got, Got::Reply(..)), "{got:?}");
    let extra = [("authorization", KEY), ("x-two", KEY), ("x-two", "seen"), ("x-two", "also")];
    check_request(&server.seen().remove(0), &server.address().to_string(), &extra);
    let lines = LINES.0.lock().unwrap().join("\n");
    assert!(!lines.is_empty());
    assert!(!lines.contains("hush"), "{lines}");
}
