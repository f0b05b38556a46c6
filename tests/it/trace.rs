//! What a subscriber of `tracing` gets to see of calls: the whole tree, the same of both clients.

mod calls;
pub(crate) mod collect;
mod nesting;
mod streams;

use std::time::Duration;

use flow_errors::RetryPolicy;
use flow_sim::{Action, Sim};
use flow_tests::{TestClient, VirtualClock};
use serde_json::json;

/// A client of `base_url` whose waits take no time and are the same every time.
fn client<C: TestClient>(base_url: &str) -> C {
    let client = flow_api::ClientBuilder::<C>::new().api_key("sk-test").base_url(base_url);
    client.no_proxy().build().unwrap().on_socket_clock(VirtualClock::new(7))
}

fn sim(script: impl IntoIterator<Item = Action>) -> Sim {
    Sim::builder().script(script.into_iter().collect::<Vec<_>>()).start().unwrap()
}

/// A success with an id.
fn answer(request_id: &'static str) -> Action {
    let body = json!({
        "id": "c-1", "model": "gpt-4o-2024", "usage": { "prompt_tokens": 9, "completion_tokens": 2 },
        "choices": [{ "finish_reason": "stop", "message": { "role": "assistant", "content": "Hi" } }],
    });
    Action::status(200).json(&body).header("x-request-id", request_id)
}

fn twice() -> RetryPolicy {
    let builder = RetryPolicy::builder().initial_delay(Duration::from_secs(1)).max_attempts(2);
    builder.build().unwrap()
}
