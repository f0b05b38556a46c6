//! The parameters of a chat request that have a setter.

use crate::params::{Known, known};

#[rustfmt::skip]
known! {
    TEMPERATURE           "temperature"           "temperature()"
    TOP_P                 "top_p"                 "top_p()"
    PRESENCE_PENALTY      "presence_penalty"      "presence_penalty()"
    FREQUENCY_PENALTY     "frequency_penalty"     "frequency_penalty()"
    N                     "n"                     "n()"
    MAX_TOKENS            "max_tokens"            "max_tokens()"
    MAX_COMPLETION_TOKENS "max_completion_tokens" "max_completion_tokens()"
    SEED                  "seed"                  "seed()"
    STOP                  "stop"                  "stop()"
    LOGIT_BIAS            "logit_bias"            "logit_bias()"
    LOGPROBS              "logprobs"              "logprobs()"
    TOP_LOGPROBS          "top_logprobs"          "top_logprobs()"
    TOOLS                 "tools"                 "tool()"
    TOOL_CHOICE           "tool_choice"           "tool_choice()"
    PARALLEL_TOOL_CALLS   "parallel_tool_calls"   "parallel_tool_calls()"
    RESPONSE_FORMAT       "response_format"       "response_format()"
    REASONING_EFFORT      "reasoning_effort"      "reasoning_effort()"
    PREDICTION            "prediction"            "prediction()"
    SERVICE_TIER          "service_tier"          "service_tier()"
    METADATA              "metadata"              "metadata()"
    STORE                 "store"                 "store()"
    END_USER              "user"                  "end_user()"
}

/// What goes another way: a second value would make a JSON object with the key twice, and a stream
/// is no JSON object at all.
pub(crate) const FIELDS: &[Known] = &[
    Known::new("model", "name it when the request is made"),
    Known::new("messages", "use messages() instead"),
    STREAM,
];

pub(crate) const STREAM: Known =
    Known::new("stream", "streams cannot be read yet, so leave it out");
