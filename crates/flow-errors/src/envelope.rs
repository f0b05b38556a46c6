//! The JSON that services wrap errors in, kept whole.
//!
//! An envelope *is* its JSON value: every accessor reads from it, so nothing is lost and nothing
//! can disagree. Decoding an error of unknown shape is the business of
//! [`Error::from_response`](crate::Error::from_response).

use std::borrow::Cow;
use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::dialect::{self, Object};

/// An error envelope: `{"error": {"message", "type", "code", "param"}}` or one of its dialects.
///
/// Dialects put the same facts at the top level, into a list, into `response`, into `choices` or
/// under other names. `Debug` says which facts there are and leaves out what they are, because a service
/// may echo the prompt or the key.
///
/// # Examples
///
/// ```
/// use flow_errors::Envelope;
///
/// let body = br#"{"error": {"message": "slow down", "code": 429}, "trace": "a1"}"#;
/// let envelope = Envelope::decode(body)?;
/// assert_eq!(envelope.message(), Some("slow down"));
/// assert_eq!(envelope.code().as_deref(), Some("429"));
/// assert_eq!(envelope.get("trace").and_then(|trace| trace.as_str()), Some("a1"));
///
/// let documented = Envelope::new("no such key").with_type("invalid_request_error");
/// let documented = documented.with_code("invalid_api_key");
/// assert_eq!(Envelope::decode(&documented.encode())?, documented);
/// # Ok::<(), flow_errors::InvalidEnvelope>(())
/// ```
#[derive(Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Envelope(Value);

impl Envelope {
    /// Creates the documented envelope, with only a message.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        // By `insert`, for `from_iter` would sort them.
        let (mut root, mut error) = (Object::new(), Object::new());
        error.insert("message".to_owned(), Value::String(message.into()));
        root.insert("error".to_owned(), Value::Object(error));
        Self(Value::Object(root))
    }

    /// Returns a copy with this `type`.
    #[must_use]
    pub fn with_type(self, api_type: impl Into<String>) -> Self {
        self.with("type", api_type.into())
    }

    /// Returns a copy with this `code`.
    #[must_use]
    pub fn with_code(self, code: impl Into<String>) -> Self {
        self.with("code", code.into())
    }

    /// Returns a copy with this `param`.
    #[must_use]
    pub fn with_param(self, param: impl Into<String>) -> Self {
        self.with("param", param.into())
    }

    /// Decodes an error body in any dialect.
    ///
    /// A byte order mark and white space around it are ignored, and bytes that are not UTF-8 are
    /// replaced. A JSON string that holds an envelope is unwrapped.
    ///
    /// # Errors
    ///
    /// Returns [`InvalidEnvelope`] if `body` is not JSON, or neither an object nor a list with an
    /// object.
    pub fn decode(body: &[u8]) -> Result<Self, InvalidEnvelope> {
        let value = parse(trim(body))?;
        match value {
            Value::String(inner) => Self::from_value(parse(trim(inner.as_bytes()))?),
            value => Self::from_value(value),
        }
    }

    /// Returns the JSON text; decoding it gives back an equal envelope.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        self.0.to_string().into_bytes()
    }

    /// Returns the JSON value as it came.
    #[must_use]
    pub const fn as_value(&self) -> &Value {
        &self.0
    }

    /// Returns the JSON value as it came.
    #[must_use]
    pub fn into_value(self) -> Value {
        self.0
    }

    /// Returns the human-readable message.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        dialect::message(self.root()?)
    }

    /// Returns the error's `type`, verbatim; `"error"` at the top level is not one.
    #[must_use]
    pub fn api_type(&self) -> Option<&str> {
        dialect::api_type(self.root()?)
    }

    /// Returns the error's `code`: strings verbatim, integers as decimals.
    #[must_use]
    pub fn code(&self) -> Option<Cow<'_, str>> {
        dialect::code(self.root()?)
    }

    /// Returns the name of the parameter at fault.
    #[must_use]
    pub fn param(&self) -> Option<&str> {
        dialect::param(self.root()?)
    }

    /// Returns the request id in the body; a header's is surer.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        dialect::request_id(self.root()?)
    }

    /// Returns the object that holds the error's facts, with the fields no accessor is for.
    ///
    /// It is the value of `error`, or of what takes its place, or the top level itself.
    #[must_use]
    pub fn error_object(&self) -> Option<&Map<String, Value>> {
        let root = self.root()?;
        Some(dialect::site(root).unwrap_or(root))
    }

    /// Returns a field by its name, from the error's object or else from the top level.
    #[must_use]
    pub fn get(&self, field: &str) -> Option<&Value> {
        let root = self.root()?;
        dialect::site(root).and_then(|error| error.get(field)).or_else(|| root.get(field))
    }

    /// The top-level object; in a list, the first that has an error, or else the first.
    pub(crate) fn root(&self) -> Option<&Object> {
        match &self.0 {
            Value::Object(root) => Some(root),
            Value::Array(list) => {
                let mut objects = list.iter().filter_map(Value::as_object);
                let has_error = |object: &&Object| object.contains_key("error");
                objects.clone().find(has_error).or_else(|| objects.next())
            }
            _ => None,
        }
    }

    pub(crate) fn from_value(value: Value) -> Result<Self, InvalidEnvelope> {
        match &value {
            Value::Object(_) => Ok(Self(value)),
            Value::Array(list) if list.iter().any(Value::is_object) => Ok(Self(value)),
            _ => Err(InvalidEnvelope(None)),
        }
    }

    /// Sets a fact where the accessors read it.
    fn with(mut self, field: &str, text: String) -> Self {
        let root = match &mut self.0 {
            Value::Array(list) => list.iter_mut().find(|entry| entry.is_object()),
            root => Some(root),
        };
        let object = root.and_then(Value::as_object_mut).map(|root| {
            if root.get("error").is_some_and(Value::is_object) {
                return root.get_mut("error").and_then(Value::as_object_mut);
            }
            Some(root)
        });
        if let Some(object) = object.flatten() {
            object.insert(field.to_owned(), Value::String(text));
        }
        self
    }
}

impl fmt::Debug for Envelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fields = self.error_object().map_or(0, Map::len);
        f.debug_struct("Envelope")
            .field("has_type", &self.api_type().is_some())
            .field("has_code", &self.code().is_some())
            .field("has_param", &self.param().is_some())
            .field("fields", &fields)
            .finish_non_exhaustive()
    }
}

impl From<Envelope> for Value {
    fn from(envelope: Envelope) -> Self {
        envelope.0
    }
}

/// The body is not an error envelope.
///
/// Neither message nor source quotes the body.
#[derive(Debug)]
pub struct InvalidEnvelope(Option<serde_json::Error>);

impl fmt::Display for InvalidEnvelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("body is not an error envelope")
    }
}

impl std::error::Error for InvalidEnvelope {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.as_ref().map(|source| source as _)
    }
}

/// Removes a byte order mark and white space at both ends.
pub(crate) fn trim(body: &[u8]) -> &[u8] {
    body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii()
}

/// As text: for that, the parser of values is in `serde_json` already; one for bytes would be compiled
/// into this crate.
fn parse(text: &[u8]) -> Result<Value, InvalidEnvelope> {
    String::from_utf8_lossy(text).parse().map_err(|error| InvalidEnvelope(Some(error)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn of(value: Value) -> Envelope {
        Envelope::from_value(value).unwrap()
    }

    #[test]
    fn body_that_is_no_envelope_is_refused() {
        let table = ["", "null", "42", "[]", "[1]", "\"text\"", "<html>", "{\"error\":", "{} {}"];
        for body in table {
            assert!(Envelope::decode(body.as_bytes()).is_err(), "{body}");
        }
    }

    #[test]
    fn body_is_decoded_in_spite_of_its_wrapping() {
        let table: [(&str, &[u8]); 4] = [
            ("byte order mark", b"\xef\xbb\xbf {\"error\": \"m\"}\r\n"),
            ("string", br#""{\"error\": \"m\"}""#),
            ("list", br#"[{"error": "m"}]"#),
            ("not UTF-8", b"{\"error\": \"m\", \"x\": \"\xff\"}"),
        ];
        for (name, body) in table {
            assert_eq!(Envelope::decode(body).unwrap().message(), Some("m"), "{name}");
        }
    }

    #[test]
    fn facts_are_set_where_they_are_read() {
        for value in [json!({"error": {"message": "m"}}), json!({"message": "m"}), json!([{}])] {
            let set = of(value.clone()).with_type("t").with_code("c").with_param("p");
            assert_eq!(set.api_type(), Some("t"), "{value}");
            assert_eq!(set.code().as_deref(), Some("c"), "{value}");
            assert_eq!(set.param(), Some("p"), "{value}");
        }
    }

    #[test]
    fn debug_and_errors_quote_no_text() {
        let planted = of(json!({"error": {"message": "planted", "extra": "planted"}}));
        let refused = Envelope::decode(br#"{"error": "planted" "#).unwrap_err();
        assert!(!format!("{planted:?} {refused:?} {refused}").contains("planted"));
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            "\\PC{0,8}".prop_map(Value::from),
        ];
        let key = prop_oneof![
            proptest::sample::select(&["error", "message", "type", "code", "errors", "detail"][..])
                .prop_map(str::to_owned),
            "\\PC{0,4}",
        ];
        leaf.prop_recursive(4, 48, 6, move |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::btree_map(key.clone(), inner, 0..6)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn prop_51_decoding_an_encoded_envelope_gives_it_back(value in any_json()) {
            if let Ok(envelope) = Envelope::from_value(value) {
                let again = Envelope::decode(&envelope.encode()).unwrap();
                prop_assert_eq!(again.as_value(), envelope.as_value());
            }
        }

        #[test]
        fn prop_52_unknown_fields_survive(extra in any_json(), name in "[a-z]{9}") {
            let mut value = json!({"error": {"message": "m", "type": "t"}});
            value["error"][&name] = extra.clone();
            value[&name] = extra.clone();
            let envelope = Envelope::decode(value.to_string().as_bytes()).unwrap();
            prop_assert_eq!(envelope.get(&name), Some(&extra));
            prop_assert_eq!(envelope.into_value(), value);
        }

        #[test]
        fn prop_accessors_are_total(value in any_json()) {
            if let Ok(envelope) = Envelope::from_value(value) {
                let _ = (envelope.message(), envelope.api_type(), envelope.code());
                let _ = (envelope.param(), envelope.request_id(), format!("{envelope:?}"));
            }
        }

        #[test]
        fn prop_any_bytes_are_decoded_or_refused(body: Vec<u8>) {
            let _ = Envelope::decode(&body);
        }
    }
}
