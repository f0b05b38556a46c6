//! Chats that ask for more than a sentence: tools, JSON, several answers, log probabilities.

use flow_sim::Sim;
use serde_json::{Value, json};

use crate::wire::{Got, post, send};

/// A chat whose request has these fields besides a model and a message.
fn chat(sim: &Sim, more: &Value) -> Got {
    let mut request =
        json!({ "model": "m", "messages": [{ "role": "user", "content": "PLANTED" }] });
    request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let got =
        send(sim, &post("/v1/chat/completions", "connection: close\r\n", &request.to_string()));
    assert!(!String::from_utf8_lossy(&got.bytes).contains("PLANTED"), "{more}");
    got
}

fn function(name: &str) -> Value {
    let city = json!({ "type": "string" });
    let unit = json!({ "type": "string", "enum": ["celsius", "fahrenheit"] });
    let schema = json!({
        "type": "object", "required": ["city", "unit"], "additionalProperties": false,
        "properties": { "city": city, "unit": unit, "days": { "type": "integer" } },
    });
    let function = json!({ "name": name, "description": "PLANTED", "parameters": schema });
    json!({ "type": "function", "function": function })
}

fn named(name: &str) -> Value {
    json!({ "type": "function", "function": { "name": name } })
}

#[test]
fn tools_are_called_with_arguments_that_fit() {
    let sim = Sim::start().unwrap();
    let tools = json!([{ "type": "web_search" }, function("one"), function("two")]);
    #[rustfmt::skip]
    let cases = [
        // tool_choice           function
        (json!(null),            "one"),
        (json!("auto"),          "one"),
        (json!("required"),      "one"),
        (named("two"),           "two"),
    ];
    for (choice, want) in cases {
        let reply = chat(&sim, &json!({ "tools": tools, "tool_choice": choice })).json();
        let message = &reply["choices"][0]["message"];
        let call = &message["tool_calls"][0];
        assert_eq!((&call["type"], &call["function"]["name"]), (&json!("function"), &json!(want)));
        assert!(call["id"].as_str().unwrap().starts_with("call_"), "{call}");
        let arguments = call["function"]["arguments"].as_str().unwrap();
        let arguments: Value = serde_json::from_str(arguments).unwrap();
        assert_eq!(arguments, json!({ "city": "sim", "unit": "celsius" }));
        assert_eq!(message["content"], Value::Null);
        assert_eq!(reply["choices"][0]["finish_reason"], "tool_calls");
        assert!(reply["usage"]["completion_tokens"].as_u64() > Some(6));
    }
    let bare = json!({ "tools": [named("bare")] });
    let reply = chat(&sim, &bare).json();
    assert_eq!(reply["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"], "{}");
}

#[test]
fn results_and_prohibitions_are_answered_with_text() {
    let sim = Sim::start().unwrap();
    let tools = json!([function("one")]);
    let asked = json!({ "role": "assistant", "content": null, "tool_calls": [{ "id": "call_1" }] });
    let result = json!({ "role": "tool", "tool_call_id": "call_1", "content": "PLANTED" });
    let user = json!({ "role": "user", "content": "PLANTED" });
    #[rustfmt::skip]
    let cases = [
        (json!({ "tools": tools, "tool_choice": "none" }),               "stop"),
        (json!({ "tools": tools, "messages": [user, asked, result] }),   "stop"),
        (json!({ "tools": tools, "messages": [user, asked, result, user] }), "tool_calls"),
        (json!({ "tools": [] }),                                         "stop"),
        (json!({ "tools": [{ "type": "web_search" }] }),                 "stop"),
    ];
    for (more, want) in cases {
        let reply = chat(&sim, &more).json();
        let choice = &reply["choices"][0];
        assert_eq!(choice["finish_reason"], want, "{more}");
        assert_eq!(choice["message"]["content"] == "Hello from flow-sim", want == "stop", "{more}");
    }
}

#[test]
fn formats_are_kept_to() {
    let sim = Sim::start().unwrap();
    let content = |format: Value| {
        let reply = chat(&sim, &json!({ "response_format": format })).json();
        let content = reply["choices"][0]["message"]["content"].as_str().unwrap().to_owned();
        serde_json::from_str::<Value>(&content)
    };
    assert!(content(json!({ "type": "text" })).is_err());
    assert!(content(json!({ "type": "json_object" })).unwrap().is_object());
    let schema = function("f")["function"]["parameters"].clone();
    let format = json!({ "type": "json_schema", "json_schema": { "name": "n", "schema": schema } });
    assert_eq!(content(format).unwrap(), json!({ "city": "sim", "unit": "celsius" }));
}

#[test]
fn extras_are_as_asked_for() {
    let sim = Sim::start().unwrap();
    let reply =
        chat(&sim, &json!({ "logprobs": true, "top_logprobs": 2, "n": 2, "seed": 1 })).json();
    assert_eq!(reply["choices"].as_array().unwrap().len(), 2);
    assert_eq!(reply["system_fingerprint"], "fp_flow_sim");
    let tokens = reply["choices"][1]["logprobs"]["content"].as_array().unwrap();
    let text: String = tokens.iter().map(|token| token["token"].as_str().unwrap()).collect();
    assert_eq!((text.as_str(), tokens.len()), ("Hello from flow-sim", 6));
    assert!(tokens.iter().all(|token| token["top_logprobs"].as_array().unwrap().len() == 2));
    assert!(reply.get("service_tier").is_none());
    for (asked, want) in [("flex", "flex"), ("auto", "default"), ("PLANTED", "default")] {
        assert_eq!(chat(&sim, &json!({ "service_tier": asked })).json()["service_tier"], want);
    }
    let calls = chat(&sim, &json!({ "tools": [function("f")], "n": 2 })).json();
    let id = |index: usize| calls["choices"][index]["message"]["tool_calls"][0]["id"].clone();
    assert_ne!(id(0), id(1));
}

#[test]
fn what_is_wrong_is_named() {
    let sim = Sim::start().unwrap();
    let format = json!({ "type": "json_schema", "json_schema": { "schema": {} } });
    let many: Value = (0..17).map(|key| (key.to_string(), json!("v"))).collect();
    #[rustfmt::skip]
    let cases = [
        (json!({ "messages": [{ "role": "tool", "content": "x" }] }),             "messages"),
        (json!({ "tools": [function("a b")] }),                                   "tools"),
        (json!({ "tools": [function(&"n".repeat(65))] }),                         "tools"),
        (json!({ "tool_choice": "required" }),                                    "tool_choice"),
        (json!({ "tools": [function("f")], "tool_choice": named("g") }),          "tool_choice"),
        (json!({ "response_format": format }),                                    "response_format"),
        (json!({ "top_logprobs": 1 }),                                            "top_logprobs"),
        (json!({ "top_logprobs": 21, "logprobs": true }),                         "top_logprobs"),
        (json!({ "stop": ["a", "b", "c", "d", "e"] }),                            "stop"),
        (json!({ "metadata": many }),                                             "metadata"),
        (json!({ "logit_bias": { "7": 101 } }),                                   "logit_bias"),
    ];
    for (more, param) in cases {
        let got = chat(&sim, &more);
        assert_eq!((got.status(), &got.json()["error"]["param"]), (400, &json!(param)), "{more}");
    }
    let fine = json!({ "stop": null, "top_logprobs": null, "logprobs": null, "metadata": {}, "logit_bias": null });
    assert_eq!(chat(&sim, &fine).status(), 200);
}
