//! How a later value joins an earlier one. Each function returns how many bytes were added.

use std::ops::Deref;

use serde_json::{Map, Value};

use crate::field::Field;

/// What tells or sorts a thing: said again, it is not to be joined.
const TAGS: [&str; 4] = ["format", "id", "role", "type"];

/// The types of list entries that come in pieces.
const GOING_ON: [&str; 6] =
    ["output_text", "reasoning", "reasoning_text", "refusal", "text", "thinking"];

/// What an entry costs beside its texts.
pub(super) const ENTRY: usize = 64;

/// Joins every field of `new` to those of `old`.
pub(super) fn join(old: &mut Map<String, Value>, new: &Map<String, Value>) -> usize {
    new.iter().fold(0, |added, (name, value)| added.saturating_add(join_field(old, name, value)))
}

/// Joins one field.
pub(super) fn join_field(old: &mut Map<String, Value>, name: &str, new: &Value) -> usize {
    let Some(old) = old.get_mut(name) else { return insert(old, name, new) };
    match (old, new) {
        (_, Value::Null) => 0,
        // A name comes in pieces, or all of it with each piece.
        (Value::String(old), Value::String(new)) if name == "name" && old == new => 0,
        (Value::String(old), Value::String(new)) if !TAGS.contains(&name) => {
            old.push_str(new);
            new.len()
        }
        (Value::String(old), Value::String(_)) if !old.is_empty() => 0,
        (Value::Object(old), Value::Object(new)) => join(old, new),
        (Value::Array(old), Value::Array(new)) => join_lists(old, new),
        (old, new) => replace(old, new),
    }
}

/// Appends a list to a list; a text goes on in the last entry if that is of the same type.
pub(super) fn join_lists(old: &mut Vec<Value>, new: &[Value]) -> usize {
    let mut added = 0_usize;
    for entry in new {
        let bytes = match (old.last_mut(), entry) {
            (Some(Value::Object(last)), Value::Object(entry)) if goes_on(last, entry) => {
                join(last, entry)
            }
            _ => {
                old.push(entry.clone());
                weight(entry)
            }
        };
        added = added.saturating_add(bytes);
    }
    added
}

/// Puts a field in the place of an earlier one, unless it says nothing.
pub(super) fn follow(old: &mut Map<String, Value>, name: &str, new: &Value) -> usize {
    match old.get_mut(name) {
        None => insert(old, name, new),
        Some(_) if says_nothing(new) => 0,
        Some(old) => replace(old, new),
    }
}

/// The same for a field with a text.
pub(super) fn follow_text<T>(old: &mut Field<T>, new: &Field<T>) -> usize
where
    T: Deref<Target = str> + Clone + PartialEq,
{
    let is_empty = new.as_str().is_some_and(str::is_empty) && !old.is_absent();
    if is_empty || !counts(new, old) || old == new {
        return 0;
    }
    let added = size(new).saturating_sub(size(old));
    old.clone_from(new);
    added
}

fn size<T: Deref<Target = str>>(field: &Field<T>) -> usize {
    match field {
        Field::Value(text) => text.len().saturating_add(ENTRY),
        Field::Other(value) => weight(value),
        Field::Null(()) => ENTRY,
        Field::Absent => 0,
    }
}

/// Whether a later field takes the place of an earlier one: null only of what is absent.
pub(super) const fn counts<T>(new: &Field<T>, old: &Field<T>) -> bool {
    match new {
        Field::Absent => false,
        Field::Null(()) => old.is_absent(),
        _ => true,
    }
}

/// How many bytes a value takes, about.
pub(super) fn weight(value: &Value) -> usize {
    let inner: usize = match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(weight).sum(),
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| name.len().saturating_add(weight(value))).sum()
        }
        _ => 0,
    };
    inner.saturating_add(ENTRY)
}

fn insert(old: &mut Map<String, Value>, name: &str, new: &Value) -> usize {
    old.insert(name.to_owned(), new.clone());
    name.len().saturating_add(weight(new))
}

fn replace(old: &mut Value, new: &Value) -> usize {
    // Most pieces repeat what the first one said.
    if old == new {
        return 0;
    }
    let added = weight(new).saturating_sub(weight(old));
    *old = new.clone();
    added
}

fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        _ => false,
    }
}

/// Whether an entry goes on where the last one stopped: by the index that both have, or by a type
/// that comes in pieces.
fn goes_on(last: &Map<String, Value>, entry: &Map<String, Value>) -> bool {
    if last.get("type") != entry.get("type") {
        return false;
    }
    match (last.get("index"), entry.get("index")) {
        (Some(last), Some(entry)) => last.is_u64() && last == entry,
        (None, None) => {
            let kind = entry.get("type").and_then(Value::as_str);
            kind.is_some_and(|kind| GOING_ON.contains(&kind))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_join_by_what_they_are() {
        let detail = |text: &str| json!([{ "type": "reasoning.text", "text": text, "index": 0 }]);
        #[rustfmt::skip]
        let cases = [
            // name     earlier                  later                    joined
            ("text",    json!("a"),              json!("b"),              json!("ab")),
            ("text",    json!(null),             json!("b"),              json!("b")),
            ("text",    json!("a"),              json!(null),             json!("a")),
            ("text",    json!("a"),              json!(7),                json!(7)),
            ("count",   json!(1),                json!(2),                json!(2)),
            ("type",    json!("a"),              json!("b"),              json!("a")),
            ("type",    json!(""),               json!("b"),              json!("b")),
            ("name",    json!("a"),              json!("b"),              json!("ab")),
            ("name",    json!("a"),              json!(""),               json!("a")),
            ("name",    json!(""),               json!("b"),              json!("b")),
            ("name",    json!("a"),              json!("a"),              json!("a")),
            ("object",  json!({ "id": "1", "x": "a" }), json!({ "id": "1", "x": "b", "y": 1 }), json!({ "id": "1", "x": "ab", "y": 1 })),
            ("list",    json!([1]),              json!([1, "a"]),         json!([1, 1, "a"])),
            ("list",    json!([{ "token": "a" }]), json!([{ "token": "b" }]), json!([{ "token": "a" }, { "token": "b" }])),
            ("list",    detail("a"),             detail("b"),             detail("ab")),
            ("list",    json!([{ "index": 0 }]), json!([{ "index": 1 }]), json!([{ "index": 0 }, { "index": 1 }])),
            ("list",    json!([{ "type": "image_url" }]), json!([{ "type": "image_url" }]), json!([{ "type": "image_url" }, { "type": "image_url" }])),
        ];
        for (name, old, new, want) in cases {
            let mut fields = Map::from_iter([(name.to_owned(), old.clone())]);
            let _ = join_field(&mut fields, name, &new);
            assert_eq!(fields[name], want, "{name}: {old} and {new}");
        }
    }

    #[test]
    fn fields_are_followed_by_what_says_something() {
        #[rustfmt::skip]
        let cases = [
            (json!("a"),  json!("b"),        json!("b")),
            (json!("a"),  json!(""),         json!("a")),
            (json!("a"),  json!(null),       json!("a")),
            (json!(null), json!(""),         json!(null)),
            (json!([1]),  json!([2]),        json!([2])),
            (json!({}),   json!({ "a": 1 }), json!({ "a": 1 })),
        ];
        for (old, new, want) in cases {
            let mut fields = Map::from_iter([("x".to_owned(), old.clone())]);
            let _ = follow(&mut fields, "x", &new);
            assert_eq!(fields["x"], want, "{old} and {new}");
        }
    }

    #[test]
    fn what_is_repeated_adds_nothing() {
        let mut fields = Map::new();
        let big = json!({ "filter": ["a", "b"] });
        assert!(follow(&mut fields, "x", &big) > 0);
        assert_eq!(follow(&mut fields, "x", &big), 0);
        assert_eq!(join_field(&mut fields, "text", &json!("ab")), "text".len() + 2 + ENTRY);
        assert_eq!(join_field(&mut fields, "text", &json!("cd")), 2);
    }
}
