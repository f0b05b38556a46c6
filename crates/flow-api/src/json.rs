//! Small steps through JSON objects that callers and services put together.

use serde_json::{Map, Value};

/// Returns the text at a JSON pointer without escapes; empty if there is none.
///
/// `Value::pointer` would copy every name, for escapes that it may have.
pub(crate) fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    let mut names = pointer.split('/').skip(1);
    let found = names.try_fold(value, |value, name| value.get(name));
    found.and_then(Value::as_str).unwrap_or_default()
}

/// Makes an object. `json!` would do, but with a serializer of values for every type in it.
pub(crate) fn object<const N: usize>(fields: [(&str, Value); N]) -> Value {
    let mut object = Map::new();
    for (name, value) in fields {
        object.insert(name.to_owned(), value);
    }
    Value::Object(object)
}

/// Sets a field of an object, which takes the place of anything else.
pub(crate) fn put(object: &mut Value, name: &str, value: Value) {
    match object {
        Value::Object(fields) => {
            fields.insert(name.to_owned(), value);
        }
        other => *other = self::object([(name, value)]),
    }
}

/// Sets a field of an object inside an object, if there is one.
pub(crate) fn put_in(object: &mut Value, inner: &str, name: &str, value: Value) {
    if let Some(Value::Object(fields)) = object.get_mut(inner) {
        fields.insert(name.to_owned(), value);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn inner_fields_are_set_where_there_is_an_inner_object() {
        let cases = [
            (json!(null), json!(null)),
            (json!({ "c": 2 }), json!({ "c": 2 })),
            (json!({ "a": "text" }), json!({ "a": "text" })),
            (json!({ "a": { "b": 0, "d": 3 } }), json!({ "a": { "b": 1, "d": 3 } })),
        ];
        for (mut value, want) in cases {
            put_in(&mut value, "a", "b", 1.into());
            assert_eq!(value, want);
        }
        for mut value in [json!(null), json!("text"), json!({ "a": 0 })] {
            put(&mut value, "a", 1.into());
            assert_eq!(value, json!({ "a": 1 }));
        }
        assert_eq!((text(&json!({ "a": "x" }), "/a"), text(&json!({ "a": 1 }), "/a/b")), ("x", ""));
    }
}
