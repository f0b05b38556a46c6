//! What a message holds: text, or a list of parts.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Error as _, Unexpected};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::field::{Field, list, read};
use crate::json::object;
use crate::one_pass::Known;
use crate::part::Part;

/// What a message holds: text, or a list of parts.
///
/// Most methods take `impl Into<Content>`, so that a text, a part, or an array of parts will do.
/// `Debug` shows how much it is, not what is said.
///
/// # Examples
///
/// ```
/// use flow_api::chat::{Content, Part};
///
/// let content = Content::from([Part::text("What is this?"), Part::image_url("https://example.com/a")]);
/// assert_eq!((content.text(), content.parts().len()), (Some("What is this?"), 2));
/// assert_eq!(Content::from("Hello").text(), Some("Hello"));
/// ```
#[non_exhaustive]
#[derive(Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Content {
    /// Plain text.
    Text(String),
    /// Parts, in their order.
    Parts(Vec<Part>),
}

impl Content {
    /// Returns the plain text, or that of the only part of text.
    ///
    /// Models that think aloud answer in parts, of which one is the answer.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Parts(parts) => {
                let mut texts = parts.iter().filter_map(Part::as_text);
                texts.next().filter(|_| texts.next().is_none())
            }
        }
    }

    /// Returns the parts; none if it is plain text.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        match self {
            Self::Text(_) => &[],
            Self::Parts(parts) => parts,
        }
    }

    /// Reads a text or a list of parts, and gives back what is neither.
    pub(crate) fn read(value: Value) -> Result<Self, Value> {
        match value {
            Value::String(text) => Ok(Self::Text(text)),
            other => read::list(other).map(Self::Parts),
        }
    }
}

impl Known for Content {
    fn of(value: Value) -> Result<Self, Value> {
        Self::read(value)
    }

    fn of_text(text: &str) -> Field<Self> {
        Field::Value(text.into())
    }
}

/// Returns a prediction of this content, as the service reads it.
pub(crate) fn prediction(content: Content) -> Value {
    object([("type", "content".into()), ("content", content.into())])
}

/// By hand: `untagged` would copy the text once more, and an answer may be long.
impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Whatever else it is may be anything, so the message does not show it.
        let other = Unexpected::Other("something else");
        let expected = "a text or a list of parts";
        Self::read(Value::deserialize(deserializer)?)
            .map_err(|_| D::Error::invalid_type(other, &expected))
    }
}

impl From<Content> for Value {
    fn from(content: Content) -> Self {
        match content {
            Content::Text(text) => Self::String(text),
            Content::Parts(parts) => list(parts, Self::from),
        }
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "Text({} bytes)", text.len()),
            Self::Parts(parts) => f.debug_list().entries(parts).finish(),
        }
    }
}

impl From<&str> for Content {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Content {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&String> for Content {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<Cow<'_, str>> for Content {
    fn from(text: Cow<'_, str>) -> Self {
        Self::Text(text.into_owned())
    }
}

impl From<Part> for Content {
    fn from(part: Part) -> Self {
        Self::Parts(vec![part])
    }
}

impl From<Vec<Part>> for Content {
    fn from(parts: Vec<Part>) -> Self {
        Self::Parts(parts)
    }
}

impl<const N: usize> From<[Part; N]> for Content {
    fn from(parts: [Part; N]) -> Self {
        Self::Parts(parts.into())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn text_is_found_where_only_one_can_be_meant() {
        #[rustfmt::skip]
        let cases = [
            (json!("a"),                                                          Some("a")),
            (json!([{ "type": "text", "text": "a" }]),                            Some("a")),
            (json!([{ "type": "thinking", "text": "b" }, { "type": "text", "text": "a" }]), Some("a")),
            (json!([{ "type": "text", "text": "a" }, { "type": "text", "text": "b" }]), None),
            (json!([]),                                                           None),
            (json!([1, null, "text"]),                                            None),
        ];
        for (json, want) in cases {
            let content: Content = serde_json::from_value(json.clone()).unwrap();
            assert_eq!(content.text(), want, "{json}");
            assert_eq!(serde_json::to_value(&content).unwrap(), json);
            assert_eq!(content.parts().len(), json.as_array().map_or(0, Vec::len), "{json}");
        }
        for json in [json!(7), json!({}), Value::Null] {
            assert!(serde_json::from_value::<Content>(json).is_err());
        }
    }

    #[test]
    fn content_is_made_of_whatever_is_at_hand() {
        let text = Content::Text("a".to_owned());
        let owned = "a".to_owned();
        for content in [Content::from("a"), (&owned).into(), Cow::from("a").into()] {
            assert_eq!(content, text);
        }
        let parts = Content::Parts(vec![Part::text("a")]);
        let part = || Part::text("a");
        for content in [Content::from(part()), vec![part()].into(), Content::from([part()])] {
            assert_eq!(content, parts);
        }
    }
}
