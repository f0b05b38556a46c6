//! The checks of a chat request that save a round trip: what is documented, and certain to be refused.

use flow_errors::{Error, Result};
use serde_json::Value;

use crate::chat_params::{
    FREQUENCY_PENALTY, LOGIT_BIAS, LOGPROBS, MAX_COMPLETION_TOKENS, MAX_TOKENS, METADATA, N,
    PRESENCE_PENALTY, RESPONSE_FORMAT, STOP, STREAM, TEMPERATURE, TOOL_CHOICE, TOOLS, TOP_LOGPROBS,
    TOP_P,
};
use crate::json::text;
use crate::message::{Message, Role};
use crate::params::{Known, Params, at_least_one, in_range};

const MOST_STOPS: usize = 4;
const MOST_METADATA: usize = 16;
/// The most characters of a key, and of a value, in the metadata.
const METADATA_CHARS: (usize, usize) = (64, 512);
/// The most characters in the name of a function or schema.
const MOST_NAME_CHARS: usize = 64;

pub(crate) fn model(model: &str) -> Result<()> {
    if model.trim().is_empty() {
        let message = "the model is empty; name one, and models().list() shows which there are";
        return Err(Error::invalid_input("model", message));
    }
    Ok(())
}

pub(crate) fn messages(messages: &[Message]) -> Result<()> {
    if messages.is_empty() {
        let message = "there are no messages; add one with user(\"…\")";
        return Err(Error::invalid_input("messages", message));
    }
    let is_nameless = |message: &Message| {
        message.role() == Some(&Role::Tool) && message.tool_call_id().is_none_or(str::is_empty)
    };
    match messages.iter().position(is_nameless) {
        Some(index) => Err(Error::invalid_input(
            "messages",
            format!(
                "messages[{index}] is a tool's result without the id of its call; use tool_result()"
            ),
        )),
        None => Ok(()),
    }
}

pub(crate) fn params(params: &Params) -> Result<()> {
    params.check()?;
    stream(params)?;
    in_range(params, TEMPERATURE, 0.0, 2.0)?;
    in_range(params, TOP_P, 0.0, 1.0)?;
    in_range(params, PRESENCE_PENALTY, -2.0, 2.0)?;
    in_range(params, FREQUENCY_PENALTY, -2.0, 2.0)?;
    at_least_one(params, N)?;
    at_least_one(params, MAX_TOKENS)?;
    at_least_one(params, MAX_COMPLETION_TOKENS)?;
    top_logprobs(params)?;
    logit_bias(params)?;
    stop(params)?;
    metadata(params)?;
    tools(params)?;
    tool_choice(params)?;
    response_format(params)
}

/// A request that was decoded may ask for a stream.
fn stream(params: &Params) -> Result<()> {
    match params.get(STREAM) {
        Some(Value::Bool(true)) => {
            Err(refuse(STREAM, "stream is true; streams cannot be read yet"))
        }
        _ => Ok(()),
    }
}

fn top_logprobs(params: &Params) -> Result<()> {
    in_range(params, TOP_LOGPROBS, 0.0, 20.0)?;
    let is_asked = params.number(TOP_LOGPROBS).is_some();
    if is_asked && params.get(LOGPROBS) != Some(&Value::Bool(true)) {
        return Err(refuse(TOP_LOGPROBS, "top_logprobs needs logprobs(true)"));
    }
    Ok(())
}

fn logit_bias(params: &Params) -> Result<()> {
    let biases = params.get(LOGIT_BIAS).and_then(Value::as_object);
    let biases =
        biases.into_iter().flatten().filter_map(|(token, bias)| Some((&**token, bias.as_f64()?)));
    let refused = params.not_finite(LOGIT_BIAS).map(|bias| ("a token", bias));
    match biases.chain(refused).find(|(_, bias)| !(-100.0..=100.0).contains(bias)) {
        Some((token, bias)) => Err(refuse(
            LOGIT_BIAS,
            format!("logit_bias of {} is {bias}; it must be between -100 and 100", shown(token)),
        )),
        None => Ok(()),
    }
}

fn stop(params: &Params) -> Result<()> {
    match params.get(STOP) {
        Some(Value::Array(list)) if list.len() > MOST_STOPS => Err(refuse(
            STOP,
            format!("stop has {} texts; it must have at most {MOST_STOPS}", list.len()),
        )),
        _ => Ok(()),
    }
}

fn metadata(params: &Params) -> Result<()> {
    let Some(Value::Object(pairs)) = params.get(METADATA) else { return Ok(()) };
    if pairs.len() > MOST_METADATA {
        let count = pairs.len();
        let message = format!("metadata has {count} pairs; it must have at most {MOST_METADATA}");
        return Err(refuse(METADATA, message));
    }
    let (key_chars, value_chars) = METADATA_CHARS;
    for (index, (key, value)) in pairs.iter().enumerate() {
        let lengths = [
            ("key", key.chars().count(), key_chars),
            ("value", value.as_str().map_or(0, |value| value.chars().count()), value_chars),
        ];
        // Neither is shown: they are the caller's business.
        if let Some((what, length, most)) =
            lengths.into_iter().find(|(_, length, most)| length > most)
        {
            let message = format!(
                "metadata has a {what} of {length} characters, in pair {}; it must have at most {most}",
                index.saturating_add(1)
            );
            return Err(refuse(METADATA, message));
        }
    }
    Ok(())
}

/// The names of the functions among the tools.
fn functions(params: &Params) -> impl Iterator<Item = &str> {
    let tools = params.get(TOOLS).and_then(Value::as_array).into_iter().flatten();
    tools.filter(|tool| text(tool, "/type") == "function").map(|tool| text(tool, "/function/name"))
}

fn tools(params: &Params) -> Result<()> {
    functions(params).try_for_each(|name| function_name(TOOLS, name))
}

fn tool_choice(params: &Params) -> Result<()> {
    let Some(choice) = params.get(TOOL_CHOICE) else { return Ok(()) };
    let named = text(choice, "/function/name");
    if !named.is_empty() && !functions(params).any(|name| name == named) {
        let message = format!(
            "tool_choice names `{}`, which is not among the tools; add it with tool()",
            shown(named)
        );
        return Err(refuse(TOOL_CHOICE, message));
    }
    if choice == "required" && params.get(TOOLS).is_none() {
        return Err(refuse(
            TOOL_CHOICE,
            "tool_choice is `required`, but there are no tools; add one with tool()",
        ));
    }
    Ok(())
}

fn response_format(params: &Params) -> Result<()> {
    match params.get(RESPONSE_FORMAT) {
        Some(format) if text(format, "/type") == "json_schema" => {
            function_name(RESPONSE_FORMAT, text(format, "/json_schema/name"))
        }
        _ => Ok(()),
    }
}

/// Functions and schemas are named alike.
fn function_name(param: Known, name: &str) -> Result<()> {
    let is_good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let problem = if name.is_empty() {
        "is empty".to_owned()
    } else if name.chars().count() > MOST_NAME_CHARS {
        format!("has more than {MOST_NAME_CHARS} characters")
    } else if !name.chars().all(is_good) {
        "has other characters than letters, digits, _ and -".to_owned()
    } else {
        return Ok(());
    };
    Err(refuse(param, format!("the name `{}` in {} {problem}", shown(name), param.name)))
}

/// A name of the caller's, bounded; `Display` of an error escapes what a terminal would obey.
fn shown(name: &str) -> String {
    name.chars().take(100).collect()
}

fn refuse(param: Known, message: impl Into<Box<str>>) -> Error {
    Error::invalid_input(param.name, message)
}

#[cfg(test)]
mod tests {
    use flow_errors::Kind;
    use serde_json::json;

    use crate::ChatRequest;
    use crate::chat::{ResponseFormat, Tool, ToolChoice};
    use crate::message::{Message, Role};

    fn chat() -> ChatRequest {
        ChatRequest::new("gpt-4o").user("Hello")
    }

    fn decoded(fields: &serde_json::Value) -> ChatRequest {
        let mut json = serde_json::to_value(chat()).unwrap();
        json.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn what_the_service_would_refuse_is_named_with_its_range() {
        let long = "n".repeat(65);
        let tools = |name: &str| chat().tool(Tool::function("f")).tool(Tool::function(name));
        let schema =
            |name: &str| chat().response_format(ResponseFormat::json_schema(name, json!({})));
        let many = (0..17).fold(chat(), |chat, key| chat.metadata(key.to_string(), "v"));
        #[rustfmt::skip]
        let cases = [
            // name                 request                                 param                want in the message
            ("hot",                 chat().temperature(2.1),                "temperature",       "temperature is 2.1; it must be between 0 and 2"),
            ("not a number",        chat().temperature(f64::NAN),           "temperature",       "temperature is NaN"),
            ("hot in JSON",         decoded(&json!({ "temperature": 3 })),   "temperature",       "temperature is 3; it must"),
            ("endless",             chat().top_p(f64::INFINITY),            "top_p",             "between 0 and 1"),
            ("negative top_p",      chat().top_p(-0.1),                     "top_p",             "top_p is -0.1"),
            ("presence",            chat().presence_penalty(2.5),           "presence_penalty",  "between -2 and 2"),
            ("frequency",           chat().frequency_penalty(-2.5),         "frequency_penalty", "between -2 and 2"),
            ("no answers",          chat().n(0),                            "n",                 "n is 0; it must be at least 1"),
            ("no tokens",           chat().max_tokens(0),                   "max_tokens",        "at least 1"),
            ("no tokens at all",    chat().max_completion_tokens(0),        "max_completion_tokens", "at least 1"),
            ("too likely",          chat().logprobs(true).top_logprobs(21), "top_logprobs",      "top_logprobs is 21; it must be between 0 and 20"),
            ("only the top",        chat().top_logprobs(1),                 "top_logprobs",      "needs logprobs(true)"),
            ("top of nothing",      chat().logprobs(false).top_logprobs(1), "top_logprobs",      "needs logprobs(true)"),
            ("too biased",          chat().logit_bias(7, 100.5),            "logit_bias",        "logit_bias of 7 is 100.5; it must be between -100 and 100"),
            ("bias of no number",   chat().logit_bias(7, f64::NAN),         "logit_bias",        "is NaN; it must be between -100 and 100"),
            ("too many ends",       chat().stop("a").stop("b").stop("c").stop("d").stop("e"), "stop", "stop has 5 texts; it must have at most 4"),
            ("too many notes",      many,                                   "metadata",          "metadata has 17 pairs; it must have at most 16"),
            ("long key",            chat().metadata(&long, "v"),            "metadata",          "a key of 65 characters, in pair 1; it must have at most 64"),
            ("long value",          chat().metadata("k", "v".repeat(513)),  "metadata",          "a value of 513 characters"),
            ("tool without name",   tools(""),                              "tools",             "the name `` in tools is empty"),
            ("tool's name",         tools("get weather"),                   "tools",             "the name `get weather` in tools has other characters"),
            ("tool's long name",    tools(&long),                           "tools",             "has more than 64 characters"),
            ("schema's name",       schema("a.b"),                          "response_format",   "the name `a.b` in response_format has other"),
            ("no tool to choose",   chat().tool_choice(ToolChoice::required()), "tool_choice",   "there are no tools"),
            ("unknown choice",      tools("g").tool_choice(ToolChoice::function("h")), "tool_choice", "names `h`, which is not among the tools"),
            ("result of nothing",   chat().message(Message::new(Role::Tool, "x")), "messages",   "messages[1] is a tool's result without the id"),
            ("result of an empty id", chat().tool_result("", "x"),          "messages",          "messages[1] is a tool's result without the id"),
            ("no messages",         ChatRequest::new("gpt-4o"),             "messages",          "there are no messages"),
            ("no model",            ChatRequest::new(" ").user("Hello"),    "model",             "the model is empty"),
            ("a stream",            chat().param("stream", true),           "stream",            "streams cannot be read yet"),
            ("a stream in JSON",    decoded(&json!({ "stream": true })),     "stream",            "streams cannot be read yet"),
            ("twice",               chat().param("temperature", 9),         "temperature",       "use temperature() instead"),
            ("the user's id",       chat().param("user", "u"),              "user",              "use end_user() instead"),
        ];
        for (name, request, param, want) in cases {
            let error = request.check().unwrap_err();
            assert_eq!((error.kind(), error.param()), (Kind::InvalidInput, Some(param)), "{name}");
            assert!(error.to_string().contains(want), "{name}: {error}");
        }
    }

    #[test]
    fn ends_of_each_range_are_allowed() {
        let name = "n".repeat(64);
        let sixteen = (0..16).fold(chat(), |chat, key| chat.metadata(key.to_string(), "v"));
        for request in [
            chat().temperature(0.0).top_p(0.0).presence_penalty(-2.0).frequency_penalty(-2.0),
            chat().temperature(2.0).top_p(1.0).presence_penalty(2.0).frequency_penalty(2.0),
            chat().n(1).max_tokens(1).max_completion_tokens(u64::MAX).seed(i64::MIN),
            chat().logprobs(true).top_logprobs(0),
            chat().logprobs(true).top_logprobs(20),
            chat().logit_bias(0, -100.0).logit_bias(u64::MAX, 100.0),
            chat().stop("a").stop("b").stop("c").stop("d"),
            sixteen,
            chat().metadata(&name, "v".repeat(512)),
            chat().tool(Tool::function(&name)).tool_choice(ToolChoice::function(&name)),
            chat().tool(Tool::function("a_B-9")).tool_choice(ToolChoice::required()),
            chat().tool(json!({ "type": "web_search" }).into()).tool_choice(ToolChoice::auto()),
            chat().temperature(f64::NAN).temperature(1.0),
        ] {
            request.check().unwrap();
        }
    }

    #[test]
    fn values_of_other_types_are_left_to_the_service() {
        for fields in [
            json!({ "temperature": null, "top_logprobs": null, "stop": null, "stream": false }),
            json!({ "temperature": "hot", "n": "many", "stop": "a", "logit_bias": [1], "tools": {} }),
            json!({ "tools": [7, "f", { "function": {} }], "metadata": "m", "response_format": 1 }),
            json!({ "logit_bias": { "7": "much" }, "tool_choice": "any" }),
        ] {
            decoded(&fields).check().unwrap_or_else(|error| panic!("{fields}: {error}"));
        }
    }
}
