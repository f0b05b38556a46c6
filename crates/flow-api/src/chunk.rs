//! One piece of a chat completion, as streams send them.

use std::borrow::Cow;
use std::fmt;

use serde::de::MapAccess;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use crate::chunk_choice::{ChunkChoice, is_failure};
use crate::delta::Delta;
use crate::field::{Field, Names};
use crate::one_pass::{self, Object, Seed};
use crate::usage::Usage;

/// A piece of a chat completion: tolerant of fields and values it does not know, and it keeps them.
///
/// `Debug` leaves out the texts, and of unknown fields the values.
///
/// # Examples
///
/// ```
/// use flow_api::chat::{Chunk, FinishReason};
///
/// let json = r#"{"id": "c1", "object": "chat.completion.chunk", "choices": [{"index": 0,
///     "delta": {"content": "Hi"}, "finish_reason": "stop"}], "vendor": true}"#;
/// let chunk: Chunk = serde_json::from_str(json)?;
/// assert_eq!(chunk.text(), "Hi");
/// assert_eq!(chunk.choices()[0].finish_reason(), Some(&FinishReason::Stop));
/// assert_eq!(chunk.extra()["vendor"], true);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Default, PartialEq, Serialize)]
pub struct Chunk {
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub(crate) id: Field<String>,
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub(crate) object: Field<Cow<'static, str>>,
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub(crate) created: Field<u64>,
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub(crate) model: Field<String>,
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub(crate) service_tier: Field<Cow<'static, str>>,
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub(crate) system_fingerprint: Field<String>,
    #[serde(skip_serializing_if = "Field::is_absent")]
    choices: Field<Vec<ChunkChoice>>,
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub(crate) usage: Field<Usage>,
    #[serde(flatten)]
    extra: Map<String, Value>,
}

impl Chunk {
    /// Reads a piece from its JSON text, as `serde_json::from_str` does: compiled once, in this crate.
    ///
    /// # Errors
    ///
    /// Returns `serde_json`'s error if the text is no JSON object. Fields of any type are kept.
    pub fn from_json(json: &str) -> serde_json::Result<Self> {
        serde_json::from_str(json)
    }

    /// Returns what the piece adds to the text of the first answer; empty if nothing.
    #[must_use]
    pub fn text(&self) -> &str {
        self.delta().map_or("", Delta::text)
    }

    /// Returns what the piece adds to the first answer.
    #[must_use]
    pub fn delta(&self) -> Option<&Delta> {
        let mut choices = self.choices().iter();
        choices.find(|choice| choice.index().is_none_or(|index| index == 0))?.delta()
    }

    /// Returns the completion's id, which all pieces share.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.id.as_str()
    }

    /// Returns the model that answers, as the service names it.
    #[must_use]
    pub fn model(&self) -> Option<&str> {
        self.model.as_str()
    }

    /// Returns what the piece adds to the answers, those that it says nothing of left out.
    #[must_use]
    pub fn choices(&self) -> &[ChunkChoice] {
        self.choices.as_ref().map_or(&[], Vec::as_slice)
    }

    /// Returns what the call used, which the last piece says if the request asked for it.
    #[must_use]
    pub const fn usage(&self) -> Option<&Usage> {
        self.usage.as_ref()
    }

    /// Returns when the answer was begun, in seconds since 1970.
    #[must_use]
    pub const fn created(&self) -> Option<u64> {
        match self.created {
            Field::Value(created) => Some(created),
            _ => None,
        }
    }

    /// Returns what kind of object it says it is: `chat.completion.chunk`.
    #[must_use]
    pub fn object(&self) -> Option<&str> {
        self.object.as_str()
    }

    /// Returns how the call is served, which may be otherwise than asked for.
    #[must_use]
    pub fn service_tier(&self) -> Option<&str> {
        self.service_tier.as_str()
    }

    /// Returns what names the setup that answers: with the same one, a seed repeats an answer.
    #[must_use]
    pub fn system_fingerprint(&self) -> Option<&str> {
        self.system_fingerprint.as_str()
    }

    /// Returns every field that has no method of its own here.
    #[must_use]
    pub const fn extra(&self) -> &Map<String, Value> {
        &self.extra
    }

    /// Returns whether the piece says anything of the answers: what is said, or why they end.
    #[must_use]
    pub fn has_content(&self) -> bool {
        self.choices().iter().any(ChunkChoice::has_content)
    }

    /// How many bytes of text there are in all answers.
    pub(crate) fn text_bytes(&self) -> usize {
        let deltas = self.choices().iter().filter_map(ChunkChoice::delta);
        deltas.map(Delta::text_bytes).sum()
    }

    /// Whether an object of a stream is a piece of a completion.
    pub(crate) const fn is_chunk(&self) -> bool {
        !self.choices.is_absent() || self.usage.as_ref().is_some()
    }

    /// Whether there are answers, whatever they are.
    pub(crate) fn has_answers(&self) -> bool {
        !self.choices().is_empty() || !self.odd_choices().is_empty()
    }

    /// Whether an answer ends with the reason `error` or has an error in it, as gateways write it when
    /// their upstream failed.
    pub(crate) fn has_failed(&self) -> bool {
        let has_failed = |choice: &Value| {
            choice.get("finish_reason") == Some(&"error".into())
                || choice.get("error").is_some_and(is_failure)
        };
        self.choices().iter().any(ChunkChoice::has_failed)
            || self.odd_choices().iter().any(has_failed)
    }

    /// The list of answers, if not all of them are objects.
    fn odd_choices(&self) -> &[Value] {
        match &self.choices {
            Field::Other(Value::Array(choices)) => choices,
            _ => &[],
        }
    }
}

impl Object for Chunk {
    fn place<'de, A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<bool, A::Error> {
        match name {
            "id" => map.next_value_seed(Seed(&mut self.id))?,
            "object" => map.next_value_seed(Seed(&mut self.object))?,
            "created" => map.next_value_seed(Seed(&mut self.created))?,
            "model" => map.next_value_seed(Seed(&mut self.model))?,
            "service_tier" => map.next_value_seed(Seed(&mut self.service_tier))?,
            "system_fingerprint" => map.next_value_seed(Seed(&mut self.system_fingerprint))?,
            "choices" => map.next_value_seed(Seed(&mut self.choices))?,
            "usage" => map.next_value_seed(Seed(&mut self.usage))?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn extra(&mut self) -> &mut Map<String, Value> {
        &mut self.extra
    }
}

impl<'de> Deserialize<'de> for Chunk {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        one_pass::object(deserializer)
    }
}

impl fmt::Debug for Chunk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chunk")
            .field("id", &self.id)
            .field("model", &self.model)
            .field("choices", &self.choices)
            .field("usage", &self.usage)
            .field("extra", &Names(&self.extra))
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_decoded_is_encoded_again() {
        let cases = [
            r"{}",
            r#"{"choices":[]}"#,
            r#"{"choices":null,"usage":null,"id":null}"#,
            r#"{"id":7,"model":[],"choices":[7],"usage":"none","created":"2024","object":null}"#,
            r#"{"choices":{},"usage":{"prompt_tokens":"3","prompt_tokens_details":{"cached_tokens":1}}}"#,
            r#"{"choices":[{"index":0,"delta":{"role":"a","content":"x","tool_calls":[{"index":0}],"v":1},"message":null,"finish_reason":"stop","w":2},null,{"index":1}]}"#,
            r#"{"choices":[{}, {"index":"0","delta":"text","message":7,"finish_reason":{"type":"stop"}}]}"#,
            r#"{"id":"c","choices":[{"index":1,"delta":{"role":"oracle","content":[{"type":"text","text":"x"}],"tool_calls":[{"index":0},7],"vendor":{"x":[1]}},"logprobs":null,"finish_reason":null,"seen":true}],"obfuscation":"x"}"#,
        ];
        for json in cases {
            let value: Value = serde_json::from_str(json).unwrap();
            let chunk: Chunk = serde_json::from_str(json).unwrap();
            assert_eq!(serde_json::to_value(&chunk).unwrap(), value, "{json}");
            let _ = (chunk.text(), chunk.has_content(), chunk.text_bytes(), format!("{chunk:?}"));
        }
    }

    #[test]
    fn last_of_two_fields_of_one_name_counts_as_in_any_map() {
        let json = r#"{"a":1,"choices":7,"\u0061":2,"choices":[{"delta":{"content":"x"},"delta":null}],"id":"c","i\u0064":"d"}"#;
        let chunk: Chunk = serde_json::from_str(json).unwrap();
        let value: Value = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_value(&chunk).unwrap(), value);
        assert_eq!(chunk.id(), Some("d"));
    }

    #[test]
    fn what_is_no_object_is_no_piece() {
        for json in ["7", "null", "\"x\"", "[]"] {
            assert!(serde_json::from_str::<Chunk>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn convenience_looks_at_the_first_answer() {
        #[rustfmt::skip]
        let cases = [
            (r#"{"choices":[{"delta":{"content":"a"}}]}"#,                                              "a"),
            (r#"{"choices":[{"index":0,"delta":{"content":"a"}}]}"#,                                    "a"),
            (r#"{"choices":[{"index":1,"delta":{"content":"b"}},{"index":0,"delta":{"content":"a"}}]}"#, "a"),
            (r#"{"choices":[{"index":1,"delta":{"content":"b"}}]}"#,                                    ""),
            (r#"{"choices":[{"index":0,"message":{"content":"a"}}]}"#,                                  "a"),
            (r#"{"choices":[]}"#,                                                                       ""),
        ];
        for (json, want) in cases {
            let chunk: Chunk = serde_json::from_str(json).unwrap();
            assert_eq!(chunk.text(), want, "{json}");
        }
        let json = r#"{"choices":[{"index":0,"delta":{"content":"hush"}}],"hush":"hush","x":"hush","created":1}"#;
        let chunk: Chunk = serde_json::from_str(json).unwrap();
        assert_eq!((chunk.created(), chunk.text_bytes(), chunk.has_content()), (Some(1), 4, true));
        assert_eq!(format!("{chunk:?}").matches("hush").count(), 1, "{chunk:?}");
    }
}
