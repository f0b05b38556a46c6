//! What requests and replies say of themselves, in the words of OpenTelemetry.
//!
//! Read from the JSON once more, and only where somebody listens: so it is known of requests and
//! replies of the caller's own types as well. Of both only numbers and names are read, never what
//! is said.

use serde::Deserialize;
use tracing::Span;
use tracing::field::{self, Value};

use crate::field::Field;
use crate::kept_body::KeptBody;
use crate::plan::Plan;

/// The most characters of a name that are shown.
const MOST_SHOWN: usize = 200;

/// The parameters of a request that OpenTelemetry has names for.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Request {
    model: Field<String>,
    max_tokens: Field<i64>,
    max_completion_tokens: Field<i64>,
    temperature: Field<f64>,
    top_p: Field<f64>,
    presence_penalty: Field<f64>,
    frequency_penalty: Field<f64>,
    seed: Field<i64>,
    n: Field<i64>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Reply {
    id: Field<String>,
    model: Field<String>,
    choices: Field<Vec<Field<Ending>>>,
    usage: Field<Tokens>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Ending {
    finish_reason: Field<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Tokens {
    prompt_tokens: Field<i64>,
    completion_tokens: Field<i64>,
}

/// Records what the request asks for.
pub(super) fn record_request(span: &Span, plan: &Plan) {
    let asked: Request = serde_json::from_slice(&plan.body).unwrap_or_default();
    let most = asked.max_completion_tokens.as_ref().or(asked.max_tokens.as_ref());
    let floats = [
        ("gen_ai.request.temperature", &asked.temperature),
        ("gen_ai.request.top_p", &asked.top_p),
        ("gen_ai.request.presence_penalty", &asked.presence_penalty),
        ("gen_ai.request.frequency_penalty", &asked.frequency_penalty),
    ];
    for (name, value) in floats {
        record(span, name, value.as_ref());
    }
    record(span, "gen_ai.request.max_tokens", most);
    record(span, "gen_ai.request.seed", asked.seed.as_ref());
    record(span, "gen_ai.request.choice.count", asked.n.as_ref().filter(|n| **n != 1));
    if plan.operation.model().is_none() {
        record(span, "gen_ai.request.model", asked.model.as_str().map(shown));
    }
}

/// Records what the reply says of itself.
pub(super) fn record_reply(span: &Span, plan: &Plan, body: &KeptBody) {
    let reply: Reply = serde_json::from_slice(body.as_bytes()).unwrap_or_default();
    record(span, "gen_ai.response.id", reply.id.as_str().and_then(|id| word(plan, id)));
    record(span, "gen_ai.response.model", reply.model.as_str().and_then(|id| word(plan, id)));
    let choices = reply.choices.as_ref().into_iter().flatten().filter_map(Field::as_ref);
    let reasons = choices.filter_map(|choice| choice.finish_reason.as_str());
    let reasons: Vec<_> = reasons.filter_map(|reason| word(plan, reason)).collect();
    if !reasons.is_empty() {
        span.record("gen_ai.response.finish_reasons", field::debug(reasons));
    }
    if let Some(tokens) = reply.usage.as_ref() {
        record(span, "gen_ai.usage.input_tokens", tokens.prompt_tokens.as_ref());
        record(span, "gen_ai.usage.output_tokens", tokens.completion_tokens.as_ref());
    }
}

/// Records a value that there is; nothing in its place would still be printed as a blank.
pub(super) fn record(span: &Span, name: &str, value: Option<impl Value>) {
    if let Some(value) = value {
        span.record(name, value);
    }
}

/// Returns a service's word if it is one: a code, an id, a model. What has blanks, is long or holds
/// a key of the caller's may be anything, the prompt included, and is not shown.
pub(super) fn word<'a>(plan: &Plan, text: &'a str) -> Option<&'a str> {
    // As in `Error::redacted`: shorter ones are no secrets.
    let has_key = || plan.keys().any(|key| key.len() >= 8 && text.contains(key));
    (is_word(text) && !has_key()).then_some(text)
}

fn is_word(text: &str) -> bool {
    (1..=MOST_SHOWN).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Returns a name of the caller's, bounded and with control characters escaped.
pub(super) fn shown(name: &str) -> String {
    name.chars().take(MOST_SHOWN).flat_map(char::escape_debug).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_ids_and_models_are_words_and_texts_are_not() {
        #[rustfmt::skip]
        let cases = [
            // name          text                       want
            ("code",         "rate_limit_error",        true),
            ("model",        "org/gpt-4.1:free@2024",   true),
            ("longest",      &*"x".repeat(MOST_SHOWN),  true),
            ("too long",     &*"x".repeat(201),         false),
            ("nothing",      "",                        false),
            ("text",         "slow down",               false),
            ("two lines",    "slow\ndown",              false),
            ("escape",       "\u{1b}[31m",              false),
            ("not ASCII",    "größer",                  false),
        ];
        for (name, text, want) in cases {
            assert_eq!(is_word(text), want, "{name}");
        }
    }

    #[test]
    fn odd_choices_do_not_cost_the_rest() {
        for choices in [r#"["x", {"finish_reason": "stop"}]"#, "null", "7", "[[]]"] {
            let json =
                format!(r#"{{"id": "c", "choices": {choices}, "usage": {{"prompt_tokens": 3}}}}"#);
            let reply: Reply = serde_json::from_str(&json).unwrap();
            let tokens = reply.usage.as_ref().and_then(|usage| usage.prompt_tokens.as_ref());
            assert_eq!((reply.id.as_str(), tokens), (Some("c"), Some(&3)), "{choices}");
        }
    }

    #[test]
    fn names_of_the_callers_are_bounded_and_escaped() {
        assert_eq!(shown("my model\n"), "my model\\n");
        assert_eq!(shown(&"m".repeat(300)).len(), MOST_SHOWN);
    }
}
