//! A spoken answer: its transcript and its sound, which comes in base64.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value};

use super::merge;

/// Joins a piece of sound to what came before; returns how many bytes were added.
pub(super) fn join(said: &mut Map<String, Value>, new: &Map<String, Value>) -> usize {
    let Some(Value::Object(old)) = said.get_mut("audio") else {
        return merge::join_field(said, "audio", &Value::Object(new.clone()));
    };
    new.iter().fold(0, |added, (name, value)| {
        let bytes = match (old.get_mut(name), value) {
            (Some(Value::String(old)), Value::String(new)) if name == "data" => {
                join_base64(old, new);
                new.len()
            }
            _ => merge::join_field(old, name, value),
        };
        added.saturating_add(bytes)
    })
}

/// Joins two pieces of base64. Where each was encoded by itself, padding would stand in the middle.
fn join_base64(old: &mut String, new: &str) {
    let joined = old.len().checked_sub(4).filter(|_| old.ends_with('=')).and_then(|at| {
        let mut bytes = BASE64_STANDARD.decode(old.get(at..)?).ok()?;
        bytes.extend(BASE64_STANDARD.decode(new).ok()?);
        Some((at, BASE64_STANDARD.encode(bytes)))
    });
    match joined {
        Some((at, tail)) => {
            old.truncate(at);
            old.push_str(&tail);
        }
        None => old.push_str(new),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn sound_is_one_piece_of_base64_however_it_was_cut() {
        let whole = BASE64_STANDARD.encode(b"12345678");
        let by_itself: Vec<_> =
            [&b"1234"[..], b"5", b"", b"678"].map(|piece| BASE64_STANDARD.encode(piece)).into();
        let by_text = ["MTIz", "NDU2N", "z", "g="].map(str::to_owned).to_vec();
        for pieces in [by_itself, by_text] {
            let mut said = Map::new();
            for data in pieces {
                let piece = json!({ "id": "a", "data": data, "transcript": "x" });
                let _ = join(&mut said, piece.as_object().unwrap());
            }
            let want = json!({ "id": "a", "data": whole, "transcript": "xxxx" });
            assert_eq!(said["audio"], want);
        }
        let mut broken = "!!!=".to_owned();
        join_base64(&mut broken, "MTIz");
        assert_eq!(broken, "!!!=MTIz");
    }
}
