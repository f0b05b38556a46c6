//! What the service says when nothing is wrong.
//!
//! Answers depend on the request's shape and the server's seed only, and never repeat a prompt:
//! a test may search logs and answers for its own secrets.

use bytes::Bytes;
use http::StatusCode;
use serde_json::{Value, json};

use crate::asked::Asked;
use crate::chat::{self, CREATED, tokens};
use crate::chunks;
use crate::embedding;
use crate::fault;
use crate::ids::Ids;
use crate::plan::Plan;
use crate::reply::Reply;
use crate::route::Endpoint;
use crate::shape::{self, Shape};
use crate::stream::Stream;

/// Models that the list names besides the server's own.
const MODELS: [&str; 3] = ["gpt-4o", "gpt-4o-mini", "text-embedding-3-small"];

/// Answers a request that nothing speaks against.
pub(crate) fn answer(asked: &Asked, plan: &Plan, ids: Ids, seq: u64) -> Reply {
    // A script answers what it likes; where it sends a huge body, any endpoint will do.
    let value = match asked.endpoint.as_ref().unwrap_or(&Endpoint::Models) {
        Endpoint::Chat => {
            let completion = chat::completion(asked, plan.text.as_deref(), ids, seq);
            if asked.is_streamed() && !plan.unstreamed {
                return streamed(&completion, asked, plan);
            }
            completion
        }
        Endpoint::Embeddings => embeddings(&asked.json, asked.model().unwrap_or_default()),
        Endpoint::Models => models(),
        Endpoint::Model(id) => describe(id),
    };
    Reply::json(StatusCode::OK, &value)
}

fn streamed(completion: &Value, asked: &Asked, plan: &Plan) -> Reply {
    let chunks = chunks::chunks(completion, &asked.json);
    let whole = Stream::new();
    let Shape { steps, words } = shape::shape(chunks, plan.stream.as_ref().unwrap_or(&whole));
    let reply = Reply::new(StatusCode::OK, "text/event-stream", Bytes::new());
    Reply { body: steps, stream: Some(words), ..reply }.header("cache-control", "no-cache")
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
