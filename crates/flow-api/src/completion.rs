//! What a chat call gets back.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::Message;
use crate::field::{Field, Names};

/// A chat completion: tolerant of fields and values it does not know, and it keeps them.
///
/// `Debug` leaves out the texts, and of unknown fields the values.
///
/// # Examples
///
/// ```
/// use flow_api::{ChatCompletion, FinishReason};
///
/// let json = r#"{"id": "c1", "choices": [{"index": 0, "finish_reason": "stop",
///     "message": {"role": "assistant", "content": "Hi"}}], "vendor": true}"#;
/// let reply: ChatCompletion = serde_json::from_str(json)?;
/// assert_eq!(reply.text(), "Hi");
/// assert_eq!(reply.choices()[0].finish_reason(), Some(&FinishReason::Stop));
/// assert_eq!(reply.extra()["vendor"], true);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct ChatCompletion {
    #[serde(default, skip_serializing_if = "Field::is_absent")]
    id: Field<String>,
    #[serde(default, skip_serializing_if = "Field::is_absent")]
    model: Field<String>,
    choices: Vec<Choice>,
    #[serde(default, skip_serializing_if = "Field::is_absent")]
    usage: Field<Usage>,
    #[serde(flatten)]
    extra: Map<String, Value>,
}

impl ChatCompletion {
    /// Returns the text of the first choice; empty if it has none, as with a tool call.
    #[must_use]
    pub fn text(&self) -> &str {
        let message = self.choices.first().and_then(Choice::message);
        message.and_then(Message::text).unwrap_or_default()
    }

    /// Returns the completion's id.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.id.as_str()
    }

    /// Returns the model that answered, as the service names it.
    #[must_use]
    pub fn model(&self) -> Option<&str> {
        self.model.as_str()
    }

    /// Returns the answers.
    #[must_use]
    pub fn choices(&self) -> &[Choice] {
        &self.choices
    }

    /// Returns what the call used, which is what it costs.
    #[must_use]
    pub const fn usage(&self) -> Option<&Usage> {
        self.usage.as_ref()
    }

    /// Returns the fields that have no accessor here.
    #[must_use]
    pub const fn extra(&self) -> &Map<String, Value> {
        &self.extra
    }
}

impl fmt::Debug for ChatCompletion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChatCompletion")
            .field("id", &self.id)
            .field("model", &self.model)
            .field("choices", &self.choices)
            .field("usage", &self.usage)
            .field("extra", &Names(&self.extra))
            .finish()
    }
}

/// One answer.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    #[serde(default, skip_serializing_if = "Field::is_absent")]
    index: Field<u64>,
    #[serde(default, skip_serializing_if = "Field::is_absent")]
    message: Field<Message>,
    #[serde(default, skip_serializing_if = "Field::is_absent")]
    finish_reason: Field<FinishReason>,
    #[serde(flatten)]
    extra: Map<String, Value>,
}

impl Choice {
    /// Returns the answer's place among `n`.
    #[must_use]
    pub fn index(&self) -> Option<u64> {
        self.index.as_ref().copied()
    }

    /// Returns what the model said.
    #[must_use]
    pub const fn message(&self) -> Option<&Message> {
        self.message.as_ref()
    }

    /// Returns why the answer ends where it does.
    #[must_use]
    pub const fn finish_reason(&self) -> Option<&FinishReason> {
        self.finish_reason.as_ref()
    }

    /// Returns the fields that have no accessor here.
    #[must_use]
    pub const fn extra(&self) -> &Map<String, Value> {
        &self.extra
    }
}

impl fmt::Debug for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Choice")
            .field("index", &self.index)
            .field("message", &self.message)
            .field("finish_reason", &self.finish_reason)
            .field("extra", &Names(&self.extra))
            .finish()
    }
}

/// Why an answer ends.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FinishReason {
    /// It is complete.
    Stop,
    /// It met `max_tokens` or the end of the context.
    Length,
    /// The model asks for tools to be called.
    ToolCalls,
    /// A content filter cut it.
    ContentFilter,
    /// A reason that this version does not know, kept as it came.
    #[serde(untagged)]
    Other(String),
}

/// The tokens a call used.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Usage {
    #[serde(default, skip_serializing_if = "Field::is_absent")]
    prompt_tokens: Field<u64>,
    #[serde(default, skip_serializing_if = "Field::is_absent")]
    completion_tokens: Field<u64>,
    #[serde(default, skip_serializing_if = "Field::is_absent")]
    total_tokens: Field<u64>,
    #[serde(flatten)]
    extra: Map<String, Value>,
}

impl Usage {
    /// Returns the tokens of the prompt; 0 if the service did not say.
    #[must_use]
    pub fn prompt_tokens(&self) -> u64 {
        self.prompt_tokens.as_ref().copied().unwrap_or(0)
    }

    /// Returns the tokens of the answer; 0 if the service did not say.
    #[must_use]
    pub fn completion_tokens(&self) -> u64 {
        self.completion_tokens.as_ref().copied().unwrap_or(0)
    }

    /// Returns all tokens; the sum of the others if the service did not say.
    #[must_use]
    pub fn total_tokens(&self) -> u64 {
        let sum = self.prompt_tokens().saturating_add(self.completion_tokens());
        self.total_tokens.as_ref().copied().unwrap_or(sum)
    }

    /// Returns the fields that have no accessor here.
    #[must_use]
    pub const fn extra(&self) -> &Map<String, Value> {
        &self.extra
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_decoded_is_encoded_again() {
        let cases = [
            r#"{"choices":[]}"#,
            r#"{"id":null,"choices":[{"index":0,"message":{"role":"assistant","content":null,"refusal":null,"annotations":[]},"logprobs":null,"finish_reason":null}],"usage":null}"#,
            r#"{"id":7,"model":"m","created":"2024","choices":[{"message":{"role":"oracle","content":[{"type":"text","text":"x"}]},"finish_reason":"eos"}],"usage":{"prompt_tokens":"3","prompt_tokens_details":{"cached_tokens":1}},"x_groq":{"id":"r"}}"#,
            r#"{"choices":[{"index":-1,"message":"text","finish_reason":{"type":"stop"}}],"service_tier":"default"}"#,
        ];
        for json in cases {
            let value: Value = serde_json::from_str(json).unwrap();
            let reply: ChatCompletion = serde_json::from_str(json).unwrap();
            assert_eq!(serde_json::to_value(&reply).unwrap(), value, "{json}");
        }
    }

    #[test]
    fn unknown_values_are_kept_and_missing_ones_are_harmless() {
        let json = r#"{"choices":[{"message":{"role":"oracle"},"finish_reason":"eos"}],"usage":{"prompt_tokens":3,"completion_tokens":4}}"#;
        let reply: ChatCompletion = serde_json::from_str(json).unwrap();
        let choice = &reply.choices()[0];
        assert_eq!(choice.finish_reason(), Some(&FinishReason::Other("eos".to_owned())));
        assert_eq!(*choice.message().unwrap().role(), crate::Role::Other("oracle".to_owned()));
        assert_eq!((reply.text(), reply.usage().unwrap().total_tokens()), ("", 7));
    }
}
