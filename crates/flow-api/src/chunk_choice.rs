//! What one piece of a stream says of one of the answers.

use std::fmt;

use serde::de::MapAccess;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use crate::choice::FinishReason;
use crate::delta::Delta;
use crate::field::{Field, Names};
use crate::logprob::TokenLogprob;
use crate::one_pass::{self, Object, Seed};

/// What one piece of a stream adds to one of the answers.
#[derive(Clone, Default, PartialEq, Serialize)]
pub struct ChunkChoice {
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub(crate) index: Field<u64>,
    #[serde(skip_serializing_if = "Field::is_absent")]
    delta: Field<Delta>,
    /// The whole answer, from services that cannot do otherwise.
    #[serde(skip_serializing_if = "Field::is_absent")]
    message: Field<Delta>,
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub(crate) finish_reason: Field<FinishReason>,
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub(crate) logprobs: Field<Value>,
    #[serde(flatten)]
    extra: Map<String, Value>,
}

impl ChunkChoice {
    /// Returns the answer's place among `n`.
    #[must_use]
    pub fn index(&self) -> Option<u64> {
        self.index.as_ref().copied()
    }

    /// Returns what the piece adds to the message; a service may send all of it at once, as
    /// `message`.
    #[must_use]
    pub fn delta(&self) -> Option<&Delta> {
        self.delta.as_ref().or_else(|| self.message.as_ref())
    }

    /// Returns why the answer ends here, if it does.
    #[must_use]
    pub fn finish_reason(&self) -> Option<&FinishReason> {
        // Some services say "" as long as there is none.
        let is_said = |reason: &&FinishReason| !matches!(reason, FinishReason::Other(word) if word.is_empty());
        self.finish_reason.as_ref().filter(is_said)
    }

    /// Returns how likely each token of the piece was, if the request asked for it.
    pub fn logprobs(&self) -> impl Iterator<Item = TokenLogprob<'_>> {
        self.logprobs.as_ref().into_iter().flat_map(|all| TokenLogprob::list(all, "content"))
    }

    /// Returns every field that has no method of its own here.
    #[must_use]
    pub const fn extra(&self) -> &Map<String, Value> {
        &self.extra
    }

    /// Returns whether the piece says anything of the answer: what is said, or why it ends.
    #[must_use]
    pub fn has_content(&self) -> bool {
        self.finish_reason().is_some() || self.delta().is_some_and(Delta::has_content)
    }

    /// Whether the answer failed: it ends with the reason `error`, or has an error in it.
    pub(crate) fn has_failed(&self) -> bool {
        matches!(self.finish_reason(), Some(FinishReason::Other(word)) if word == "error")
            || self.extra.get("error").is_some_and(is_failure)
    }
}

/// Whether what a choice has as its `error` says that there is one.
pub(crate) fn is_failure(error: &Value) -> bool {
    match error {
        Value::Object(fields) => !fields.is_empty(),
        Value::String(text) => !text.is_empty(),
        _ => false,
    }
}

impl Object for ChunkChoice {
    fn place<'de, A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<bool, A::Error> {
        match name {
            "index" => map.next_value_seed(Seed(&mut self.index))?,
            "delta" => map.next_value_seed(Seed(&mut self.delta))?,
            "message" => map.next_value_seed(Seed(&mut self.message))?,
            "finish_reason" => map.next_value_seed(Seed(&mut self.finish_reason))?,
            "logprobs" => map.next_value_seed(Seed(&mut self.logprobs))?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn extra(&mut self) -> &mut Map<String, Value> {
        &mut self.extra
    }
}

impl<'de> Deserialize<'de> for ChunkChoice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        one_pass::object(deserializer)
    }
}

impl From<ChunkChoice> for Value {
    fn from(choice: ChunkChoice) -> Self {
        let ChunkChoice { index, delta, message, finish_reason, logprobs, extra } = choice;
        let mut fields = extra;
        index.put(&mut fields, "index", Self::from);
        delta.put(&mut fields, "delta", Self::from);
        message.put(&mut fields, "message", Self::from);
        finish_reason.put(&mut fields, "finish_reason", Self::from);
        logprobs.put(&mut fields, "logprobs", Self::from);
        Self::Object(fields)
    }
}

impl fmt::Debug for ChunkChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChunkChoice")
            .field("index", &self.index)
            .field("delta", &self.delta)
            .field("message", &self.message)
            .field("finish_reason", &self.finish_reason)
            .field("extra", &Names(&self.extra))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn reasons_count_only_if_they_say_something() {
        #[rustfmt::skip]
        let cases = [
            (json!("stop"), Some(FinishReason::Stop)),
            (json!("eos"),  Some(FinishReason::Other("eos".to_owned()))),
            (json!(""),     None),
            (json!(null),   None),
            (json!(false),  None),
            (json!({}),     None),
        ];
        for (reason, want) in cases {
            let json = json!({ "finish_reason": reason, "delta": {} });
            let choice: ChunkChoice = serde_json::from_value(json.clone()).unwrap();
            assert_eq!(
                (choice.finish_reason(), choice.has_content()),
                (want.as_ref(), want.is_some())
            );
            assert_eq!(serde_json::to_value(&choice).unwrap(), json);
        }
    }

    #[test]
    fn log_probabilities_of_a_piece_are_found() {
        let json =
            json!({ "index": 0, "logprobs": { "content": [{ "token": "Hi", "logprob": -1 }] } });
        let choice: ChunkChoice = serde_json::from_value(json).unwrap();
        assert_eq!(choice.logprobs().map(TokenLogprob::token).collect::<Vec<_>>(), ["Hi"]);
    }
}
