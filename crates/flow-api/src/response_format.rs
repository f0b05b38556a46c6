//! The form that an answer is to have.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::json::{put_in, text};

/// The form that an answer is to have: text, JSON, or JSON of a schema.
///
/// `Debug` shows the type, not what the schema says.
///
/// # Examples
///
/// ```
/// use flow_api::chat::ResponseFormat;
/// use serde_json::json;
///
/// let schema = json!({ "type": "object", "properties": { "city": { "type": "string" } } });
/// let format = ResponseFormat::json_schema("place", schema).strict(true);
/// assert_eq!((format.kind(), format.name()), ("json_schema", "place"));
/// ```
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ResponseFormat(Value);

impl ResponseFormat {
    /// The answer is text, as by default.
    #[must_use]
    pub fn text() -> Self {
        Self(json!({ "type": "text" }))
    }

    /// The answer is a JSON object; the prompt must say so as well, or the service refuses it.
    #[must_use]
    pub fn json_object() -> Self {
        Self(json!({ "type": "json_object" }))
    }

    /// The answer is JSON of a schema, which is an object or a boolean; every service takes a name of
    /// 1 to 64 letters, digits, `_` and `-`.
    #[must_use]
    pub fn json_schema(name: impl Into<String>, schema: impl Into<Value>) -> Self {
        let schema = json!({ "name": name.into(), "schema": schema.into() });
        Self(json!({ "type": "json_schema", "json_schema": schema }))
    }

    /// Says what a schema is for. A format without one stays as it is.
    #[must_use]
    pub fn description(mut self, text: impl Into<String>) -> Self {
        put_in(&mut self.0, "json_schema", "description", Value::String(text.into()));
        self
    }

    /// Sets whether the answer is certain to fit the schema. A format without one stays as it is.
    #[must_use]
    pub fn strict(mut self, is_strict: bool) -> Self {
        put_in(&mut self.0, "json_schema", "strict", is_strict.into());
        self
    }

    /// Returns the type, such as `json_schema`; empty if there is none.
    #[must_use]
    pub fn kind(&self) -> &str {
        text(&self.0, "/type")
    }

    /// Returns the schema's name; empty if there is none.
    #[must_use]
    pub fn name(&self) -> &str {
        text(&self.0, "/json_schema/name")
    }

    /// Returns the format as JSON.
    #[must_use]
    pub const fn as_value(&self) -> &Value {
        &self.0
    }
}

/// A format as it is to be sent, such as a grammar.
impl From<Value> for ResponseFormat {
    fn from(value: Value) -> Self {
        Self(value)
    }
}

impl From<ResponseFormat> for Value {
    fn from(format: ResponseFormat) -> Self {
        format.0
    }
}

impl fmt::Debug for ResponseFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFormat").field("kind", &self.kind()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_written_as_the_service_reads_them() {
        let schema = json!({ "type": "object" });
        let inner = json!({ "name": "n", "schema": schema, "description": "d", "strict": true });
        let full = ResponseFormat::json_schema("n", schema).description("d").strict(true);
        let grammar = json!({ "type": "grammar", "grammar": "g" });
        #[rustfmt::skip]
        let cases = [
            (ResponseFormat::text(),                json!({ "type": "text" }),                             ("text", "")),
            (ResponseFormat::json_object(),         json!({ "type": "json_object" }),                      ("json_object", "")),
            (full,                                  json!({ "type": "json_schema", "json_schema": inner }), ("json_schema", "n")),
            (ResponseFormat::json_object().strict(true).description("d"), json!({ "type": "json_object" }), ("json_object", "")),
            (ResponseFormat::from(grammar.clone()), grammar,                                               ("grammar", "")),
        ];
        for (format, json, want) in cases {
            assert_eq!((format.as_value(), (format.kind(), format.name())), (&json, want));
        }
    }
}
