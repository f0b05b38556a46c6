//! Streams that nothing is wrong with.

use flow_sim::Sim;
use serde_json::{Value, json};

use crate::sse::{Streamed, assembled, request};
use crate::wire::send;

fn weather() -> Value {
    let schema = json!({
        "type": "object", "required": ["city", "days"],
        "properties": { "city": { "const": "Überlingen 漢 🦀" }, "days": { "type": "integer" } },
    });
    json!([{ "type": "function", "function": { "name": "get_weather", "parameters": schema } }])
}

fn text_of(schema: &Value) -> Value {
    json!({ "type": "json_schema", "json_schema": { "name": "n", "schema": schema } })
}

/// The reply to the first request of a server: what follows from its number is the same each time.
fn first(more: &Value) -> Streamed {
    let sim = Sim::builder().seed(7).start().unwrap();
    Streamed::new(send(&sim, &request("gpt-4o", more)))
}

#[test]
fn pieces_say_together_what_the_answer_in_one_piece_says() {
    let long = text_of(&json!({ "type": "string", "minLength": 5000 }));
    let cases = [
        json!({}),
        json!({ "n": 3 }),
        json!({ "logprobs": true }),
        json!({ "logprobs": true, "top_logprobs": 3, "n": 2 }),
        json!({ "tools": weather() }),
        json!({ "tools": weather(), "n": 2 }),
        json!({ "tools": [{ "type": "function", "function": { "name": "bare" } }] }),
        json!({ "response_format": { "type": "json_object" }, "service_tier": "flex" }),
        json!({ "response_format": text_of(&json!({ "const": "aé漢🦀" })), "logprobs": true }),
        json!({ "response_format": text_of(&json!({ "const": true })) }),
        json!({ "response_format": long, "logprobs": true, "n": 2 }),
    ];
    for more in cases {
        let whole = first(&more).got.json();
        for has_usage in [false, true] {
            let mut asked = more.clone();
            asked["stream"] = json!(true);
            asked["stream_options"] = json!({ "include_usage": has_usage });
            let streamed = first(&asked);
            assert!(streamed.is_done() && streamed.is_whole && streamed.rest.is_empty(), "{more}");
            let mut want = whole.clone();
            if !has_usage {
                want.as_object_mut().unwrap().remove("usage");
            }
            assert_eq!(assembled(&streamed.completion_chunks()), want, "{more}");
        }
    }
}

#[test]
fn events_are_those_of_the_service() {
    let streamed = first(&json!({ "stream": true }));
    assert_eq!(streamed.got.status(), 200);
    assert_eq!(streamed.got.header("content-type").as_deref(), Some("text/event-stream"));
    assert_eq!(streamed.got.header("transfer-encoding").as_deref(), Some("chunked"));
    assert_eq!(streamed.got.header("content-length"), None);
    assert!(streamed.got.header("x-request-id").unwrap().starts_with("req_sim_"));
    let chunks = streamed.completion_chunks();
    let id = &chunks[0]["id"];
    let choice = |delta: Value, finish_reason: Value| {
        let choice = json!({
            "index": 0, "delta": delta, "logprobs": null, "finish_reason": finish_reason,
        });
        json!({
            "id": id, "object": "chat.completion.chunk", "created": 1_700_000_000,
            "model": "gpt-4o", "system_fingerprint": "fp_flow_sim", "choices": [choice],
        })
    };
    let opening = json!({ "role": "assistant", "content": "", "refusal": null });
    assert_eq!(chunks[0], choice(opening, Value::Null));
    assert_eq!(chunks[1], choice(json!({ "content": "Hel" }), Value::Null));
    assert_eq!(chunks[7], choice(json!({}), json!("stop")));
    assert_eq!((chunks.len(), streamed.events.len()), (8, 9));
    assert!(streamed.events.iter().all(|(name, _)| name.is_none()));
}

#[test]
fn usage_comes_last_and_without_choices_if_it_is_asked_for() {
    let more = json!({ "stream": true, "stream_options": { "include_usage": true } });
    let chunks = first(&more).completion_chunks();
    let (last, others) = chunks.split_last().unwrap();
    assert_eq!(last["choices"], json!([]));
    assert_eq!(last["usage"]["completion_tokens"], 6);
    assert!(others.iter().all(|chunk| chunk.get("usage") == Some(&Value::Null)));
    let without = first(&json!({ "stream": true })).completion_chunks();
    assert!(without.iter().all(|chunk| chunk.get("usage").is_none()));
}

#[test]
fn tool_calls_come_with_their_names_first_and_choices_in_turn() {
    let chunks = first(&json!({ "stream": true, "tools": weather(), "n": 2 })).completion_chunks();
    let indices: Vec<_> = chunks.iter().map(|chunk| &chunk["choices"][0]["index"]).collect();
    let in_turn = indices.iter().enumerate().all(|(at, index)| **index == json!(at % 2));
    assert!(in_turn, "{indices:?}");
    let call = |at: usize| &chunks[at]["choices"][0]["delta"]["tool_calls"][0];
    assert_eq!(call(2)["function"], json!({ "name": "get_weather", "arguments": "" }));
    assert!(call(2)["id"].as_str().unwrap().starts_with("call_"));
    assert_ne!(call(2)["id"], call(3)["id"]);
    let pieces: Vec<_> = chunks.iter().skip(4).step_by(2).collect();
    assert!(pieces.len() > 3, "{pieces:?}");
    assert!(call(4).get("id").is_none() && call(4)["function"].get("name").is_none());
}

#[test]
fn what_is_wrong_is_answered_as_without_a_stream() {
    let sim = Sim::start().unwrap();
    let asked = |model: &str, more: Value| send(&sim, &request(model, &more));
    #[rustfmt::skip]
    let cases = [
        ("sim-503", json!({ "stream": true }),                                       503, Value::Null),
        ("sim-404-x1-a", json!({ "stream": true }),                                  404, Value::Null),
        ("m",       json!({ "stream": true, "temperature": 9 }),                     400, json!("temperature")),
        ("m",       json!({ "stream": 1 }),                                          400, json!("stream")),
        ("m",       json!({ "stream_options": { "include_usage": true } }),          400, json!("stream_options")),
        ("m",       json!({ "stream": true, "stream_options": [] }),                 400, json!("stream_options")),
        ("m",       json!({ "stream": true, "stream_options": { "include_usage": 1 } }), 400, json!("stream_options")),
    ];
    for (model, more, status, param) in cases {
        let got = asked(model, more.clone());
        let shown =
            (got.status(), got.header("content-type"), got.json()["error"]["param"].clone());
        assert_eq!(shown, (status, Some("application/json".to_owned()), param), "{more}");
    }
    let wrong = request("m", &json!({ "stream": true })).replace("sk-test", "sk-wrong");
    assert_eq!(send(&sim, &wrong).status(), 401);
    for more in [json!({ "stream": null, "stream_options": null }), json!({ "stream": false })] {
        assert_eq!(asked("m", more).json()["object"], "chat.completion");
    }
}

#[test]
fn streams_follow_from_the_seed_and_repeat_no_prompt() {
    let bytes = || first(&json!({ "stream": true, "tools": weather(), "n": 2 })).got.bytes;
    assert_eq!(bytes(), bytes());
    assert!(!String::from_utf8_lossy(&bytes()).contains("PLANTED"));
}
