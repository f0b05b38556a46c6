//! The documented envelope, read without building it: what most errors of the service are.
//!
//! It is only a quicker way to the same facts. Whatever is not just this shape (another field,
//! another type, a field twice) is left to [`Document`](crate::document::Document), which keeps to
//! the rules in [`dialect`](crate::dialect). By hand, because what serde derives for four texts is
//! more code than the whole of it.

use std::borrow::Cow;

use serde_json::Value;

use crate::envelope::trim;

/// The facts of a documented envelope.
#[derive(Debug, Default)]
pub(crate) struct Documented<'a> {
    message: Field<'a>,
    api_type: Field<'a>,
    code: Field<'a>,
    param: Field<'a>,
}

/// A field once it was seen: a text, borrowed unless it has escapes, or null.
type Field<'a> = Option<Option<Cow<'a, str>>>;

impl<'a> Documented<'a> {
    /// Reads a body; `None` if it is anything else.
    pub(crate) fn read(body: &'a [u8]) -> Option<Self> {
        let mut rest = Rest(std::str::from_utf8(trim(body)).ok()?);
        rest.skip("{")?;
        let is_error = rest.text()? == "error";
        rest.skip(":").filter(|()| is_error)?;
        let facts = rest.facts()?;
        rest.skip("}")?;
        rest.is_empty().then_some(facts)
    }

    pub(crate) fn message(&self) -> &str {
        get(&self.message).filter(|text| !text.trim().is_empty()).unwrap_or_default()
    }

    pub(crate) fn api_type(&self) -> Option<&str> {
        get(&self.api_type)
    }

    pub(crate) fn code(&self) -> Option<&str> {
        get(&self.code)
    }

    pub(crate) fn param(&self) -> Option<&str> {
        get(&self.param)
    }

    /// Where a field is kept; `None` if the shape has none of this name.
    fn field(&mut self, name: &str) -> Option<&mut Field<'a>> {
        match name {
            "message" => Some(&mut self.message),
            "type" => Some(&mut self.api_type),
            "code" => Some(&mut self.code),
            "param" => Some(&mut self.param),
            _ => None,
        }
    }
}

fn get<'a>(field: &'a Field<'_>) -> Option<&'a str> {
    field.as_ref()?.as_deref().filter(|text| !text.is_empty())
}

/// What of a body is still to be read.
struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    /// Reads an object of the facts, each at most once.
    fn facts(&mut self) -> Option<Documented<'a>> {
        let mut facts = Documented::default();
        self.skip("{")?;
        if self.skip("}").is_some() {
            return Some(facts);
        }
        loop {
            let name = self.text()?;
            self.skip(":")?;
            let value = if self.skip("null").is_some() { None } else { Some(self.text()?) };
            let field = facts.field(&name).filter(|field| field.is_none())?;
            *field = Some(value);
            if self.skip(",").is_none() {
                return self.skip("}").map(|()| facts);
            }
        }
    }

    /// Reads a text.
    fn text(&mut self) -> Option<Cow<'a, str>> {
        let quoted = self.trimmed();
        let (mut has_escapes, mut is_escaped) = (false, false);
        for (at, byte) in quoted.bytes().enumerate().skip(1) {
            match byte {
                _ if is_escaped => is_escaped = false,
                b'\\' => (has_escapes, is_escaped) = (true, true),
                b'"' => {
                    let (quoted, rest) = quoted.split_at_checked(at.saturating_add(1))?;
                    self.0 = rest;
                    return if has_escapes { unescaped(quoted) } else { plain(quoted) };
                }
                // JSON has them only as escapes.
                ..b' ' => return None,
                _ => {}
            }
        }
        None
    }

    /// Passes over `token`; `None` if something else is next.
    fn skip(&mut self, token: &str) -> Option<()> {
        self.0 = self.trimmed().strip_prefix(token)?;
        Some(())
    }

    fn is_empty(&self) -> bool {
        self.trimmed().is_empty()
    }

    fn trimmed(&self) -> &'a str {
        self.0.trim_start_matches([' ', '\t', '\n', '\r'])
    }
}

fn plain(quoted: &str) -> Option<Cow<'_, str>> {
    quoted.strip_prefix('"')?.strip_suffix('"').map(Cow::Borrowed)
}

fn unescaped(quoted: &str) -> Option<Cow<'_, str>> {
    match quoted.parse() {
        Ok(Value::String(text)) => Some(Cow::Owned(text)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use http::{HeaderMap, StatusCode};
    use proptest::prelude::*;
    use serde_json::json;

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
