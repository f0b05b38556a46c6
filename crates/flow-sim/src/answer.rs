//! What the service says when nothing is wrong.
//!
//! Answers depend on the request's shape and the server's seed only, and never repeat a prompt:
//! a test may search logs and answers for its own secrets.

use http::StatusCode;
use serde_json::{Value, json};

use crate::asked::Asked;
use crate::chat::{self, CREATED, tokens};
use crate::embedding;
use crate::fault;
use crate::ids::Ids;
use crate::reply::Reply;
use crate::route::Endpoint;

/// Models that the list names besides the server's own.
const MODELS: [&str; 3] = ["gpt-4o", "gpt-4o-mini", "text-embedding-3-small"];

/// Answers a request that nothing speaks against.
pub(crate) fn answer(asked: &Asked, endpoint: &Endpoint, ids: Ids, seq: u64) -> Reply {
    let model = asked.model().unwrap_or_default();
    let value = match endpoint {
        Endpoint::Chat => chat::completion(&asked.json, model, ids, seq),
        Endpoint::Embeddings => embeddings(&asked.json, model),
        Endpoint::Models => models(),
        Endpoint::Model(id) => describe(id),
    };
    Reply::json(StatusCode::OK, &value)
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
