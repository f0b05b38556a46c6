//! What clients, builders, requests, calls and replies show of themselves.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};

use flow_api::chat::{Content, Part, ResponseFormat, Tool, ToolCall, ToolChoice};
use flow_api::embeddings::{EmbeddingRequest, Embeddings, Input};
use flow_api::{ApiKey, Get, Message, Models, Post, Proxy, Role};
use flow_sim::{Action, Sim};
use flow_tests::{TestClient, both};
use serde_json::{Value, json};

use super::search::{HEADER, KEY, Lines, PROMPT, PROXY, Search, URL, found};
use super::{builder, chat, client, request};

both! {
    builders_clients_and_calls_do_not_show_what_they_hold
    replies_do_not_show_the_prompt
    panics_do_not_show_what_was_on_the_stack
    servers_log_has_the_key_the_prompt_and_the_header
}

fn builders_clients_and_calls_do_not_show_what_they_hold<C: TestClient>() {
    let mut search = Search::default();
    let proxy = format!("http://me:{PROXY}@127.0.0.1:9");
    let builder = builder::<C>(&Lines::default()).base_url("http://127.0.0.1:9/v1").proxy(&proxy);
    search.debug("builder", &builder);
    let client = builder.build().unwrap();
    search.debug("client", &client);
    search.debug("settings", &client.settings());
    search.debug("chat", &chat(&client, "gpt-4o").api_key(KEY).header("x-more", HEADER));
    let body = json!({ "input": PROMPT });
    let path = format!("/embeddings?note={URL}");
    search.debug("post", &Post::new(&client, &path).json(&body).header("x-more", HEADER));
    search.debug("get", &Get::new(&client, &path).api_key(KEY));
    search.debug("models", &Models::new(&client));
    search.debug("embeddings", &Embeddings::new(&client, "e").input(PROMPT).end_user(PROMPT));
    search.debug("batch", &client.many([request("m")]).api_key(KEY).header("x-more", HEADER));
    search.finish(18);
}

#[test]
fn batches_do_not_show_what_they_hold() {
    let mut search = Search::default();
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(&file, format!("{{\"custom_id\":\"a\",\"prompt\":\"{PROMPT}\"}}\n")).unwrap();
    let url = "http://127.0.0.1:9/v1";
    let one = builder::<flow_async::Client>(&Lines::default()).base_url(url).build().unwrap();
    search.debug("async results", &one.batch([request("m")]).header("x-more", HEADER).results());
    search.debug("gathering", &one.batch([request("m")]).header("x-more", HEADER).run());
    let mut requests = flow_async::batch::RequestFile::open(file.path(), Some("m")).unwrap();
    assert!(requests.next().is_some());
    search.debug("async file", &requests);
    let other = builder::<flow_blocking::Client>(&Lines::default()).base_url(url).build().unwrap();
    search.debug("results", &other.batch([request("m")]).header("x-more", HEADER).results());
    let mut requests = flow_blocking::batch::RequestFile::open(file.path(), Some("m")).unwrap();
    assert!(requests.next().is_some());
    search.debug("file", &requests);
    fs::write(&file, format!("{{\"custom_id\":\"a\",\"messages\":\"{PROMPT}\"}}\n")).unwrap();
    let error = flow_async::batch::RequestFile::open(file.path(), Some("m")).unwrap_err();
    search.debug("line", &error);
    search.finish(12);
}

#[test]
fn parts_of_requests_do_not_show_what_they_hold() {
    let mut search = Search::default();
    search.debug("request", &request("gpt-4o"));
    search.debug("message", &Message::new(Role::User, PROMPT));
    let parts = json!({ "role": "user", "content": [{ "text": PROMPT }], "name": PROMPT });
    search.debug("message of parts", &serde_json::from_value::<Message>(parts).unwrap());
    let request = request("gpt-4o");
    search.debug("tool", &Tool::from(request.param_value("tools").unwrap()[0].clone()));
    let format = request.param_value("response_format").unwrap().clone();
    search.debug("format", &ResponseFormat::from(format));
    let call = ToolCall::function("c", "f", PROMPT);
    search.debug("arguments", &call.parse::<u8>().unwrap_err());
    search.debug("tool call", &call);
    search.debug("choice", &ToolChoice::from(json!({ "type": PROMPT })));
    search.debug("part", &Part::from(json!({ "type": PROMPT })));
    search.debug("content", &Content::from([Part::text(PROMPT), Part::audio("wav", PROMPT)]));
    search.debug("texts", &Content::from(PROMPT));
    search.debug("input", &Input::from([PROMPT]));
    search.debug("embedding request", &EmbeddingRequest::new("e").input(PROMPT));
    search.debug("key", &ApiKey::new(KEY).unwrap());
    search.debug("authorization", ApiKey::new(KEY).unwrap().authorization());
    let proxy = Proxy::new(&format!("http://{PROXY}:{PROXY}@127.0.0.1:9")).unwrap();
    search.debug("proxy", &proxy);
    search.text("Display of proxy", &proxy.to_string());
    search.finish(33);
}

#[test]
fn future_of_a_call_does_not_show_what_it_holds() {
    let mut search = Search::default();
    let sim = Sim::start().unwrap();
    let client: flow_async::Client = client(&sim, &Lines::default());
    search.debug("future", &chat(&client, "gpt-4o").send());
    search.finish(2);
    assert!(sim.log().is_empty());
}

fn replies_do_not_show_the_prompt<C: TestClient>() {
    // A service that sends the whole request back with its answer.
    let echo = json!({
        "id": "c-1", "model": "gpt-4o", "prompt": PROMPT,
        "choices": [{
            "index": 0, "prompt_logprobs": [PROMPT], "finish_reason": "stop",
            "message": {
                "role": "assistant", "content": "Hi", "prefix": PROMPT, "reasoning": PROMPT,
                "tool_calls": [{ "id": "c", "function": { "name": "f", "arguments": PROMPT } }],
                "annotations": [PROMPT], "refusal": PROMPT, "audio": { "transcript": PROMPT },
            },
            "logprobs": { "content": [{ "token": PROMPT, "logprob": -1 }] },
        }],
        "usage": { "note": PROMPT },
    });
    let mut search = Search::default();
    let lines = Lines::default();
    let sim = Sim::builder().script([Action::status(200).json(&echo)]).start().unwrap();
    let client: C = client(&sim, &lines);
    for model in ["echo", "gpt-4o"] {
        let reply = C::wait(chat(&client, model).send()).unwrap();
        search.debug("reply", &reply);
        search.debug("completion", &*reply);
        search.debug("attempts", reply.attempts());
        search.debug("tool calls", &reply.tool_calls());
        search.debug("logprobs", &reply.choices()[0].logprobs().collect::<Vec<_>>());
    }
    let echo = |embedding: Value| {
        let data = json!([{ "index": 0, "embedding": embedding, "input": PROMPT }]);
        Action::status(200).json(&json!({ "data": data, "p": PROMPT }))
    };
    sim.set_script([echo(json!([0.5])), echo(json!(PROMPT))]).unwrap();
    let embed = || C::wait(Embeddings::new(&client, "e").input(PROMPT).send());
    search.debug("embeddings", &*embed().unwrap());
    search.error("embeddings that cannot be read", &embed().unwrap_err());
    search.text("hook", &lines.text());
    search.finish(23);
}

fn panics_do_not_show_what_was_on_the_stack<C: TestClient>() {
    let mut search = Search::default();
    let sim = Sim::start().unwrap();
    let client: C = client(&sim, &Lines::default());
    let shown = client.clone();
    let call = chat(&client, "gpt-4o").on_attempt(move |attempt| {
        panic!("{shown:?} {shown:#?} {attempt} {attempt:?}");
    });
    search.text("panic of a hook", &panic_of(|| C::wait(call.send()).is_ok()));
    let call = chat(&client, "sim-401");
    search.text("panic of unwrap", &panic_of(|| C::wait(call.send()).unwrap()));
    let call = chat(&client, "gpt-4o");
    search.text("panic of unwrap_err", &panic_of(|| C::wait(call.send()).unwrap_err()));
    search.finish(3);
    assert_eq!(client.settings().in_flight(), 0);
}

/// The message of a panic, which must come.
fn panic_of<T>(run: impl FnOnce() -> T) -> String {
    let caught = catch_unwind(AssertUnwindSafe(run));
    let Err(payload) = caught else { panic!("there was no panic") };
    *payload.downcast::<String>().unwrap()
}

fn servers_log_has_the_key_the_prompt_and_the_header<C: TestClient>() {
    let sim = Sim::start().unwrap();
    let client: C = client(&sim, &Lines::default());
    C::wait(chat(&client, "gpt-4o").send()).unwrap();
    let log = sim.log();
    assert_eq!(found(&format!("{log:?}")), ["key", "prompt", "header"]);
    assert_eq!(found(&log[0].to_string()), [""; 0]);
}
