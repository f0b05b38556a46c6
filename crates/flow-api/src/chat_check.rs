//! The checks of a chat request that save a round trip: what is documented, and certain to be refused.
//!
//! A gateway forwards to many services: what only some of them refuse is left to them.

use flow_errors::{Error, Result};
use serde_json::Value;

use crate::chat_params::{
    FREQUENCY_PENALTY, LOGIT_BIAS, LOGPROBS, MAX_COMPLETION_TOKENS, MAX_TOKENS, N,
    PRESENCE_PENALTY, RESPONSE_FORMAT, STREAM, TEMPERATURE, TOOL_CHOICE, TOOLS, TOP_LOGPROBS,
    TOP_P,
};
use crate::json::text;
use crate::message::{Message, Role};
use crate::params::{Params, at_least_one, in_range};

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
                "messages[{index}] is a tool's result without the id of its call; give the id of \
                 the call it answers, as tool_result(id, …)"
            ),
        )),
        None => Ok(()),
    }
}

pub(crate) fn params(params: &Params) -> Result<()> {
    params.check()?;
    // Most requests have none.
    if params.values().iter().next().is_none() {
        return Ok(());
    }
    stream(params)?;
    in_range(params, TEMPERATURE, 0.0, 2.0)?;
    in_range(params, TOP_P, 0.0, 1.0)?;
    in_range(params, PRESENCE_PENALTY, -2.0, 2.0)?;
    in_range(params, FREQUENCY_PENALTY, -2.0, 2.0)?;
    at_least_one(params, N)?;
    not_zero(params, MAX_TOKENS)?;
    not_zero(params, MAX_COMPLETION_TOKENS)?;
    top_logprobs(params)?;
    logit_bias(params)?;
    tools(params)?;
    tool_choice(params)?;
    response_format(params)
}

/// A request may ask for a stream through `param()`, or because it was decoded.
fn stream(params: &Params) -> Result<()> {
    match params.get(STREAM) {
        None | Some(Value::Null | Value::Bool(_)) => Ok(()),
        Some(_) => Err(refuse(STREAM, "stream is not true or false; leave it to stream()")),
    }
}

/// Refuses 0; some services read −1 as no limit.
fn not_zero(params: &Params, name: &str) -> Result<()> {
    match params.get(name).and_then(Value::as_u64) {
        Some(0) => Err(refuse(name, format!("{name} is 0; it must be at least 1"))),
        _ => Ok(()),
    }
}

fn top_logprobs(params: &Params) -> Result<()> {
    in_range(params, TOP_LOGPROBS, 0.0, 20.0)?;
    let is_asked = params.number(TOP_LOGPROBS).is_some();
    let is_off = matches!(params.get(LOGPROBS), None | Some(Value::Null | Value::Bool(false)));
    if is_asked && is_off {
        return Err(refuse(TOP_LOGPROBS, "top_logprobs needs logprobs(true)"));
    }
    Ok(())
}

fn logit_bias(params: &Params) -> Result<()> {
    let biases = params.get(LOGIT_BIAS).and_then(Value::as_object);
    let mut biases =
        biases.into_iter().flatten().filter_map(|(token, bias)| Some((token, bias.as_f64()?)));
    match biases.find(|(_, bias)| !(-100.0..=100.0).contains(bias)) {
        Some((token, bias)) => Err(refuse(
            LOGIT_BIAS,
            format!("logit_bias of {} is {bias}; it must be between -100 and 100", shown(token)),
        )),
        None => Ok(()),
    }
}

/// The names of the tools' functions; empty where a tool is something else.
fn functions(params: &Params) -> impl Iterator<Item = &str> {
    let tools = params.get(TOOLS).and_then(Value::as_array).into_iter().flatten();
    tools.map(|tool| text(tool, "/function/name"))
}

fn tools(params: &Params) -> Result<()> {
    let tools = params.get(TOOLS).and_then(Value::as_array).into_iter().flatten();
    let is_function =
        |tool: &&Value| text(tool, "/type") == "function" && tool.get("function").is_some();
    for tool in tools.filter(is_function) {
        let name = text(tool, "/function/name");
        let parameters = tool.get("function").and_then(|function| function.get("parameters"));
        if !parameters.is_none_or(is_schema) {
            let message = format!(
                "the parameters of `{}` in tools are no JSON schema; give parameters() an object, \
                 or leave them out",
                shown(name)
            );
            return Err(refuse(TOOLS, message));
        }
        let problem = if name.trim().is_empty() {
            "is empty"
        } else if name.contains(char::is_control) {
            "has control characters"
        } else {
            continue;
        };
        return Err(refuse(TOOLS, format!("the name `{}` in tools {problem}", shown(name))));
    }
    Ok(())
}

fn tool_choice(params: &Params) -> Result<()> {
    let Some(choice) = params.get(TOOL_CHOICE) else { return Ok(()) };
    let named = text(choice, "/function/name");
    let is_other = |name: &str| !name.is_empty() && name != named;
    if !named.is_empty() && functions(params).all(is_other) {
        let message = format!(
            "tool_choice names `{}`, which is not among the tools; add it with tool()",
            shown(named)
        );
        return Err(refuse(TOOL_CHOICE, message));
    }
    let has_tools = match params.get(TOOLS) {
        None | Some(Value::Null) => false,
        Some(tools) => tools.as_array().is_none_or(|tools| !tools.is_empty()),
    };
    if choice == "required" && !has_tools {
        return Err(refuse(
            TOOL_CHOICE,
            "tool_choice is `required`, but there are no tools; add one with tool()",
        ));
    }
    Ok(())
}

fn response_format(params: &Params) -> Result<()> {
    let format = params.get(RESPONSE_FORMAT);
    let is_of_schema = |format: &&Value| text(format, "/type") == "json_schema";
    let Some(inner) = format.filter(is_of_schema).and_then(|format| format.get("json_schema"))
    else {
        return Ok(());
    };
    let name = inner.get("name").and_then(Value::as_str);
    let problem = if name.is_some_and(|name| name.trim().is_empty()) {
        "the name of the schema in response_format is empty; give json_schema() a name"
    } else if !inner.get("schema").is_none_or(is_schema) {
        "the schema in response_format is no JSON schema; give json_schema() an object"
    } else {
        return Ok(());
    };
    Err(refuse(RESPONSE_FORMAT, problem))
}

/// Whether that may be a JSON schema: an object, or a boolean that allows everything or nothing.
const fn is_schema(value: &Value) -> bool {
    matches!(value, Value::Object(_) | Value::Bool(_))
}

/// A name of the caller's, bounded and with control characters escaped.
fn shown(name: &str) -> String {
    name.chars().take(100).flat_map(char::escape_debug).collect()
}

fn refuse(name: &str, message: impl Into<Box<str>>) -> Error {
    Error::invalid_input(name, message)
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
        let tools = |name: &str| chat().tool(Tool::function("f")).tool(Tool::function(name));
        #[rustfmt::skip]
        let cases = [
            // name                 request                                 param                want in the message
            ("hot",                 chat().temperature(2.1),                "temperature",       "temperature is 2.1; it must be between 0 and 2"),
            ("not a number",        chat().temperature(f64::NAN),           "temperature",       "temperature is NaN"),
            ("hot in JSON",         decoded(&json!({ "temperature": 3 })),   "temperature",       "temperature is 3; it must"),
            ("endless",             chat().top_p(f64::INFINITY),            "top_p",             "top_p is inf; it must be finite"),
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
            ("bias of no number",   chat().logit_bias(7, f64::NAN),         "logit_bias",        "logit_bias of 7 is NaN; it must be finite"),
            ("tool without name",   tools(""),                              "tools",             "the name `` in tools is empty"),
            ("tool's name",         tools("a\u{1b}[2J"),                    "tools",             "the name `a\\u{1b}[2J` in tools has control characters"),
            ("blank name",          tools(" "),                             "tools",             "the name ` ` in tools is empty"),
            ("parameters in words", chat().tool(Tool::function("f").parameters("city")), "tools",  "the parameters of `f` in tools are no JSON schema; give parameters() an object"),
            ("parameters of nothing", chat().tool(Tool::function("f").parameters(json!(null))), "tools", "the parameters of `f` in tools are no JSON schema"),
            ("schema without name", chat().response_format(ResponseFormat::json_schema("", json!({}))), "response_format", "the name of the schema in response_format is empty; give json_schema() a name"),
            ("schema's blank name", chat().response_format(ResponseFormat::json_schema(" ", json!({}))), "response_format", "the name of the schema in response_format is empty"),
            ("schema that is a list", chat().response_format(ResponseFormat::json_schema("n", json!([]))), "response_format", "the schema in response_format is no JSON schema; give json_schema() an object"),
            ("schema that is not there", chat().response_format(ResponseFormat::json_schema("n", json!(null))), "response_format", "the schema in response_format is no JSON schema"),
            ("none to choose from", decoded(&json!({ "tools": [], "tool_choice": "required" })), "tool_choice", "there are no tools"),
            ("nothing to choose from", decoded(&json!({ "tools": null, "tool_choice": "required" })), "tool_choice", "there are no tools"),
            ("choice without tools", chat().tool_choice(ToolChoice::function("h")), "tool_choice", "names `h`, which is not among the tools"),
            ("no tool to choose",   chat().tool_choice(ToolChoice::required()), "tool_choice",   "there are no tools"),
            ("unknown choice",      tools("g").tool_choice(ToolChoice::function("h")), "tool_choice", "names `h`, which is not among the tools"),
            ("result of nothing",   chat().message(Message::new(Role::Tool, "x")), "messages",   "messages[1] is a tool's result without the id"),
            ("result of an empty id", chat().tool_result("", "x"),          "messages",          "messages[1] is a tool's result without the id of its call; give the id of the call it answers"),
            ("no messages",         ChatRequest::new("gpt-4o"),             "messages",          "there are no messages"),
            ("no model",            ChatRequest::new(" ").user("Hello"),    "model",             "the model is empty"),
            ("a stream",            chat().param("stream", 1),              "stream",            "leave it to stream()"),
        ];
        for (name, request, param, want) in cases {
            let error = request.check().unwrap_err();
            assert_eq!((error.kind(), error.param()), (Kind::InvalidInput, Some(param)), "{name}");
            assert!(error.to_string().contains(want), "{name}: {error}");
        }
    }

    #[test]
    fn ends_of_each_range_are_allowed() {
        for request in [
            chat().temperature(0.0).top_p(0.0).presence_penalty(-2.0).frequency_penalty(-2.0),
            chat().temperature(2.0).top_p(1.0).presence_penalty(2.0).frequency_penalty(2.0),
            chat().n(1).max_tokens(1).max_completion_tokens(u64::MAX).seed(i64::MIN),
            chat().logprobs(true).top_logprobs(0),
            chat().logprobs(true).top_logprobs(20),
            chat().logit_bias(0, -100.0).logit_bias(u64::MAX, 100.0),
            chat().tool(Tool::function("a_B-9")).tool_choice(ToolChoice::required()),
            chat().tool(json!({ "type": "web_search" }).into()).tool_choice(ToolChoice::auto()),
            chat().tool(Tool::function("f").parameters(true)),
            chat().response_format(ResponseFormat::json_schema("n", true)),
            chat().temperature(f64::NAN).temperature(1.0),
        ] {
            request.check().unwrap();
        }
    }

    #[test]
    fn what_only_some_services_refuse_is_left_to_them() {
        let name = "n".repeat(65);
        let schema = json!({ "type": "json_schema", "json_schema": { "schema": {} } });
        let many =
            (0..17).fold(chat(), |chat, key| chat.metadata(key.to_string(), "v".repeat(513)));
        for request in [
            chat().stop("a").stop("b").stop("c").stop("d").stop("e"),
            many.metadata(&name, "v"),
            chat().tool(Tool::function(&name)).tool_choice(ToolChoice::function(&name)),
            chat().tool(Tool::function("files.read")).tool(Tool::function("default_api:search")),
            chat().tool(Tool::function("get weather")),
            chat().response_format(ResponseFormat::json_schema("a.b", json!({}))),
            chat().response_format(schema.into()),
            decoded(&json!({ "max_tokens": -1, "max_completion_tokens": -1 })),
            decoded(&json!({ "logprobs": 5, "top_logprobs": 1 })),
            decoded(
                &json!({ "tools": [{ "function": { "name": "f" } }], "tool_choice": { "function": { "name": "f" } } }),
            ),
            decoded(
                &json!({ "tools": [{ "type": "function", "name": "f" }], "tool_choice": { "function": { "name": "f" } } }),
            ),
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
