//! One of the answers that a chat call gets back.

use std::fmt;

use serde::de::MapAccess;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::field::{Field, Names, read};
use crate::logprob::TokenLogprob;
use crate::message::Message;
use crate::one_pass::{self, Known, Object, Seed};

/// One answer.
#[derive(Clone, Default, PartialEq, Serialize)]
pub struct Choice {
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub(crate) index: Field<u64>,
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub(crate) message: Field<Message>,
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub(crate) finish_reason: Field<FinishReason>,
    #[serde(flatten)]
    pub(crate) extra: Map<String, Value>,
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

    /// Returns how likely each token of the text was, if the request asked for it.
    pub fn logprobs(&self) -> impl Iterator<Item = TokenLogprob<'_>> {
        self.extra.get("logprobs").into_iter().flat_map(|all| TokenLogprob::list(all, "content"))
    }

    /// Returns every field but index, message and finish reason.
    #[must_use]
    pub const fn extra(&self) -> &Map<String, Value> {
        &self.extra
    }
}

impl Object for Choice {
    fn place<'de, A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<bool, A::Error> {
        match name {
            "index" => map.next_value_seed(Seed(&mut self.index))?,
            "message" => map.next_value_seed(Seed(&mut self.message))?,
            "finish_reason" => map.next_value_seed(Seed(&mut self.finish_reason))?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn extra(&mut self) -> &mut Map<String, Value> {
        &mut self.extra
    }
}

impl<'de> Deserialize<'de> for Choice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        one_pass::object(deserializer)
    }
}

impl From<Choice> for Value {
    fn from(choice: Choice) -> Self {
        let Choice { index, message, finish_reason, extra: mut fields } = choice;
        index.put(&mut fields, "index", Self::from);
        message.put(&mut fields, "message", Self::from);
        finish_reason.put(&mut fields, "finish_reason", Self::from);
        Self::Object(fields)
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

/// Why an answer ends. `Debug` does not show a reason that is not known.
#[non_exhaustive]
#[derive(Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(from = "String")]
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
    Other(String),
}

impl FinishReason {
    fn known(word: &str) -> Option<Self> {
        Some(match word {
            "stop" => Self::Stop,
            "length" => Self::Length,
            "tool_calls" => Self::ToolCalls,
            "content_filter" => Self::ContentFilter,
            _ => return None,
        })
    }

    fn as_str(&self) -> &str {
        match self {
            Self::Stop => "stop",
            Self::Length => "length",
            Self::ToolCalls => "tool_calls",
            Self::ContentFilter => "content_filter",
            Self::Other(word) => word,
        }
    }
}

/// By way of a text: what is derived for an enum takes `{"stop": null}` for `"stop"`.
impl From<String> for FinishReason {
    fn from(word: String) -> Self {
        Self::known(&word).unwrap_or(Self::Other(word))
    }
}

impl Known for FinishReason {
    fn of(value: Value) -> Result<Self, Value> {
        read::word(value)
    }

    fn of_text(text: &str) -> Field<Self> {
        Field::Value(Self::known(text).unwrap_or_else(|| Self::Other(text.to_owned())))
    }
}

impl From<FinishReason> for Value {
    fn from(reason: FinishReason) -> Self {
        reason.as_str().into()
    }
}

impl Serialize for FinishReason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl fmt::Debug for FinishReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stop => "Stop",
            Self::Length => "Length",
            Self::ToolCalls => "ToolCalls",
            Self::ContentFilter => "ContentFilter",
            Self::Other(_) => "<other>",
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn finish_reasons_are_words_and_nothing_else() {
        for word in ["stop", "length", "tool_calls", "content_filter", "eos"] {
            let reason: FinishReason = serde_json::from_value(json!(word)).unwrap();
            assert_eq!(matches!(reason, FinishReason::Other(_)), word == "eos", "{word}");
            assert_eq!(serde_json::to_value(reason).unwrap(), word);
        }
        let json = json!({ "finish_reason": { "stop": null } });
        let choice: Choice = serde_json::from_value(json.clone()).unwrap();
        assert_eq!(choice.finish_reason(), None);
        assert_eq!(serde_json::to_value(&choice).unwrap(), json);
    }
}
