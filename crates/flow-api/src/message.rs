//! The messages of a conversation, in requests and in replies.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::field::Field;

/// Who speaks.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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
    #[serde(untagged)]
    Other(String),
}

/// One message: a role, its content, and every other field it came with.
///
/// `Debug` shows who speaks and how much, not what is said.
///
/// # Examples
///
/// ```
/// use flow_api::{Message, Role};
///
/// let message = Message::new(Role::User, "Hello");
/// assert_eq!(serde_json::to_value(&message)?["content"], "Hello");
///
/// let json = r#"{"role": "assistant", "content": null, "refusal": "no", "vendor": {"x": 1}}"#;
/// let message: Message = serde_json::from_str(json)?;
/// assert_eq!(message.text(), None);
/// assert_eq!(message.extra()["refusal"], "no");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Message {
    role: Role,
    #[serde(default, skip_serializing_if = "Field::is_absent")]
    content: Field<String>,
    #[serde(flatten)]
    extra: Map<String, Value>,
}

impl Message {
    /// Creates a message of text.
    #[must_use]
    pub fn new(role: Role, text: impl Into<String>) -> Self {
        Self { role, content: Field::Value(text.into()), extra: Map::new() }
    }

    /// Returns who speaks.
    #[must_use]
    pub const fn role(&self) -> &Role {
        &self.role
    }

    /// Returns the content if it is plain text.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        self.content.as_str()
    }

    /// Returns the content if it is something other than text or null, such as a list of parts.
    #[must_use]
    pub const fn content(&self) -> Option<&Value> {
        match &self.content {
            Field::Other(value) => Some(value),
            _ => None,
        }
    }

    /// Returns the fields that have no accessor here.
    #[must_use]
    pub const fn extra(&self) -> &Map<String, Value> {
        &self.extra
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.text().map(str::len);
        f.debug_struct("Message")
            .field("role", &self.role)
            .field("text_bytes", &bytes)
            .finish_non_exhaustive()
    }
}
