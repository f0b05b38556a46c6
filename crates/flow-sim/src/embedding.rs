//! Small vectors that depend on their input alone.

use serde_json::{Value, json};

use crate::ids::{hash, mix};

/// How long a vector is when the request does not say.
const DIMENSIONS: u64 = 8;

/// The entries for `input`: one text or token list, or a list of them.
pub(crate) fn all(request: &Value, input: &Value) -> Vec<Value> {
    let dimensions = request.get("dimensions").and_then(Value::as_u64).unwrap_or(DIMENSIONS);
    // The official Python client asks for base64 unless its user says otherwise.
    let base64 = request.get("encoding_format").and_then(Value::as_str) == Some("base64");
    let entry = |(index, text): (usize, &Value)| {
        let vector = vector(text, dimensions);
        let embedding = if base64 { json!(encode(&vector)) } else { json!(vector) };
        json!({ "object": "embedding", "index": index, "embedding": embedding })
    };
    match input.as_array() {
        Some(list) if !list.iter().any(Value::is_number) => {
            list.iter().enumerate().map(entry).collect()
        }
        _ => vec![entry((0, input))],
    }
}

/// A vector of length 1.
fn vector(text: &Value, dimensions: u64) -> Vec<f32> {
    let seed = hash(text.to_string().as_bytes());
    let raw = (0..dimensions).map(|index| {
        let [low, high, ..] = mix(seed.wrapping_add(index)).to_le_bytes();
        f32::from(i16::from_le_bytes([low, high]))
    });
    let raw: Vec<f32> = raw.collect();
    let length = raw.iter().map(|value| value * value).sum::<f32>().sqrt().max(1.0);
    raw.iter().map(|value| value / length).collect()
}

/// The vector's little-endian bytes in base64.
fn encode(vector: &[f32]) -> String {
    let bytes: Vec<u8> = vector.iter().flat_map(|value| value.to_le_bytes()).collect();
    bytes.chunks(3).flat_map(quad).collect()
}

/// Three bytes as four letters; missing bytes become `=`.
fn quad(bytes: &[u8]) -> [char; 4] {
    let byte = |index: usize| bytes.get(index).copied().map_or(0, u32::from);
    let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
    let at = |index: usize, shift: u32| {
        if index > bytes.len() { '=' } else { letter(bits >> shift & 63) }
    };
    [at(0, 18), at(1, 12), at(2, 6), at(3, 0)]
}

fn letter(value: u32) -> char {
    let (first, offset) = match value {
        0..=25 => ('A', value),
        26..=51 => ('a', value.saturating_sub(26)),
        52..=61 => ('0', value.saturating_sub(52)),
        62 => ('+', 0),
        _ => ('/', 0),
    };
    char::from_u32(u32::from(first).saturating_add(offset)).unwrap_or('=')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_as_the_standard_has_it() {
        let cases = [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("\u{fb}~", "w7t+")];
        for (text, want) in cases {
            let got: String = text.as_bytes().chunks(3).flat_map(quad).collect();
            assert_eq!(got, want, "{text:?}");
        }
    }

    #[test]
    fn vectors_have_length_one_and_follow_from_their_text() {
        let one = vector(&json!("one"), 8);
        let length = one.iter().map(|value| value * value).sum::<f32>().sqrt();
        assert!((length - 1.0).abs() < 1e-5);
        assert_eq!(one, vector(&json!("one"), 8));
        assert_ne!(one, vector(&json!("two"), 8));
    }
}
