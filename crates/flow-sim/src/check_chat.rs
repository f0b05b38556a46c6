//! What speaks against a chat request beyond the ranges of its numbers.

use http::StatusCode;
use serde_json::Value;

use crate::rows::Problem;

const MOST_STOPS: usize = 4;
const MOST_METADATA: usize = 16;
const MOST_NAME: usize = 64;

/// Gives what is wrong with tools, their results, and the parameters that are more than a number.
pub(crate) fn check(request: &Value) -> Result<(), Problem> {
    results(request)?;
    tools(request)?;
    tool_choice(request)?;
    response_format(request)?;
    stream(request)?;
    let field = |name: &str| request.get(name).filter(|value| !value.is_null());
    if field("top_logprobs").is_some() && field("logprobs") != Some(&Value::Bool(true)) {
        return Err(invalid("top_logprobs", "`top_logprobs` needs `logprobs` to be true"));
    }
    if field("stop").and_then(Value::as_array).is_some_and(|list| list.len() > MOST_STOPS) {
        return Err(invalid("stop", "`stop` must have at most 4 texts"));
    }
    if field("metadata").and_then(Value::as_object).is_some_and(|all| all.len() > MOST_METADATA) {
        return Err(invalid("metadata", "`metadata` must have at most 16 pairs"));
    }
    let biases = field("logit_bias").and_then(Value::as_object).into_iter().flatten();
    let mut biases = biases.map(|(_, bias)| bias.as_f64());
    if !biases.all(|bias| bias.is_some_and(|bias| (-100.0..=100.0).contains(&bias))) {
        return Err(invalid("logit_bias", "`logit_bias` must hold numbers from -100 to 100"));
    }
    Ok(())
}

fn stream(request: &Value) -> Result<(), Problem> {
    let field = |path: &str| request.pointer(path).filter(|value| !value.is_null());
    let is_flag = |path: &str| field(path).is_none_or(Value::is_boolean);
    if !is_flag("/stream") {
        return Err(invalid("stream", "`stream` must be true or false"));
    }
    let options = field("/stream_options");
    if options.is_some() && field("/stream") != Some(&Value::Bool(true)) {
        return Err(invalid("stream_options", "`stream_options` needs `stream` to be true"));
    }
    if options.is_some_and(|options| !options.is_object())
        || !is_flag("/stream_options/include_usage")
    {
        let message = "`stream_options` must be an object, its `include_usage` true or false";
        return Err(invalid("stream_options", message));
    }
    Ok(())
}

/// A result must say of which call.
fn results(request: &Value) -> Result<(), Problem> {
    let messages = list(request, "messages");
    let is_nameless = |message: &Value| {
        text(message, "/role") == Some("tool")
            && text(message, "/tool_call_id").is_none_or(str::is_empty)
    };
    if messages.iter().any(is_nameless) {
        return Err(invalid("messages", "A message of role `tool` must have a `tool_call_id`"));
    }
    Ok(())
}

fn tools(request: &Value) -> Result<(), Problem> {
    let is_bad = |tool: &Value| {
        text(tool, "/type") == Some("function")
            && !text(tool, "/function/name").is_some_and(is_name)
    };
    if list(request, "tools").iter().any(is_bad) {
        let message = "A function in `tools` must have a name of up to 64 letters, digits, _ and -";
        return Err(invalid("tools", message));
    }
    let parameters = |tool: &Value| tool.pointer("/function/parameters").is_none_or(is_schema);
    if !list(request, "tools").iter().all(parameters) {
        let message = "The `parameters` of a function in `tools` must be a JSON schema";
        return Err(invalid("tools", message));
    }
    Ok(())
}

fn tool_choice(request: &Value) -> Result<(), Problem> {
    let Some(choice) = request.get("tool_choice") else { return Ok(()) };
    let tools = list(request, "tools");
    if choice == "required" && tools.is_empty() {
        return Err(invalid(
            "tool_choice",
            "`tool_choice` is `required`, but there are no `tools`",
        ));
    }
    let named = text(choice, "/function/name");
    if named.is_some() && !tools.iter().any(|tool| text(tool, "/function/name") == named) {
        return Err(invalid(
            "tool_choice",
            "`tool_choice` names a function that is not in `tools`",
        ));
    }
    Ok(())
}

fn response_format(request: &Value) -> Result<(), Problem> {
    let format = request.get("response_format").unwrap_or(&Value::Null);
    let has_schema = text(format, "/type") == Some("json_schema");
    if has_schema && !text(format, "/json_schema/name").is_some_and(is_name) {
        let message = "`json_schema` must have a name of up to 64 letters, digits, _ and -";
        return Err(invalid("response_format", message));
    }
    if has_schema && !format.pointer("/json_schema/schema").is_none_or(is_schema) {
        let message = "The `schema` of `json_schema` must be a JSON schema";
        return Err(invalid("response_format", message));
    }
    Ok(())
}

fn is_schema(value: &Value) -> bool {
    value.is_object() || value.is_boolean()
}

fn is_name(name: &str) -> bool {
    let is_good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    (1..=MOST_NAME).contains(&name.len()) && name.chars().all(is_good)
}

fn list<'a>(request: &'a Value, name: &str) -> &'a [Value] {
    request.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer)?.as_str()
}

fn invalid(param: &'static str, message: &str) -> Problem {
    Problem { param: Some(param), ..Problem::new(StatusCode::BAD_REQUEST, message) }
}
