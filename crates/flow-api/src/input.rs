//! What is embedded: texts, or tokens.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What is embedded: a text, several, tokens, or several lists of them. `Debug` shows none of it.
///
/// # Examples
///
/// ```
/// use flow_api::embeddings::Input;
/// use serde_json::json;
///
/// let texts: Vec<String> = vec!["one".to_owned(), "two".to_owned()];
/// assert_eq!(serde_json::to_value(Input::from(texts))?, json!(["one", "two"]));
/// assert_eq!(serde_json::to_value(Input::from([15496_u32, 11]))?, json!([15496, 11]));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Input(Value);

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Input").finish_non_exhaustive()
    }
}

/// What is embedded, as it is to be sent.
impl From<Value> for Input {
    fn from(value: Value) -> Self {
        Self(value)
    }
}

impl From<Input> for Value {
    fn from(input: Input) -> Self {
        input.0
    }
}

impl From<&str> for Input {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<String> for Input {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl From<&String> for Input {
    fn from(text: &String) -> Self {
        Self(text.as_str().into())
    }
}

/// Lists of texts, of tokens, and of lists of tokens.
macro_rules! lists {
    ($($type:ty),*) => {
        $(impl From<Vec<$type>> for Input {
            fn from(inputs: Vec<$type>) -> Self {
                Self(inputs.into_iter().map(Value::from).collect())
            }
        }

        impl<const N: usize> From<[$type; N]> for Input {
            fn from(inputs: [$type; N]) -> Self {
                Self(inputs.into_iter().map(Value::from).collect())
            }
        })*
    };
}
lists!(&str, String, u32, Vec<u32>);

impl From<&[&str]> for Input {
    fn from(texts: &[&str]) -> Self {
        Self(texts.iter().copied().map(Value::from).collect())
    }
}

impl From<&[String]> for Input {
    fn from(texts: &[String]) -> Self {
        Self(texts.iter().map(String::as_str).map(Value::from).collect())
    }
}

impl From<&[u32]> for Input {
    fn from(tokens: &[u32]) -> Self {
        Self(tokens.iter().copied().map(Value::from).collect())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn inputs_are_made_of_whatever_is_at_hand() {
        let owned = "a".to_owned();
        #[rustfmt::skip]
        let cases = [
            (Input::from("a"),                         json!("a")),
            (Input::from(&owned),                      json!("a")),
            (Input::from(owned.clone()),               json!("a")),
            (Input::from(["a", "b"]),                  json!(["a", "b"])),
            (Input::from(vec!["a", "b"]),              json!(["a", "b"])),
            (Input::from(&["a", "b"][..]),             json!(["a", "b"])),
            (Input::from(vec![owned.clone()]),         json!(["a"])),
            (Input::from(&[owned][..]),                json!(["a"])),
            (Input::from([1_u32, 2]),                  json!([1, 2])),
            (Input::from(vec![1_u32]),                 json!([1])),
            (Input::from(&[1_u32][..]),                json!([1])),
            (Input::from([vec![1_u32], vec![2, 3]]),   json!([[1], [2, 3]])),
            (Input::from(vec![vec![1_u32]]),           json!([[1]])),
            (Input::from(json!([{ "image": "u" }])),   json!([{ "image": "u" }])),
        ];
        for (input, want) in cases {
            assert_eq!(Value::from(input), want);
        }
    }
}
