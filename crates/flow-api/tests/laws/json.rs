//! Random JSON: of any kind, and near the shapes of the wire.

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value};

/// Names that mean something somewhere in a request or a reply.
#[rustfmt::skip]
const NAMES: [&str; 46] = [
    "annotations", "arguments", "audio", "bytes", "cached_tokens", "choices", "completion_tokens",
    "completion_tokens_details", "content", "created", "data", "description", "dimensions",
    "embedding", "finish_reason", "function", "id", "image_url", "index", "input", "json_schema",
    "logit_bias", "logprob", "logprobs", "message", "messages", "metadata", "model", "n", "name",
    "prompt_tokens", "reasoning", "refusal", "response_format", "role", "schema", "stop",
    "temperature", "text", "token", "tool_call_id", "tool_calls", "tools", "type", "url", "usage",
];

/// Words that mean something as a value.
const WORDS: [&str; 10] = [
    "assistant",
    "user",
    "tool",
    "stop",
    "function",
    "text",
    "image_url",
    "AAAAPwAAoL8=",
    "{}",
    "auto",
];

pub(crate) fn text() -> impl Strategy<Value = String> {
    prop_oneof![select(&WORDS[..]).prop_map(str::to_owned), "\\PC{0,12}"]
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![4 => select(&NAMES[..]).prop_map(str::to_owned), 1 => "[a-z_]{0,8}"]
}

/// Any JSON of a small size.
pub(crate) fn any_json() -> impl Strategy<Value = Value> {
    let number = prop_oneof![
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (0..5_u64).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (-2.0..2.0).prop_map(|number: f64| Value::from(number)),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        number,
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Value::from),
            btree_map(name(), inner, 0..6).prop_map(|map| map.into_iter().collect()),
        ]
    })
}

/// An object whose fields have names of the wire, and anything as values.
pub(crate) fn object() -> impl Strategy<Value = Map<String, Value>> {
    btree_map(name(), any_json(), 0..8).prop_map(|map| map.into_iter().collect())
}

/// An object with these fields for certain, and others.
pub(crate) fn with<const N: usize>(
    fields: [(&'static str, BoxedStrategy<Value>); N],
) -> BoxedStrategy<Value> {
    let (names, values): (Vec<_>, Vec<_>) = fields.into_iter().unzip();
    let with = move |(mut object, values): (Map<String, Value>, Vec<Value>)| {
        object.extend(names.iter().map(|name| (*name).to_owned()).zip(values));
        Value::Object(object)
    };
    (object(), values).prop_map(with).boxed()
}

pub(crate) fn list(items: impl Strategy<Value = Value> + 'static) -> BoxedStrategy<Value> {
    vec(items, 0..4).prop_map(Value::from).boxed()
}
