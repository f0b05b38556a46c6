//! Scripts, from code and from JSON.

use std::time::{Duration, Instant};

use flow_sim::{Action, Script, Sim};

use crate::wire::{End, chat, get, send};

#[test]
fn actions_are_taken_in_order_and_then_come_normal_answers() {
    let sim = Sim::builder()
        .script([
            Action::row(503),
            Action::status(418).header("x-a", "1").header("x-a", "2").body("short and stout"),
            Action::normal().header("x-b", "3"),
            Action::like("sim-html-502"),
            Action::normal(),
        ])
        .start()
        .unwrap();
    assert_eq!(chat(&sim, "m").json()["error"]["type"], "service_unavailable");
    let got = chat(&sim, "m");
    assert_eq!((got.status(), got.body()), (418, &b"short and stout"[..]));
    assert!(got.head().contains("\r\nx-a: 1\r\nx-a: 2"));
    let got = chat(&sim, "m");
    assert_eq!((got.status(), got.header("x-b").as_deref()), (200, Some("3")));
    assert_eq!(chat(&sim, "m").status(), 502);
    assert_eq!(chat(&sim, "sim-429").status(), 429, "normal leaves model ids alone");
    assert_eq!(chat(&sim, "m").status(), 200);
}

#[test]
fn deliveries_end_as_they_say() {
    let body = "0123456789";
    let cases = [
        (Action::status(200).body(body).reset_before_head(), 0, End::Reset),
        (Action::status(200).body(body).close_before_head(), 0, End::Fin),
        (Action::status(200).body(body).reset_after(0), 0, End::Reset),
        (Action::status(200).body(body).reset_after(7), 7, End::Reset),
        (Action::status(200).body(body).reset_after(99), 10, End::Reset),
        (Action::status(200).body(body).truncate_length(7), 7, End::Fin),
        (Action::status(200).body(body).truncate_length(99), 10, End::Fin),
        (Action::status(200).body(body).slow(3, Duration::from_millis(1)), 10, End::Fin),
    ];
    for (action, length, end) in cases {
        let sim = Sim::builder().script(action.clone()).start().unwrap();
        let got = chat(&sim, "m");
        assert_eq!((got.body(), got.end), (&body.as_bytes()[..length], end), "{action:?}");
    }
    let sim = Sim::builder().script(Action::normal().garbage("SSH-2.0\r\n")).start().unwrap();
    assert_eq!(chat(&sim, "m").bytes, b"SSH-2.0\r\n");
}

#[test]
fn answer_waits_as_long_as_the_action_says() {
    let delay = Duration::from_millis(80);
    let sim = Sim::builder().script(Action::row(500).after(delay)).start().unwrap();
    let start = Instant::now();
    assert_eq!(chat(&sim, "m").status(), 500);
    assert!(start.elapsed() >= delay);
}

#[test]
fn models_with_lists_of_their_own_leave_the_common_one_alone() {
    let script = Script::new()
        .then(Action::row(500))
        .then_for("gpt-4o", Action::row(503))
        .then_for("gpt-4o", Action::row(504));
    let sim = Sim::builder().script(script).start().unwrap();
    let got = ["gpt-4o", "gpt-4o", "gpt-4o", "m", "m"].map(|model| chat(&sim, model).status());
    assert_eq!(got, [503, 504, 200, 500, 200]);
}

#[test]
fn last_action_repeats_if_asked() {
    let script = Script::from([Action::row(500), Action::row(503)]).repeat_last();
    let sim = Sim::builder().script(script).start().unwrap();
    assert_eq!([(); 4].map(|()| chat(&sim, "m").status()), [500, 503, 503, 503]);
    sim.set_script(Script::new()).unwrap();
    assert_eq!(chat(&sim, "m").status(), 200);
}

#[test]
fn scripts_answer_requests_that_would_be_refused() {
    let sim = Sim::builder().script([Action::row(503), Action::normal()]).start().unwrap();
    let got = [(); 2].map(|()| send(&sim, &get("/nothing")).status());
    assert_eq!(got, [503, 404]);
}

#[test]
fn json_says_the_same_as_code() {
    let text = r#"[
        "sim-503", "normal", {},
        { "row": 429, "headers": { "retry-after": "2", "x-a": ["1", "2"] }, "after_ms": 5 },
        { "status": 200, "body": { "a": 1 }, "gzip": true },
        { "like": "sim-html-502", "body": "text" },
        { "chunked": true }, { "reset_before_head": true }, { "close_before_head": true }, { "hang": true },
        { "reset_after": 1 }, { "hang_after": 2 },
        { "truncate_length": 3 }, { "truncate_chunked": 4 },
        { "slow": { "piece": 5, "pause_ms": 6 } }, { "garbage": "SSH" }
    ]"#;
    let headers = Action::row(429).header("retry-after", "2").header("x-a", "1").header("x-a", "2");
    let want = Script::from([
        Action::like("sim-503"),
        Action::normal(),
        Action::normal(),
        headers.after(Duration::from_millis(5)),
        Action::status(200).body(r#"{"a":1}"#).gzip(),
        Action::like("sim-html-502").body("text"),
        Action::normal().chunked(),
        Action::normal().reset_before_head(),
        Action::normal().close_before_head(),
        Action::normal().hang(),
        Action::normal().reset_after(1),
        Action::normal().hang_after(2),
        Action::normal().truncate_length(3),
        Action::normal().truncate_chunked(4),
        Action::normal().slow(5, Duration::from_millis(6)),
        Action::normal().garbage("SSH"),
    ]);
    assert_eq!(Script::from_json(text).unwrap(), want);

    let text =
        r#"{ "any": ["normal"], "models": { "m": [{ "row": 500 }] }, "then": "repeat_last" }"#;
    let want = Script::from(Action::normal()).then_for("m", Action::row(500)).repeat_last();
    assert_eq!(Script::from_json(text).unwrap(), want);
}

#[test]
fn invalid_json_says_what_and_where() {
    let cases = [
        ("[", "EOF while parsing"),
        ("7", "expected a list of actions, or an object with `any`, `models` and `then`"),
        ("[7]", "expected an action: an object, \"normal\" or a name"),
        ("[\n{ \"stats\": 500 }]", "unknown field `stats`"),
        ("[\n{ \"status\": 42 }]", "status 42 is not between 200 and 599 at line 2"),
        (r#"["sim-nonsense"]"#, "`sim-nonsense` is no fault"),
        (r#"[{ "row": 500, "status": 500 }]"#, "one of `row`, `status` and `like`"),
        (r#"[{ "hang": true, "reset_after": 1 }]"#, "at most one delivery"),
        (r#"[{ "slow": { "piece": 0, "pause_ms": 1 } }]"#, "at least 1 byte"),
        (r#"[{ "headers": { "a b": "c" } }]"#, "`a b` is not a header name"),
        (r#"[{ "headers": { "a": 7 } }]"#, "a text or a list of texts"),
        (r#"[{ "headers": { "content-length": "7" } }]"#, "use truncate_length"),
        (r#"{ "then": "stop" }"#, "unknown variant `stop`, expected `normal` or `repeat_last`"),
    ];
    for (text, want) in cases {
        let got = Script::from_json(text).unwrap_err().to_string();
        assert!(got.contains(want), "{text}: {got}");
        assert!(got.contains("line "), "{text}: {got}");
    }
}

#[test]
fn invalid_action_in_code_is_refused_at_the_start_with_its_number() {
    let script = || Script::new().then(Action::normal()).then(Action::row(42));
    let error = Sim::builder().script(script()).start().unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
    let want = "action 2 for any model: status 42 is not between 400 and 599";
    assert_eq!(error.to_string(), want);
    assert_eq!(Sim::start().unwrap().set_script(script()).unwrap_err().to_string(), want);
}
