//! What was built is the same after a trip through JSON.

use std::fmt;

use flow_api::chat::{Content, Part, ResponseFormat, Role, Tool, ToolCall, ToolChoice};
use flow_api::embeddings::{EmbeddingRequest, Input};
use flow_api::{ChatRequest, Message};
use proptest::collection::vec;
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::json::{any_json, text};

/// A setter, called with some argument.
struct Change {
    apply: Box<dyn Fn(ChatRequest) -> ChatRequest>,
    argument: String,
}

impl fmt::Debug for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.argument)
    }
}

fn again<T: Serialize + DeserializeOwned>(built: &T) -> T {
    serde_json::from_str(&serde_json::to_string(built).unwrap()).unwrap()
}

fn part() -> impl Strategy<Value = Part> {
    prop_oneof![
        text().prop_map(Part::text),
        text().prop_map(Part::refusal),
        text().prop_map(Part::file_id),
        (text(), text()).prop_map(|(url, detail)| Part::image_url(url).detail(detail)),
        (text(), vec(any::<u8>(), 0..9)).prop_map(|(kind, bytes)| Part::image(&kind, bytes)),
        (text(), vec(any::<u8>(), 0..9)).prop_map(|(kind, bytes)| Part::audio(&kind, bytes)),
        (text(), text()).prop_map(|(name, kind)| Part::file(&name, &kind, "x")),
        any_json().prop_map(Part::from),
    ]
}

fn content() -> impl Strategy<Value = Content> {
    prop_oneof![text().prop_map(Content::from), vec(part(), 0..4).prop_map(Content::from)]
}

fn tool() -> impl Strategy<Value = Tool> {
    prop_oneof![
        (text(), text(), any_json(), any::<bool>()).prop_map(|(name, words, schema, strict)| {
            Tool::function(name).description(words).parameters(schema).strict(strict)
        }),
        any_json().prop_map(|json| Tool::from(json).description("d").strict(true)),
    ]
}

fn message() -> impl Strategy<Value = Message> {
    let role = prop_oneof![
        Just(Role::System),
        Just(Role::Developer),
        Just(Role::User),
        Just(Role::Assistant),
        Just(Role::Tool),
        "[A-Z]{1,5}".prop_map(Role::Other),
    ];
    let call = prop_oneof![
        (text(), text(), text()).prop_map(|(id, name, text)| ToolCall::function(id, name, text)),
        any_json().prop_map(ToolCall::from),
    ];
    prop_oneof![
        (role, content()).prop_map(|(role, content)| Message::new(role, content)),
        (text(), content()).prop_map(|(id, content)| Message::tool(id, content)),
        (content(), vec(call, 0..3), text()).prop_map(|(content, calls, name)| {
            Message::assistant(content).with_tool_calls(calls).with_name(name)
        }),
    ]
}

/// A setter with a random argument.
fn setter<A: Clone + fmt::Debug + 'static>(
    argument: impl Strategy<Value = A> + 'static,
    set: fn(ChatRequest, A) -> ChatRequest,
) -> BoxedStrategy<Change> {
    let change = move |argument: A| Change {
        argument: format!("{argument:?}"),
        apply: Box::new(move |request| set(request, argument.clone())),
    };
    argument.prop_map(change).boxed()
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let format = prop_oneof![
        (text(), any_json()).prop_map(|(name, schema)| ResponseFormat::json_schema(name, schema)),
        any_json().prop_map(|json| ResponseFormat::from(json).description("d")),
    ];
    let choice =
        prop_oneof![text().prop_map(ToolChoice::function), any_json().prop_map(ToolChoice::from),];
    let one = proptest::strategy::Union::new([
        setter(message(), ChatRequest::message),
        setter(content(), ChatRequest::user),
        setter((text(), content()), |request: ChatRequest, (id, content)| {
            request.tool_result(id, content)
        }),
        setter(tool(), ChatRequest::tool),
        setter(choice, ChatRequest::tool_choice),
        setter(any::<bool>(), ChatRequest::parallel_tool_calls),
        setter(format, ChatRequest::response_format),
        setter(any::<f64>(), ChatRequest::temperature),
        setter(any::<f64>(), ChatRequest::top_p),
        setter((any::<u64>(), any::<f64>()), |request: ChatRequest, (token, bias)| {
            request.logit_bias(token, bias)
        }),
        setter(any::<u64>(), ChatRequest::n),
        setter(any::<u64>(), ChatRequest::max_completion_tokens),
        setter(text(), |request: ChatRequest, text| request.stop(text)),
        setter(any::<i64>(), ChatRequest::seed),
        setter(any::<bool>(), ChatRequest::logprobs),
        setter(any::<u64>(), ChatRequest::top_logprobs),
        setter(text(), |request: ChatRequest, text| request.reasoning_effort(text)),
        setter(content(), ChatRequest::prediction),
        setter(text(), |request: ChatRequest, text| request.service_tier(text)),
        setter((text(), text()), |request: ChatRequest, (key, value)| request.metadata(key, value)),
        setter(any::<bool>(), ChatRequest::store),
        setter(text(), |request: ChatRequest, text| request.end_user(text)),
        setter(
            ("x_[a-z]{0,6}", any_json()),
            |request: ChatRequest, (name, value): (String, Value)| request.param(name, value),
        ),
    ]);
    vec(one, 0..12)
}

proptest! {
    #[test]
    fn prop_chat_request_survives_json(model in text(), changes in changes()) {
        let apply = |request, change: &Change| (change.apply)(request);
        let request = changes.iter().fold(ChatRequest::new(model), apply);
        prop_assert_eq!(again(&request), request);
    }

    #[test]
    fn prop_message_survives_json(message in message()) {
        prop_assert_eq!(again(&message), message);
    }

    #[test]
    fn prop_embedding_request_survives_json(
        model in text(),
        texts in vec(text(), 0..4),
        tokens in vec(any::<u32>(), 0..4),
        dimensions in any::<u64>(),
        format in text(),
    ) {
        for input in [Input::from(texts), Input::from(tokens)] {
            let request = EmbeddingRequest::new(&model).input(input).dimensions(dimensions);
            let request = request.encoding_format(&format).end_user(&format).param("x", 1);
            prop_assert_eq!(again(&request), request);
        }
    }
}
