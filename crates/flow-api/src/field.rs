//! A reply's field that may be absent, null, as documented, or something else entirely.

use std::fmt;
use std::ops::Deref;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One field of a reply, kept so that encoding gives back what was decoded.
///
/// A gateway forwards the replies of many vendors. A number that comes as text must not cost the
/// caller a reply that has been paid for. `Debug` does not show what has the wrong type: it may be
/// anything, the prompt included.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
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

    /// Puts the field into an object, as it came out of one.
    pub(crate) fn put(
        self,
        object: &mut Map<String, Value>,
        name: &str,
        write: impl FnOnce(T) -> Value,
    ) {
        let value = match self {
            Self::Value(value) => write(value),
            Self::Null(()) => Value::Null,
            Self::Other(value) => value,
            Self::Absent => return,
        };
        object.insert(name.to_owned(), value);
    }

    pub(crate) const fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// Makes a field that is there out of its value; `read` gives back what has another type than the
    /// documented.
    pub(crate) fn of(value: Value, read: impl FnOnce(Value) -> Result<T, Value>) -> Self {
        match value {
            Value::Null => Self::Null(()),
            value => read(value).map_or_else(Self::Other, Self::Value),
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for Field<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(value) => value.fmt(f),
            Self::Null(()) => f.write_str("null"),
            Self::Other(_) => f.write_str("<of another type>"),
            Self::Absent => f.write_str("<absent>"),
        }
    }
}

/// Fields without an accessor, by name: a service may send the prompt back in their values.
pub(crate) struct Names<'a>(pub(crate) &'a Map<String, Value>);

impl fmt::Debug for Names<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.keys()).finish()
    }
}

/// A name of the service's, such as an id: whole where it is short, for it may be anything.
pub(crate) struct Short<'a>(pub(crate) &'a Field<String>);

impl fmt::Debug for Short<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MOST_CHARS: usize = 100;
        match self.0.as_str().and_then(|text| text.char_indices().nth(MOST_CHARS).zip(Some(text))) {
            Some(((end, _), text)) => write!(f, "{:?}…", text.get(..end).unwrap_or_default()),
            None => self.0.fmt(f),
        }
    }
}

impl<T: Deref<Target = str>> Field<T> {
    pub(crate) fn as_str(&self) -> Option<&str> {
        self.as_ref().map(T::deref)
    }
}

/// Makes a list of what is to be values.
pub(crate) fn list<T>(items: Vec<T>, write: impl Fn(T) -> Value) -> Value {
    Value::Array(items.into_iter().map(write).collect())
}

/// What [`Field::of`] reads fields of the usual types with.
pub(crate) mod read {
    use super::Value;

    pub(crate) fn text(value: Value) -> Result<String, Value> {
        match value {
            Value::String(text) => Ok(text),
            other => Err(other),
        }
    }

    pub(crate) fn word<T: From<String>>(value: Value) -> Result<T, Value> {
        text(value).map(T::from)
    }

    pub(crate) fn number(value: Value) -> Result<u64, Value> {
        value.as_u64().ok_or(value)
    }

    pub(crate) fn list<T: From<Value>>(value: Value) -> Result<Vec<T>, Value> {
        match value {
            Value::Array(items) => Ok(items.into_iter().map(T::from).collect()),
            other => Err(other),
        }
    }
}
