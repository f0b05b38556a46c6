//! What one piece of a stream adds to an answer.

use std::fmt;

use serde::de::MapAccess;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use crate::content::Content;
use crate::field::{Field, Names, list};
use crate::message::Role;
use crate::one_pass::{self, Object, Seed};
use crate::part::Part;
use crate::tool_call_delta::ToolCallDelta;

/// The texts beside the content, by the names that services have for them.
const TEXTS: [&str; 3] = ["refusal", "reasoning_content", "reasoning"];

/// What else a model may say beside texts, tool calls and sound.
const LISTS: [&str; 3] = ["annotations", "images", "reasoning_details"];

/// What one piece of a stream adds to the message of an answer.
///
/// `Debug` shows who speaks and how much, not what is said.
#[derive(Clone, Default, PartialEq, Serialize)]
pub struct Delta {
    #[serde(skip_serializing_if = "Field::is_absent")]
    role: Field<Role>,
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub(crate) content: Field<Content>,
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub(crate) tool_calls: Field<Vec<ToolCallDelta>>,
    #[serde(flatten)]
    extra: Map<String, Value>,
}

impl Delta {
    /// Returns who speaks; as a rule only the first piece says so.
    #[must_use]
    pub const fn role(&self) -> Option<&Role> {
        self.role.as_ref()
    }

    /// Returns what the piece adds to the content.
    #[must_use]
    pub const fn content(&self) -> Option<&Content> {
        self.content.as_ref()
    }

    /// Returns what the piece adds to the text; empty if nothing.
    #[must_use]
    pub fn text(&self) -> &str {
        self.content().and_then(Content::text).unwrap_or_default()
    }

    /// Returns what the piece adds to the reason why the model refuses; empty if nothing.
    #[must_use]
    pub fn refusal(&self) -> &str {
        self.extra.get("refusal").and_then(Value::as_str).unwrap_or_default()
    }

    /// Returns what the piece adds to the model's thoughts; empty if nothing.
    #[must_use]
    pub fn reasoning(&self) -> &str {
        let mut fields = ["reasoning_content", "reasoning"].into_iter();
        fields.find_map(|name| self.extra.get(name)?.as_str()).unwrap_or_default()
    }

    /// Returns pieces of the tools that the model asks for.
    #[must_use]
    pub fn tool_calls(&self) -> &[ToolCallDelta] {
        self.tool_calls.as_ref().map_or(&[], Vec::as_slice)
    }

    /// Returns what the piece adds to the spoken answer: its data and transcript.
    #[must_use]
    pub fn audio(&self) -> Option<&Value> {
        self.extra.get("audio").filter(|audio| audio.is_object())
    }

    /// Returns every field but role, content and tool calls.
    #[must_use]
    pub const fn extra(&self) -> &Map<String, Value> {
        &self.extra
    }

    /// Returns whether the piece says anything: a text, a tool call, a sound, a picture.
    ///
    /// Who speaks is not yet something said.
    #[must_use]
    pub fn has_content(&self) -> bool {
        self.text_bytes() > 0
            || !self.parts().is_empty()
            || !self.tool_calls().is_empty()
            || self.extra.get("function_call").is_some_and(Value::is_object)
            || ["data", "transcript"].iter().any(|name| !self.of_audio(name).is_empty())
            || LISTS.iter().any(|name| self.list(name).is_some_and(|list| !list.is_empty()))
    }

    /// How many bytes of text there are, thoughts and refusals included.
    pub(crate) fn text_bytes(&self) -> usize {
        let content = match self.content() {
            Some(Content::Text(text)) => text.len(),
            _ => self.parts().iter().filter_map(Part::as_text).map(str::len).sum(),
        };
        let texts = TEXTS.iter().filter_map(|name| self.extra.get(*name)?.as_str());
        texts.map(str::len).sum::<usize>().saturating_add(content)
    }

    fn parts(&self) -> &[Part] {
        self.content().map_or(&[], Content::parts)
    }

    fn list(&self, name: &str) -> Option<&Vec<Value>> {
        self.extra.get(name)?.as_array()
    }

    fn of_audio(&self, name: &str) -> &str {
        let piece = self.audio().and_then(|audio| audio.get(name));
        piece.and_then(Value::as_str).unwrap_or_default()
    }

    pub(crate) const fn role_field(&self) -> &Field<Role> {
        &self.role
    }
}

impl Object for Delta {
    fn place<'de, A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<bool, A::Error> {
        match name {
            "role" => map.next_value_seed(Seed(&mut self.role))?,
            "content" => map.next_value_seed(Seed(&mut self.content))?,
            "tool_calls" => map.next_value_seed(Seed(&mut self.tool_calls))?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn extra(&mut self) -> &mut Map<String, Value> {
        &mut self.extra
    }
}

impl<'de> Deserialize<'de> for Delta {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        one_pass::object(deserializer)
    }
}

impl From<Delta> for Value {
    fn from(delta: Delta) -> Self {
        let Delta { role, content, tool_calls, extra: mut fields } = delta;
        role.put(&mut fields, "role", Self::from);
        content.put(&mut fields, "content", Self::from);
        tool_calls.put(&mut fields, "tool_calls", |calls| list(calls, Self::from));
        Self::Object(fields)
    }
}

impl fmt::Debug for Delta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delta")
            .field("role", &self.role)
            .field("content", &self.content)
            .field("tool_calls", &self.tool_calls)
            .field("extra", &Names(&self.extra))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_says_something_is_content() {
        #[rustfmt::skip]
        let cases = [
            // delta                                                        content, bytes of text
            (json!({}),                                                     false, 0),
            (json!({ "role": "assistant", "content": "", "refusal": null }), false, 0),
            (json!({ "content": null, "tool_calls": null, "audio": null }), false, 0),
            (json!({ "content": [], "tool_calls": [], "annotations": [] }), false, 0),
            (json!({ "content": 7, "tool_calls": {}, "reasoning": false }), false, 0),
            (json!({ "audio": { "id": "a", "data": "", "transcript": "" } }), false, 0),
            (json!({ "vendor": "x" }),                                      false, 0),
            (json!({ "content": "é" }),                                     true,  2),
            (json!({ "refusal": "no" }),                                    true,  2),
            (json!({ "reasoning_content": "hm", "content": "" }),           true,  2),
            (json!({ "reasoning": "hm", "content": "x" }),                  true,  3),
            (json!({ "content": [{ "type": "text", "text": "abc" }, 7] }),  true,  3),
            (json!({ "tool_calls": [{ "index": 0 }] }),                     true,  0),
            (json!({ "function_call": { "name": "f" } }),                   true,  0),
            (json!({ "audio": { "data": "UklG" } }),                        true,  0),
            (json!({ "audio": { "transcript": "a" } }),                     true,  0),
            (json!({ "images": [{ "type": "image_url" }] }),                true,  0),
        ];
        for (json, has_content, bytes) in cases {
            let delta: Delta = serde_json::from_value(json.clone()).unwrap();
            assert_eq!((delta.has_content(), delta.text_bytes()), (has_content, bytes), "{json}");
            assert_eq!(serde_json::to_value(&delta).unwrap(), json);
        }
    }

    #[test]
    fn fields_have_accessors_and_are_not_shown() {
        let json = json!({ "role": "assistant", "content": "hush", "refusal": "hush",
            "reasoning": "hush", "audio": { "data": "hush" },
            "tool_calls": [{ "index": 0, "function": { "arguments": "hush" } }] });
        let delta: Delta = serde_json::from_value(json).unwrap();
        assert_eq!((delta.role(), delta.text()), (Some(&Role::Assistant), "hush"));
        assert_eq!((delta.refusal(), delta.reasoning()), ("hush", "hush"));
        assert_eq!(
            (delta.tool_calls()[0].arguments(), &delta.audio().unwrap()["data"]),
            ("hush", &json!("hush"))
        );
        assert!(!format!("{delta:?}").contains("hush"), "{delta:?}");
    }
}
