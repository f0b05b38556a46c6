//! The faults of streams that have names, as they show on the wire.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use flow_errors::table::TABLE;
use flow_sim::{Sim, model_ids};
use serde_json::{Value, json};

use crate::sse::{Streamed, begin, request, stream};
use crate::wire::{End, LONG, send};

const ALL: &str = "Hello from flow-sim";

/// One fault that ends by itself: what came before the end, and how it ended.
struct Want {
    id: &'static str,
    text: &'static str,
    finish_reason: Option<&'static str>,
    is_done: bool,
    is_whole: bool,
    end: End,
    /// What the log says after `200 stream`.
    log: &'static str,
}

#[rustfmt::skip]
const ENDING: [Want; 18] = [
    //   id                 text         finish        [DONE] whole  end         log
    want("crlf",            ALL,         Some("stop"), true,  true,  End::Fin,   ""),
    want("cr",              ALL,         Some("stop"), true,  true,  End::Fin,   ""),
    want("bytes",           ALL,         Some("stop"), true,  true,  End::Fin,   ", slowly: 1 bytes every 0ns"),
    want("letters",         "Grüße aus flow-sim, 漢字 🦀",
                                         Some("stop"), true,  true,  End::Fin,   ", slowly: 1 bytes every 0ns"),
    want("pings",           ALL,         Some("stop"), true,  true,  End::Fin,   ""),
    want("cut",             "Hello fro", None,         false, true,  End::Fin,   ", end after 3"),
    want("cut-early",       "",          None,         false, true,  End::Fin,   ", end after 0"),
    want("cut-in-event",    "Hello fro", None,         false, true,  End::Fin,   ", end after 3"),
    want("close",           "Hello fro", None,         false, false, End::Fin,   ", close after 3"),
    want("done-after-cut",  "Hello fro", None,         true,  true,  End::Fin,   ", [DONE] after 3"),
    want("done-only",       ALL,         None,         true,  true,  End::Fin,   ", [DONE] after 6"),
    want("no-done",         ALL,         Some("stop"), false, true,  End::Fin,   ", end after 6"),
    want("no-blank-line",   ALL,         None,         false, true,  End::Fin,   ", no blank line after 6, end after 6"),
    want("reset",           "Hello fro", None,         false, false, End::Reset, ", reset after 3"),
    want("reset-early",     "",          None,         false, false, End::Reset, ", reset after 0"),
    want("garbage",         ALL,         Some("stop"), true,  true,  End::Fin,   ", another event after 3"),
    want("empty",           "",          None,         false, true,  End::Fin,   ", end after 0"),
    want("error-done",      "Hello fro", None,         true,  true,  End::Fin,   ", error event after 3, [DONE] after 3"),
];

const STALLING: [&str; 4] = ["stall", "stall-early", "stall-pings", "stall-pings-early"];

/// These have tests of their own.
const OTHERS: [&str; 4] = ["bad-utf8", "huge-event", "json", "wrong-type"];

const DIALECTS: [&str; 10] =
    ["nested", "flat", "named", "named-flat", "text", "number", "null", "plain", "chunk", "choice"];

#[expect(clippy::too_many_arguments, reason = "columns of a table")]
const fn want(
    id: &'static str,
    text: &'static str,
    finish_reason: Option<&'static str>,
    is_done: bool,
    is_whole: bool,
    end: End,
    log: &'static str,
) -> Want {
    Want { id, text, finish_reason, is_done, is_whole, end, log }
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn each_fault_ends_as_it_says() {
    let sim = Sim::start().unwrap();
    for want in ENDING {
        sim.clear_log();
        let got = stream(&sim, &format!("sim-stream-{}", want.id));
        let shown = (got.text(), got.finish_reason(), got.is_done(), got.is_whole, got.got.end);
        let finish_reason = want.finish_reason.map(str::to_owned);
        let (is_done, is_whole) = (want.is_done, want.is_whole);
        let wanted = (want.text.to_owned(), finish_reason, is_done, is_whole, want.end);
        assert_eq!(shown, wanted, "{}", want.id);
        assert!(sim.wait_until_idle(LONG));
        let seen = &sim.log()[0];
        assert_eq!(seen.answer, format!("200 stream{}", want.log), "{}", want.id);
        assert_eq!(seen.sent, got.chunks.concat().len(), "{}", want.id);
        assert!(!seen.disconnected, "{}", want.id);
    }
}

#[test]
fn list_of_faults_is_the_list_of_what_is_tested() {
    let named = model_ids();
    let listed = named.iter().filter_map(|(id, _)| id.strip_prefix("sim-stream-"));
    let listed: HashSet<_> = listed.map(str::to_owned).collect();
    let plain = ENDING.iter().map(|want| want.id).chain(STALLING).chain(OTHERS);
    let errors = DIALECTS
        .iter()
        .flat_map(|dialect| [format!("error-{dialect}"), format!("error-{dialect}-early")]);
    assert_eq!(plain.map(str::to_owned).chain(errors).collect::<HashSet<_>>(), listed);
}

#[test]
fn lines_end_as_they_are_called() {
    let sim = Sim::start().unwrap();
    let bytes = |id: &str| stream(&sim, id).chunks.concat();
    let count = |bytes: &[u8], line_end: &[u8]| {
        bytes.windows(line_end.len()).filter(|window| *window == line_end).count()
    };
    // Nine events of two line ends each.
    let lf = bytes("m");
    assert_eq!((count(&lf, b"\n"), count(&lf, b"\r")), (18, 0));
    let crlf = bytes("sim-stream-crlf");
    assert_eq!((count(&crlf, b"\r\n"), count(&crlf, b"\n"), count(&crlf, b"\r")), (18, 18, 18));
    let cr = bytes("sim-stream-cr");
    assert_eq!((count(&cr, b"\n"), count(&cr, b"\r")), (0, 18));
}

#[test]
fn byte_by_byte_parts_letters_and_line_ends() {
    let got = stream(&Sim::start().unwrap(), "sim-stream-letters");
    assert!(got.chunks.iter().all(|chunk| chunk.len() == 1));
    let bytes = got.chunks.concat();
    assert!(bytes.windows(4).any(|four| four == "🦀".as_bytes()));
    assert!(bytes.ends_with(b"data: [DONE]\r\n\r\n"));
}

#[test]
fn text_of_letters_is_the_same_in_one_piece() {
    let got = send(&Sim::start().unwrap(), &request("sim-stream-letters", &json!({})));
    let content = got.json()["choices"][0]["message"]["content"].clone();
    assert_eq!(content, "Grüße aus flow-sim, 漢字 🦀");
}

#[test]
fn pings_are_comments_keep_alives_and_empty_deltas() {
    let got = stream(&Sim::start().unwrap(), "sim-stream-pings");
    let keep_alives = got.events.iter().filter(|(_, data)| data == r#"{"type":"keepalive"}"#);
    let is_empty = |chunk: &&Value| {
        let choice = &chunk["choices"][0];
        choice["delta"] == json!({ "content": "" }) && choice["finish_reason"].is_null()
    };
    let chunks = got.completion_chunks();
    let empty = chunks.iter().filter(is_empty);
    assert_eq!((got.comments, keep_alives.count(), empty.count()), (6, 6, 6));
}

#[test]
fn reset_and_cut_in_an_event_leave_half_of_it() {
    let sim = Sim::start().unwrap();
    // Often, because the reset could overtake the bytes.
    for _ in 0..50 {
        let got = stream(&sim, "sim-stream-reset");
        assert!(got.rest.starts_with("data: {") && !got.rest.ends_with('}'), "{}", got.rest);
        assert_eq!((got.events.len(), got.got.end), (4, End::Reset));
    }
    let got = stream(&sim, "sim-stream-cut-in-event");
    assert!(got.rest.starts_with("data: {") && !got.rest.ends_with('}'), "{}", got.rest);
}

#[test]
fn last_event_without_its_blank_line_is_whole_otherwise() {
    let got = stream(&Sim::start().unwrap(), "sim-stream-no-blank-line");
    let data = got.rest.strip_prefix("data: ").unwrap().strip_suffix('\n').unwrap();
    let chunk: Value = serde_json::from_str(data).unwrap();
    assert_eq!(chunk["choices"][0]["finish_reason"], "stop");
}

#[test]
fn stalls_keep_the_connection_open_until_the_client_goes() {
    for id in STALLING {
        let sim = Sim::start().unwrap();
        let deltas = if id.ends_with("early") { 0 } else { 3 };
        let has_pings = id.contains("pings");
        let enough = |got: &Streamed| {
            // Two rounds of pings: they go on.
            got.events.len() > deltas && (!has_pings || got.comments > 1)
        };
        let (connection, got) = begin(&sim, &format!("sim-stream-{id}"), enough);
        assert_eq!(got.text(), if deltas == 0 { "" } else { "Hello fro" }, "{id}");
        assert_eq!((got.finish_reason(), got.is_whole), (None, false), "{id}");
        let seen = &sim.log()[0];
        let words = if has_pings { "stall with pings" } else { "stall" };
        assert_eq!(seen.answer, format!("200 stream, {words} after {deltas}"));
        assert_eq!((sim.in_flight(), seen.disconnected), (1, false), "{id}");
        drop(connection);
        assert!(sim.wait_until_idle(LONG), "{id}");
        assert!(sim.log()[0].disconnected, "{id}");
    }
}

#[test]
fn error_events_are_written_in_their_dialects() {
    let sim = Sim::start().unwrap();
    let (kind, message) = ("service_unavailable", "Model is temporarily overloaded");
    let fields = json!({ "message": message, "type": kind, "code": kind, "param": null });
    let nested = json!({ "error": fields });
    let flat = json!({ "type": "error", "code": kind, "message": message, "param": null });
    let error = || some("error");
    let cases = [
        ("nested", None, nested.to_string()),
        ("flat", None, flat.to_string()),
        ("named", error(), nested.to_string()),
        ("named-flat", error(), fields.to_string()),
        ("text", error(), json!(message).to_string()),
        ("number", error(), "503".to_owned()),
        ("null", error(), "null".to_owned()),
        ("plain", error(), message.to_owned()),
    ];
    for (dialect, name, data) in cases {
        let late = stream(&sim, &format!("sim-stream-error-{dialect}"));
        assert_eq!(late.events.last(), Some(&(name.clone(), data.clone())), "{dialect}");
        assert_eq!((late.text().as_str(), late.events.len()), ("Hello fro", 5), "{dialect}");
        assert!(late.is_whole && late.got.end == End::Fin, "{dialect}");
        let early = stream(&sim, &format!("sim-stream-error-{dialect}-early"));
        assert_eq!(early.events, [(name, data)], "{dialect}");
    }
}

#[test]
fn error_in_a_chunk_has_choices_too() {
    let sim = Sim::start().unwrap();
    for (dialect, place) in [("chunk", ""), ("choice", "/choices/0")] {
        for (early, events) in [("", 5), ("-early", 1)] {
            let got = stream(&sim, &format!("sim-stream-error-{dialect}{early}"));
            let last: Value = serde_json::from_str(&got.events.last().unwrap().1).unwrap();
            assert_eq!(
                last.pointer(&format!("{place}/error/code")),
                Some(&json!(503)),
                "{dialect}"
            );
            assert_eq!(last["choices"][0]["finish_reason"], "error", "{dialect}");
            assert_eq!((last["id"].is_string(), got.events.len()), (true, events), "{dialect}");
        }
    }
}

#[test]
fn error_events_are_those_of_any_row() {
    let sim = Sim::start().unwrap();
    for row in TABLE {
        let status = row.status.as_u16();
        for id in [
            format!("sim-stream-error-nested-{status}"),
            format!("sim-stream-error-named-early-{status}-x1-a"),
        ] {
            let got = stream(&sim, &id);
            let last: Value = serde_json::from_str(&got.events.last().unwrap().1).unwrap();
            let (kind, message) = (&last["error"]["type"], &last["error"]["message"]);
            assert_eq!((kind, message), (&json!(row.api_type), &json!(row.cause)), "{id}");
        }
    }
    for id in ["error-nested-200", "error-nested-999", "error-x", "error-", "error-nested-+50", ""]
    {
        assert_eq!(stream(&sim, &format!("sim-stream-{id}")).got.status(), 404, "{id}");
    }
}

#[test]
fn odd_events_are_among_good_ones() {
    let sim = Sim::start().unwrap();
    let garbage = stream(&sim, "sim-stream-garbage");
    assert!(serde_json::from_str::<Value>(&garbage.events[4].1).is_err());

    let bad = stream(&sim, "sim-stream-bad-utf8");
    assert!(bad.chunks.iter().any(|chunk| std::str::from_utf8(chunk).is_err()));
    assert_eq!(bad.text(), "Hello fro\u{FFFD}m flow-sim");

    let huge = stream(&sim, "sim-stream-huge-event");
    assert_eq!((huge.text().as_str(), huge.is_done()), (ALL, true));
    let longest = huge.events.iter().map(|(_, data)| data.len()).max();
    assert!(longest > Some(17 << 20), "{longest:?}");
}

#[test]
fn replies_that_are_no_streams_say_so_by_their_type_or_not() {
    let sim = Sim::start().unwrap();
    let json = send(&sim, &request("sim-stream-json", &json!({ "stream": true })));
    assert_eq!(json.header("content-type").as_deref(), Some("application/json"));
    assert_eq!(json.json()["object"], "chat.completion");
    assert_eq!(sim.log()[0].answer, "200");

    let wrong = stream(&sim, "sim-stream-wrong-type");
    assert_eq!(wrong.got.header("content-type").as_deref(), Some("text/plain"));
    assert_eq!((wrong.text().as_str(), wrong.is_done()), (ALL, true));
}

#[test]
fn each_fault_of_streams_recovers_and_leaves_other_requests_alone() {
    let sim = Sim::start().unwrap();
    for (id, _) in model_ids() {
        // Stalls have no end to wait for, and much of the huge event is more of the same.
        if !id.starts_with("sim-stream-") || id.contains("stall") || id.contains("huge") {
            continue;
        }
        let id = format!("{id}-x1-once");
        if id != "sim-stream-letters-x1-once" {
            let unary = send(&sim, &request(&id, &json!({})));
            assert_eq!(unary.json()["choices"][0]["finish_reason"], "stop", "{id}");
        }
        stream(&sim, &id);
        let good = stream(&sim, &id);
        assert_eq!((good.text().as_str(), good.is_done()), (ALL, true), "{id}");
        assert_eq!(sim.log().last().unwrap().answer, "200 stream", "{id}");
    }
}

#[test]
fn faults_of_any_reply_are_those_of_streams_too() {
    let sim = Sim::start().unwrap();
    let reset = stream(&sim, "sim-reset-after-head");
    assert_eq!((reset.chunks.concat().len(), reset.got.end), (40, End::Reset));
    let cut = stream(&sim, "sim-truncated-chunked");
    assert_eq!((cut.chunks.concat().len(), cut.is_whole), (40, false));
    let plain = stream(&sim, "sim-gzip");
    assert_eq!((plain.text().as_str(), plain.got.header("content-encoding")), (ALL, None));
    let huge = send(&sim, &request("sim-huge", &json!({ "stream": true })));
    assert_eq!(huge.header("content-type").as_deref(), Some("text/event-stream"));
    assert!(
        huge.body().len() > 80 << 20 && huge.body().ends_with(b"data: [DONE]\n\n\r\n0\r\n\r\n")
    );
}

#[test]
fn slow_upstream_is_too_slow_for_one_piece_only() {
    let sim = Sim::start().unwrap();
    assert_eq!(stream(&sim, "sim-slow-unary-x1-a").text(), ALL);
    let start = Instant::now();
    let unary = || send(&sim, &request("sim-slow-unary-x1-a", &json!({})));
    assert_eq!(unary().json()["error"]["type"], "gateway_timeout");
    assert!(start.elapsed() >= Duration::from_secs(2));
    assert_eq!(unary().status(), 200);
}
