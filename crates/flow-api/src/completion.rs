//! What a chat call gets back.

use std::fmt;

use serde::de::{DeserializeSeed as _, Error as _, MapAccess, Unexpected};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use crate::choice::Choice;
use crate::field::{Field, Names, Short, list};
use crate::message::Message;
use crate::one_pass::{self, Object, Seed};
use crate::tool_call::ToolCall;
use crate::usage::Usage;

/// A chat completion: tolerant of fields and values it does not know, and it keeps them.
///
/// `Debug` leaves out the texts, and of unknown fields the values.
///
/// # Examples
///
/// ```
/// use flow_api::ChatCompletion;
/// use flow_api::chat::FinishReason;
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
#[serde(try_from = "Unchecked")]
pub struct ChatCompletion {
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub(crate) id: Field<String>,
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub(crate) model: Field<String>,
    pub(crate) choices: Vec<Choice>,
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub(crate) usage: Field<Usage>,
    #[serde(flatten)]
    pub(crate) extra: Map<String, Value>,
}

impl ChatCompletion {
    /// Returns the text of the first answer; empty if it has none, as with a tool call.
    ///
    /// Of several parts of text none is chosen: those are in the message's [`parts`](Message::parts).
    #[must_use]
    pub fn text(&self) -> &str {
        self.message().and_then(Message::text).unwrap_or_default()
    }

    /// Returns the message of the first answer, which the next request can begin with.
    ///
    /// The first is that of the lowest index, wherever it stands; without an index, its place counts.
    #[must_use]
    pub fn message(&self) -> Option<&Message> {
        let choices = (0_u64..).zip(&self.choices);
        let first = choices.min_by_key(|(place, choice)| choice.index().unwrap_or(*place));
        first.and_then(|(_, choice)| choice.message())
    }

    /// Returns the tools that the first answer asks for.
    #[must_use]
    pub fn tool_calls(&self) -> &[ToolCall] {
        self.message().map_or(&[], Message::tool_calls)
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

    /// Returns the answers, as they came; which is the first is their [`index`](Choice::index).
    #[must_use]
    pub fn choices(&self) -> &[Choice] {
        &self.choices
    }

    /// Returns what the call used, which is what it costs.
    #[must_use]
    pub const fn usage(&self) -> Option<&Usage> {
        self.usage.as_ref()
    }

    /// Returns when the answer was made, in seconds since 1970.
    #[must_use]
    pub fn created(&self) -> Option<u64> {
        self.extra.get("created")?.as_u64()
    }

    /// Returns what names the setup that answered: with the same one, a seed repeats an answer.
    #[must_use]
    pub fn system_fingerprint(&self) -> Option<&str> {
        self.extra.get("system_fingerprint")?.as_str()
    }

    /// Returns how the call was served, which may be otherwise than asked for.
    #[must_use]
    pub fn service_tier(&self) -> Option<&str> {
        self.extra.get("service_tier")?.as_str()
    }

    /// Returns every field but id, model, choices and usage.
    #[must_use]
    pub const fn extra(&self) -> &Map<String, Value> {
        &self.extra
    }

    /// Reads the JSON text of a reply: compiled once, in this crate.
    pub(crate) fn from_json(json: &str) -> serde_json::Result<Self> {
        let mut reader = serde_json::Deserializer::from_str(json);
        let mut reply = Field::<Unchecked>::Absent;
        Seed(&mut reply).deserialize(&mut reader)?;
        reader.end()?;
        match reply {
            Field::Value(unchecked) => Self::try_from(unchecked),
            _ => Err(serde_json::Error::invalid_type(OTHER, &"an object")),
        }
    }
}

/// What has the wrong type; it may be anything, so nobody shows it.
const OTHER: Unexpected<'_> = Unexpected::Other("something else");

/// A completion of which it is not known yet whether there are answers in it.
#[derive(Default)]
struct Unchecked {
    id: Field<String>,
    model: Field<String>,
    choices: Field<Vec<Choice>>,
    usage: Field<Usage>,
    extra: Map<String, Value>,
}

impl Object for Unchecked {
    fn place<'de, A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<bool, A::Error> {
        match name {
            "id" => map.next_value_seed(Seed(&mut self.id))?,
            "model" => map.next_value_seed(Seed(&mut self.model))?,
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

impl<'de> Deserialize<'de> for Unchecked {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        one_pass::object(deserializer)
    }
}

impl TryFrom<Unchecked> for ChatCompletion {
    type Error = serde_json::Error;

    fn try_from(unchecked: Unchecked) -> serde_json::Result<Self> {
        let Unchecked { id, model, choices, usage, extra } = unchecked;
        let choices = match choices {
            Field::Value(choices) => choices,
            Field::Absent => return Err(Self::Error::missing_field("choices")),
            _ => return Err(Self::Error::invalid_type(OTHER, &"a list of objects")),
        };
        Ok(Self { id, model, choices, usage, extra })
    }
}

/// The way back, for what is put together from a stream.
impl From<ChatCompletion> for Map<String, Value> {
    fn from(reply: ChatCompletion) -> Self {
        let ChatCompletion { id, model, choices, usage, extra: mut fields } = reply;
        id.put(&mut fields, "id", Value::from);
        model.put(&mut fields, "model", Value::from);
        fields.insert("choices".to_owned(), list(choices, Value::from));
        usage.put(&mut fields, "usage", Value::from);
        fields
    }
}

impl fmt::Debug for ChatCompletion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChatCompletion")
            .field("id", &Short(&self.id))
            .field("model", &Short(&self.model))
            .field("choices", &self.choices)
            .field("usage", &self.usage)
            .field("extra", &Names(&self.extra))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::choice::FinishReason;
    use crate::message::Role;

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
        assert_eq!(reply.message().unwrap().role(), Some(&Role::Other("oracle".to_owned())));
        assert_eq!((reply.text(), reply.usage().unwrap().total_tokens()), ("", 7));
    }

    #[test]
    fn debug_shows_no_words_that_may_be_anything() {
        let long = "x".repeat(101);
        let json = serde_json::json!({ "id": long, "model": "m".repeat(100), "choices": [
            { "message": { "role": "hush", "content": "hush" }, "finish_reason": "hush" }] });
        let reply: ChatCompletion = serde_json::from_value(json).unwrap();
        let shown = format!("{reply:?}");
        assert!(shown.contains("role: <other>") && shown.contains("finish_reason: <other>"));
        assert!(!shown.contains("hush") && !shown.contains(&long), "{shown}");
        assert!(shown.contains(&format!("{:?}…", &long[1..])), "{shown}");
        assert!(shown.contains(&format!("{:?}, choices", "m".repeat(100))), "{shown}");
    }

    #[test]
    fn first_answer_is_that_of_the_lowest_index_and_stays_where_it_came() {
        let answer = |index: Value, text: &str| {
            let message = serde_json::json!({ "content": text, "tool_calls": [{ "id": text }] });
            serde_json::json!({ "index": index, "message": message })
        };
        let cases = [
            ("in order", [answer(0.into(), "a"), answer(1.into(), "b")], "a"),
            ("out of order", [answer(1.into(), "b"), answer(0.into(), "a")], "a"),
            ("counted from 1", [answer(2.into(), "b"), answer(1.into(), "a")], "a"),
            ("no index", [answer(Value::Null, "a"), answer(Value::Null, "b")], "a"),
            ("same index", [answer(0.into(), "a"), answer(0.into(), "b")], "a"),
            ("one index", [answer(3.into(), "b"), answer("x".into(), "a")], "a"),
        ];
        for (name, choices, want) in cases {
            let json = serde_json::json!({ "choices": choices });
            let reply: ChatCompletion = serde_json::from_value(json.clone()).unwrap();
            assert_eq!((reply.text(), reply.tool_calls()[0].id()), (want, want), "{name}");
            assert_eq!(serde_json::to_value(&reply).unwrap(), json, "{name}");
        }
    }

    #[test]
    fn convenience_looks_at_the_first_answer() {
        let json = r#"{"created":1,"service_tier":"flex","system_fingerprint":"fp","choices":[
            {"message":{"role":"assistant","content":"Hi","tool_calls":[{"id":"c1"}]}},
            {"message":{"role":"assistant","content":"Ho"}}]}"#;
        let reply: ChatCompletion = serde_json::from_str(json).unwrap();
        assert_eq!((reply.text(), reply.tool_calls()[0].id()), ("Hi", "c1"));
        assert_eq!(reply.created(), Some(1));
        assert_eq!((reply.service_tier(), reply.system_fingerprint()), (Some("flex"), Some("fp")));
        let reply: ChatCompletion = serde_json::from_str(r#"{"choices":[]}"#).unwrap();
        assert!(reply.message().is_none() && reply.tool_calls().is_empty());
    }
}
