//! What an embeddings call sends.

use std::fmt;
use std::ops::RangeInclusive;

use flow_errors::{Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::params::{self, Params, at_least_one};

pub(crate) const INPUT: &str = "input";
pub(crate) const DIMENSIONS: &str = "dimensions";
pub(crate) const ENCODING_FORMAT: &str = "encoding_format";
pub(crate) const END_USER: &str = "user";

/// What `param()` cannot set, for a JSON object would have the key twice, and what to do instead.
pub(crate) const FIELDS: &[(&str, &str)] = &[("model", "name it when the request is made")];

/// The setters of an embeddings request, for the request itself and for a call that holds one.
///
/// `$at` is the path from `self` to the request.
macro_rules! embedding_setters {
    ($($at:ident)?) => {
        /// Sets what to embed: a text, several, tokens, or several lists of them.
        pub fn input(mut self, input: impl Into<$crate::input::Input>) -> Self {
            self$(.$at)?.params.set($crate::embedding_request::INPUT, input.into());
            self
        }

        /// Sets how many numbers each vector has, where the model can shorten it: at least 1.
        pub fn dimensions(mut self, dimensions: u64) -> Self {
            self$(.$at)?.params.set($crate::embedding_request::DIMENSIONS, dimensions);
            self
        }

        /// Sets how the vectors are sent: `float`, or `base64`, which is shorter. Both are read alike.
        pub fn encoding_format(mut self, format: impl Into<String>) -> Self {
            self$(.$at)?.params.set($crate::embedding_request::ENCODING_FORMAT, format.into());
            self
        }

        /// Names the person behind the request, by an id without meaning elsewhere: `user` in the JSON.
        pub fn end_user(mut self, id: impl Into<String>) -> Self {
            self$(.$at)?.params.set($crate::embedding_request::END_USER, id.into());
            self
        }

        /// Sets a parameter by its name in the JSON, also one that has a setter: the last value wins.
        ///
        /// `model` has a place of its own and is refused. JSON has no NaN and no infinity: they become
        /// null.
        pub fn param(mut self, name: impl Into<String>, value: impl Into<serde_json::Value>) -> Self {
            let fields = $crate::embedding_request::FIELDS;
            self$(.$at)?.params.set_any(name.into(), value.into(), fields);
            self
        }
    };
}
pub(crate) use embedding_setters;

/// The body of an embeddings request. `Debug` shows the model, not what is embedded.
///
/// # Examples
///
/// ```
/// use flow_api::embeddings::EmbeddingRequest;
///
/// let request = EmbeddingRequest::new("text-embedding-3-small").input(["one", "two"]);
/// request.check()?;
/// assert_eq!(request.param_value("input").unwrap()[1], "two");
///
/// let error = EmbeddingRequest::new("text-embedding-3-small").input("").check().unwrap_err();
/// assert_eq!(error.param(), Some("input"));
/// # Ok::<(), flow_errors::Error>(())
/// ```
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[must_use = "a request does nothing until it is sent"]
pub struct EmbeddingRequest {
    model: String,
    #[serde(flatten)]
    pub(crate) params: Params,
}

impl EmbeddingRequest {
    /// Starts a request to `model`.
    pub fn new(model: impl Into<String>) -> Self {
        Self { model: model.into(), params: Params::default() }
    }

    embedding_setters!();

    /// Returns the model that is asked.
    #[must_use]
    pub fn model(&self) -> &str {
        &self.model
    }

    /// Returns the parameters that are set, by their names in the JSON; the input is one of them.
    pub fn params(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.params.values().iter()
    }

    /// Returns the parameter of that name in the JSON, if it is set.
    #[must_use]
    pub fn param_value(&self, name: &str) -> Option<&Value> {
        self.params.values().get(name)
    }

    /// Returns how many vectors there are to be; what other things than texts and tokens become is the
    /// service's business.
    pub(crate) fn vectors(&self) -> RangeInclusive<usize> {
        match self.params.get(INPUT) {
            Some(input) if is_one(input) => 1..=1,
            Some(Value::Array(inputs)) if inputs.iter().all(is_one) => inputs.len()..=inputs.len(),
            _ => 1..=usize::MAX,
        }
    }

    /// Checks what the service would refuse anyway.
    ///
    /// # Errors
    ///
    /// Returns an error of kind `invalid_input` that names the parameter and what is wrong with it.
    pub fn check(&self) -> Result<()> {
        params::model(&self.model)?;
        self.params.check()?;
        input(self.params.get(INPUT))?;
        at_least_one(&self.params, DIMENSIONS)
    }
}

/// Whether that is certain to be one input: a text, or tokens.
fn is_one(value: &Value) -> bool {
    let are_tokens = |list: &Vec<Value>| list.iter().all(Value::is_number);
    value.is_string() || value.as_array().is_some_and(are_tokens)
}

fn input(input: Option<&Value>) -> Result<()> {
    let refuse = |message: String| Err(Error::invalid_input(INPUT, message));
    match input {
        None | Some(Value::Null) => refuse("there is no input; add it with input()".to_owned()),
        Some(input) if is_empty(input) => refuse("input is empty; give it a text".to_owned()),
        Some(Value::Array(list)) => match list.iter().position(is_empty) {
            Some(index) => refuse(format!("input[{index}] is empty; leave it out")),
            None => Ok(()),
        },
        Some(_) => Ok(()),
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        _ => false,
    }
}

impl fmt::Debug for EmbeddingRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmbeddingRequest").field("model", &self.model).finish_non_exhaustive()
    }
}

/// A request to the model of that name, still without input.
impl From<&str> for EmbeddingRequest {
    fn from(model: &str) -> Self {
        Self::new(model)
    }
}

/// A request to the model of that name, still without input.
impl From<String> for EmbeddingRequest {
    fn from(model: String) -> Self {
        Self::new(model)
    }
}

/// A request to the model of that name, still without input.
impl From<&String> for EmbeddingRequest {
    fn from(model: &String) -> Self {
        Self::new(model)
    }
}

#[cfg(test)]
mod tests {
    use flow_errors::Kind;
    use serde_json::json;

    use super::*;

    fn embed() -> EmbeddingRequest {
        EmbeddingRequest::new("e").input("Hello")
    }

    #[test]
    fn every_setter_writes_what_the_service_reads() {
        let full = embed().dimensions(3).encoding_format("base64").end_user("u").param("x", 1);
        let want = json!({
            "model": "e", "input": "Hello", "dimensions": 3, "encoding_format": "base64",
            "user": "u", "x": 1,
        });
        full.check().unwrap();
        assert_eq!(serde_json::to_value(&full).unwrap(), want);
        assert_eq!(serde_json::from_value::<EmbeddingRequest>(want).unwrap(), full);
        assert_eq!(full.params().count(), 5);
    }

    #[test]
    fn last_value_wins_whichever_way_it_came() {
        let request = embed().param("input", "a").dimensions(3).param("dimensions", 4);
        request.check().unwrap();
        let want = json!({ "model": "e", "input": "a", "dimensions": 4 });
        assert_eq!(serde_json::to_value(&request).unwrap(), want);
        assert_eq!(embed().param("model", "f").check().unwrap_err().param(), Some("model"));
    }

    #[test]
    fn vectors_are_counted_where_inputs_are_texts_or_tokens() {
        #[rustfmt::skip]
        let cases = [
            (json!("a"),                       1..=1),
            (json!([1, 2]),                    1..=1),
            (json!(["a", "b", "c"]),           3..=3),
            (json!([[1, 2], [3]]),             2..=2),
            (json!(["a", [1]]),                2..=2),
            (json!([{ "image": "u" }, "a"]),   1..=usize::MAX),
            (json!({ "texts": ["a", "b"] }),   1..=usize::MAX),
            (json!(["a", 1]),                  1..=usize::MAX),
        ];
        for (input, want) in cases {
            assert_eq!(embed().input(input.clone()).vectors(), want, "{input}");
        }
    }

    #[test]
    fn what_the_service_would_refuse_is_named() {
        #[rustfmt::skip]
        let cases = [
            // name              request                                       param         want in the message
            ("no input",         EmbeddingRequest::new("e"),                   "input",      "add it with input()"),
            ("empty text",       embed().input(""),                            "input",      "input is empty"),
            ("empty list",       embed().input(Vec::<String>::new()),          "input",      "input is empty"),
            ("empty tokens",     embed().input([vec![1_u32], vec![]]),         "input",      "input[1] is empty"),
            ("empty among many", embed().input(["a", "b", ""]),                "input",      "input[2] is empty; leave it out"),
            ("no dimensions",    embed().dimensions(0),                        "dimensions", "dimensions is 0; it must be at least 1"),
            ("no model",         EmbeddingRequest::new("").input("a"),         "model",      "the model is empty"),
        ];
        for (name, request, param, want) in cases {
            let error = request.check().unwrap_err();
            assert_eq!((error.kind(), error.param()), (Kind::InvalidInput, Some(param)), "{name}");
            assert!(error.message().contains(want), "{name}: {error}");
        }
        for request in [embed().dimensions(1), embed().input([1_u32]), embed().input(["a", "b"])] {
            request.check().unwrap();
        }
    }
}
