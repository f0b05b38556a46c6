//! What speaks against a request: key, body, parameters, model.
//!
//! Messages name parameters and ranges. They never repeat the key or the prompt.

use http::header::AUTHORIZATION;
use http::{HeaderMap, StatusCode};
use serde_json::Value;

use crate::asked::Asked;
use crate::check_chat;
use crate::model_id::ModelId;
use crate::route::Endpoint;
use crate::rows::Problem;

/// Which keys the service takes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Keys {
    /// The only good keys, if there are any.
    pub(crate) accepted: Vec<String>,
    pub(crate) rejected: Vec<String>,
}

/// Parameters with a range: name, lowest, highest.
const RANGES: [(&str, f64, f64); 7] = [
    ("temperature", 0.0, 2.0),
    ("top_p", 0.0, 1.0),
    ("presence_penalty", -2.0, 2.0),
    ("frequency_penalty", -2.0, 2.0),
    ("n", 1.0, 128.0),
    ("top_logprobs", 0.0, 20.0),
    ("dimensions", 1.0, 4096.0),
];

/// Gives the endpoint that is to answer, or what is wrong.
pub(crate) fn check<'a>(asked: &'a Asked, keys: &Keys) -> Result<&'a Endpoint, Problem> {
    if asked.too_large {
        return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "The body is too large"));
    }
    let endpoint = asked.endpoint.as_ref().map_err(Clone::clone)?;
    if let Some(message) = keys.problem(&asked.headers) {
        let code = Some("invalid_api_key");
        return Err(Problem { code, ..Problem::new(StatusCode::UNAUTHORIZED, message) });
    }
    match endpoint {
        Endpoint::Chat => {
            body(&asked.json, "messages")?;
            check_chat::check(&asked.json)?;
        }
        Endpoint::Embeddings => body(&asked.json, "input")?,
        Endpoint::Models | Endpoint::Model(_) => {}
    }
    match asked.model().map(ModelId::parse) {
        Some(ModelId::Unknown) => Err(unknown_model()),
        _ => Ok(endpoint),
    }
}

impl Keys {
    fn problem(&self, headers: &HeaderMap) -> Option<&'static str> {
        let Some(value) = headers.get(AUTHORIZATION) else {
            return Some("No API key: send it as `Authorization: Bearer YOUR_KEY`");
        };
        let parts = value.to_str().ok().and_then(|text| text.trim().split_once(' '));
        let bearer = parts.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        match bearer.map(|(_, key)| key.trim()) {
            None | Some("") => Some("Malformed Authorization header: it must be `Bearer YOUR_KEY`"),
            Some(key) if self.takes(key) => None,
            Some(_) => Some("Incorrect API key provided"),
        }
    }

    fn takes(&self, key: &str) -> bool {
        let listed = |keys: &[String]| keys.iter().any(|known| known == key);
        let wrong = key.starts_with("sk-wrong") || listed(&self.rejected);
        listed(&self.accepted) || (self.accepted.is_empty() && !wrong)
    }
}

/// Checks the parameters of a POST; `needed` must be there besides the model.
fn body(json: &Value, needed: &'static str) -> Result<(), Problem> {
    if !json.is_object() {
        return Err(invalid("body", "The body is not a JSON object"));
    }
    if json.get("model").and_then(Value::as_str).is_none_or(str::is_empty) {
        return Err(invalid("model", "`model` must be the name of a model"));
    }
    if json.get(needed).is_none_or(is_empty) {
        return Err(invalid(needed, format!("`{needed}` is missing or empty")));
    }
    if needed == "messages" && !json.get(needed).is_some_and(Value::is_array) {
        return Err(invalid(needed, "`messages` must be a list"));
    }
    for (name, lowest, highest) in RANGES {
        let Some(value) = json.get(name).filter(|value| !value.is_null()) else { continue };
        let fits = value.as_f64().is_some_and(|number| (lowest..=highest).contains(&number));
        if !fits {
            let message = format!("`{name}` must be a number from {lowest} to {highest}");
            return Err(invalid(name, message));
        }
    }
    Ok(())
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Array(list) => list.is_empty(),
        Value::String(text) => text.is_empty(),
        Value::Null => true,
        _ => false,
    }
}

fn invalid(param: &'static str, message: impl Into<String>) -> Problem {
    Problem { param: Some(param), ..Problem::new(StatusCode::BAD_REQUEST, message) }
}

fn unknown_model() -> Problem {
    let message = "This model does not exist: GET /v1/models lists the ids";
    Problem {
        code: Some("model_not_found"),
        param: Some("model"),
        ..Problem::new(StatusCode::NOT_FOUND, message)
    }
}
