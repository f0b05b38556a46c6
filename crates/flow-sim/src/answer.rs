//! What the service says when nothing is wrong.
//!
//! Answers depend on the request's shape and the server's seed only, and never repeat a prompt:
//! a test may search logs and answers for its own secrets.

use http::StatusCode;
use serde_json::{Value, json};

use crate::asked::Asked;
use crate::embedding;
use crate::fault;
use crate::ids::Ids;
use crate::reply::Reply;
use crate::route::Endpoint;

/// What every completion says.
const TEXT: &str = "Hello from flow-sim";
const TEXT_TOKENS: u64 = 6;
/// When all models and completions were made: no clock is read for them.
const CREATED: u64 = 1_700_000_000;
/// Models that the list names besides the server's own.
const MODELS: [&str; 3] = ["gpt-4o", "gpt-4o-mini", "text-embedding-3-small"];

/// Answers a request that nothing speaks against.
pub(crate) fn answer(asked: &Asked, endpoint: &Endpoint, ids: Ids, seq: u64) -> Reply {
    let model = asked.model().unwrap_or_default();
    let value = match endpoint {
        Endpoint::Chat => chat(&asked.json, model, &ids.completion(seq)),
        Endpoint::Embeddings => embeddings(&asked.json, model),
        Endpoint::Models => models(),
        Endpoint::Model(id) => describe(id),
    };
    Reply::json(StatusCode::OK, &value)
}

fn chat(request: &Value, model: &str, id: &str) -> Value {
    let count = request.get("n").and_then(Value::as_u64).unwrap_or(1);
    let prompt_tokens = request.get("messages").map_or(0, tokens);
    let completion_tokens = TEXT_TOKENS.saturating_mul(count);
    json!({
        "id": id,
        "object": "chat.completion",
        "created": CREATED,
        "model": model,
        "choices": (0..count).map(choice).collect::<Vec<_>>(),
        "usage": {
            "prompt_tokens": prompt_tokens,
            "completion_tokens": completion_tokens,
            "total_tokens": prompt_tokens.saturating_add(completion_tokens),
        },
        "system_fingerprint": "fp_flow_sim",
    })
}

fn choice(index: u64) -> Value {
    json!({
        "index": index,
        "message": { "role": "assistant", "content": TEXT, "refusal": null },
        "logprobs": null,
        "finish_reason": "stop",
    })
}

fn embeddings(request: &Value, model: &str) -> Value {
    let input = request.get("input").unwrap_or(&Value::Null);
    let tokens = tokens(input);
    json!({
        "object": "list",
        "data": embedding::all(request, input),
        "model": model,
        "usage": { "prompt_tokens": tokens, "total_tokens": tokens },
    })
}

fn models() -> Value {
    let own = fault::model_ids().into_iter().map(|(id, _)| id);
    let all = MODELS.into_iter().map(str::to_owned).chain(own);
    json!({ "object": "list", "data": all.map(|id| describe(&id)).collect::<Vec<_>>() })
}

fn describe(id: &str) -> Value {
    json!({ "id": id, "object": "model", "created": CREATED, "owned_by": "flow-sim" })
}

/// A rough count, as good as any: a token for every four bytes of JSON.
fn tokens(value: &Value) -> u64 {
    let bytes = u64::try_from(value.to_string().len()).unwrap_or(u64::MAX);
    bytes.div_ceil(4)
}
