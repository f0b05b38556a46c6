//! Whether a reply that calls itself a success is an error in truth.
//!
//! Ordinary replies must cost next to nothing, so a look at the bytes comes before any parsing,
//! and a reply with content is never taken away from the caller.

use serde_json::Value;

use crate::dialect::Object;

/// What holds a result in replies that also have a `code` or a `message`.
const RESULTS: [&str; 5] = ["data", "result", "output", "outputs", "embeddings"];

/// Returns whether [`is_error`] could say yes; a body without any mark need not be parsed.
///
/// Every rule of `is_error` asks for a key or value that is marked, and no service
/// writes those with `\u` escapes; one that did would be reported as undecodable instead.
pub(crate) fn may_be_error(body: &[u8]) -> bool {
    // Every reply passes here, so what surely has no mark is passed over a piece at a time.
    let mut rest = body;
    while let Some((quotes, firsts, thirds)) = piece(rest) {
        if may_have_mark(quotes, firsts, thirds) && has_mark(rest, PIECE) {
            return true;
        }
        rest = rest.get(PIECE..).unwrap_or_default();
    }
    // The end is looked at as part of a whole piece as well; no mark is so short that it is not in it.
    let end = body.len().checked_sub(PIECE + 3).and_then(|start| piece(body.get(start..)?));
    let may_end_in_mark =
        end.is_none_or(|(quotes, firsts, thirds)| may_have_mark(quotes, firsts, thirds));
    may_end_in_mark && has_mark(rest, PIECE + 3)
}

/// A few times as many bytes as are compared in one instruction.
const PIECE: usize = 32;

type Piece<'a> = &'a [u8; PIECE];

/// The first bytes of `text`, those behind each, and those three behind.
fn piece(text: &[u8]) -> Option<(Piece<'_>, Piece<'_>, Piece<'_>)> {
    let next = |skip| text.get(skip..)?.first_chunk();
    Some((text.first_chunk()?, next(1)?, next(3)?))
}

/// Whether a quote has the first and the third letter of a mark behind it, which no name in an
/// ordinary reply has; without branches, as for one instruction.
fn may_have_mark(quotes: Piece<'_>, firsts: Piece<'_>, thirds: Piece<'_>) -> bool {
    let names = firsts.iter().zip(thirds);
    quotes.iter().zip(names).fold(false, |any, (quote, (first, third))| {
        let is_mark = (*first == b'b') & (*third == b's')
            | (*first == b'c') & (*third == b'd')
            | (*first == b'e') & (*third == b'r')
            | (*first == b's') & ((*third == b'a') | (*third == b'c'));
        any | ((*quote == b'"') & is_mark)
    })
}

/// Whether a quote among the first `count` bytes has a mark behind it.
fn has_mark(text: &[u8], count: usize) -> bool {
    let mut rest = text;
    for _ in 0..count {
        let Some((byte, behind)) = rest.split_first() else { return false };
        if *byte == b'"' && is_mark(behind) {
            return true;
        }
        rest = behind;
    }
    false
}

/// Whether the string that `text` begins with is one that [`is_error`] needs to find.
fn is_mark(text: &[u8]) -> bool {
    // By the first letter, which leaves little to compare.
    match text.first() {
        Some(b'e') => text.starts_with(b"error") && !is_denied(text),
        Some(b'b') => text.starts_with(b"base_resp\""),
        Some(b'c') => text.starts_with(b"code\""),
        Some(b's') => {
            text.starts_with(b"success\"")
                || text.starts_with(b"status_code\"")
                || text.starts_with(b"statusCode\"")
        }
        _ => false,
    }
}

/// Returns whether a decoded success, or chunk of a stream, is an error in truth.
pub(crate) fn is_error(value: &Value) -> bool {
    let root = match value {
        Value::Object(root) => root,
        // A stream as a list: it ends with its error.
        Value::Array(list) => {
            return list.last().is_some_and(|last| last.is_object() && is_error(last));
        }
        _ => return false,
    };
    // Google's candidates are content, and so are choices, unless all that is in them is an error.
    if has_any(root, &["candidates"]) || is_resource(root) {
        return false;
    }
    if let Some(choices) = root.get("choices").filter(|choices| is_something(choices)) {
        return have_failed(choices, root);
    }
    root.get("error").is_some_and(is_something)
        || is_named(root, "object", "error")
        || is_named(root, "type", "error")
        || root.get("success") == Some(&Value::Bool(false))
        || in_response(root)
        || is_of_baidu_or_minimax(root)
        || is_flat(root)
}

/// `"error": null` says that there is none.
fn is_denied(text: &[u8]) -> bool {
    let value = text.strip_prefix(b"error\"").map(<[u8]>::trim_ascii_start);
    let value = value.and_then(|rest| rest.strip_prefix(b":")).map(<[u8]>::trim_ascii_start);
    value.is_some_and(|value| value.starts_with(b"null"))
}

/// A job or a batch that was asked for by its id tells of its own failure, not of the request's.
fn is_resource(root: &Object) -> bool {
    let has_text = |name| root.get(name).is_some_and(Value::is_string);
    has_text("object") && has_text("id") && has_text("status")
}

/// Whether each answer failed, with an error in it or with one beside all of them, and none says
/// anything.
fn have_failed(choices: &Value, root: &Object) -> bool {
    let is_told = has_error(root);
    let has_failed = |choice: &Object| {
        let has_failed =
            has_error(choice) || (is_told && is_named(choice, "finish_reason", "error"));
        has_failed && !["message", "delta", "text"].iter().any(|name| says_something(choice, name))
    };
    choices.as_array().is_some_and(|choices| {
        choices.iter().all(|choice| choice.as_object().is_some_and(has_failed))
    })
}

/// Whether there is an error in it that says anything.
fn has_error(object: &Object) -> bool {
    let error = object.get("error").filter(|error| error.is_object() || error.is_string());
    error.is_some_and(is_something)
}

/// Whether a part of a choice is content, be it of a kind not known here: who speaks is none.
fn says_something(choice: &Object, part: &str) -> bool {
    match choice.get(part) {
        Some(Value::Object(message)) => {
            message.iter().any(|(name, value)| name != "role" && is_something(value))
        }
        part => part.is_some_and(is_something),
    }
}

/// `response.failed` of the Responses API.
fn in_response(root: &Object) -> bool {
    let error = root.get("response").and_then(|response| response.get("error"));
    error.is_some_and(is_something)
}

fn is_of_baidu_or_minimax(root: &Object) -> bool {
    let minimax = root.get("base_resp").and_then(|status| status.get("status_code"));
    [root.get("error_code"), minimax].into_iter().flatten().any(is_something)
}

/// A code and a message, or errors, at the top level, and no result.
fn is_flat(root: &Object) -> bool {
    if has_any(root, &RESULTS) {
        return false;
    }
    let has_errors = root.get("errors").is_some_and(is_something);
    has_errors || (root.get("message").is_some_and(Value::is_string) && has_failure_code(root))
}

fn has_failure_code(root: &Object) -> bool {
    let is_status = |value: &Value| value.as_u64().is_some_and(|code| (400..600).contains(&code));
    let is_word =
        |code: &str| code.starts_with(|c: char| c.is_ascii_alphabetic()) && !is_success_word(code);
    root.get("code").is_some_and(|code| is_status(code) || code.as_str().is_some_and(is_word))
        || ["status_code", "statusCode"].iter().any(|name| root.get(*name).is_some_and(is_status))
}

fn is_success_word(code: &str) -> bool {
    ["ok", "success", "succeeded"].iter().any(|word| code.eq_ignore_ascii_case(word))
}

fn is_named(root: &Object, field: &str, name: &str) -> bool {
    root.get(field).and_then(Value::as_str) == Some(name)
}

fn has_any(root: &Object, names: &[&str]) -> bool {
    names.iter().any(|name| root.get(*name).is_some_and(is_something))
}

/// Whether a value is more than null, false, zero or empty.
fn is_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(is_so) => *is_so,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty() && text != "0",
        Value::Array(list) => !list.is_empty(),
        Value::Object(object) => !object.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// Whether a chunk is an error: the cases of rig, then those of other clients' trackers.
    #[test]
    fn errors_are_told_from_replies() {
        let table = [
            (r#"{"error":null}"#, false),
            (r#"{"error":null,"usage":{"total_tokens":3}}"#, false),
            (r#"{"error":""}"#, false),
            (r#"{"choices":[{"delta":{"content":"hi"}}]}"#, false),
            (r#"{"error":"metadata","choices":[{"delta":{"content":"hi"}}]}"#, false),
            (r#"{"error":{"message":"x"},"choices":[{"delta":{"content":"hi"}}]}"#, false),
            (r#"{"error":"oops"}"#, true),
            (r#"{"error":{"message":"rate limited","type":"rate_limit_error"}}"#, true),
            (r#"{"error":{"message":"rate limited"},"choices":[]}"#, true),
            (r#"{"error":{"message":"rate limited"},"choices":null}"#, true),
            (r#"{"error":{},"id":"x"}"#, false),
            (r#"{"object":"error","message":"m","code":404}"#, true),
            (r#"{"type":"error","error":{"message":"m"}}"#, true),
            (r#"{"type":"error","message":"m"}"#, true),
            (r#"{"type":"keepalive","sequence_number":466}"#, false),
            (r#"{"type":"response.created","response":{"error":null}}"#, false),
            (r#"{"type":"response.failed","response":{"error":{"code":"c"}}}"#, true),
            (
                r#"{"object":"fine_tuning.job","id":"ft","status":"failed","error":{"code":"c"}}"#,
                false,
            ),
            (r#"{"success":false,"message":"m"}"#, true),
            (r#"{"success":true,"message":"m","data":[]}"#, false),
            (r#"{"code":200,"message":"ok","data":{"a":1}}"#, false),
            (r#"{"code":"Success","message":"ok"}"#, false),
            (r#"{"code":"","message":"","output":{"text":"a"}}"#, false),
            (r#"{"code":"Throttling.RateQuota","message":"m"}"#, true),
            (r#"{"code":429,"message":"m"}"#, true),
            (r#"{"code":7,"message":"m"}"#, false),
            (r#"{"statusCode":403,"message":"m"}"#, true),
            (r#"{"error_code":336501,"error_msg":"m"}"#, true),
            (r#"{"error_code":0,"result":"text"}"#, false),
            (r#"{"base_resp":{"status_code":1002,"status_msg":"m"}}"#, true),
            (r#"{"base_resp":{"status_code":0,"status_msg":""},"reply":"a"}"#, false),
            (r#"{"result":null,"success":false,"errors":[{"code":1}]}"#, true),
            (r#"{"errors":[{"message":"m"}]}"#, true),
            (r#"{"errors":[{"message":"m"}],"data":{"a":1}}"#, false),
            (r#"[{"candidates":[]},{"error":{"code":429}}]"#, true),
            (r#"[{"error":"one"},{"id":"two"}]"#, false),
            (r#"["error"]"#, false),
            ("42", false),
        ];
        for (json, want) in table {
            assert_told(json, want);
        }
    }

    /// Errors that stand in the answers, as gateways write them.
    #[test]
    fn answers_are_errors_if_each_failed_and_none_says_anything() {
        #[rustfmt::skip]
        let table = [
            (r#"{"choices":[{"error":{"code":502}}]}"#,                                               true),
            (r#"{"choices":[{"error":"gone","finish_reason":"stop"}]}"#,                              true),
            (r#"{"choices":[{"error":{"code":502},"message":null}]}"#,                                true),
            (r#"{"choices":[{"error":{"code":502},"message":{"role":"a","content":"","refusal":null,"tool_calls":[]}}]}"#, true),
            (r#"{"choices":[{"error":{"code":502},"delta":{"role":"a","content":""}}]}"#,             true),
            (r#"{"choices":[{"error":{"code":502},"text":""}]}"#,                                     true),
            (r#"{"choices":[{"finish_reason":"error"}],"error":{"message":"m"}}"#,                    true),
            (r#"{"choices":[{"finish_reason":"error"},{"error":"m"}],"error":"m"}"#,                  true),
            (r#"{"choices":[{"error":{"code":502}},{"error":{"code":429}}]}"#,                        true),
            (r#"{"choices":[{"error":{"code":502}},{"message":{"content":""}}]}"#,                    false),
            (r#"{"choices":[{"error":{"code":502}},7]}"#,                                             false),
            (r#"{"choices":[{"error":{"code":502},"message":{"content":"half"}}]}"#,                  false),
            (r#"{"choices":[{"error":{"code":502},"delta":{"content":"half"}}]}"#,                    false),
            (r#"{"choices":[{"error":{"code":502},"text":"half"}]}"#,                                 false),
            (r#"{"choices":[{"error":{"code":502},"message":"half"}]}"#,                              false),
            (r#"{"choices":[{"error":{"code":502},"message":{"tool_calls":[{"id":"t"}]}}]}"#,         false),
            (r#"{"choices":[{"error":{"code":502},"message":{"reasoning":"so"}}]}"#,                  false),
            (r#"{"choices":[{"error":{"code":502}}],"candidates":[{"content":"a"}]}"#,                false),
            (r#"{"choices":{"error":{"code":502}}}"#,                                                 false),
            (r#"{"choices":[{"error":null}]}"#,                                                       false),
            (r#"{"choices":[{"error":{}}]}"#,                                                         false),
            (r#"{"choices":[{"error":""}]}"#,                                                         false),
            (r#"{"choices":[{"error":false}]}"#,                                                      false),
            (r#"{"choices":[{"finish_reason":"error"}]}"#,                                            false),
            (r#"{"choices":[{"finish_reason":"error"}],"error":null}"#,                               false),
            (r#"{"choices":[{"content_filter_results":{"error":{"code":"c"}}}]}"#,                    false),
        ];
        for (json, want) in table {
            assert_told(json, want);
        }
    }

    fn assert_told(json: &str, want: bool) {
        let value = serde_json::from_str(json).unwrap();
        assert_eq!(is_error(&value), want, "{json}");
        assert!(!want || may_be_error(json.as_bytes()), "{json} has no mark");
    }

    #[test]
    fn ordinary_replies_are_not_parsed() {
        let table = [
            (
                r#"{"id":"c","choices":[{"message":{"role":"assistant","content":"an error"}}]}"#,
                false,
            ),
            (r#"{"error": null, "output": []}"#, false),
            (r#"{"content":"say \"code\": 1"}"#, false),
            (r#"{"error" : nil}"#, true),
        ];
        for (json, want) in table {
            assert_eq!(may_be_error(json.as_bytes()), want, "{json}");
        }
    }

    /// Objects and lists of the fields that the rules look at.
    fn any_reply() -> impl Strategy<Value = Value> {
        const NAMES: [&str; 14] = [
            "choices",
            "finish_reason",
            "error",
            "errors",
            "error_code",
            "object",
            "type",
            "success",
            "code",
            "message",
            "base_resp",
            "status_code",
            "response",
            "data",
        ];
        let leaf = prop_oneof![
            proptest::sample::select(&["", "error", "response.failed", "c"][..])
                .prop_map(Value::from),
            proptest::sample::select(&[0, 7, 429][..]).prop_map(Value::from),
            any::<bool>().prop_map(Value::from),
            Just(Value::Null),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            let fields = (proptest::sample::select(&NAMES[..]), inner.clone());
            prop_oneof![
                proptest::collection::vec(fields, 0..5).prop_map(|fields| fields
                    .into_iter()
                    .map(|(name, value)| (name.to_owned(), value))
                    .collect()),
                proptest::collection::vec(inner, 0..3).prop_map(Value::from),
            ]
        })
    }

    proptest! {
        #[test]
        fn prop_every_error_is_marked(reply in any_reply()) {
            let is_marked = may_be_error(reply.to_string().as_bytes());
            prop_assert!(is_marked || !is_error(&reply), "{}", reply);
        }

        #[test]
        fn prop_content_is_never_an_error(extra in "[a-z_]{0,12}", text in "\\PC{0,20}") {
            let half = json!({"error": "gone", "message": {"content": format!("a{text}")}});
            for choice in [json!({}), half] {
                let mut value = json!({"choices": [choice], "error": text, "success": false});
                value[&extra] = text.as_str().into();
                prop_assume!(value["choices"].is_array());
                prop_assert!(!is_error(&value));
            }
        }
    }
}
