//! What a subscriber of `tracing` is told, by us and by the HTTP stack.

use std::time::Duration;

use flow_api::{Get, Post};
use flow_blocking::CancelToken;
use flow_sim::{Action, Sim};
use flow_tests::{TestClient, both};
use serde_json::{Value, json};

use super::search::{HEADER, KEY, Lines, PROMPT, PROXY, Search, URL, found};
use super::{builder, chat, client};
use crate::trace::collect::{Collected, collect};

both! {
    services_that_echo_are_not_traced_with_it
    queries_bodies_and_proxies_are_not_traced
}

/// Looks through everything that was told, of which there must be something.
fn look(search: &mut Search, place: &str, told: &Collected) {
    assert!(told.tree().contains("flow.attempt"), "{place}: {}", told.tree());
    for line in told.everything() {
        search.text(place, &line);
    }
}

/// Answers that hold the key and the prompt wherever a service may put them.
fn echoes() -> [(&'static str, Action); 6] {
    let words = format!("refused: {PROMPT}, {KEY}");
    let error = json!({ "error": {
        "message": words, "type": KEY, "code": words, "param": PROMPT, "input": PROMPT,
    }});
    let reply = json!({
        "id": KEY, "model": words, "prompt": PROMPT, "usage": { "prompt_tokens": PROMPT },
        "choices": [{
            "finish_reason": words, "message": { "role": "assistant", "content": PROMPT },
        }],
    });
    let page = format!("<html><title>{words}</title></html>");
    [
        ("envelope", Action::status(400).json(&error)),
        ("busy", Action::status(503).json(&error)),
        ("page", Action::status(502).header("content-type", "text/html").body(page)),
        ("reply", Action::status(200).json(&reply)),
        ("no reply", Action::status(200).json(&json!({ "choices": PROMPT }))),
        ("garbage", Action::normal().garbage(format!("HTTP/1.1 {KEY} {PROMPT}\r\n\r\n"))),
    ]
}

fn services_that_echo_are_not_traced_with_it<C: TestClient>() {
    let mut search = Search::default();
    let sim = Sim::start().unwrap();
    let client: C = client(&sim, &Lines::default());
    for (name, action) in echoes() {
        let action = action.header("x-request-id", KEY).header("x-note", PROMPT);
        sim.set_script([action.clone(), action]).unwrap();
        let (_, told) = collect(|| C::wait(chat(&client, "gpt-4o").send()));
        look(&mut search, name, &told);
    }
    search.finish(6 * 3);
    assert_eq!(found(&format!("{:?}", sim.log())), ["key", "prompt", "header"]);
}

fn queries_bodies_and_proxies_are_not_traced<C: TestClient>() {
    let mut search = Search::default();
    let sim = Sim::start().unwrap();
    let client: C = client(&sim, &Lines::default());
    let get = Get::new(&client, format!("/models/gpt-4o?note={URL}")).header("x-more", HEADER);
    let (_, told) = collect(|| C::wait(get.send::<Value>()));
    look(&mut search, "query", &told);
    let body = json!({ "model": "e", "input": PROMPT });
    let post = Post::new(&client, format!("/embeddings?note={URL}")).json(&body);
    let (_, told) = collect(|| C::wait(post.send::<Value>()));
    look(&mut search, "body", &told);
    for to in [sim.addr(), flow_loopback::closed()] {
        let client = builder::<C>(&Lines::default()).base_url("http://flowapi.invalid/v1");
        let client = client.allow_plain_http().proxy(format!("http://me:{PROXY}@{to}"));
        let client: C = client.build().unwrap();
        let (_, told) = collect(|| C::wait(chat(&client, "sim-503").send()));
        look(&mut search, "proxy", &told);
    }
    search.finish(4 * 2);
    let log = format!("{:?}", sim.log());
    assert_eq!(found(&log), ["key", "prompt", "header", "proxy", "URL"]);
}

#[test]
fn cancelled_call_is_not_traced_with_its_secrets() {
    let mut search = Search::default();
    let sim = Sim::start().unwrap();
    let token = CancelToken::new();
    let client: flow_blocking::Client = client(&sim, &Lines::default());
    let client = client.with_cancel_token(&token);
    let (result, told) = std::thread::scope(|scope| {
        scope.spawn(|| {
            assert!(sim.wait_for_requests(1, Duration::from_secs(20)));
            token.cancel();
        });
        collect(|| chat(&client, "sim-hang").header("x-more", HEADER).send())
    });
    assert!(result.is_err());
    look(&mut search, "cancelled", &told);
    search.finish(2);
}
