//! Where services put an error's facts inside its envelope.
//!
//! All readers start from the envelope's top-level object; the rules are the same for every
//! service, because gateways pass on each other's dialects.

use std::borrow::Cow;

use serde_json::{Map, Value};

/// A JSON object.
pub(crate) type Object = Map<String, Value>;

/// Where a text for people may stand, the likeliest first; objects and lists are searched alike.
const TEXTS: [&str; 13] = [
    "message",
    "error",
    "msg",
    "status_msg",
    "error_msg",
    "detail",
    "faultstring",
    "html-message",
    "error_description",
    "Message",
    "errors",
    "base_resp",
    "fault",
];

/// The text for people: the error's own before any at the top level.
pub(crate) fn message(root: &Object) -> Option<&str> {
    let nested = root.get("error").filter(|error| !error.is_string()).and_then(text);
    let beside = || text_in(root).or_else(|| in_choices(root).find_map(text));
    nested.or_else(|| site(root).and_then(text_in)).or_else(beside)
}

/// The name of the error's family, verbatim.
pub(crate) fn api_type(root: &Object) -> Option<&str> {
    if let Some(error) = site(root) {
        // The top level's `type` names the event then, not the error.
        return first(error, &["type", "error_type", "status", "__type"], non_empty);
    }
    let named = first(root, &["type"], non_empty).filter(|name| *name != "error");
    named.or_else(|| first(root, &["error_type", "__type"], non_empty))
}

/// The error's stable name, integers as decimals.
pub(crate) fn code(root: &Object) -> Option<Cow<'_, str>> {
    let of_minimax = || scalar(root.get("base_resp")?.get("status_code")?);
    let in_error = site(root).and_then(|error| first(error, &CODES, scalar));
    in_error.or_else(|| first(root, &CODES, scalar)).or_else(of_minimax)
}

/// The name of the parameter at fault.
pub(crate) fn param(root: &Object) -> Option<&str> {
    non_empty(site(root).unwrap_or(root).get("param")?)
}

/// The request's id, which some services put into the body.
pub(crate) fn request_id(root: &Object) -> Option<&str> {
    let in_error = site(root).and_then(|error| first(error, &IDS, non_empty));
    in_error.or_else(|| first(root, &IDS, non_empty))
}

/// The object inside the top level that holds the error's facts, if there is one.
pub(crate) fn site(root: &Object) -> Option<&Object> {
    let in_response = || root.get("response")?.get("error");
    let named = [root.get("error"), in_response(), root.get("errors")].into_iter().flatten();
    named.chain(in_choices(root)).find_map(|value| {
        let object = match value {
            Value::Array(list) => list.iter().find_map(Value::as_object),
            value => value.as_object(),
        };
        object.filter(|object| !object.is_empty())
    })
}

/// The errors that stand in the answers they are about.
pub(crate) fn in_choices(root: &Object) -> impl Iterator<Item = &Value> {
    // OpenRouter's way, and that of gateways behind which it is.
    let choices = root.get("choices").and_then(Value::as_array).into_iter().flatten();
    choices.filter_map(|choice| choice.get("error"))
}

/// The first text for people in `value`.
fn text(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) => Some(text.as_str()).filter(|text| !text.trim().is_empty()),
        Value::Array(list) => list.iter().find_map(text),
        Value::Object(object) => text_in(object),
        _ => None,
    }
}

fn text_in(object: &Object) -> Option<&str> {
    TEXTS.iter().find_map(|name| object.get(*name).and_then(text))
}

/// What `read` makes of the first of these fields that it can read.
fn first<'a, T>(
    object: &'a Object,
    names: &[&str],
    read: impl Fn(&'a Value) -> Option<T>,
) -> Option<T> {
    names.iter().find_map(|name| object.get(*name).and_then(&read))
}

fn non_empty(value: &Value) -> Option<&str> {
    value.as_str().filter(|text| !text.is_empty())
}

fn scalar(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(_) => non_empty(value).map(Cow::Borrowed),
        Value::Number(number) if !number.is_f64() => Some(Cow::Owned(number.to_string())),
        _ => None,
    }
}

const CODES: [&str; 2] = ["code", "error_code"];
const IDS: [&str; 3] = ["request_id", "requestId", "RequestId"];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Envelope;

    fn of(value: Value) -> Envelope {
        Envelope::from_value(value).unwrap()
    }

    #[test]
    fn message_is_found_in_every_dialect() {
        let table = [
            (json!({"error": {"message": "m"}}), Some("m")),
            (json!({"error": "m"}), Some("m")),
            (json!({"error": "other", "message": "m"}), Some("m")),
            (json!({"error": {"message": "m"}, "message": "other"}), Some("m")),
            (json!({"error": {"code": "429"}, "message": "m"}), Some("m")),
            (json!({"error": null, "message": "m"}), Some("m")),
            (json!({"message": "m", "type": "t", "object": "error"}), Some("m")),
            (json!({"status": "failure", "message": "m"}), Some("m")),
            (json!({"detail": "m"}), Some("m")),
            (json!({"detail": [{"loc": ["body"], "msg": "m"}]}), Some("m")),
            (json!({"detail": {"error": "m"}}), Some("m")),
            (json!({"message": {"detail": [{"msg": "m"}]}}), Some("m")),
            (json!({"message": ["m", "n"]}), Some("m")),
            (json!({"Message": "m"}), Some("m")),
            (json!({"errors": [{"message": "m", "code": 1}]}), Some("m")),
            (json!([{"error": {"message": "m"}}]), Some("m")),
            (json!([{"candidates": []}, {"error": {"message": "m"}}]), Some("m")),
            (json!({"type": "x", "response": {"error": {"message": "m"}}}), Some("m")),
            (json!({"base_resp": {"status_code": 1002, "status_msg": "m"}}), Some("m")),
            (json!({"fault": {"faultstring": "m", "detail": {"errorcode": "c"}}}), Some("m")),
            (json!({"choices": [{"error": {"message": "m", "code": 502}}]}), Some("m")),
            (json!({"choices": [{"error": "m"}]}), Some("m")),
            (json!({"choices": [{}, {"error": {"message": "m"}}], "error": null}), Some("m")),
            (json!({"choices": [{"error": {"message": "other"}}], "error": "m"}), Some("other")),
            (json!({"choices": [{"message": {"content": "planted"}}]}), None),
            (json!({"error": {"message": "", "type": "one_api_error"}}), None),
            (json!({"error": {}}), None),
            (json!({"error": ""}), None),
            (json!({"error": 500}), None),
            (json!({"message": {"reason": "structured"}}), None),
            (json!({}), None),
        ];
        for (value, want) in table {
            assert_eq!(of(value.clone()).message(), want, "{value}");
        }
    }

    #[test]
    fn type_code_and_param_are_read_verbatim_or_not_at_all() {
        let table = [
            (json!({"error": {"type": "t", "code": "c", "param": "p"}}), "t c p"),
            (json!({"type": "t", "code": 404, "param": "p", "message": "m"}), "t 404 p"),
            (json!({"type": "error", "error": {"type": "t"}}), "t - -"),
            (json!({"type": "error", "message": "m"}), "- - -"),
            (json!({"error": {"code": -32603, "type": null, "param": ""}}), "- -32603 -"),
            (json!({"error": {"code": 500.5, "type": ["t"], "param": {}}}), "- - -"),
            (json!({"error": {"code": true}}), "- - -"),
            (json!({"error": "m", "code": "c"}), "- c -"),
            (json!({"error": "m", "error_type": "t"}), "t - -"),
            (json!({"error": {"code": 429, "status": "EXHAUSTED"}}), "EXHAUSTED 429 -"),
            (json!({"status": "error", "code": 502, "message": "m"}), "- 502 -"),
            (json!({"error_code": 336_501, "error_msg": "m"}), "- 336501 -"),
            (json!({"errors": [{"message": "m", "code": 3050}]}), "- 3050 -"),
            (json!({"type": "response.failed", "response": {"error": {"code": "c"}}}), "- c -"),
            (json!({"base_resp": {"status_code": 1002}}), "- 1002 -"),
            (json!({"choices": [{"error": {"code": 502, "type": "t"}}], "id": "x"}), "t 502 -"),
            (json!({"choices": [{"error": {"code": 502}}], "error": {"code": 429}}), "- 429 -"),
            (json!({"choices": [{"code": "c", "type": "t"}]}), "- - -"),
            (json!({"detail": [{"type": "missing"}]}), "- - -"),
        ];
        for (value, want) in table {
            let envelope = of(value.clone());
            let shown = [
                envelope.api_type().unwrap_or("-").to_owned(),
                envelope.code().map_or_else(|| "-".to_owned(), Cow::into_owned),
                envelope.param().unwrap_or("-").to_owned(),
            ];
            assert_eq!(shown.join(" "), want, "{value}");
        }
    }

    #[test]
    fn request_id_in_the_error_wins() {
        let table = [
            (json!({"request_id": "r", "error": {"message": "m"}}), Some("r")),
            (json!({"request_id": "x", "error": {"requestId": "r"}}), Some("r")),
            (json!({"RequestId": "r"}), Some("r")),
            (json!({"id": "chatcmpl-2", "request_id": ""}), None),
        ];
        for (value, want) in table {
            assert_eq!(of(value.clone()).request_id(), want, "{value}");
        }
    }
}
