//! A reply's field that may be absent, null, as documented, or something else entirely.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One field of a reply, kept so that encoding gives back what was decoded.
///
/// A gateway forwards the replies of many vendors. A number that comes as text must not cost the
/// caller a reply that has been paid for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Field<T> {
    Value(T),
    Null(()),
    Other(Value),
    #[default]
    #[serde(skip)]
    Absent,
}

impl<T> Field<T> {
    /// Returns the value if it has the documented type.
    pub(crate) const fn as_ref(&self) -> Option<&T> {
        match self {
            Self::Value(value) => Some(value),
            _ => None,
        }
    }

    pub(crate) const fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }
}

impl Field<String> {
    pub(crate) fn as_str(&self) -> Option<&str> {
        self.as_ref().map(String::as_str)
    }
}
