//! What a chat call sends, and the checks that save a round trip.

use std::fmt;

use flow_errors::{Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::Message;

/// The setters of a chat request, for the request itself and for a call that holds one.
///
/// `$at` is the path from `self` to the request.
macro_rules! chat_setters {
    ($($at:ident)?) => {
        /// Adds instructions for the whole conversation.
        pub fn system(self, text: impl Into<String>) -> Self {
            self.message($crate::Message::new($crate::Role::System, text))
        }

        /// Adds what the user says.
        pub fn user(self, text: impl Into<String>) -> Self {
            self.message($crate::Message::new($crate::Role::User, text))
        }

        /// Adds what the model said earlier.
        pub fn assistant(self, text: impl Into<String>) -> Self {
            self.message($crate::Message::new($crate::Role::Assistant, text))
        }

        /// Adds a message.
        pub fn message(mut self, message: $crate::Message) -> Self {
            self$(.$at)?.messages.push(message);
            self
        }

        /// Adds several messages.
        pub fn messages(mut self, messages: impl IntoIterator<Item = $crate::Message>) -> Self {
            self$(.$at)?.messages.extend(messages);
            self
        }

        /// Sets how random the answer is: 0 to 2.
        pub fn temperature(mut self, temperature: f64) -> Self {
            self$(.$at)?.temperature = Some(temperature);
            self
        }

        /// Sets the share of probability that tokens are drawn from: 0 to 1.
        pub fn top_p(mut self, top_p: f64) -> Self {
            self$(.$at)?.top_p = Some(top_p);
            self
        }

        /// Sets how much tokens that appeared at all are avoided: −2 to 2.
        pub fn presence_penalty(mut self, penalty: f64) -> Self {
            self$(.$at)?.presence_penalty = Some(penalty);
            self
        }

        /// Sets how much tokens are avoided by how often they appeared: −2 to 2.
        pub fn frequency_penalty(mut self, penalty: f64) -> Self {
            self$(.$at)?.frequency_penalty = Some(penalty);
            self
        }

        /// Sets how many answers to make: at least 1. Each is billed.
        pub fn n(mut self, answers: u64) -> Self {
            self$(.$at)?.n = Some(answers);
            self
        }

        /// Sets the most tokens an answer may have: at least 1.
        pub fn max_tokens(mut self, tokens: u64) -> Self {
            self$(.$at)?.max_tokens = Some(tokens);
            self
        }

        /// Sets the most tokens an answer may have, thinking included: at least 1.
        pub fn max_completion_tokens(mut self, tokens: u64) -> Self {
            self$(.$at)?.max_completion_tokens = Some(tokens);
            self
        }

        /// Sets the seed that makes answers repeatable where the model can do it.
        pub fn seed(mut self, seed: i64) -> Self {
            self$(.$at)?.seed = Some(seed);
            self
        }

        /// Sets any other parameter of the service, as it is to appear in the JSON.
        pub fn param(mut self, name: impl Into<String>, value: impl Into<serde_json::Value>) -> Self {
            self$(.$at)?.extra.insert(name.into(), value.into());
            self
        }
    };
}
pub(crate) use chat_setters;

/// The body of a chat completion request.
///
/// Parameters without a setter go through [`param`](Self::param) and are sent as they are. `Debug`
/// shows the model and how much is said, not what.
///
/// # Examples
///
/// ```
/// use flow_api::ChatRequest;
///
/// let request = ChatRequest::new("gpt-4o").user("Hello").temperature(0.2).param("top_k", 40);
/// request.check()?;
/// assert_eq!(serde_json::to_value(&request).unwrap()["top_k"], 40);
///
/// let error = ChatRequest::new("gpt-4o").user("Hello").temperature(2.1).check().unwrap_err();
/// assert_eq!(error.param(), Some("temperature"));
/// # Ok::<(), flow_errors::Error>(())
/// ```
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[must_use = "a request does nothing until it is sent"]
pub struct ChatRequest {
    model: String,
    pub(crate) messages: Vec<Message>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) temperature: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) top_p: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) presence_penalty: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) frequency_penalty: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) n: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) max_tokens: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) max_completion_tokens: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) seed: Option<i64>,
    #[serde(flatten)]
    pub(crate) extra: Map<String, Value>,
}

impl ChatRequest {
    /// Starts a request to `model`.
    pub fn new(model: impl Into<String>) -> Self {
        Self {
            model: model.into(),
            messages: Vec::new(),
            temperature: None,
            top_p: None,
            presence_penalty: None,
            frequency_penalty: None,
            n: None,
            max_tokens: None,
            max_completion_tokens: None,
            seed: None,
            extra: Map::new(),
        }
    }

    chat_setters!();

    /// Returns the model that is asked.
    #[must_use]
    pub fn model(&self) -> &str {
        &self.model
    }

    /// Checks what the service would refuse anyway.
    ///
    /// # Errors
    ///
    /// Returns an error of kind `invalid_input` that names the parameter, its value and its range.
    pub fn check(&self) -> Result<()> {
        if self.model.trim().is_empty() {
            return Err(Error::invalid_input(
                "model",
                "the model is empty; name one, and models().list() shows which there are",
            ));
        }
        if self.messages.is_empty() {
            return Err(Error::invalid_input(
                "messages",
                "there are no messages; add one with user(\"…\")",
            ));
        }
        if let Some((name, remedy)) =
            NOT_A_PARAM.iter().find(|(name, _)| self.extra.contains_key(*name))
        {
            return Err(Error::invalid_input(
                name,
                format!("`{name}` was given through param(); {remedy}"),
            ));
        }
        in_range("temperature", self.temperature, 0.0, 2.0)?;
        in_range("top_p", self.top_p, 0.0, 1.0)?;
        in_range("presence_penalty", self.presence_penalty, -2.0, 2.0)?;
        in_range("frequency_penalty", self.frequency_penalty, -2.0, 2.0)?;
        at_least_one("n", self.n)?;
        at_least_one("max_tokens", self.max_tokens)?;
        at_least_one("max_completion_tokens", self.max_completion_tokens)
    }
}

impl fmt::Debug for ChatRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChatRequest")
            .field("model", &self.model)
            .field("messages", &self.messages.len())
            .finish_non_exhaustive()
    }
}

/// A request to the model of that name, still without messages.
impl From<&str> for ChatRequest {
    fn from(model: &str) -> Self {
        Self::new(model)
    }
}

/// A request to the model of that name, still without messages.
impl From<String> for ChatRequest {
    fn from(model: String) -> Self {
        Self::new(model)
    }
}

/// A request to the model of that name, still without messages.
impl From<&String> for ChatRequest {
    fn from(model: &String) -> Self {
        Self::new(model)
    }
}

/// What goes another way: a second value would make a JSON object with the key twice, and a stream
/// is no JSON object at all.
const NOT_A_PARAM: [(&str, &str); 11] = [
    ("model", "name it when the request is made"),
    ("messages", "use messages() instead"),
    ("temperature", "use temperature() instead"),
    ("top_p", "use top_p() instead"),
    ("presence_penalty", "use presence_penalty() instead"),
    ("frequency_penalty", "use frequency_penalty() instead"),
    ("n", "use n() instead"),
    ("max_tokens", "use max_tokens() instead"),
    ("max_completion_tokens", "use max_completion_tokens() instead"),
    ("seed", "use seed() instead"),
    ("stream", "streams cannot be read yet, so leave it out"),
];

fn in_range(name: &str, value: Option<f64>, low: f64, high: f64) -> Result<()> {
    match value {
        Some(value) if !(low..=high).contains(&value) => Err(Error::invalid_input(
            name,
            format!("{name} is {value}; it must be between {low} and {high}"),
        )),
        _ => Ok(()),
    }
}

fn at_least_one(name: &str, value: Option<u64>) -> Result<()> {
    match value {
        Some(0) => Err(Error::invalid_input(name, format!("{name} is 0; it must be at least 1"))),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use flow_errors::Kind;

    use super::*;

    #[test]
    fn values_out_of_range_are_named_with_their_range() {
        let chat = || ChatRequest::new("gpt-4o").user("Hello");
        #[rustfmt::skip]
        let cases = [
            // name                 request                                 param                want in the message
            ("hot",                 chat().temperature(2.1),                "temperature",       "temperature is 2.1; it must be between 0 and 2"),
            ("not a number",        chat().temperature(f64::NAN),           "temperature",       "temperature is NaN"),
            ("endless",             chat().top_p(f64::INFINITY),            "top_p",             "between 0 and 1"),
            ("negative top_p",      chat().top_p(-0.1),                     "top_p",             "top_p is -0.1"),
            ("presence",            chat().presence_penalty(2.5),           "presence_penalty",  "between -2 and 2"),
            ("frequency",           chat().frequency_penalty(-2.5),         "frequency_penalty", "between -2 and 2"),
            ("no answers",          chat().n(0),                            "n",                 "n is 0; it must be at least 1"),
            ("no tokens",           chat().max_tokens(0),                   "max_tokens",        "at least 1"),
            ("no tokens at all",    chat().max_completion_tokens(0),        "max_completion_tokens", "at least 1"),
            ("no messages",         ChatRequest::new("gpt-4o"),             "messages",          "there are no messages"),
            ("no model",            ChatRequest::new(" ").user("Hello"),    "model",             "the model is empty"),
            ("a stream",            chat().param("stream", true),           "stream",            "streams cannot be read yet"),
            ("twice",               chat().param("temperature", 9),         "temperature",       "use temperature() instead"),
        ];
        for (name, request, param, want) in cases {
            let error = request.check().unwrap_err();
            assert_eq!((error.kind(), error.param()), (Kind::InvalidInput, Some(param)), "{name}");
            assert!(error.to_string().contains(want), "{name}: {error}");
        }
    }

    #[test]
    fn ends_of_each_range_are_allowed() {
        let chat = || ChatRequest::new("gpt-4o").user("Hello");
        for request in [
            chat().temperature(0.0).top_p(0.0).presence_penalty(-2.0).frequency_penalty(-2.0),
            chat().temperature(2.0).top_p(1.0).presence_penalty(2.0).frequency_penalty(2.0),
            chat().n(1).max_tokens(1).max_completion_tokens(u64::MAX).seed(i64::MIN),
        ] {
            request.check().unwrap();
        }
    }

    #[test]
    fn numbers_are_sent_as_they_were_written() {
        let json =
            serde_json::to_string(&ChatRequest::new("m").temperature(0.2).top_p(0.1)).unwrap();
        assert!(json.contains(r#""temperature":0.2,"top_p":0.1"#), "{json}");
    }
}
