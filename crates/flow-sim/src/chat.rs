//! What a chat completion says: text, JSON, or a call of one of the request's tools.
//!
//! Of the messages nothing is repeated. Of tools and schemas the names and values are that an answer
//! cannot do without.

use serde_json::{Value, json};

use crate::asked::Asked;
use crate::ids::Ids;
use crate::logprobs;
use crate::schema;

/// When all models and completions were made: no clock is read for them.
pub(crate) const CREATED: u64 = 1_700_000_000;

/// What completions say that are asked for text.
const TEXT: &str = "Hello from flow-sim";

/// The tiers that a reply may name.
const TIERS: [&str; 4] = ["default", "flex", "priority", "scale"];

/// What one completion says.
enum Said {
    Text(String),
    Call { name: String, arguments: String },
}

/// The reply to the request numbered `seq`; `text` is what it says if it is not to say its own.
pub(crate) fn completion(asked: &Asked, text: Option<&str>, ids: Ids, seq: u64) -> Value {
    let (request, model) = (&asked.json, asked.model());
    let said = text.map_or_else(|| said(request), |text| Said::Text(text.to_owned()));
    let count = request.get("n").and_then(Value::as_u64).unwrap_or(1);
    let prompt_tokens = request.get("messages").map_or(0, tokens);
    let completion_tokens = said.tokens().saturating_mul(count);
    let choice = |index| said.choice(request, index, &ids.call(seq, index));
    let mut reply = json!({
        "id": ids.completion(seq),
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
    });
    if let (Some(tier), Some(reply)) = (tier(request), reply.as_object_mut()) {
        reply.insert("service_tier".to_owned(), tier.into());
    }
    reply
}

fn said(request: &Value) -> Said {
    if let Some(function) = function(request) {
        let arguments = function.get("parameters").map(schema::instance);
        let arguments = arguments.filter(Value::is_object).unwrap_or_else(|| json!({}));
        let name = function.get("name").and_then(Value::as_str).unwrap_or_default();
        return Said::Call { name: name.to_owned(), arguments: arguments.to_string() };
    }
    let format = request.get("response_format").unwrap_or(&Value::Null);
    Said::Text(match format.get("type").and_then(Value::as_str) {
        Some("json_schema") => {
            let schema = format.pointer("/json_schema/schema").unwrap_or(&Value::Null);
            schema::instance(schema).to_string()
        }
        Some("json_object") => json!({ "text": TEXT }).to_string(),
        _ => TEXT.to_owned(),
    })
}

/// The function to call: none after its result, or where the request forbids it; the one that the
/// request names; else the first.
fn function(request: &Value) -> Option<&Value> {
    let last = request.get("messages").and_then(Value::as_array).and_then(|all| all.last());
    let is_result = last.and_then(|message| message.get("role")?.as_str()) == Some("tool");
    let choice = request.get("tool_choice").unwrap_or(&Value::Null);
    if is_result || choice == "none" {
        return None;
    }
    let named = choice.pointer("/function/name");
    let tools = request.get("tools").and_then(Value::as_array)?;
    let mut functions = tools.iter().filter_map(|tool| tool.get("function"));
    functions.find(|function| named.is_none() || function.get("name") == named)
}

/// The tier that the request asks for; what is no tier's name is not repeated.
fn tier(request: &Value) -> Option<&'static str> {
    let asked = request.get("service_tier")?.as_str()?;
    Some(TIERS.into_iter().find(|tier| *tier == asked).unwrap_or("default"))
}

impl Said {
    fn tokens(&self) -> u64 {
        match self {
            Self::Text(text) => tokens(&json!(text)),
            Self::Call { arguments, .. } => tokens(&json!(arguments)),
        }
    }

    fn choice(&self, request: &Value, index: u64, call_id: &str) -> Value {
        let (message, finish_reason, logprobs) = match self {
            Self::Text(text) => (
                json!({ "role": "assistant", "content": text, "refusal": null }),
                "stop",
                logprobs::of(text, self.tokens(), request),
            ),
            Self::Call { name, arguments } => {
                let function = json!({ "name": name, "arguments": arguments });
                let calls = json!([{ "id": call_id, "type": "function", "function": function }]);
                let message = json!({
                    "role": "assistant", "content": null, "refusal": null, "tool_calls": calls,
                });
                (message, "tool_calls", Value::Null)
            }
        };
        json!({
            "index": index,
            "message": message,
            "logprobs": logprobs,
            "finish_reason": finish_reason,
        })
    }
}

/// A rough count, as good as any: a token for every four bytes of JSON.
pub(crate) fn tokens(value: &Value) -> u64 {
    let bytes = u64::try_from(value.to_string().len()).unwrap_or(u64::MAX);
    bytes.div_ceil(4)
}

/// What a request may cost at most: what it asks with, and the answer that it allows.
pub(crate) fn most_tokens(request: &Value) -> u32 {
    let asked = ["messages", "input"].iter().filter_map(|name| request.get(name)).map(tokens);
    let allowed =
        ["max_completion_tokens", "max_tokens"].iter().find_map(|name| request.get(name)?.as_u64());
    let most = asked.sum::<u64>().saturating_add(allowed.unwrap_or(0));
    u32::try_from(most).unwrap_or(u32::MAX)
}
