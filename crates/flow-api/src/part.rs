//! One part of a message's content: text, image, sound, file.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::json::{object, put_in, text};

/// One part of a message's content, kept as it came if its type is unknown here.
///
/// `Debug` shows the type, not what is said.
///
/// # Examples
///
/// ```
/// use flow_api::chat::Part;
///
/// let part = Part::image_url("https://example.com/cat.png").detail("low");
/// assert_eq!((part.kind(), part.url()), ("image_url", Some("https://example.com/cat.png")));
///
/// let part = Part::image("image/png", b"\x89PNG");
/// assert_eq!(part.url(), Some("data:image/png;base64,iVBORw=="));
///
/// // What has no constructor is written as JSON.
/// let part = Part::from(serde_json::json!({ "type": "video_url", "video_url": { "url": "x" } }));
/// assert_eq!(part.kind(), "video_url");
/// ```
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Part(Value);

impl Part {
    /// Creates a part of text.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self(object([("type", "text".into()), ("text", Value::String(text.into()))]))
    }

    /// Creates a part that shows the image behind a URL.
    #[must_use]
    pub fn image_url(url: impl Into<String>) -> Self {
        Self(json!({ "type": "image_url", "image_url": { "url": url.into() } }))
    }

    /// Creates a part that shows an image, which is sent along; its type is such as `image/png`.
    #[must_use]
    pub fn image(media_type: &str, bytes: impl AsRef<[u8]>) -> Self {
        Self::image_url(data_url(media_type, bytes.as_ref()))
    }

    /// Sets how closely an image is looked at: `low`, `high` or `auto`. Other parts stay as they are.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        put_in(&mut self.0, "image_url", "detail", Value::String(detail.into()));
        self
    }

    /// Creates a part of sound, which is sent along; its format is such as `wav` or `mp3`.
    #[must_use]
    pub fn audio(format: &str, bytes: impl AsRef<[u8]>) -> Self {
        let data = STANDARD.encode(bytes);
        Self(json!({ "type": "input_audio", "input_audio": { "data": data, "format": format } }))
    }

    /// Creates a part that is a file, which is sent along; its type is such as `application/pdf`.
    #[must_use]
    pub fn file(name: &str, media_type: &str, bytes: impl AsRef<[u8]>) -> Self {
        let data = data_url(media_type, bytes.as_ref());
        Self(json!({ "type": "file", "file": { "filename": name, "file_data": data } }))
    }

    /// Creates a part that is a file uploaded before.
    #[must_use]
    pub fn file_id(id: impl Into<String>) -> Self {
        Self(json!({ "type": "file", "file": { "file_id": id.into() } }))
    }

    /// Creates a part in which the model refused to answer.
    #[must_use]
    pub fn refusal(text: impl Into<String>) -> Self {
        Self(json!({ "type": "refusal", "refusal": text.into() }))
    }

    /// Returns the type, such as `text`; empty if the part has none.
    #[must_use]
    pub fn kind(&self) -> &str {
        text(&self.0, "/type")
    }

    /// Returns the text of a part of text.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        self.of_kind("text")?.get("text")?.as_str()
    }

    /// Returns why the model refused, if the part is a refusal.
    #[must_use]
    pub fn as_refusal(&self) -> Option<&str> {
        self.of_kind("refusal")?.get("refusal")?.as_str()
    }

    /// Returns the URL of an image; one that was sent along has a `data:` URL.
    #[must_use]
    pub fn url(&self) -> Option<&str> {
        self.of_kind("image_url")?.pointer("/image_url/url")?.as_str()
    }

    /// Returns the part as JSON, with everything it came with.
    #[must_use]
    pub const fn as_value(&self) -> &Value {
        &self.0
    }

    fn of_kind(&self, kind: &str) -> Option<&Value> {
        Some(&self.0).filter(|_| self.kind() == kind)
    }
}

/// A part as it is to be sent.
impl From<Value> for Part {
    fn from(value: Value) -> Self {
        Self(value)
    }
}

impl From<Part> for Value {
    fn from(part: Part) -> Self {
        part.0
    }
}

/// A part of text.
impl From<&str> for Part {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A type that is not known may be anything, the prompt included.
        const KINDS: [&str; 5] = ["text", "image_url", "input_audio", "file", "refusal"];
        let kind = KINDS.iter().find(|kind| **kind == self.kind());
        f.debug_struct("Part").field("kind", &kind.unwrap_or(&"other")).finish_non_exhaustive()
    }
}

fn data_url(media_type: &str, bytes: &[u8]) -> String {
    format!("data:{media_type};base64,{}", STANDARD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_written_as_the_service_reads_them() {
        #[rustfmt::skip]
        let cases = [
            (Part::text("Hi"),                          json!({ "type": "text", "text": "Hi" })),
            (Part::from("Hi"),                          json!({ "type": "text", "text": "Hi" })),
            (Part::image_url("u").detail("high"),       json!({ "type": "image_url", "image_url": { "url": "u", "detail": "high" } })),
            (Part::image("image/png", [1, 2]),          json!({ "type": "image_url", "image_url": { "url": "data:image/png;base64,AQI=" } })),
            (Part::audio("wav", [3]),                   json!({ "type": "input_audio", "input_audio": { "data": "Aw==", "format": "wav" } })),
            (Part::file("a.pdf", "application/pdf", ""), json!({ "type": "file", "file": { "filename": "a.pdf", "file_data": "data:application/pdf;base64," } })),
            (Part::file_id("file-1"),                   json!({ "type": "file", "file": { "file_id": "file-1" } })),
            (Part::text("Hi").detail("low"),            json!({ "type": "text", "text": "Hi" })),
            (Part::refusal("No."),                      json!({ "type": "refusal", "refusal": "No." })),
        ];
        for (part, want) in cases {
            assert_eq!(*part.as_value(), want);
            assert_eq!(part.kind(), want["type"]);
        }
    }

    #[test]
    fn accessors_read_their_own_kind_only() {
        #[rustfmt::skip]
        let cases = [
            (Part::text("a"),      (Some("a"), None, None)),
            (Part::refusal("b"),   (None, Some("b"), None)),
            (Part::image_url("c"), (None, None, Some("c"))),
            (Part::from(json!({ "type": "text", "text": 7 })), (None, None, None)),
            (Part::from(json!({ "text": "a" })), (None, None, None)),
            (Part::from(json!("a")), (None, None, None)),
        ];
        for (part, want) in cases {
            assert_eq!((part.as_text(), part.as_refusal(), part.url()), want, "{part:?}");
        }
    }
}
