//! Streams by script, from code and from JSON, and what the log says of them.

use std::time::{Duration, Instant};

use flow_sim::{Action, Dialect, Script, Sim, Stream};
use serde_json::json;

use crate::sse::{begin, request, stream};
use crate::wire::{End, LONG, chat, send};

fn sim(stream: Stream) -> Sim {
    Sim::builder().script(Action::normal().stream(stream)).start().unwrap()
}

#[test]
fn parts_come_in_order_and_say_how_it_ends() {
    let parts = Stream::new()
        .comment("one\ntwo")
        .deltas(1)
        .named("ping", "a\nb")
        .pause(Duration::ZERO)
        .raw("id: 7\n")
        .deltas(1)
        .half()
        .reset();
    let sim = sim(parts);
    let got = stream(&sim, "m");
    assert_eq!((got.comments, got.text().as_str()), (2, "Hello "));
    assert_eq!(got.events[2], (Some("ping".to_owned()), "a\nb".to_owned()));
    assert_eq!(got.got.end, End::Reset);
    let want = "200 stream, another event after 1, other bytes after 1, reset after 2";
    assert_eq!(sim.log()[0].answer, want);
}

#[test]
fn parts_of_the_answer_come_as_far_as_they_say() {
    let cases = [
        (Stream::new().opening(), 1),
        (Stream::new().deltas(0), 1),
        (Stream::new().deltas(2), 3),
        (Stream::new().deltas(99), 7),
        (Stream::new().content(), 7),
        (Stream::new().finish(), 8),
        (Stream::new().usage(), 9),
        (Stream::new().rest(), 10),
        (Stream::new(), 10),
        (Stream::new().padded(100_000).rest(), 10),
        (Stream::new().deltas(1).rest().rest(), 10),
    ];
    for (parts, events) in cases {
        let sim = sim(parts.clone());
        let more = json!({ "stream": true, "stream_options": { "include_usage": true } });
        let got = crate::sse::Streamed::new(send(&sim, &request("m", &more)));
        assert_eq!(got.events.len(), events, "{parts:?}");
        assert!(got.is_whole && got.rest.is_empty(), "{parts:?}");
    }
}

#[test]
fn pieces_are_split_anywhere_and_each_is_written_alone() {
    let script = Action::normal().text("漢").stream(Stream::new().crlf());
    let sim = Sim::builder().script(script.slow(1, Duration::ZERO)).start().unwrap();
    let got = stream(&sim, "m");
    assert!(got.chunks.iter().all(|chunk| chunk.len() == 1));
    assert_eq!((got.text().as_str(), got.is_done()), ("漢", true));
}

#[test]
fn pauses_take_as_long_as_they_say() {
    let pause = Duration::from_millis(60);
    let sim = sim(Stream::new().deltas(1).pause(pause).rest());
    let start = Instant::now();
    assert!(stream(&sim, "m").is_done());
    assert!(start.elapsed() >= pause);
}

#[test]
fn actions_for_streams_leave_other_requests_alone() {
    let script = || Script::from(Action::row(504).if_unary()).repeat_last();
    let sim = Sim::builder().script(script()).start().unwrap();
    assert_eq!((chat(&sim, "m").status(), stream(&sim, "m").got.status()), (504, 200));
    sim.set_script(Script::from(Action::row(503).if_streamed()).repeat_last()).unwrap();
    assert_eq!((chat(&sim, "m").status(), stream(&sim, "m").got.status()), (200, 503));
    sim.set_script(Action::normal().unstreamed().text("other")).unwrap();
    let whole = send(&sim, &request("m", &json!({ "stream": true })));
    assert_eq!(whole.json()["choices"][0]["message"]["content"], "other");
    sim.set_script(Action::like("sim-slow-unary")).unwrap();
    assert_eq!(stream(&sim, "m").text(), "Hello from flow-sim");
}

#[test]
fn body_in_place_of_a_stream_is_sent_as_a_stream() {
    let sim = Sim::builder().script(Action::normal().body("data: [DONE]\n\n")).start().unwrap();
    let got = stream(&sim, "m");
    assert_eq!(got.got.header("content-type").as_deref(), Some("text/event-stream"));
    assert_eq!(got.events, [(None, "[DONE]".to_owned())]);
    assert_eq!(sim.log()[0].answer, "200 stream, other body");
}

#[test]
fn overloaded_models_fail_and_others_answer() {
    let sim = Sim::builder().overload_model("gpt-4o").overload_model("sim-400").start().unwrap();
    let got = ["gpt-4o", "sim-400", "gpt-4o-mini"].map(|model| chat(&sim, model).status());
    assert_eq!(got, [503, 503, 200]);
    assert_eq!(stream(&sim, "gpt-4o").got.json()["error"]["type"], "service_unavailable");
    sim.set_script(Action::row(429)).unwrap();
    assert_eq!(chat(&sim, "gpt-4o").status(), 429, "the script comes first");
}

#[test]
fn log_says_whether_the_client_had_gone() {
    let sim = Sim::start().unwrap();
    let (connection, _) = begin(&sim, "sim-stream-stall", |got| got.events.len() == 4);
    let seen = &sim.log()[0];
    assert!(seen.sent > 500 && !seen.disconnected, "{seen}");
    drop(connection);
    assert!(sim.wait_until_idle(LONG));
    assert!(sim.log()[0].disconnected);

    for id in ["m", "sim-empty-200", "sim-reset-before-head", "sim-503", "sim-stream-close"] {
        sim.clear_log();
        stream(&sim, id);
        assert!(sim.wait_until_idle(LONG));
        assert!(!sim.log()[0].disconnected, "{id}");
    }
}

#[test]
fn client_that_goes_in_the_middle_of_a_stream_frees_it() {
    let long = Stream::new().deltas(1).pause(Duration::from_secs(3600)).rest();
    let sim = Sim::builder().script(Script::from(Action::normal().stream(long)).repeat_last());
    let sim = sim.start().unwrap();
    let clients = [(); 20].map(|()| begin(&sim, "m", |got| got.events.len() == 2).0);
    assert_eq!(sim.in_flight(), 20);
    drop(clients);
    assert!(sim.wait_until_idle(LONG));
    assert!(sim.log().iter().all(|seen| seen.disconnected));
}

#[test]
fn json_says_the_same_as_code() {
    let text = r#"[
        { "stream": {} },
        { "stream": { "line_end": "cr" }, "if": "streamed", "text": "Hi" },
        { "row": 504, "if": "unary", "unstreamed": true },
        { "stream": { "line_end": "crlf", "parts": [
            "opening", { "deltas": 3 }, "content", "finish", "usage", "rest", "done", "half",
            { "padded": 9 }, { "data": "{}" }, { "named": { "name": "ping", "data": "" } },
            { "comment": "ping" }, { "raw": "x" }, { "error": { "dialect": "named-flat", "row": 429 } },
            "pings", { "pause_ms": 5 }, "no_blank_line", { "stall_with_pings_ms": 50 }
        ] } },
        { "stream": { "parts": ["reset"] } }, { "stream": { "parts": ["close"] } },
        { "stream": { "parts": ["stall"] } }
    ]"#;
    let all = Stream::new().crlf().opening().deltas(3).content().finish().usage().rest().done();
    let all = all.half().padded(9).data("{}").named("ping", "").comment("ping").raw("x");
    let all = all.error(Dialect::NamedFlat, 429).pings().pause(Duration::from_millis(5));
    let all = all.no_blank_line().stall_with_pings(Duration::from_millis(50));
    let want = Script::from([
        Action::normal().stream(Stream::new()),
        Action::normal().stream(Stream::new().cr()).if_streamed().text("Hi"),
        Action::row(504).if_unary().unstreamed(),
        Action::normal().stream(all),
        Action::normal().stream(Stream::new().reset()),
        Action::normal().stream(Stream::new().close()),
        Action::normal().stream(Stream::new().stall()),
    ]);
    assert_eq!(Script::from_json(text).unwrap(), want);
}

#[test]
fn what_cannot_be_done_is_refused() {
    let cases = [
        (r#"[{ "row": 500, "stream": {} }]"#, "only a normal answer"),
        (r#"[{ "like": "sim-503", "text": "x" }]"#, "only a normal answer"),
        (r#"[{ "stream": { "parts": ["stall", "rest"] } }]"#, "part 1 of the stream ends it"),
        (r#"[{ "stream": { "parts": ["nothing"] } }]"#, "unknown variant `nothing`"),
        (r#"[{ "stream": { "line_ends": "cr" } }]"#, "unknown field `line_ends`"),
        (
            r#"[{ "stream": { "parts": [{ "error": { "dialect": "flat", "row": 42 } }] } }]"#,
            "status 42 is not between 400 and 599",
        ),
        (
            r#"[{ "stream": { "parts": [{ "error": { "dialect": "odd", "row": 429 } }] } }]"#,
            "unknown variant `odd`",
        ),
        (r#"[{ "stream": { "parts": [{ "stall_with_pings_ms": 0 }] } }]"#, "at least 1 ms"),
        (r#"[{ "stream": { "parts": [{ "data": "a\rb" }] } }]"#, "use `raw`"),
        (r#"[{ "stream": { "parts": [{ "comment": "a\rb" }] } }]"#, "use `raw`"),
        (
            r#"[{ "stream": { "parts": [{ "named": { "name": "a\nb", "data": "" } }] } }]"#,
            "has one line",
        ),
        (r#"[{ "if": "sometimes" }]"#, "unknown variant `sometimes`"),
    ];
    for (text, want) in cases {
        let got = Script::from_json(text).unwrap_err().to_string();
        assert!(got.contains(want) && got.contains("line "), "{text}: {got}");
    }
}
