//! A line of a file of requests.

use serde_json::{Map, Value};

use super::invalid_line::InvalidLine;
use crate::{ChatRequest, Message};

/// The name of the key, as OpenAI's batches have it.
const KEY: &str = "custom_id";

/// What says of itself that it is to be sent elsewhere is no chat.
const PATH: &str = "/chat/completions";

/// Reads a line of a file of requests: a JSON object with a `custom_id` that is no other line's, and
/// the request in one of three forms.
///
/// - As OpenAI's batches have it, in `body`; `method` and `url` may say that it is a chat.
/// - Just a `prompt`, which the user says to the model.
/// - The request's own fields, `messages` and the like, beside the `custom_id` or the `prompt`.
///
/// A request that names no model is one to `model`.
///
/// # Errors
///
/// Returns what is wrong with the line. What the service would refuse, the call will say.
///
/// # Examples
///
/// ```
/// use flow_api::batch::read_request;
///
/// let (key, request) = read_request(r#"{"custom_id": "a", "prompt": "Hello"}"#, Some("gpt-4o"))?;
/// assert_eq!((&*key, request.model()), ("a", "gpt-4o"));
///
/// let line = r#"{"custom_id": "b", "method": "POST", "url": "/v1/chat/completions",
///     "body": {"model": "o3", "messages": [{"role": "user", "content": "Hello"}]}}"#;
/// let (key, request) = read_request(line, None)?;
/// assert_eq!((&*key, request.model()), ("b", "o3"));
/// # Ok::<(), flow_api::batch::InvalidLine>(())
/// ```
pub fn read_request(line: &str, model: Option<&str>) -> Result<(String, ChatRequest), InvalidLine> {
    let mut fields = object(line)?;
    let key = key(fields.remove(KEY))?;
    if let Some(method) = fields.remove("method").filter(|method| method != "POST") {
        return Err(InvalidLine::new(format!("`method` is {method}, and chats are POST")));
    }
    if let Some(url) = fields.remove("url") {
        if !url.as_str().is_some_and(|url| url.ends_with(PATH)) {
            return Err(InvalidLine::new(format!(
                "`url` is {url}, and only chats ({PATH}) can be sent"
            )));
        }
    }
    let mut body = match fields.remove("body") {
        Some(Value::Object(body)) => match fields.keys().next() {
            None => body,
            Some(name) => return Err(InvalidLine::new(format!("`{name}` belongs into `body`"))),
        },
        Some(_) => return Err(InvalidLine::new("`body` is not an object")),
        None => fields,
    };
    let prompt = match body.remove("prompt") {
        Some(Value::String(prompt)) => Some(prompt),
        Some(_) => return Err(InvalidLine::new("`prompt` is not a text; write `messages`")),
        None if !body.contains_key("messages") => {
            return Err(InvalidLine::new("there is no `prompt`, no `messages` and no `body`"));
        }
        None => None,
    };
    if !body.contains_key("model") {
        let model = model.ok_or_else(|| InvalidLine::new("the request names no `model`"))?;
        body.insert("model".to_owned(), model.into());
    }
    body.entry("messages").or_insert_with(|| Value::Array(Vec::new()));
    // What serde says of it may quote the prompt.
    let request = serde_json::from_value::<ChatRequest>(body.into())
        .map_err(|_| InvalidLine::new("`messages` is no list of messages, or `model` no text"))?;
    Ok((key, request.messages(prompt.map(Message::user))))
}

/// Reads the object that a line is.
fn object(line: &str) -> Result<Map<String, Value>, InvalidLine> {
    match line.parse() {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Err(InvalidLine::new("the line is JSON, but not an object")),
        Err(error) => Err(not_json(&error)),
    }
}

pub(super) fn not_json(error: &serde_json::Error) -> InvalidLine {
    InvalidLine::new(format!("the line is not JSON: {error}"))
}

/// Reads the key of a line.
pub(super) fn key(value: Option<Value>) -> Result<String, InvalidLine> {
    match value {
        Some(Value::String(key)) if !key.is_empty() => Ok(key),
        Some(_) => Err(InvalidLine::new(format!("`{KEY}` is not a text, or an empty one"))),
        None => Err(InvalidLine::new(format!(
            "there is no `{KEY}`; give each line one that stays the same, so that a batch can go on"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn requests_are_read_in_each_form() {
        let hello = json!({ "model": "m", "messages": [{ "role": "user", "content": "Hello" }] });
        #[rustfmt::skip]
        let cases = [
            // name              line
            ("prompt",           r#"{"custom_id":"k","prompt":"Hello"}"#),
            ("with a model",     r#"{"custom_id":"k","prompt":"Hello","model":"m"}"#),
            ("the fields",       r#"{"custom_id":"k","messages":[{"role":"user","content":"Hello"}]}"#),
            ("OpenAI's",         r#"{"custom_id":"k","method":"POST","url":"/v1/chat/completions","body":{"model":"m","messages":[{"role":"user","content":"Hello"}]}}"#),
            ("less of it",       r#"{"custom_id":"k","body":{"prompt":"Hello"}}"#),
        ];
        for (name, line) in cases {
            let (key, request) = read_request(line, Some("m")).unwrap();
            assert_eq!(
                (&*key, serde_json::to_value(request).unwrap()),
                ("k", hello.clone()),
                "{name}"
            );
        }
        let line = r#"{"custom_id":"k","messages":[{"role":"system","content":"Be brief"}],
            "prompt":"Hello","temperature":0.2,"top_k":40}"#;
        let (_, request) = read_request(line, Some("m")).unwrap();
        let want = json!({
            "model": "m",
            "messages": [
                { "role": "system", "content": "Be brief" },
                { "role": "user", "content": "Hello" },
            ],
            "temperature": 0.2,
            "top_k": 40,
        });
        assert_eq!(serde_json::to_value(request).unwrap(), want);
    }

    #[test]
    fn line_that_is_no_request_is_refused_with_the_reason() {
        #[rustfmt::skip]
        let cases = [
            // line                                                 want
            ("hello",                                               "not JSON"),
            (r#"{"custom_id":"k","prompt":"Hel"#,                   "not JSON"),
            ("[]",                                                  "not an object"),
            (r#"{"prompt":"Hello"}"#,                               "no `custom_id`"),
            (r#"{"custom_id":7,"prompt":"Hello"}"#,                 "`custom_id` is not a text"),
            (r#"{"custom_id":"","prompt":"Hello"}"#,                "empty"),
            (r#"{"custom_id":"k"}"#,                                "no `prompt`"),
            (r#"{"custom_id":"k","prompt":["Hello"]}"#,             "`prompt` is not a text"),
            (r#"{"custom_id":"k","messages":"Hello","model":"m"}"#, "no list of messages"),
            (r#"{"custom_id":"k","body":"Hello"}"#,                 "`body` is not an object"),
            (r#"{"custom_id":"k","body":{},"temperature":1}"#,      "`temperature` belongs into `body`"),
            (r#"{"custom_id":"k","method":"GET","body":{}}"#,       "`method`"),
            (r#"{"custom_id":"k","url":"/v1/embeddings","body":{}}"#, "`url`"),
            (r#"{"custom_id":"k","prompt":"Hello"}"#,               "no `model`"),
        ];
        for (line, want) in cases {
            let error = read_request(line, None).unwrap_err().to_string();
            assert!(error.contains(want), "{line}: {error}");
        }
    }
}
