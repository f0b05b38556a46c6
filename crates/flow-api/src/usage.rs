//! What a call used, which is what it costs.

use std::fmt;

use serde::de::MapAccess;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use crate::field::{Field, Names};
use crate::one_pass::{self, Object, Seed};

/// The tokens a call used.
///
/// `Debug` leaves out the values of unknown fields.
#[derive(Clone, Default, PartialEq, Serialize)]
pub struct Usage {
    #[serde(skip_serializing_if = "Field::is_absent")]
    prompt_tokens: Field<u64>,
    #[serde(skip_serializing_if = "Field::is_absent")]
    completion_tokens: Field<u64>,
    #[serde(skip_serializing_if = "Field::is_absent")]
    total_tokens: Field<u64>,
    #[serde(flatten)]
    extra: Map<String, Value>,
}

impl Usage {
    /// Returns the tokens of the prompt; 0 if the service did not say.
    #[must_use]
    pub fn prompt_tokens(&self) -> u64 {
        count(&self.prompt_tokens).unwrap_or(0)
    }

    /// Returns the tokens of the answer; 0 if the service did not say.
    #[must_use]
    pub fn completion_tokens(&self) -> u64 {
        count(&self.completion_tokens).unwrap_or(0)
    }

    /// Returns all tokens; the sum of the others if the service did not say.
    #[must_use]
    pub fn total_tokens(&self) -> u64 {
        let sum = self.prompt_tokens().saturating_add(self.completion_tokens());
        count(&self.total_tokens).unwrap_or(sum)
    }

    /// Returns the tokens of the prompt that a cache had, which cost less; 0 if the service did not say.
    #[must_use]
    pub fn cached_tokens(&self) -> u64 {
        self.detail("prompt_tokens_details", "cached_tokens")
    }

    /// Returns the tokens of the answer that were thinking; 0 if the service did not say.
    #[must_use]
    pub fn reasoning_tokens(&self) -> u64 {
        self.detail("completion_tokens_details", "reasoning_tokens")
    }

    fn detail(&self, details: &str, name: &str) -> u64 {
        self.extra.get(details).and_then(|details| whole(details.get(name)?)).unwrap_or(0)
    }

    /// Returns every field but the three counts, the details among them.
    #[must_use]
    pub const fn extra(&self) -> &Map<String, Value> {
        &self.extra
    }
}

fn count(field: &Field<u64>) -> Option<u64> {
    match field {
        Field::Value(count) => Some(*count),
        Field::Other(value) => whole(value),
        Field::Null(()) | Field::Absent => None,
    }
}

/// Reads a whole number; languages without whole numbers write 3 as `3.0`.
fn whole(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_number()?.to_string().strip_suffix(".0")?.parse().ok())
}

impl Object for Usage {
    fn place<'de, A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<bool, A::Error> {
        match name {
            "prompt_tokens" => map.next_value_seed(Seed(&mut self.prompt_tokens))?,
            "completion_tokens" => map.next_value_seed(Seed(&mut self.completion_tokens))?,
            "total_tokens" => map.next_value_seed(Seed(&mut self.total_tokens))?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn extra(&mut self) -> &mut Map<String, Value> {
        &mut self.extra
    }
}

impl<'de> Deserialize<'de> for Usage {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        one_pass::object(deserializer)
    }
}

impl From<Usage> for Value {
    fn from(usage: Usage) -> Self {
        let Usage { prompt_tokens, completion_tokens, total_tokens, extra: mut fields } = usage;
        prompt_tokens.put(&mut fields, "prompt_tokens", Self::from);
        completion_tokens.put(&mut fields, "completion_tokens", Self::from);
        total_tokens.put(&mut fields, "total_tokens", Self::from);
        Self::Object(fields)
    }
}

impl fmt::Debug for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Usage")
            .field("prompt_tokens", &self.prompt_tokens)
            .field("completion_tokens", &self.completion_tokens)
            .field("total_tokens", &self.total_tokens)
            .field("extra", &Names(&self.extra))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_are_read_where_they_are_numbers() {
        #[rustfmt::skip]
        let cases = [
            (r#"{}"#, (0, 0, 0)),
            (r#"{"prompt_tokens":3,"completion_tokens":4}"#, (7, 0, 0)),
            (r#"{"total_tokens":9,"prompt_tokens_details":{"cached_tokens":2},"completion_tokens_details":{"reasoning_tokens":1}}"#, (9, 2, 1)),
            (r#"{"prompt_tokens":3.0,"completion_tokens":4.5,"prompt_tokens_details":{"cached_tokens":2.0}}"#, (3, 2, 0)),
            (r#"{"total_tokens":-1.0,"prompt_tokens":"3"}"#, (0, 0, 0)),
            (r#"{"prompt_tokens_details":null,"completion_tokens_details":{"reasoning_tokens":"1"}}"#, (0, 0, 0)),
        ];
        for (json, want) in cases {
            let usage: Usage = serde_json::from_str(json).unwrap();
            let got = (usage.total_tokens(), usage.cached_tokens(), usage.reasoning_tokens());
            assert_eq!(got, want, "{json}");
        }
    }
}
