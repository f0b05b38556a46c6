//! Every other fault, by model id, as it shows on the wire.

use std::io::{Read as _, Write as _};

use flow_sim::{Sim, model_ids};

use crate::wire::{End, Got, chat, chat_request, connect, post, read, send};

fn length(got: &Got) -> usize {
    got.header("content-length").expect("a content-length").parse().unwrap()
}

#[test]
fn reset_before_head_is_a_reset_without_a_byte() {
    let got = chat(&Sim::start().unwrap(), "sim-reset-before-head");
    assert_eq!((got.bytes.len(), got.end), (0, End::Reset));
}

#[test]
fn close_before_head_is_a_clean_end_without_a_byte() {
    let got = chat(&Sim::start().unwrap(), "sim-close-before-head");
    assert_eq!((got.bytes.len(), got.end), (0, End::Fin));
}

#[test]
fn reset_after_head_delivers_a_part_of_the_body_first() {
    let sim = Sim::start().unwrap();
    // Often, because the reset could overtake the bytes.
    for _ in 0..50 {
        let got = chat(&sim, "sim-reset-after-head");
        assert_eq!((got.status(), got.body().len(), got.end), (200, 40, End::Reset));
        assert!(length(&got) > 40);
    }
}

#[test]
fn truncated_length_is_short_of_its_length_and_ends_cleanly() {
    let got = chat(&Sim::start().unwrap(), "sim-truncated-length");
    assert_eq!((got.status(), got.body().len(), got.end), (200, 40, End::Fin));
    assert!(length(&got) > 40);
}

#[test]
fn truncated_chunked_has_no_last_chunk_and_ends_cleanly() {
    let got = chat(&Sim::start().unwrap(), "sim-truncated-chunked");
    assert_eq!((got.status(), got.end), (200, End::Fin));
    assert_eq!(got.header("transfer-encoding").as_deref(), Some("chunked"));
    assert_eq!(got.header("content-length"), None);
    assert!(got.body().starts_with(b"28\r\n{"), "0x28 is 40: {got:?}");
    assert_eq!(got.body().len(), "28\r\n".len() + 40 + "\r\n".len());
}

#[test]
fn hang_after_head_leaves_the_body_unfinished() {
    let sim = Sim::start().unwrap();
    let mut stream = connect(&sim);
    stream.write_all(chat_request("sim-hang-after-head").as_bytes()).unwrap();
    let mut bytes = Vec::new();
    while !bytes.windows(4).any(|four| four == b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        bytes.extend(byte);
    }
    stream.read_exact(&mut [0; 40]).unwrap();
    // The rest ends with the server, and is nothing.
    drop(sim);
    assert!(read(&mut stream).bytes.is_empty());
}

#[test]
fn slow_body_arrives_whole() {
    let got = chat(&Sim::start().unwrap(), "sim-slow-body");
    assert_eq!((got.status(), got.end), (200, End::Fin));
    assert_eq!(got.json()["object"], "chat.completion");
}

#[test]
fn garbage_is_not_http() {
    let got = chat(&Sim::start().unwrap(), "sim-garbage");
    assert!(!got.bytes.starts_with(b"HTTP/") && !got.bytes.is_empty());
    assert_eq!(got.end, End::Fin);
}

#[test]
fn html_pages_look_like_a_proxys() {
    let sim = Sim::start().unwrap();
    for status in [200, 403, 413, 502, 503, 504] {
        let got = chat(&sim, &format!("sim-html-{status}"));
        assert_eq!(got.status(), status);
        assert_eq!(got.header("content-type").as_deref(), Some("text/html"));
        let page = String::from_utf8_lossy(got.body()).into_owned();
        assert!(page.starts_with(&format!("<html>\r\n<head><title>{status} ")), "{page}");
        assert!(page.contains("<center>nginx</center>"), "{page}");
    }
}

#[test]
fn successes_that_are_none_have_the_status_of_one() {
    let sim = Sim::start().unwrap();
    let cases = [("sim-empty-200", ""), ("sim-object-200", "{}")];
    for (id, want) in cases {
        let got = chat(&sim, id);
        assert_eq!((got.status(), got.body()), (200, want.as_bytes()), "{id}");
        assert_eq!(length(&got), want.len(), "{id}");
    }
    let got = chat(&sim, "sim-error-200");
    assert_eq!(got.status(), 200);
    assert_eq!(got.json()["error"]["type"], "service_unavailable");
}

#[test]
fn gzip_is_sent_to_clients_that_accept_it_only() {
    let sim = Sim::start().unwrap();
    let body = r#"{"model":"sim-gzip","messages":[{"role":"user","content":"Hi"}]}"#;
    let cases = [
        ("", false),
        ("accept-encoding: gzip\r\n", true),
        ("accept-encoding: br;q=1.0, GZIP;q=0.5\r\n", true),
        ("accept-encoding: gzip;q=0, br\r\n", false),
    ];
    for (header, want) in cases {
        let headers = format!("connection: close\r\n{header}");
        let got = send(&sim, &post("/v1/chat/completions", &headers, body));
        assert_eq!(got.header("content-encoding").is_some(), want, "{header:?}");
        let mut text = String::new();
        if want {
            flate2::read::GzDecoder::new(got.body()).read_to_string(&mut text).unwrap();
        } else {
            got.body().read_to_string(&mut text).unwrap();
        }
        assert!(text.contains("chat.completion"), "{header:?}: {text}");
    }
}

#[test]
fn gzip_lie_is_plain_json() {
    let got = chat(&Sim::start().unwrap(), "sim-gzip-lie");
    assert_eq!(got.header("content-encoding").as_deref(), Some("gzip"));
    assert_eq!(got.json()["object"], "chat.completion");
}

#[test]
fn many_headers_are_more_than_clients_take() {
    let got = chat(&Sim::start().unwrap(), "sim-many-headers");
    let count = got.head().matches("\r\nx-sim-").count();
    assert_eq!(count, 150);
    assert_eq!(got.json()["object"], "chat.completion");
}

#[test]
fn nonascii_header_is_sent_as_latin_1() {
    let got = chat(&Sim::start().unwrap(), "sim-nonascii-header");
    assert!(got.bytes.windows(18).any(|line| line == b"\r\nx-sim-text: caf\xE9"), "{}", got.head());
}

#[test]
fn huge_answers_are_sent_to_the_end() {
    let sim = Sim::start().unwrap();
    let got = chat(&sim, "sim-huge");
    assert_eq!(got.status(), 200);
    assert_eq!(got.header("transfer-encoding").as_deref(), Some("chunked"));
    assert!(got.body().len() > 80 << 20 && got.body().ends_with(b"\r\n0\r\n\r\n"));

    let got = chat(&sim, "sim-huge-error");
    assert_eq!(got.status(), 500);
    assert!(got.body().len() >= (1 << 20) - 18 && got.body().starts_with(b"<html>"));
}

#[test]
fn every_fault_recovers_after_as_many_failures_as_asked() {
    let sim = Sim::start().unwrap();
    for (id, _) in model_ids() {
        // A hang has no end to wait for; it has a test of its own, as have those that know streams.
        if ["hang", "huge", "stream", "slow-unary"].iter().any(|word| id.contains(word)) {
            continue;
        }
        let id = format!("{id}-x1-once");
        chat(&sim, &id);
        let got = chat(&sim, &id);
        assert_eq!((got.status(), got.end), (200, End::Fin), "{id}");
        assert_eq!(got.json()["choices"][0]["finish_reason"], "stop", "{id}");
        assert_eq!(sim.log().last().unwrap().answer, "200", "{id}");
    }
}
