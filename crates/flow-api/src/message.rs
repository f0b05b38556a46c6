//! The messages of a conversation, in requests and in replies.

use std::fmt;

use serde::de::MapAccess;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::content::Content;
use crate::field::{Field, list, read};
use crate::one_pass::{self, Known, Object, Seed};
use crate::part::Part;
use crate::tool_call::ToolCall;

/// Who speaks. `Debug` does not show a role that is not known.
#[non_exhaustive]
#[derive(Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(from = "String")]
pub enum Role {
    /// Instructions for the whole conversation.
    System,
    /// What newer models call `system`.
    Developer,
    /// The caller's side.
    User,
    /// The model's side.
    Assistant,
    /// The result of a tool call.
    Tool,
    /// A role that this version does not know, kept as it came.
    Other(String),
}

impl Role {
    fn known(word: &str) -> Option<Self> {
        Some(match word {
            "system" => Self::System,
            "developer" => Self::Developer,
            "user" => Self::User,
            "assistant" => Self::Assistant,
            "tool" => Self::Tool,
            _ => return None,
        })
    }

    fn as_str(&self) -> &str {
        match self {
            Self::System => "system",
            Self::Developer => "developer",
            Self::User => "user",
            Self::Assistant => "assistant",
            Self::Tool => "tool",
            Self::Other(word) => word,
        }
    }
}

/// By way of a text: what is derived for an enum takes `{"user": null}` for `"user"`.
impl From<String> for Role {
    fn from(word: String) -> Self {
        Self::known(&word).unwrap_or(Self::Other(word))
    }
}

impl Known for Role {
    fn of(value: Value) -> Result<Self, Value> {
        read::word(value)
    }

    fn of_text(text: &str) -> Field<Self> {
        Field::Value(Self::known(text).unwrap_or_else(|| Self::Other(text.to_owned())))
    }
}

impl From<Role> for Value {
    fn from(role: Role) -> Self {
        role.as_str().into()
    }
}

impl Serialize for Role {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl fmt::Debug for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::System => "System",
            Self::Developer => "Developer",
            Self::User => "User",
            Self::Assistant => "Assistant",
            Self::Tool => "Tool",
            Self::Other(_) => "<other>",
        })
    }
}

/// One message: a role, its content, the tools it asks for, and every other field it came with.
///
/// The message of a reply can be sent back as it came in the next request, which most services take;
/// some refuse fields of their own replies, such as `reasoning_content`. `Debug` shows who speaks and how
/// much, not what is said.
///
/// # Examples
///
/// ```
/// use flow_api::Message;
/// use flow_api::chat::Part;
///
/// let image = Part::image_url("https://example.com/cat.png");
/// let message = Message::user([Part::text("What is this?"), image]);
/// assert_eq!((message.text(), message.parts().len()), (Some("What is this?"), 2));
///
/// let json = r#"{"role": "assistant", "content": null, "refusal": "no", "vendor": {"x": 1}}"#;
/// let message: Message = serde_json::from_str(json)?;
/// assert_eq!((message.text(), message.refusal()), (None, Some("no")));
/// assert_eq!(message.extra()["vendor"]["x"], 1);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Default, PartialEq, Serialize)]
pub struct Message {
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub(crate) role: Field<Role>,
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub(crate) content: Field<Content>,
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub(crate) tool_calls: Field<Vec<ToolCall>>,
    #[serde(flatten)]
    pub(crate) extra: Map<String, Value>,
}

impl Message {
    /// Creates a message of text or of parts.
    #[must_use]
    pub fn new(role: Role, content: impl Into<Content>) -> Self {
        Self {
            role: Field::Value(role),
            content: Field::Value(content.into()),
            tool_calls: Field::Absent,
            extra: Map::new(),
        }
    }

    /// Creates instructions for the whole conversation.
    #[must_use]
    pub fn system(content: impl Into<Content>) -> Self {
        Self::new(Role::System, content)
    }

    /// Creates instructions, as newer models call them.
    #[must_use]
    pub fn developer(content: impl Into<Content>) -> Self {
        Self::new(Role::Developer, content)
    }

    /// Creates what the user says.
    #[must_use]
    pub fn user(content: impl Into<Content>) -> Self {
        Self::new(Role::User, content)
    }

    /// Creates what the model said.
    #[must_use]
    pub fn assistant(content: impl Into<Content>) -> Self {
        Self::new(Role::Assistant, content)
    }

    /// Creates what the model said where it only asks for tools, without any content.
    #[must_use]
    pub fn asking_for(calls: impl IntoIterator<Item = ToolCall>) -> Self {
        let message = Self {
            role: Field::Value(Role::Assistant),
            content: Field::Null(()),
            tool_calls: Field::Absent,
            extra: Map::new(),
        };
        message.with_tool_calls(calls)
    }

    /// Creates the result of the tool call with this id.
    #[must_use]
    pub fn tool(call_id: impl Into<String>, content: impl Into<Content>) -> Self {
        Self::new(Role::Tool, content).with("tool_call_id", call_id.into())
    }

    /// Returns a copy in which the model asks for these tools.
    #[must_use]
    pub fn with_tool_calls(self, calls: impl IntoIterator<Item = ToolCall>) -> Self {
        Self { tool_calls: Field::Value(calls.into_iter().collect()), ..self }
    }

    /// Returns a copy that says which of several people of the same role speaks.
    #[must_use]
    pub fn with_name(self, name: impl Into<String>) -> Self {
        self.with("name", name.into())
    }

    fn with(mut self, name: &str, value: String) -> Self {
        self.extra.insert(name.to_owned(), value.into());
        self
    }

    /// Returns who speaks, if the message says so.
    #[must_use]
    pub const fn role(&self) -> Option<&Role> {
        self.role.as_ref()
    }

    /// Returns the content, if there is any.
    #[must_use]
    pub const fn content(&self) -> Option<&Content> {
        self.content.as_ref()
    }

    /// Returns the content if it is plain text, or a list with one part of text.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        self.content()?.text()
    }

    /// Returns the content's parts; none if it is plain text.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        self.content().map_or(&[], Content::parts)
    }

    /// Returns the tools that the model asks for.
    #[must_use]
    pub fn tool_calls(&self) -> &[ToolCall] {
        self.tool_calls.as_ref().map_or(&[], Vec::as_slice)
    }

    /// Returns the id of the tool call that this is the result of.
    #[must_use]
    pub fn tool_call_id(&self) -> Option<&str> {
        self.extra.get("tool_call_id")?.as_str()
    }

    /// Returns which of several people of the same role speaks.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.extra.get("name")?.as_str()
    }

    /// Returns why the model refused to answer, if it did.
    #[must_use]
    pub fn refusal(&self) -> Option<&str> {
        self.extra.get("refusal")?.as_str()
    }

    /// Returns what the model thought before it answered, where the service says so.
    #[must_use]
    pub fn reasoning(&self) -> Option<&str> {
        let mut fields = ["reasoning_content", "reasoning"].into_iter();
        fields.find_map(|name| self.extra.get(name)?.as_str())
    }

    /// Returns notes on the content, such as the pages that it cites.
    #[must_use]
    pub fn annotations(&self) -> &[Value] {
        self.extra.get("annotations").and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    /// Returns the spoken answer: its id, data and transcript.
    #[must_use]
    pub fn audio(&self) -> Option<&Value> {
        self.extra.get("audio").filter(|audio| audio.is_object())
    }

    /// Returns every field but role, content and tool calls.
    #[must_use]
    pub const fn extra(&self) -> &Map<String, Value> {
        &self.extra
    }
}

impl Object for Message {
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

impl<'de> Deserialize<'de> for Message {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        one_pass::object(deserializer)
    }
}

impl From<Message> for Value {
    fn from(message: Message) -> Self {
        let Message { role, content, tool_calls, extra: mut fields } = message;
        role.put(&mut fields, "role", Self::from);
        content.put(&mut fields, "content", Self::from);
        tool_calls.put(&mut fields, "tool_calls", |calls| list(calls, Self::from));
        Self::Object(fields)
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("role", &self.role)
            .field("content", &self.content)
            .field("tool_calls", &self.tool_calls)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn messages_are_written_as_the_service_reads_them() {
        let call = ToolCall::function("call_1", "f", "{}");
        let asked = json!({ "id": "call_1", "type": "function", "function": { "name": "f", "arguments": "{}" } });
        #[rustfmt::skip]
        let cases = [
            (Message::system("a"),                    json!({ "role": "system", "content": "a" })),
            (Message::developer("a"),                 json!({ "role": "developer", "content": "a" })),
            (Message::user([Part::text("a")]),        json!({ "role": "user", "content": [{ "type": "text", "text": "a" }] })),
            (Message::user("a").with_name("Ann"),     json!({ "role": "user", "content": "a", "name": "Ann" })),
            (Message::assistant("a"),                 json!({ "role": "assistant", "content": "a" })),
            (Message::assistant("").with_tool_calls([call.clone()]), json!({ "role": "assistant", "content": "", "tool_calls": [asked] })),
            (Message::asking_for([call]),             json!({ "role": "assistant", "content": null, "tool_calls": [asked] })),
            (Message::tool("call_1", "a"),            json!({ "role": "tool", "content": "a", "tool_call_id": "call_1" })),
        ];
        for (message, want) in cases {
            assert_eq!(serde_json::to_value(&message).unwrap(), want);
            assert_eq!(serde_json::from_value::<Message>(want).unwrap(), message);
        }
    }

    #[test]
    fn fields_of_replies_have_accessors() {
        let json = json!({
            "role": "assistant", "content": null, "refusal": "no", "reasoning_content": "hm",
            "annotations": [{ "type": "url_citation" }], "audio": { "id": "a1" },
            "tool_calls": [{ "id": "c1" }, 7], "name": "Ann", "tool_call_id": "c0",
        });
        let message: Message = serde_json::from_value(json).unwrap();
        assert_eq!(message.role(), Some(&Role::Assistant));
        assert_eq!((message.content(), message.text(), message.parts().len()), (None, None, 0));
        assert_eq!((message.refusal(), message.reasoning()), (Some("no"), Some("hm")));
        assert_eq!(
            (message.annotations().len(), message.audio().unwrap()["id"].as_str()),
            (1, Some("a1"))
        );
        assert_eq!((message.tool_calls().len(), message.tool_calls()[0].id()), (2, "c1"));
        assert_eq!((message.name(), message.tool_call_id()), (Some("Ann"), Some("c0")));
    }

    #[test]
    fn roles_are_words_and_nothing_else() {
        for word in ["system", "developer", "user", "assistant", "tool", "oracle", ""] {
            let role: Role = serde_json::from_value(json!(word)).unwrap();
            assert_eq!(matches!(role, Role::Other(_)), ["oracle", ""].contains(&word), "{word}");
            assert_eq!(serde_json::to_value(role).unwrap(), word);
        }
        let message: Message = serde_json::from_value(json!({ "role": { "user": null } })).unwrap();
        assert_eq!(message.role(), None);
        assert_eq!(serde_json::to_value(message).unwrap(), json!({ "role": { "user": null } }));
    }

    #[test]
    fn fields_of_other_types_do_not_cost_the_rest() {
        let json = json!({
            "role": 7, "content": "text", "tool_calls": "none", "refusal": {}, "reasoning": "hm",
            "reasoning_content": null, "annotations": null, "audio": "x",
        });
        let message: Message = serde_json::from_value(json.clone()).unwrap();
        assert_eq!((message.role(), message.text(), message.refusal()), (None, Some("text"), None));
        assert_eq!((message.tool_calls().len(), message.annotations().len()), (0, 0));
        assert_eq!((message.reasoning(), message.audio()), (Some("hm"), None));
        assert_eq!(serde_json::to_value(&message).unwrap(), json);
    }
}
