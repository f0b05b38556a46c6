//! The key, the prompt and other people's credentials are shown nowhere.
//!
//! They are planted, everything that the clients can be made to show is looked through, and the
//! same search must find them where they belong: in the server's log and in the raw body.

mod calls;
mod echoes;
mod failures;
mod refused;
mod search;
mod streams;
mod traces;

use std::time::Duration;

use flow_api::chat::{Part, ResponseFormat, Tool, ToolCall};
use flow_api::{Chat, ChatRequest, ClientBuilder, Message};
use flow_errors::RetryPolicy;
use flow_sim::Sim;
use flow_tests::TestClient;
use serde_json::json;

use self::search::{HEADER, KEY, Lines, PROMPT};

/// A builder with a planted key and a planted header value.
fn builder<C: TestClient>(lines: &Lines) -> ClientBuilder<C> {
    let builder = ClientBuilder::<C>::new().api_key(KEY).header("x-note", HEADER);
    builder.retry(twice()).on_attempt(lines.hook())
}

fn client<C: TestClient>(sim: &Sim, lines: &Lines) -> C {
    builder::<C>(lines).base_url(sim.base_url()).build().unwrap()
}

/// A request that holds the prompt wherever it can.
fn request(model: &str) -> ChatRequest {
    let schema = json!({ "type": "object", "description": PROMPT, "properties": { PROMPT: {} } });
    let tool = Tool::function("f").description(PROMPT).parameters(schema.clone());
    let call = ToolCall::function("call_1", "f", json!({ "q": PROMPT }).to_string());
    ChatRequest::new(model)
        .system(PROMPT)
        .user([Part::text(PROMPT), Part::image("image/png", PROMPT), Part::file_id(PROMPT)])
        .message(Message::assistant(PROMPT).with_tool_calls([call]).with_name(PROMPT))
        .tool_result("call_1", PROMPT)
        .tool(tool)
        .response_format(ResponseFormat::json_schema("s", schema).description(PROMPT))
        .prediction(PROMPT)
        .metadata("note", PROMPT)
        .stop(PROMPT)
        .end_user(PROMPT)
        .param("vendor", json!({ "note": PROMPT }))
}

fn chat<'a, C: TestClient>(client: &'a C, model: &str) -> Chat<'a, C> {
    Chat::new(client, request(model)).attempt_timeout(Duration::from_secs(20))
}

/// Two attempts, one right after the other.
fn twice() -> RetryPolicy {
    let builder = RetryPolicy::builder().initial_delay(Duration::from_millis(1)).max_attempts(2);
    builder.max_delay(Duration::from_millis(1)).build().unwrap()
}
