//! How likely each token of an answer was: made up, and the same every time.

use serde_json::{Value, json};

/// The entries for `text` in this many tokens; null if the request does not ask for them.
pub(crate) fn of(text: &str, tokens: u64, request: &Value) -> Value {
    if request.get("logprobs") != Some(&Value::Bool(true)) {
        return Value::Null;
    }
    let top = request.get("top_logprobs").and_then(Value::as_u64).unwrap_or(0);
    let pieces = pieces(text, usize::try_from(tokens).unwrap_or(1));
    let content: Vec<_> = pieces
        .iter()
        .zip((1_u8..=8).cycle())
        .map(|(piece, place)| token(piece, place, top))
        .collect();
    json!({ "content": content, "refusal": null })
}

fn token(piece: &str, place: u8, top: u64) -> Value {
    // Eighths are exact in binary.
    let logprob = -f64::from(place) / 8.0;
    let mut entry = entry(piece, logprob);
    let others = (1_u8..=20)
        .zip(1..top)
        .map(|(rank, _)| self::entry(&format!("~{rank}"), logprob - f64::from(rank)));
    let top: Vec<_> = (0..top.min(1)).map(|_| entry.clone()).chain(others).collect();
    if let Some(entry) = entry.as_object_mut() {
        entry.insert("top_logprobs".to_owned(), top.into());
    }
    entry
}

fn entry(token: &str, logprob: f64) -> Value {
    json!({ "token": token, "logprob": logprob, "bytes": token.as_bytes() })
}

/// A text in this many pieces, as equal as they can be; fewer if it has fewer letters.
pub(crate) fn pieces(text: &str, count: usize) -> Vec<String> {
    let letters: Vec<char> = text.chars().collect();
    let count = count.min(letters.len());
    let end = |piece: usize| letters.len().saturating_mul(piece) / count.max(1);
    let piece = |index: usize| letters.get(end(index)..end(index.saturating_add(1)));
    (0..count).filter_map(piece).map(|letters| letters.iter().collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_make_up_the_text() {
        for (text, count) in [("Hello from flow-sim", 6), ("", 3), ("aé漢", 2), ("ab", 9)] {
            let pieces = pieces(text, count);
            assert_eq!(pieces.concat(), text);
            assert_eq!(pieces.len(), count.min(text.chars().count()), "{pieces:?}");
        }
    }

    #[test]
    fn likely_tokens_are_as_many_as_asked_for() {
        let request = |top: Option<u64>| match top {
            Some(top) => json!({ "logprobs": true, "top_logprobs": top }),
            None => json!({ "logprobs": true }),
        };
        for (top, want) in [(None, 0), (Some(0), 0), (Some(1), 1), (Some(3), 3), (Some(20), 20)] {
            let all = of("Hi there", 2, &request(top));
            let list = all["content"][1]["top_logprobs"].as_array().unwrap();
            assert_eq!(list.len(), want, "{top:?}");
            let falling =
                list.windows(2).all(|two| two[0]["logprob"].as_f64() > two[1]["logprob"].as_f64());
            assert!(falling, "{list:?}");
        }
        assert_eq!(of("Hi", 1, &json!({ "logprobs": false })), Value::Null);
    }
}
