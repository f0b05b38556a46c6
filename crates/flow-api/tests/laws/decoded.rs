//! What was decoded is encoded as it came, whatever its fields hold.

use flow_api::chat::{
    Choice, Content, Part, ResponseFormat, Role, Tool, ToolCall, ToolChoice, Usage,
};
use flow_api::embeddings::{Embedding, EmbeddingList, EmbeddingRequest, Input};
use flow_api::{ChatCompletion, ChatRequest, Message, Model, ModelList};
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::json::{any_json, list, object, text, with};

/// Decodes text as `T`, which must work, and encodes it again.
fn again<T: Serialize + DeserializeOwned>(json: &Value) -> Value {
    let decoded: T =
        serde_json::from_str(&json.to_string()).unwrap_or_else(|error| panic!("{error}: {json}"));
    let encoded = serde_json::to_value(&decoded).unwrap();
    let from_text: Value = serde_json::from_str(&serde_json::to_string(&decoded).unwrap()).unwrap();
    assert_eq!(encoded, from_text);
    encoded
}

fn any_text() -> BoxedStrategy<Value> {
    text().prop_map(Value::from).boxed()
}

fn any_object() -> BoxedStrategy<Value> {
    object().prop_map(Value::Object).boxed()
}

proptest! {
    #[test]
    fn prop_chat_request_is_kept(
        json in with([("model", any_text()), ("messages", list(any_object()))]),
    ) {
        prop_assert_eq!(&again::<ChatRequest>(&json), &json);
    }

    #[test]
    fn prop_checks_of_any_request_end_in_a_verdict(
        chat in with([("model", any_text()), ("messages", list(any_object()))]),
        embedding in with([("model", any_text())]),
    ) {
        let verdict = serde_json::from_value::<ChatRequest>(chat).unwrap().check();
        prop_assert!(verdict.is_ok() || verdict.is_err_and(|error| error.param().is_some()));
        let verdict = serde_json::from_value::<EmbeddingRequest>(embedding).unwrap().check();
        prop_assert!(verdict.is_ok() || verdict.is_err_and(|error| error.param().is_some()));
    }

    #[test]
    fn prop_completion_is_kept(
        json in with([("choices", prop_oneof![
            3 => list(any_object()),
            1 => list(prop_oneof![any_object(), any_json()]),
        ].boxed())]),
    ) {
        prop_assert_eq!(&again::<ChatCompletion>(&json), &json);
        let reply: ChatCompletion = serde_json::from_value(json).unwrap();
        // Every accessor copes with every type.
        let _ = (reply.text(), reply.id(), reply.model(), reply.created(), reply.usage());
        let _ = (reply.service_tier(), reply.system_fingerprint(), format!("{reply:?}"));
        for choice in reply.choices() {
            for token in choice.logprobs() {
                let _ = (token.token(), token.logprob(), token.bytes(), token.top().count());
            }
        }
        for call in reply.tool_calls() {
            let _ = (call.id(), call.kind(), call.name(), call.arguments(), call.parse::<Value>());
        }
    }

    #[test]
    fn prop_parts_of_replies_are_kept(json in any_object()) {
        prop_assert_eq!(&again::<Message>(&json), &json);
        prop_assert_eq!(&again::<Choice>(&json), &json);
        prop_assert_eq!(&again::<Usage>(&json), &json);
        prop_assert_eq!(&again::<Embedding>(&json), &json);
    }

    #[test]
    fn prop_what_is_any_json_is_kept(json in any_json()) {
        prop_assert_eq!(&again::<Part>(&json), &json);
        prop_assert_eq!(&again::<Tool>(&json), &json);
        prop_assert_eq!(&again::<ToolCall>(&json), &json);
        prop_assert_eq!(&again::<ToolChoice>(&json), &json);
        prop_assert_eq!(&again::<ResponseFormat>(&json), &json);
        prop_assert_eq!(&again::<Input>(&json), &json);
    }

    #[test]
    fn prop_content_and_role_are_kept(parts in list(any_json()), text in any_text()) {
        prop_assert_eq!(&again::<Content>(&parts), &parts);
        prop_assert_eq!(&again::<Content>(&text), &text);
        prop_assert_eq!(&again::<Role>(&text), &text);
    }

    #[test]
    fn prop_embeddings_are_kept(
        request in with([("model", any_text())]),
        numbers in proptest::collection::vec(any::<f64>(), 0..6),
        reply in with([("data", list(any_object()))]),
    ) {
        prop_assert_eq!(&again::<EmbeddingRequest>(&request), &request);
        prop_assert_eq!(&again::<EmbeddingList>(&reply), &reply);
        let json = serde_json::json!({ "embedding": numbers });
        prop_assert_eq!(&again::<Embedding>(&json), &json);
    }

    #[test]
    fn prop_models_are_kept(
        json in with([("data", list(with([("id", any_text())])))]),
        name in "\\PC{0,20}",
    ) {
        prop_assert_eq!(&again::<ModelList>(&json), &json);
        let models: ModelList = serde_json::from_value(json).unwrap();
        prop_assert!(models.closest(&name).len() <= 5);
        for model in models.models() {
            let value = serde_json::to_value(model).unwrap();
            prop_assert_eq!(&again::<Model>(&value), &value);
        }
    }
}
