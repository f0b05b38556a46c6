//! How content goes on: text by text, and part by part.

use serde_json::Value;

use super::merge;
use crate::content::Content;
use crate::field::Field;
use crate::part::Part;

/// Joins a piece of content to what came before; returns how many bytes were added.
///
/// Models that think aloud send parts first, and then the answer as plain text: it becomes a part.
pub(super) fn join(old: &mut Field<Content>, new: &Field<Content>) -> usize {
    match (old, new) {
        (Field::Value(Content::Text(old)), Field::Value(Content::Text(new))) => {
            old.push_str(new);
            new.len()
        }
        (Field::Value(old), Field::Value(new)) => join_parts(old, new),
        (old, new) if merge::counts(new, old) => {
            *old = new.clone();
            new.as_ref().map_or(merge::ENTRY, weight)
        }
        _ => 0,
    }
}

fn join_parts(old: &mut Content, new: &Content) -> usize {
    let mut parts = parts(std::mem::replace(old, Content::Parts(Vec::new())));
    let new: Vec<Value> = self::parts(new.clone()).into_iter().map(Value::from).collect();
    // Only the last one can go on: the others are not touched again.
    let mut tail: Vec<Value> = parts.pop().map(Value::from).into_iter().collect();
    let added = merge::join_lists(&mut tail, &new);
    parts.extend(tail.into_iter().map(Part::from));
    *old = Content::Parts(parts);
    added
}

fn parts(content: Content) -> Vec<Part> {
    match content {
        Content::Text(text) if text.is_empty() => Vec::new(),
        Content::Text(text) => vec![Part::text(text)],
        Content::Parts(parts) => parts,
    }
}

fn weight(content: &Content) -> usize {
    match content {
        Content::Text(text) => text.len(),
        Content::Parts(parts) => parts.iter().map(|part| merge::weight(part.as_value())).sum(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn content_goes_on_whatever_its_form() {
        let thought = |text: &str| json!([{ "type": "thinking", "thinking": [{ "type": "text", "text": text }] }]);
        let image = json!({ "type": "image_url", "image_url": { "url": "u" } });
        #[rustfmt::skip]
        let cases = [
            (json!(["a", "b"]),                    json!("ab")),
            (json!(["", null, "b"]),               json!("b")),
            (json!([null, "a"]),                   json!("a")),
            (json!([null, null]),                  json!(null)),
            (json!([7, "a"]),                      json!("a")),
            (json!([thought("a"), thought("b"), "c", "d"]), json!([thought("ab")[0], { "type": "text", "text": "cd" }])),
            (json!(["a", [image], [image]]),       json!([{ "type": "text", "text": "a" }, image, image])),
            (json!(["", [image]]),                 json!([image])),
            (json!([[image], ""]),                 json!([image])),
            (json!([[], "a"]),                     json!([{ "type": "text", "text": "a" }])),
        ];
        for (pieces, want) in cases {
            let mut content = Field::Absent;
            for piece in pieces.as_array().unwrap() {
                let _ = join(&mut content, &serde_json::from_value(piece.clone()).unwrap());
            }
            assert_eq!(serde_json::to_value(&content).unwrap(), want, "{pieces}");
        }
    }
}
