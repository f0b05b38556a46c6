//! The documented envelope, read without building it: what most errors of the service are.
//!
//! It is only a quicker way to the same facts. Whatever is not just this shape (another field,
//! another type, a field twice) is left to [`Document`](crate::document::Document), which keeps to
//! the rules in [`dialect`](crate::dialect).

use std::borrow::Cow;
use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::envelope::trim;

/// The facts of a documented envelope.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Documented<'a> {
    #[serde(borrow, default)]
    message: Text<'a>,
    #[serde(borrow, default, rename = "type")]
    api_type: Text<'a>,
    #[serde(borrow, default)]
    code: Text<'a>,
    #[serde(borrow, default)]
    param: Text<'a>,
}

/// A text that is borrowed unless it has escapes; null is none.
#[derive(Debug, Default, Deserialize)]
struct Text<'a>(#[serde(borrow)] Option<Borrowed<'a>>);

/// In an `Option`, serde would make every `Cow` an owned one.
#[derive(Debug, Deserialize)]
struct Borrowed<'a>(#[serde(borrow)] Cow<'a, str>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Root<'a> {
    #[serde(borrow, deserialize_with = "object")]
    error: Documented<'a>,
}

impl<'a> Documented<'a> {
    /// Reads a body; `None` if it is anything else.
    pub(crate) fn read(body: &'a [u8]) -> Option<Self> {
        let object = Some(trim(body)).filter(|body| body.starts_with(b"{"));
        serde_json::from_slice(object?).ok().map(|Root { error }| error)
    }

    pub(crate) fn message(&self) -> &str {
        self.message.get().filter(|text| !text.trim().is_empty()).unwrap_or_default()
    }

    pub(crate) fn api_type(&self) -> Option<&str> {
        self.api_type.get()
    }

    pub(crate) fn code(&self) -> Option<&str> {
        self.code.get()
    }

    pub(crate) fn param(&self) -> Option<&str> {
        self.param.get()
    }
}

impl Text<'_> {
    fn get(&self) -> Option<&str> {
        self.0.as_ref().map(|text| &*text.0).filter(|text| !text.is_empty())
    }
}

/// Reads a JSON object only: by itself serde takes a list for a struct as well.
fn object<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Documented<'de>, D::Error> {
    struct Object;

    impl<'de> Visitor<'de> for Object {
        type Value = Documented<'de>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
            Documented::deserialize(MapAccessDeserializer::new(map))
        }
    }

    deserializer.deserialize_map(Object)
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use http::{HeaderMap, StatusCode};
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::{Envelope, Error};

    #[test]
    fn only_the_documented_shape_is_read() {
        #[rustfmt::skip]
        let table = [
            // name             body                                                        want
            ("the page's",      r#"{"error":{"message":"m","type":"t","code":"c"}}"#,       true),
            ("with param",      r#"{"error":{"message":"m","type":"t","param":null}}"#,     true),
            ("escapes, blanks", " {\"error\": {\"message\": \"a\\nb\"}}\n",                 true),
            ("byte order mark", "\u{feff}{\"error\":{}}",                                   true),
            ("number as code",  r#"{"error":{"message":"m","code":429}}"#,                  false),
            ("another field",   r#"{"error":{"message":"m","status":"s"}}"#,                false),
            ("at the top",      r#"{"error":{"message":"m"},"request_id":"r"}"#,            false),
            ("a field twice",   r#"{"error":{"message":"m","message":"n"}}"#,               false),
            ("text as error",   r#"{"error":"m"}"#,                                         false),
            ("a list",          r#"[{"error":{"message":"m"}}]"#,                           false),
            ("as lists",        r#"[["m","t","c","p"]]"#,                                   false),
            ("error as list",   r#"{"error":["m","t","c","p"]}"#,                           false),
            ("more behind it",  r#"{"error":{"message":"m"}}{}"#,                           false),
            ("half of it",      r#"{"error":{"message":"m"#,                                false),
            ("nothing",         "",                                                         false),
        ];
        for (name, body, want) in table {
            assert_eq!(Documented::read(body.as_bytes()).is_some(), want, "{name}");
        }
    }

    /// A field of the shape, with what services may put there.
    fn fact() -> impl Strategy<Value = Value> {
        let words = ["rate_limit_error", "insufficient_quota", "context_length_exceeded", "m\n"];
        prop_oneof![
            Just(json!(null)),
            Just(json!("")),
            Just(json!(" ")),
            proptest::sample::select(words.to_vec()).prop_map(Value::from),
            "[a-z\"\\\\é ]{0,9}".prop_map(Value::from),
        ]
    }

    proptest! {
        #[test]
        fn prop_short_way_gives_what_the_long_way_does(
            facts in proptest::collection::btree_map("message|type|code|param", fact(), 0..4),
            status in 400_u16..600,
        ) {
            let value = json!({"error": facts});
            let body = value.to_string();
            let documented = Documented::read(body.as_bytes());
            let documented = documented.expect("the shape is the documented one");
            let envelope = Envelope::decode(body.as_bytes()).unwrap();
            prop_assert_eq!(documented.message(), envelope.message().unwrap_or_default());
            prop_assert_eq!(documented.api_type(), envelope.api_type());
            let code = envelope.code();
            prop_assert_eq!(documented.code(), code.as_deref());
            prop_assert_eq!(documented.param(), envelope.param());
            prop_assert_eq!(envelope.request_id(), None);
            // A field that says nothing takes the long way.
            let mut longer = value;
            longer["x"] = json!(null);
            let of = |body: &str| {
                let (status, headers) = (StatusCode::from_u16(status).unwrap(), HeaderMap::new());
                Error::from_response(status, &headers, crate::Body::new(body), SystemTime::UNIX_EPOCH)
            };
            let (short, long) = (of(&body), of(&longer.to_string()));
            prop_assert_eq!((short.kind(), short.class()), (long.kind(), long.class()));
            prop_assert_eq!(serde_json::to_value(&short).unwrap(), serde_json::to_value(&long).unwrap());
        }
    }
}
