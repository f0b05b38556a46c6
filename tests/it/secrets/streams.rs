//! Streams that repeat the key and the prompt: in what they say, and in how they fail.

use flow_sim::{Action, Sim, Stream};
use flow_tests::{TestClient, TestStream as _, both};
use serde_json::{Value, json};

use super::search::{KEY, Lines, PROMPT, Search, found};
use super::{chat, client};

both! {
    streams_show_neither_what_they_say_nor_what_fails_them
}

/// Events that end a stream, each with both in them.
fn ends() -> Vec<(&'static str, Stream)> {
    let request = json!({ "messages": [{ "role": "user", "content": PROMPT }], "key": KEY });
    let message = format!("Incorrect API key provided: {KEY}.");
    let fields = json!({ "message": message, "code": KEY, "param": KEY, "input": request });
    let text = |value: &Value| value.to_string();
    let error = json!({ "error": fields });
    let half = text(&request).split_at(20).0.to_owned() + PROMPT;
    vec![
        ("nested", said().data(text(&error))),
        ("flat", said().data(text(&json!({ "type": "error", "message": message, "input": PROMPT })))),
        ("named", said().named("error", text(&error))),
        ("named, the request", said().named("error", text(&request))),
        ("no JSON", said().data(half)),
        ("failed answer", said().data(text(&json!({
            "choices": [{ "delta": { "content": PROMPT }, "finish_reason": "error" }], "error": fields,
        })))),
        ("cut", said()),
        ("reset", said().half().reset()),
    ]
}

/// An answer that repeats both.
fn said() -> Stream {
    let delta = json!({
        "role": "assistant", "content": PROMPT, "reasoning_content": PROMPT, "refusal": KEY, "vendor": [KEY],
        "tool_calls": [{ "index": 0, "id": "call_1", "function": { "name": "f", "arguments": PROMPT } }],
    });
    let chunk = json!({ "id": "c-1", "choices": [{ "index": 0, "delta": delta }] });
    Stream::new().data(chunk.to_string())
}

fn streams_show_neither_what_they_say_nor_what_fails_them<C: TestClient>() {
    let mut search = Search::default();
    let lines = Lines::default();
    let sim = Sim::start().unwrap();
    let client: C = client(&sim, &lines);
    let ends = ends();
    let many = ends.len();
    for (name, stream) in ends {
        let action = Action::normal().stream(stream);
        sim.set_script([action.clone(), action.clone(), action]).unwrap();
        let mut stream = C::open(chat(&client, "m").stream()).expect(name);
        search.debug("stream", &stream);
        let chunk = stream.next().unwrap().unwrap();
        search.debug("chunk", &chunk);
        assert_eq!(found(chunk.text()), ["prompt"], "{name}: it is there all the same");
        let error = stream.next().unwrap().unwrap_err();
        search.error(name, &error);
        search.debug("stream that failed", &stream);
        let partial: flow_api::ChatCompletion = error.partial().unwrap();
        search.debug("partial reply", &partial);
        assert_eq!(partial.text(), PROMPT, "{name}");
        search.error(name, &stream.into_reply().unwrap_err());
        search.error(name, &C::wait(chat(&client, "m").send_streamed()).unwrap_err());
    }
    search.text("hook", &lines.text());
    search.finish(many * 40);
}
