//! What a model asks to be done, before its answer.

use std::fmt;

use flow_errors::{Error, Result};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::field::read;
use crate::json::text;
use crate::one_pass::Known;

/// A tool that the model asks for, kept as it came if its type is unknown here.
///
/// `Debug` shows which function, not its arguments.
///
/// # Examples
///
/// ```
/// use flow_api::chat::ToolCall;
/// use serde::Deserialize;
///
/// #[derive(Deserialize)]
/// struct Place {
///     city: String,
/// }
///
/// let call = ToolCall::function("call_1", "get_weather", r#"{"city": "Oslo"}"#);
/// assert_eq!((call.name(), call.parse::<Place>()?.city), ("get_weather", "Oslo".to_owned()));
///
/// let call = ToolCall::function("call_2", "get_weather", r#"{"town": "Oslo"}"#);
/// let error = call.parse::<Place>().err().unwrap();
/// assert!(error.message().contains("`get_weather`: missing field `city`"));
/// # Ok::<(), flow_errors::Error>(())
/// ```
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ToolCall(Value);

impl ToolCall {
    /// Creates a call of a function, with its arguments as JSON text: for a history made by hand.
    #[must_use]
    pub fn function(
        id: impl Into<String>,
        name: impl Into<String>,
        arguments: impl Into<String>,
    ) -> Self {
        let function = json!({ "name": name.into(), "arguments": arguments.into() });
        Self(json!({ "id": id.into(), "type": "function", "function": function }))
    }

    /// Returns the call's id, which its result must name; empty if it has none.
    #[must_use]
    pub fn id(&self) -> &str {
        text(&self.0, "/id")
    }

    /// Returns the type, which is `function` as a rule; empty if there is none.
    #[must_use]
    pub fn kind(&self) -> &str {
        text(&self.0, "/type")
    }

    /// Returns the function's name; empty if the call is of another type.
    #[must_use]
    pub fn name(&self) -> &str {
        text(&self.0, "/function/name")
    }

    /// Returns the function's arguments as the model wrote them; empty if they are no text.
    ///
    /// That is JSON as a rule. A model may write anything, also what its schema forbids.
    #[must_use]
    pub fn arguments(&self) -> &str {
        text(&self.0, "/function/arguments")
    }

    /// Reads the function's arguments as `T`; no arguments are read as `{}`.
    ///
    /// # Errors
    ///
    /// Returns an error of kind `decode` that says where they do not fit, without quoting them.
    /// Its [`message`](Error::message), sent back as the tool's result, often moves the model to try
    /// again; the whole error says what the program is to do, which does not concern the model.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T> {
        let parsed = match self.0.pointer("/function/arguments") {
            None | Some(Value::Null) => serde_json::from_str("{}"),
            Some(Value::String(text)) if text.trim().is_empty() => serde_json::from_str("{}"),
            Some(Value::String(text)) => serde_json::from_str(text),
            // Some gateways send them unwrapped.
            Some(unwrapped) => serde_json::from_value(unwrapped.clone()),
        };
        parsed.map_err(|source| Error::invalid_arguments(self.name(), &source))
    }

    /// Returns the call as JSON, with everything it came with.
    #[must_use]
    pub const fn as_value(&self) -> &Value {
        &self.0
    }
}

/// A call as it is to be sent.
impl From<Value> for ToolCall {
    fn from(value: Value) -> Self {
        Self(value)
    }
}

impl Known for Vec<ToolCall> {
    fn of(value: Value) -> std::result::Result<Self, Value> {
        read::list(value)
    }
}

impl From<ToolCall> for Value {
    fn from(call: ToolCall) -> Self {
        call.0
    }
}

impl fmt::Debug for ToolCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ToolCall")
            .field("id", &self.id())
            .field("name", &self.name())
            .field("argument_bytes", &self.arguments().len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use flow_errors::Kind;

    use super::*;

    #[test]
    fn arguments_are_read_in_every_form_they_come_in() {
        #[rustfmt::skip]
        let cases = [
            (json!(r#"{"a":1}"#),  Some(1)),
            (json!({ "a": 1 }),    Some(1)),
            (json!(""),            None),
            (json!(" \n"),         None),
            (json!(null),          None),
            (json!("{}"),          None),
        ];
        for (arguments, want) in cases {
            let call = ToolCall::from(json!({ "function": { "arguments": arguments } }));
            let parsed: BTreeMap<String, u8> = call.parse().unwrap();
            assert_eq!(parsed.get("a").copied(), want, "{arguments}");
        }
    }

    #[test]
    fn arguments_that_do_not_fit_are_not_quoted() {
        #[rustfmt::skip]
        let cases = [
            // arguments                want in the message
            (json!(r#"{"a":"hush"}"#),  "the arguments of the call of `f`: invalid type, expected u8 at line 1 column 11"),
            (json!(r#"{"a":"hush"#),    "EOF while parsing a string at line 1 column 10"),
            (json!("hush"),             "expected value at line 1 column 1"),
            (json!({ "a": "hush" }),    "the arguments of the call of `f`: invalid type, expected u8"),
        ];
        for (arguments, want) in cases {
            let call = json!({ "id": "1", "function": { "name": "f", "arguments": arguments } });
            let error = ToolCall::from(call).parse::<BTreeMap<String, u8>>().unwrap_err();
            assert_eq!(error.kind(), Kind::Decode);
            assert!(error.message().contains(want), "{error}");
            assert!(!format!("{error}{error:?}").contains("hush"), "{error:?}");
        }
    }

    #[test]
    fn calls_of_other_types_are_kept() {
        let json = json!({ "id": "c", "type": "custom", "custom": { "name": "n", "input": "x" } });
        let call: ToolCall = serde_json::from_value(json.clone()).unwrap();
        assert_eq!(
            (call.id(), call.kind(), call.name(), call.arguments()),
            ("c", "custom", "", "")
        );
        assert_eq!(*call.as_value(), json);
        assert_eq!(Value::from(call), json);
    }
}
