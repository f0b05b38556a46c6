//! The names of a chat request's parameters in the JSON, for the setters and the checks.

pub(crate) const TEMPERATURE: &str = "temperature";
pub(crate) const TOP_P: &str = "top_p";
pub(crate) const PRESENCE_PENALTY: &str = "presence_penalty";
pub(crate) const FREQUENCY_PENALTY: &str = "frequency_penalty";
pub(crate) const N: &str = "n";
pub(crate) const MAX_TOKENS: &str = "max_tokens";
pub(crate) const MAX_COMPLETION_TOKENS: &str = "max_completion_tokens";
pub(crate) const SEED: &str = "seed";
pub(crate) const STOP: &str = "stop";
pub(crate) const LOGIT_BIAS: &str = "logit_bias";
pub(crate) const LOGPROBS: &str = "logprobs";
pub(crate) const TOP_LOGPROBS: &str = "top_logprobs";
pub(crate) const TOOLS: &str = "tools";
pub(crate) const TOOL_CHOICE: &str = "tool_choice";
pub(crate) const PARALLEL_TOOL_CALLS: &str = "parallel_tool_calls";
pub(crate) const RESPONSE_FORMAT: &str = "response_format";
pub(crate) const REASONING_EFFORT: &str = "reasoning_effort";
pub(crate) const PREDICTION: &str = "prediction";
pub(crate) const SERVICE_TIER: &str = "service_tier";
pub(crate) const METADATA: &str = "metadata";
pub(crate) const STORE: &str = "store";
pub(crate) const END_USER: &str = "user";
pub(crate) const STREAM: &str = "stream";
pub(crate) const STREAM_OPTIONS: &str = "stream_options";

/// What `param()` cannot set, for a JSON object would have the key twice, and what to do instead.
pub(crate) const FIELDS: &[(&str, &str)] =
    &[("model", "name it when the request is made"), ("messages", "use messages() instead")];
