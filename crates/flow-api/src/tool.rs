//! Tools that a model may ask for, and which of them it has to.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::json::{put_in, text};

/// A tool that the model may ask for; a function of the caller's, as a rule.
///
/// The methods that change a function leave other tools as they are.
///
/// `Debug` shows the name, not what the schema says.
///
/// # Examples
///
/// ```
/// use flow_api::chat::Tool;
/// use serde_json::json;
///
/// let tool = Tool::function("get_weather")
///     .description("Tells the weather of a city.")
///     .parameters(json!({
///         "type": "object",
///         "properties": { "city": { "type": "string" } },
///         "required": ["city"],
///         "additionalProperties": false,
///     }))
///     .strict(true);
/// assert_eq!(tool.name(), "get_weather");
/// ```
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tool(Value);

impl Tool {
    /// Creates a function of that name; every service takes 1 to 64 letters, digits, `_` and `-`.
    #[must_use]
    pub fn function(name: impl Into<String>) -> Self {
        Self(json!({ "type": "function", "function": { "name": name.into() } }))
    }

    /// Says what the function is for, so that the model knows when to ask for it.
    #[must_use]
    pub fn description(mut self, text: impl Into<String>) -> Self {
        put_in(&mut self.0, "function", "description", Value::String(text.into()));
        self
    }

    /// Sets the JSON schema of the function's arguments, which is that of an object; a function without
    /// arguments needs none.
    #[must_use]
    pub fn parameters(mut self, schema: impl Into<Value>) -> Self {
        put_in(&mut self.0, "function", "parameters", schema.into());
        self
    }

    /// Sets whether the arguments are certain to fit the schema.
    #[must_use]
    pub fn strict(mut self, is_strict: bool) -> Self {
        put_in(&mut self.0, "function", "strict", is_strict.into());
        self
    }

    /// Returns the type, which is `function` as a rule; empty if there is none.
    #[must_use]
    pub fn kind(&self) -> &str {
        text(&self.0, "/type")
    }

    /// Returns the function's name; empty if the tool is none.
    #[must_use]
    pub fn name(&self) -> &str {
        text(&self.0, "/function/name")
    }

    /// Returns the tool as JSON.
    #[must_use]
    pub const fn as_value(&self) -> &Value {
        &self.0
    }
}

/// A tool as it is to be sent, such as one that the service itself runs.
impl From<Value> for Tool {
    fn from(value: Value) -> Self {
        Self(value)
    }
}

impl From<Tool> for Value {
    fn from(tool: Tool) -> Self {
        tool.0
    }
}

impl fmt::Debug for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tool").field("name", &self.name()).finish_non_exhaustive()
    }
}

/// Whether the model may, must or must not ask for a tool.
///
/// # Examples
///
/// ```
/// use flow_api::chat::ToolChoice;
///
/// assert_eq!(serde_json::to_value(ToolChoice::required())?, "required");
/// assert_eq!(ToolChoice::function("get_weather").name(), "get_weather");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ToolChoice(Value);

impl ToolChoice {
    /// The model must not ask for a tool.
    #[must_use]
    pub fn none() -> Self {
        Self("none".into())
    }

    /// The model may ask for tools; this is the default where there are any.
    #[must_use]
    pub fn auto() -> Self {
        Self("auto".into())
    }

    /// The model must ask for some tool.
    #[must_use]
    pub fn required() -> Self {
        Self("required".into())
    }

    /// The model must ask for this function.
    #[must_use]
    pub fn function(name: impl Into<String>) -> Self {
        Self(json!({ "type": "function", "function": { "name": name.into() } }))
    }

    /// Returns the name of the function that the model must ask for; empty if none is named.
    #[must_use]
    pub fn name(&self) -> &str {
        text(&self.0, "/function/name")
    }

    /// Returns the choice as JSON.
    #[must_use]
    pub const fn as_value(&self) -> &Value {
        &self.0
    }
}

/// A choice as it is to be sent, such as a list of allowed tools.
impl From<Value> for ToolChoice {
    fn from(value: Value) -> Self {
        Self(value)
    }
}

impl From<ToolChoice> for Value {
    fn from(choice: ToolChoice) -> Self {
        choice.0
    }
}

impl fmt::Debug for ToolChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MODES: [&str; 3] = ["none", "auto", "required"];
        match MODES.iter().find(|mode| self.0 == **mode) {
            Some(mode) => write!(f, "ToolChoice({mode})"),
            None => {
                f.debug_struct("ToolChoice").field("name", &self.name()).finish_non_exhaustive()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tools_are_written_as_the_service_reads_them() {
        let schema = json!({ "type": "object", "properties": {} });
        let tool = Tool::function("f").description("d").parameters(schema.clone()).strict(false);
        let function =
            json!({ "name": "f", "description": "d", "parameters": schema, "strict": false });
        assert_eq!(*tool.as_value(), json!({ "type": "function", "function": function }));
        assert_eq!((tool.kind(), tool.name()), ("function", "f"));
        let other = Tool::from(json!({ "type": "web_search", "filters": 1 }));
        assert_eq!((other.kind(), other.name()), ("web_search", ""));
        let changed = other.clone().description("d").parameters(json!({})).strict(true);
        assert_eq!(changed, other);
    }

    #[test]
    fn choices_are_written_as_the_service_reads_them() {
        let named = json!({ "type": "function", "function": { "name": "f" } });
        let allowed = json!({ "type": "allowed_tools", "allowed_tools": {} });
        #[rustfmt::skip]
        let cases = [
            (ToolChoice::none(),                 json!("none"),     ""),
            (ToolChoice::auto(),                 json!("auto"),     ""),
            (ToolChoice::required(),             json!("required"), ""),
            (ToolChoice::function("f"),          named,             "f"),
            (ToolChoice::from(allowed.clone()),  allowed,           ""),
        ];
        for (choice, json, name) in cases {
            assert_eq!((choice.as_value(), choice.name()), (&json, name));
        }
        assert_eq!(format!("{:?}", ToolChoice::required()), "ToolChoice(required)");
        let named = format!("{:?}", ToolChoice::function("f"));
        assert_eq!(named, "ToolChoice { name: \"f\", .. }");
    }
}
