//! What a chat call sends.

use std::borrow::Cow;
use std::fmt;

use flow_errors::Result;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::chat_check;
use crate::chat_params::{MAX_COMPLETION_TOKENS, MAX_TOKENS, N, STREAM, STREAM_OPTIONS};
use crate::chat_setters::chat_setters;
use crate::message::Message;
use crate::params::{self, Params};

/// The body of a chat completion request.
///
/// Parameters without a setter go through [`param`](Self::param) and are sent as they are. What cannot
/// be sent, such as a `temperature` of NaN, makes [`check`](Self::check) fail, and writing the request
/// as JSON as well. `Debug` shows the model and how much is said, not what.
///
/// # Examples
///
/// ```
/// use flow_api::ChatRequest;
/// use flow_api::chat::Part;
///
/// let image = Part::image_url("https://example.com/cat.png");
/// let request = ChatRequest::new("gpt-4o")
///     .system("Answer in one sentence.")
///     .user([Part::text("What is this?"), image])
///     .temperature(0.2)
///     .param("top_k", 40);
/// request.check()?;
/// assert_eq!(request.param_value("top_k").unwrap(), 40);
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
    #[serde(flatten)]
    pub(crate) params: Params,
}

impl ChatRequest {
    /// Starts a request to `model`.
    pub fn new(model: impl Into<String>) -> Self {
        Self { model: model.into(), messages: Vec::new(), params: Params::default() }
    }

    chat_setters!();

    /// Returns the model that is asked.
    #[must_use]
    pub fn model(&self) -> &str {
        &self.model
    }

    /// Returns the parameters that are set, by their names in the JSON.
    pub fn params(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.params.values().iter()
    }

    /// Returns the parameter of that name in the JSON, if it is set.
    #[must_use]
    pub fn param_value(&self, name: &str) -> Option<&Value> {
        self.params.values().get(name)
    }

    /// Returns the same request, to be written: to another model, if one is given, and as a stream, if
    /// one is asked for.
    pub(crate) fn variant<'a>(
        &'a self,
        model: Option<&'a str>,
        stream: Option<AsStream>,
    ) -> impl Serialize + use<'a> {
        let Self { model: own, messages, params } = self;
        let params = match stream {
            None => Cow::Borrowed(params),
            Some(AsStream { with_usage }) => {
                let mut params = params.clone();
                params.set(STREAM, true);
                if with_usage && matches!(params.get(STREAM_OPTIONS), None | Some(Value::Null)) {
                    params.set(STREAM_OPTIONS, json!({ "include_usage": true }));
                }
                Cow::Owned(params)
            }
        };
        Variant { model: model.unwrap_or(own), messages, params }
    }

    /// Returns whether the request itself asks for a stream.
    pub(crate) fn is_streamed(&self) -> bool {
        self.param_value(STREAM) == Some(&Value::Bool(true))
    }

    /// Returns how many answers are asked for.
    pub(crate) fn answers(&self) -> u64 {
        self.param_value(N).and_then(Value::as_u64).unwrap_or(1)
    }

    /// Returns the most tokens that the answers may have together, if the request says so.
    pub(crate) fn max_answer_tokens(&self) -> Option<u64> {
        let tokens = |name| self.param_value(name).and_then(Value::as_u64);
        tokens(MAX_COMPLETION_TOKENS).or_else(|| tokens(MAX_TOKENS))
    }

    /// Checks what the service would refuse anyway.
    ///
    /// That is little: what only some services refuse, and values of another type than the documented
    /// one, are left to the service.
    ///
    /// # Errors
    ///
    /// Returns an error of kind `invalid_input` that names the parameter, its value and its range.
    pub fn check(&self) -> Result<()> {
        params::model(&self.model)?;
        chat_check::messages(&self.messages)?;
        chat_check::params(&self.params)
    }
}

/// How a stream is asked for.
#[derive(Clone, Copy)]
pub(crate) struct AsStream {
    /// Whether it is to end with its usage, unless the request says so itself.
    pub(crate) with_usage: bool,
}

/// A request with something changed, with the fields of [`ChatRequest`] in their order.
#[derive(Serialize)]
struct Variant<'a> {
    model: &'a str,
    messages: &'a [Message],
    #[serde(flatten)]
    params: Cow<'a, Params>,
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

#[cfg(test)]
mod tests {
    use flow_errors::Kind;
    use serde_json::json;

    use super::*;
    use crate::part::Part;
    use crate::response_format::ResponseFormat;
    use crate::tool::{Tool, ToolChoice};

    fn chat() -> ChatRequest {
        ChatRequest::new("m").user("Hello")
    }

    /// A request in which every setter was called.
    fn full() -> ChatRequest {
        ChatRequest::new("m")
            .system("a")
            .user([Part::text("b")])
            .assistant("c")
            .tool_result("call_1", "d")
            .messages([Message::developer("e")])
            .tool(Tool::function("f"))
            .tools([Tool::function("g")])
            .tool_choice(ToolChoice::function("f"))
            .parallel_tool_calls(false)
            .response_format(ResponseFormat::json_object())
            .temperature(0.2)
            .top_p(0.1)
            .presence_penalty(-2.0)
            .frequency_penalty(2.0)
            .logit_bias(50_256, -100.0)
            .logit_bias(7, 1.5)
            .n(2)
            .max_tokens(10)
            .max_completion_tokens(11)
            .stop("\n")
            .stop("END")
            .seed(-1)
            .logprobs(true)
            .top_logprobs(3)
            .reasoning_effort("low")
            .prediction("h")
            .service_tier("flex")
            .metadata("k", "v")
            .metadata("l", "w")
            .store(true)
            .end_user("u-1")
            .param("top_k", 40)
    }

    #[test]
    fn every_setter_writes_what_the_service_reads() {
        let function = |name: &str| json!({ "type": "function", "function": { "name": name } });
        let want = json!({
            "model": "m",
            "messages": [
                { "role": "system", "content": "a" },
                { "role": "user", "content": [{ "type": "text", "text": "b" }] },
                { "role": "assistant", "content": "c" },
                { "role": "tool", "content": "d", "tool_call_id": "call_1" },
                { "role": "developer", "content": "e" },
            ],
            "tools": [function("f"), function("g")],
            "tool_choice": function("f"),
            "parallel_tool_calls": false,
            "response_format": { "type": "json_object" },
            "temperature": 0.2,
            "top_p": 0.1,
            "presence_penalty": -2.0,
            "frequency_penalty": 2.0,
            "logit_bias": { "50256": -100.0, "7": 1.5 },
            "n": 2,
            "max_tokens": 10,
            "max_completion_tokens": 11,
            "stop": ["\n", "END"],
            "seed": -1,
            "logprobs": true,
            "top_logprobs": 3,
            "reasoning_effort": "low",
            "prediction": { "type": "content", "content": "h" },
            "service_tier": "flex",
            "metadata": { "k": "v", "l": "w" },
            "store": true,
            "user": "u-1",
            "top_k": 40,
        });
        let full = full();
        full.check().unwrap();
        assert_eq!(serde_json::to_value(&full).unwrap(), want);
        assert_eq!(serde_json::from_value::<ChatRequest>(want).unwrap(), full);
    }

    #[test]
    fn request_to_another_model_differs_in_nothing_else() {
        let written = serde_json::to_string(&full()).unwrap();
        let other = serde_json::to_string(&full().variant(Some("other"), None)).unwrap();
        assert_eq!(other, written.replacen(r#""model":"m""#, r#""model":"other""#, 1));
    }

    #[test]
    fn request_for_a_stream_asks_for_its_usage_unless_it_says_otherwise() {
        let usage = json!({ "include_usage": true });
        let own = json!({ "include_obfuscation": false });
        #[rustfmt::skip]
        let cases = [
            // request                                      with_usage  want
            (chat(),                                        true,       Some(&usage)),
            (chat().param("stream_options", json!(null)),   true,       Some(&usage)),
            (chat().param("stream_options", own.clone()),   true,       Some(&own)),
            (chat().param("stream", false),                 false,      None),
        ];
        for (request, with_usage, want) in cases {
            let written =
                serde_json::to_value(request.variant(None, Some(AsStream { with_usage }))).unwrap();
            assert_eq!((&written["stream"], written.get("stream_options")), (&json!(true), want));
            assert_eq!(
                (&written["model"], &written["messages"]),
                (&json!("m"), &json!(chat().messages))
            );
        }
    }

    #[test]
    fn last_value_wins_whichever_way_it_came() {
        let request = chat()
            .temperature(0.5)
            .param("temperature", 1)
            .param("top_p", "x")
            .top_p(0.5)
            .param("stop", json!(null))
            .stop("a")
            .param("logprobs", 5)
            .param("max_tokens", -1)
            .param("metadata", json!({ "a": 1 }))
            .param("stream", false);
        request.check().unwrap();
        let want = json!({
            "temperature": 1, "top_p": 0.5, "stop": ["a"], "logprobs": 5, "max_tokens": -1,
            "metadata": { "a": 1 }, "stream": false,
        });
        let params = request.params().map(|(name, value)| (name.to_owned(), value.clone()));
        assert_eq!(params.collect::<Value>(), want);
    }

    #[test]
    fn what_cannot_be_sent_is_neither_written_nor_left_out() {
        for (request, param) in [
            (chat().param("model", "n"), "model"),
            (chat().param("messages", json!([])), "messages"),
            (chat().temperature(f64::NAN).top_p(f64::NAN).top_p(1.0), "temperature"),
            (chat().logit_bias(7, f64::NAN).logit_bias(8, 1.0), "logit_bias"),
        ] {
            let error = request.check().unwrap_err();
            assert_eq!((error.kind(), error.param()), (Kind::InvalidInput, Some(param)));
            assert!(serde_json::to_value(&request).is_err(), "{param}");
            assert!(request == request.clone(), "{param}");
        }
        let repaired = chat().logit_bias(7, f64::NAN).logit_bias(7, 1.0);
        repaired.check().unwrap();
        assert!(repaired == chat().logit_bias(7, 1.0));
    }

    #[test]
    fn prediction_may_have_parts() {
        let request = chat().prediction([Part::text("a")]);
        assert_eq!(
            request.param_value("prediction").unwrap()["content"],
            json!([{ "type": "text", "text": "a" }])
        );
    }

    #[test]
    fn setters_add_to_what_was_decoded() {
        let json =
            json!({ "model": "m", "messages": [], "stop": "a", "tools": null, "metadata": null });
        let request: ChatRequest = serde_json::from_value(json).unwrap();
        let request = request.stop("b").metadata("k", "v").tool(Tool::function("f"));
        assert_eq!(request.param_value("stop"), Some(&json!(["a", "b"])));
        assert_eq!(request.param_value("tools").unwrap().as_array().unwrap().len(), 1);
        assert_eq!(request.param_value("metadata"), Some(&json!({ "k": "v" })));
    }

    #[test]
    fn numbers_are_sent_as_they_were_written() {
        let json = serde_json::to_string(&chat().temperature(0.2).top_p(0.1)).unwrap();
        assert!(json.contains(r#""temperature":0.2,"top_p":0.1"#), "{json}");
    }
}
