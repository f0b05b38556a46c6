//! A piece of a chat completion as a program without a client of ours would decode it.

use serde::Deserialize;
use serde_json::{Map, Value};

/// What ours has in places of its own; everything else is dropped.
#[derive(Deserialize)]
#[expect(dead_code, reason = "decoding is all that is measured")]
pub(super) struct Plain {
    id: Option<String>,
    object: Option<String>,
    created: Option<u64>,
    model: Option<String>,
    service_tier: Option<String>,
    system_fingerprint: Option<String>,
    choices: Vec<PlainChoice>,
    usage: Option<Usage>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "decoding is all that is measured")]
struct PlainChoice {
    index: u64,
    delta: PlainDelta,
    logprobs: Option<Value>,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "decoding is all that is measured")]
struct PlainDelta {
    role: Option<String>,
    content: Option<String>,
    tool_calls: Option<Vec<Value>>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "decoding is all that is measured")]
struct Usage {
    prompt_tokens: u64,
    completion_tokens: u64,
    total_tokens: u64,
}

impl Plain {
    /// Whether it says anything.
    pub(super) fn has_content(&self) -> bool {
        self.choices
            .iter()
            .any(|choice| choice.delta.content.as_ref().is_some_and(|text| !text.is_empty()))
    }
}

/// The same, with every other field kept, as ours does.
#[derive(Deserialize)]
#[expect(dead_code, reason = "decoding is all that is measured")]
pub(super) struct Keeping {
    id: Option<String>,
    object: Option<String>,
    created: Option<u64>,
    model: Option<String>,
    service_tier: Option<String>,
    system_fingerprint: Option<String>,
    choices: Vec<KeepingChoice>,
    usage: Option<KeepingUsage>,
    #[serde(flatten)]
    extra: Map<String, Value>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "decoding is all that is measured")]
struct KeepingChoice {
    index: u64,
    delta: KeepingDelta,
    logprobs: Option<Value>,
    finish_reason: Option<String>,
    #[serde(flatten)]
    extra: Map<String, Value>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "decoding is all that is measured")]
struct KeepingDelta {
    role: Option<String>,
    content: Option<String>,
    tool_calls: Option<Vec<Value>>,
    #[serde(flatten)]
    extra: Map<String, Value>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "decoding is all that is measured")]
struct KeepingUsage {
    prompt_tokens: u64,
    completion_tokens: u64,
    total_tokens: u64,
    #[serde(flatten)]
    extra: Map<String, Value>,
}
