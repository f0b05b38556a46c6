//! How likely the tokens of an answer were.

use std::fmt;

use serde_json::Value;

use crate::json::text;

/// How likely one token of an answer was. `Debug` shows that, not the token.
///
/// # Examples
///
/// ```
/// use flow_api::chat::Choice;
///
/// let json = r#"{"logprobs": {"content": [{"token": "Hi", "logprob": -0.25, "bytes": [72, 105],
///     "top_logprobs": [{"token": "Hi", "logprob": -0.25}, {"token": "Ho", "logprob": -2}]}]}}"#;
/// let choice: Choice = serde_json::from_str(json)?;
/// let token = choice.logprobs().next().unwrap();
/// assert_eq!((token.token(), token.logprob()), ("Hi", Some(-0.25)));
/// assert_eq!(token.top().map(|top| top.token()).collect::<Vec<_>>(), ["Hi", "Ho"]);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq)]
pub struct TokenLogprob<'a>(&'a Value);

impl<'a> TokenLogprob<'a> {
    /// The entries of a list in `holder`; none if there is no such list.
    pub(crate) fn list(holder: &'a Value, name: &str) -> impl Iterator<Item = Self> + use<'a> {
        holder.get(name).and_then(Value::as_array).into_iter().flatten().map(Self)
    }

    /// Returns the token as text; empty if there is none.
    #[must_use]
    pub fn token(self) -> &'a str {
        text(self.0, "/token")
    }

    /// Returns the natural logarithm of the token's probability.
    #[must_use]
    pub fn logprob(self) -> Option<f64> {
        self.0.get("logprob")?.as_f64()
    }

    /// Returns the token's bytes, which need not be UTF-8 by themselves.
    #[must_use]
    pub fn bytes(self) -> Option<Vec<u8>> {
        let bytes = self.0.get("bytes")?.as_array()?;
        bytes.iter().map(|byte| byte.as_u64().and_then(|byte| u8::try_from(byte).ok())).collect()
    }

    /// Returns the likeliest tokens at this place, as many as the request asked for.
    pub fn top(self) -> impl Iterator<Item = Self> + use<'a> {
        Self::list(self.0, "top_logprobs")
    }

    /// Returns the entry as JSON, with everything it came with.
    #[must_use]
    pub const fn as_value(self) -> &'a Value {
        self.0
    }
}

impl fmt::Debug for TokenLogprob<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenLogprob").field("logprob", &self.logprob()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn entries_of_other_types_are_harmless() {
        let all = json!({ "content": [7, { "token": 1, "logprob": "x", "bytes": [256] }, { "bytes": null }] });
        for entry in TokenLogprob::list(&all, "content") {
            assert_eq!((entry.token(), entry.logprob(), entry.bytes()), ("", None, None));
            assert_eq!(entry.top().count(), 0);
        }
        assert_eq!(TokenLogprob::list(&all, "content").count(), 3);
        assert_eq!(TokenLogprob::list(&json!(null), "content").count(), 0);
        let entry = json!({ "bytes": [72, 105] });
        assert_eq!(TokenLogprob(&entry).bytes(), Some(b"Hi".to_vec()));
        assert_eq!(TokenLogprob(&entry).as_value(), &entry);
    }
}
