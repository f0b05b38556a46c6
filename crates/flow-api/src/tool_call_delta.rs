//! A piece of what a model asks to be done.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::field::read;
use crate::json::text;
use crate::one_pass::Known;

/// A piece of a tool call, as streams send them: the first names the function, as a rule, all may hold
/// a part of the arguments.
///
/// `Debug` shows which function, not its arguments.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ToolCallDelta(Value);

impl ToolCallDelta {
    /// Returns the place of the call, of which this is a piece, among the calls of the answer.
    #[must_use]
    pub fn index(&self) -> Option<u64> {
        let index = self.0.get("index")?;
        // Some gateways write the number as text.
        index.as_u64().or_else(|| index.as_str()?.parse().ok())
    }

    /// Returns the call's id; empty if the piece does not say it.
    #[must_use]
    pub fn id(&self) -> &str {
        text(&self.0, "/id")
    }

    /// Returns the type, which is `function` as a rule; empty if the piece does not say it.
    #[must_use]
    pub fn kind(&self) -> &str {
        text(&self.0, "/type")
    }

    /// Returns the function's name, or a part of it; empty if the piece does not say it.
    #[must_use]
    pub fn name(&self) -> &str {
        text(&self.0, "/function/name")
    }

    /// Returns what the piece adds to the function's arguments; empty if nothing.
    #[must_use]
    pub fn arguments(&self) -> &str {
        text(&self.0, "/function/arguments")
    }

    /// Returns the piece as JSON, with everything it came with.
    #[must_use]
    pub const fn as_value(&self) -> &Value {
        &self.0
    }

    /// Whether the piece names what is called, whatever its type: so calls begin.
    pub(crate) fn is_named(&self) -> bool {
        let names = ["/function/name", "/custom/name"];
        names.iter().any(|pointer| !text(&self.0, pointer).is_empty())
    }
}

impl From<Value> for ToolCallDelta {
    fn from(value: Value) -> Self {
        Self(value)
    }
}

impl Known for Vec<ToolCallDelta> {
    fn of(value: Value) -> Result<Self, Value> {
        read::list(value)
    }
}

impl From<ToolCallDelta> for Value {
    fn from(piece: ToolCallDelta) -> Self {
        piece.0
    }
}

impl fmt::Debug for ToolCallDelta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ToolCallDelta")
            .field("index", &self.index())
            .field("id", &self.id())
            .field("name", &self.name())
            .field("argument_bytes", &self.arguments().len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn pieces_are_read_whatever_they_hold() {
        #[rustfmt::skip]
        let cases = [
            (json!({ "index": 1, "id": "c", "type": "function", "function": { "name": "f", "arguments": "" } }), (Some(1), "c", "f", "")),
            (json!({ "index": 1, "function": { "arguments": "{\"a" } }),                            (Some(1), "", "", "{\"a")),
            (json!({ "index": "2", "id": null, "function": { "name": null, "arguments": null } }),  (Some(2), "", "", "")),
            (json!({ "index": -1, "id": 7, "function": "f" }),                                      (None, "", "", "")),
            (json!(7),                                                                              (None, "", "", "")),
        ];
        for (json, want) in cases {
            let piece = ToolCallDelta::from(json.clone());
            assert_eq!((piece.index(), piece.id(), piece.name(), piece.arguments()), want);
            assert_eq!(piece.is_named(), !want.2.is_empty(), "{json}");
            assert_eq!(serde_json::to_value(&piece).unwrap(), json);
        }
        assert!(ToolCallDelta::from(json!({ "custom": { "name": "n" } })).is_named());
    }
}
