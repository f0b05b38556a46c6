//! What the service answers when no fault is asked for.

use flow_sim::Sim;
use serde_json::{Value, json};

use crate::wire::{Got, chat, get, post, send};

const CLOSE: &str = "connection: close\r\n";

fn chat_with(sim: &Sim, more: &str) -> Got {
    let body =
        format!(r#"{{"model":"gpt-4o","messages":[{{"role":"user","content":"Hi"}}]{more}}}"#);
    send(sim, &post("/v1/chat/completions", CLOSE, &body))
}

#[test]
fn chat_answers_like_the_service() {
    let sim = Sim::builder().seed(7).start().unwrap();
    let got = chat(&sim, "gpt-4o");
    let body = got.json();
    let id = body["id"].as_str().unwrap();
    let want = json!({
        "id": id,
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": "gpt-4o",
        "choices": [{
            "index": 0,
            "message": { "role": "assistant", "content": "Hello from flow-sim", "refusal": null },
            "logprobs": null,
            "finish_reason": "stop",
        }],
        "usage": { "prompt_tokens": 8, "completion_tokens": 6, "total_tokens": 14 },
        "system_fingerprint": "fp_flow_sim",
    });
    assert_eq!((got.status(), &body), (200, &want));
    assert!(id.starts_with("chatcmpl-"));
}

#[test]
fn answers_follow_from_the_seed() {
    let bytes = |seed| {
        let sim = Sim::builder().seed(seed).start().unwrap();
        [chat(&sim, "gpt-4o").bytes, chat(&sim, "gpt-4o").bytes, chat(&sim, "sim-503").bytes]
    };
    let first = bytes(1);
    assert_eq!(first, bytes(1));
    assert_ne!(first, bytes(2));
    assert_ne!(first[0], first[1]);
}

#[test]
fn answers_never_repeat_the_prompt_or_the_key() {
    let sim = Sim::start().unwrap();
    let chat = r#"{"model":"gpt-4o","messages":[{"role":"user","content":"PLANTED"}],"n":2}"#;
    let wrong = r#"{"model":"gpt-4o","messages":"PLANTED","temperature":"PLANTED"}"#;
    let embed = r#"{"model":"e","input":["PLANTED"]}"#;
    let requests = [
        post("/v1/chat/completions", CLOSE, chat),
        post("/v1/chat/completions", CLOSE, wrong),
        post("/v1/chat/completions", CLOSE, chat).replace("sk-test", "sk-wrong-PLANTED"),
        post("/v1/chat/completions", CLOSE, "PLANTED"),
        post("/v1/embeddings", CLOSE, embed),
    ];
    for request in requests {
        let got = send(&sim, &request);
        assert!(!String::from_utf8_lossy(&got.bytes).contains("PLANTED"), "{request}");
    }
}

#[test]
fn choices_are_as_many_as_asked_for() {
    let got = chat_with(&Sim::start().unwrap(), r#","n":3"#).json();
    assert_eq!(got["choices"].as_array().unwrap().len(), 3);
    assert_eq!(got["choices"][2]["index"], 2);
    assert_eq!(got["usage"]["completion_tokens"], 18);
}

#[test]
fn bad_requests_name_the_parameter() {
    let sim = Sim::start().unwrap();
    let cases = [
        ("{", "body"),
        ("[]", "body"),
        (r#"{"messages":[{}]}"#, "model"),
        (r#"{"model":7,"messages":[{}]}"#, "model"),
        (r#"{"model":"m"}"#, "messages"),
        (r#"{"model":"m","messages":[]}"#, "messages"),
        (r#"{"model":"m","messages":"Hi"}"#, "messages"),
        (r#"{"model":"m","messages":[{}],"temperature":2.1}"#, "temperature"),
        (r#"{"model":"m","messages":[{}],"temperature":-0.1}"#, "temperature"),
        (r#"{"model":"m","messages":[{}],"temperature":"hot"}"#, "temperature"),
        (r#"{"model":"m","messages":[{}],"top_p":1.5}"#, "top_p"),
        (r#"{"model":"m","messages":[{}],"n":0}"#, "n"),
    ];
    for (body, param) in cases {
        let got = send(&sim, &post("/v1/chat/completions", CLOSE, body));
        let error = &got.json()["error"];
        assert_eq!(got.status(), 400, "{body}");
        assert_eq!(error["type"], "invalid_request_error", "{body}");
        assert_eq!(error["param"], param, "{body}");
    }
    let got = send(&sim, &post("/v1/embeddings", CLOSE, r#"{"model":"m"}"#));
    assert_eq!(got.json()["error"]["param"], "input");
}

#[test]
fn good_values_at_the_ends_of_their_ranges_are_taken() {
    let sim = Sim::start().unwrap();
    for more in ["", r#","temperature":0"#, r#","temperature":2.0"#, r#","temperature":null"#] {
        assert_eq!(chat_with(&sim, more).status(), 200, "{more}");
    }
}

#[test]
fn keys_are_checked() {
    let sim = Sim::start().unwrap();
    let strict = Sim::builder().accept_key("sk-good").start().unwrap();
    let picky = Sim::builder().reject_key("sk-old").start().unwrap();
    let cases = [
        (&sim, "authorization: Bearer anything\r\n", 200),
        (&sim, "authorization: bearer anything\r\n", 200),
        (&sim, "", 401),
        (&sim, "authorization: Bearer \r\n", 401),
        (&sim, "authorization: sk-test\r\n", 401),
        (&sim, "authorization: Basic sk-test\r\n", 401),
        (&sim, "authorization: Bearer sk-wrong-1\r\n", 401),
        (&strict, "authorization: Bearer sk-good\r\n", 200),
        (&strict, "authorization: Bearer sk-other\r\n", 401),
        (&picky, "authorization: Bearer sk-old\r\n", 401),
        (&picky, "authorization: Bearer sk-new\r\n", 200),
    ];
    for (sim, header, want) in cases {
        let request = get("/v1/models").replace("authorization: Bearer sk-test\r\n", header);
        let got = send(sim, &request);
        assert_eq!(got.status(), want, "{header:?}");
        if want == 401 {
            assert_eq!(got.json()["error"]["type"], "invalid_api_key", "{header:?}");
            assert_eq!(got.json()["error"]["code"], "invalid_api_key", "{header:?}");
        }
    }
}

#[test]
fn paths_and_methods_that_do_not_exist_have_envelopes() {
    let sim = Sim::start().unwrap();
    let got = send(&sim, &get("/v1/nothing"));
    assert_eq!(got.status(), 404);
    assert_eq!(got.json()["error"]["message"], "Unknown model or endpoint");
    assert!(got.header("x-request-id").is_some());

    let got = send(&sim, &get("/v1/chat/completions"));
    assert_eq!(got.status(), 405);
    assert_eq!(got.header("allow").as_deref(), Some("POST"));
    assert_eq!(got.json()["error"]["type"], "invalid_request_error");
}

#[test]
fn models_are_listed_and_found() {
    let sim = Sim::start().unwrap();
    for path in ["/v1/models", "/models"] {
        let list = send(&sim, &get(path)).json();
        let ids: Vec<&str> = list["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["id"].as_str().unwrap())
            .collect();
        assert!(ids.contains(&"gpt-4o") && ids.contains(&"sim-429") && ids.contains(&"sim-hang"));
    }
    let model = send(&sim, &get("/v1/models/gpt-4o")).json();
    assert_eq!((&model["id"], &model["object"]), (&json!("gpt-4o"), &json!("model")));
    assert_eq!(send(&sim, &get("/v1/models/sim-nonsense")).status(), 404);
}

#[test]
fn embeddings_follow_from_their_input() {
    let sim = Sim::start().unwrap();
    let embed = |input: &str, more: &str| -> Value {
        let body = format!(r#"{{"model":"e","input":{input}{more}}}"#);
        send(&sim, &post("/v1/embeddings", CLOSE, &body)).json()
    };
    let both = embed(r#"["one","two"]"#, "");
    assert_eq!(both["object"], "list");
    assert_eq!(both["data"][1]["index"], 1);
    assert_eq!(both["data"][0]["embedding"].as_array().unwrap().len(), 8);
    assert_eq!(embed(r#""two""#, "")["data"][0]["embedding"], both["data"][1]["embedding"]);
    assert_ne!(both["data"][0]["embedding"], both["data"][1]["embedding"]);
    assert_eq!(embed("[1,2,3]", "")["data"].as_array().unwrap().len(), 1);

    let long = embed(r#""one""#, r#","dimensions":3,"encoding_format":"base64""#);
    assert_eq!(long["data"][0]["embedding"].as_str().unwrap().len(), 16);
}
