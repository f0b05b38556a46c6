//! What people send today, through both clients: parts, tools, formats, embeddings, mistyped models.

use flow_api::chat::{Part, ResponseFormat, Tool, ToolChoice};
use flow_api::embeddings::{Embedding, EmbeddingList, Embeddings};
use flow_api::{Chat, ChatRequest, ClientBuilder, Get, Message, Models, Post};
use flow_errors::{Kind, RetryPolicy};
use flow_sim::{Action, Sim};
use flow_tests::{TestClient, both};
use serde::Deserialize;
use serde_json::{Value, json};

both! {
    tool_call_makes_a_round_trip
    message_of_a_reply_is_sent_back_as_it_came
    content_in_parts_reaches_the_service
    answers_have_the_form_that_was_asked_for
    fields_of_other_types_do_not_cost_the_reply
    embeddings_are_read_as_numbers_and_as_base64
    embeddings_that_cannot_be_used_are_refused
    embeddings_that_would_be_refused_are_not_sent
    nearest_models_are_found
    unknown_models_are_told_from_unknown_paths
    checks_refuse_what_the_service_refuses
    numbers_that_cannot_be_sent_are_not_left_out
}

#[derive(Debug, Deserialize, PartialEq)]
struct Place {
    city: String,
    days: u8,
}

fn client<C: TestClient>(base_url: &str) -> C {
    ClientBuilder::new().api_key("sk-test").base_url(base_url).build().unwrap()
}

fn weather() -> Tool {
    Tool::function("get_weather").description("Tells the weather of a city.").parameters(json!({
        "type": "object",
        "properties": { "city": { "type": "string" }, "days": { "type": "integer", "minimum": 3 } },
        "required": ["city", "days"],
    }))
}

/// The JSON of the last request that the server saw.
fn sent(sim: &Sim) -> Value {
    serde_json::from_slice(&sim.log().last().unwrap().body).unwrap()
}

fn tool_call_makes_a_round_trip<C: TestClient>() {
    let sim = Sim::start().unwrap();
    let client: C = client(sim.base_url());
    let request = ChatRequest::new("gpt-4o").user("How is the weather?").tool(weather());
    let request = request.tool_choice(ToolChoice::function("get_weather"));
    let reply = C::wait(Chat::new(&client, request.clone()).send()).unwrap();
    let [call] = reply.tool_calls() else { panic!("{reply:?}") };
    assert_eq!((call.name(), call.kind(), reply.text()), ("get_weather", "function", ""));
    assert_eq!(call.parse::<Place>().unwrap(), Place { city: "sim".to_owned(), days: 3 });
    let error = call.parse::<Vec<u8>>().unwrap_err();
    assert!(error.to_string().contains("the call of `get_weather`: invalid type, expected"));

    let next = request.messages(reply.message().cloned()).tool_result(call.id(), "sunny");
    let reply = C::wait(Chat::new(&client, next).send()).unwrap();
    assert!(!reply.text().is_empty() && reply.tool_calls().is_empty());
    let messages = &sent(&sim)["messages"];
    assert_eq!(messages[1]["tool_calls"][0], *call.as_value());
    assert_eq!(
        messages[2],
        json!({ "role": "tool", "content": "sunny", "tool_call_id": call.id() })
    );
}

fn message_of_a_reply_is_sent_back_as_it_came<C: TestClient>() {
    let message = json!({
        "role": "assistant", "content": [{ "type": "thinking", "thinking": "hm" }, { "type": "text", "text": "Hi" }],
        "refusal": null, "reasoning_content": "hm", "annotations": [], "audio": null,
        "tool_calls": [
            { "id": "c1", "type": "function", "index": 0, "function": { "name": "f", "arguments": "{ \"a\": 1.0 }" } },
            { "id": "c2", "type": "custom", "custom": { "name": "g", "input": "x" } },
            { "extra_content": { "google": { "thought_signature": "s" } } },
        ],
        "vendor": { "number": 1.5e300, "list": [null, -0.0] },
    });
    let reply = json!({ "choices": [{ "message": message }] });
    let sim = Sim::builder().script([Action::status(200).json(&reply)]).start().unwrap();
    let client: C = client(sim.base_url());
    let reply = C::wait(client.hello("m").send()).unwrap();
    let ids: Vec<_> = reply.tool_calls().iter().map(flow_api::chat::ToolCall::id).collect();
    assert_eq!((reply.text(), ids), ("Hi", vec!["c1", "c2", ""]));
    let call = client.hello("m").messages(reply.message().cloned());
    C::wait(call.tool_result("c1", "1").tool_result("c2", [Part::text("2")]).send()).unwrap();
    assert_eq!(sent(&sim)["messages"][1], message);
}

fn content_in_parts_reaches_the_service<C: TestClient>() {
    let sim = Sim::start().unwrap();
    let client: C = client(sim.base_url());
    let parts = [
        Part::text("What is this?"),
        Part::image_url("https://example.com/cat.png").detail("low"),
        Part::image("image/png", b"\x89PNG"),
        Part::audio("wav", b"RIFF"),
        Part::file("a.pdf", "application/pdf", b"%PDF"),
    ];
    let call = Chat::new(&client, "gpt-4o").user(parts.clone()).message(Message::developer("Hi"));
    C::wait(call.send()).unwrap();
    let content = &sent(&sim)["messages"][0]["content"];
    for (index, part) in parts.iter().enumerate() {
        assert_eq!(content[index], *part.as_value());
    }
    assert_eq!(content[3]["input_audio"], json!({ "data": "UklGRg==", "format": "wav" }));
}

fn answers_have_the_form_that_was_asked_for<C: TestClient>() {
    let sim = Sim::start().unwrap();
    let client: C = client(sim.base_url());
    let schema = json!({ "type": "object", "required": ["ok"], "properties": { "ok": { "type": "boolean" } } });
    let format = ResponseFormat::json_schema("answer", schema).strict(true);
    let reply = C::wait(client.hello("m").response_format(format).send()).unwrap();
    assert_eq!(serde_json::from_str::<Value>(reply.text()).unwrap(), json!({ "ok": true }));
    let call = client.hello("m").response_format(ResponseFormat::json_object());
    let reply = C::wait(call.send()).unwrap();
    assert!(serde_json::from_str::<Value>(reply.text()).unwrap().is_object());

    let call = client.hello("m").n(2).logprobs(true).top_logprobs(2).service_tier("flex").seed(7);
    let reply = C::wait(call.send()).unwrap();
    assert_eq!((reply.choices().len(), reply.choices()[1].index()), (2, Some(1)));
    for choice in reply.choices() {
        let text: String = choice.logprobs().map(|token| token.token().to_owned()).collect();
        assert_eq!(Some(&*text), choice.message().unwrap().text());
        assert!(choice.logprobs().all(
            |token| token.top().next() == token.top().find(|top| top.token() == token.token())
        ));
        assert!(
            choice.logprobs().all(|token| token.logprob() <= Some(0.0) && token.top().count() == 2)
        );
    }
    assert_eq!(
        (reply.service_tier(), reply.system_fingerprint()),
        (Some("flex"), Some("fp_flow_sim"))
    );
    assert!(reply.created().is_some() && reply.usage().unwrap().total_tokens() > 12);
}

fn fields_of_other_types_do_not_cost_the_reply<C: TestClient>() {
    let reply = json!({
        "id": 7, "created": "today", "service_tier": 1, "system_fingerprint": null, "usage": [],
        "choices": [{ "index": "0", "finish_reason": 1, "logprobs": "none", "message": {
            "role": null, "content": "Hi", "tool_calls": [null, "x", { "id": 1, "function": [] }],
            "refusal": false, "annotations": {}, "reasoning": 7,
        } }],
    });
    let sim = Sim::builder().script([Action::status(200).json(&reply)]).start().unwrap();
    let client: C = client(sim.base_url());
    let got = C::wait(client.hello("m").send()).unwrap();
    assert_eq!((got.text(), got.tool_calls().len(), got.tool_calls()[2].name()), ("Hi", 3, ""));
    assert_eq!(
        (got.created(), got.service_tier(), got.choices()[0].logprobs().count()),
        (None, None, 0)
    );
    assert_eq!(serde_json::to_value(&*got).unwrap(), reply);
}

fn embeddings_are_read_as_numbers_and_as_base64<C: TestClient>() {
    let sim = Sim::start().unwrap();
    let client: C = client(sim.base_url());
    let call = || Embeddings::new(&client, "text-embedding-3-small").input(["one", "two"]);
    let numbers = C::wait(call().dimensions(5).send()).unwrap();
    let base64 =
        C::wait(call().dimensions(5).encoding_format("base64").end_user("u").send()).unwrap();
    assert_eq!(sent(&sim)["user"], "u");
    assert_eq!((numbers.data().len(), numbers.model()), (2, Some("text-embedding-3-small")));
    for (one, other) in numbers.data().iter().zip(base64.data()) {
        assert_eq!((one.vector(), one.index()), (other.vector(), other.index()));
        let length: f32 = one.vector().iter().map(|number| number * number).sum();
        assert!(one.vector().len() == 5 && (length - 1.0).abs() < 1e-5, "{one:?}");
    }
    assert_ne!(numbers.data()[0].vector(), numbers.data()[1].vector());
    assert!(numbers.usage().unwrap().total_tokens() > 0 && numbers.request_id().is_some());
    let tokens = C::wait(Embeddings::new(&client, "e").input([1_u32, 2, 3]).send()).unwrap();
    assert_eq!(tokens.data().len(), 1);
    let error = C::wait(Embeddings::new(&client, "sim-401").input("x").send()).unwrap_err();
    assert_eq!(
        (error.kind(), error.operation().unwrap().model()),
        (Kind::InvalidApiKey, Some("sim-401"))
    );
}

fn embeddings_that_cannot_be_used_are_refused<C: TestClient>() {
    let broken = json!({ "data": [
        { "index": 1, "embedding": [0.1, null] }, { "index": 0, "embedding": [0.5] },
    ] });
    let few = json!({ "data": [{ "index": 0, "embedding": [0.5] }] });
    let none = json!({ "data": [] });
    let mixed_up = json!({ "data": [
        { "index": 1, "embedding": [1.5] }, { "index": 0, "embedding": [0.5] },
    ] });
    let actions = [&broken, &broken, &few, &none, &none, &mixed_up];
    let actions = actions.map(|reply| Action::status(200).json(reply));
    let sim = Sim::builder().script(actions).start().unwrap();
    let client: C = client(sim.base_url());
    let call = || Embeddings::new(&client, "e").input(["one", "two"]);
    let post = || Post::new(&client, "/embeddings").json(&json!({ "input": ["one", "two"] }));

    let flaw = "data[0].embedding of index 1 cannot be read: entry 1 is no number";
    for (error, reply, want) in [
        (C::wait(call().send()).unwrap_err(), &broken, flaw),
        (C::wait(post().send::<EmbeddingList>()).unwrap_err(), &broken, flaw),
        (C::wait(call().send()).unwrap_err(), &few, "embeddings came: 1, inputs were sent: 2"),
        (C::wait(call().send()).unwrap_err(), &none, "embeddings came: 0, inputs were sent: 2"),
    ] {
        assert_eq!((error.kind(), error.message()), (Kind::Decode, want));
        assert_eq!(error.attempts().len(), 1);
        let body: Value = serde_json::from_slice(error.body()).unwrap();
        assert_eq!(body, *reply);
    }
    // What a body of the caller's own asks for is not known.
    assert_eq!(C::wait(post().send::<EmbeddingList>()).unwrap().data(), []);
    let list = C::wait(call().send()).unwrap();
    let vectors: Vec<_> = list.data().iter().map(Embedding::vector).collect();
    assert_eq!(vectors, [[0.5], [1.5]]);
}

fn embeddings_that_would_be_refused_are_not_sent<C: TestClient>() {
    let sim = Sim::start().unwrap();
    let client: C = client(sim.base_url());
    let call = || Embeddings::new(&client, "e");
    for (call, param) in [
        (call(), "input"),
        (call().input(""), "input"),
        (call().input(["a", ""]), "input"),
        (call().input("a").dimensions(0), "dimensions"),
        (call().input("a").param("input", ""), "input"),
        (call().input("a").param("model", "f"), "model"),
    ] {
        let error = C::wait(call.send()).unwrap_err();
        assert_eq!((error.kind(), error.param()), (Kind::InvalidInput, Some(param)));
        assert!(
            error.to_string().contains("POST /embeddings, model e") && error.attempts().is_empty(),
            "{error}"
        );
    }
    assert!(sim.log().is_empty());
}

fn nearest_models_are_found<C: TestClient>() {
    let sim = Sim::start().unwrap();
    let client: C = client(sim.base_url());
    let near = C::wait(Models::new(&client).closest("gpt-4p")).unwrap();
    assert_eq!(*near, ["gpt-4o", "gpt-4o-mini"]);
    assert_eq!((near.attempts().len(), &*sim.log()[0].path), (1, "/v1/models"));
    assert_eq!(sim.log().len(), 1);
    let near = C::wait(Models::new(&client).closest("banana")).unwrap();
    assert!(near.is_empty());
    sim.set_script([Action::row(403)]).unwrap();
    let error = C::wait(Models::new(&client).closest("gpt-4p")).unwrap_err();
    assert_eq!((error.kind(), error.attempts().len()), (Kind::Permission, 1));
}

fn unknown_models_are_told_from_unknown_paths<C: TestClient>() {
    let sim = Sim::start().unwrap();
    let client: C = client(sim.base_url());
    let lost: C = self::client(&format!("{}/nowhere", sim.base_url()));
    let page = "Verify the model ID and request path";
    let offer =
        |model: &str| format!("{page}; models().closest(\"{model}\") lists the nearest ids");
    #[rustfmt::skip]
    let cases = [
        ("unknown model",   C::wait(client.hello("sim-nonsense").send()).unwrap_err(),                          offer("sim-nonsense")),
        ("the page's row",  C::wait(client.hello("sim-404").send()).unwrap_err(),                               offer("sim-404")),
        ("embeddings",      C::wait(Embeddings::new(&client, "sim-none").input("x").send()).unwrap_err(),       offer("sim-none")),
        ("wrong base URL",  C::wait(lost.hello("gpt-4p").send()).unwrap_err(),                                  page.to_owned()),
        ("unknown path",    C::wait(Get::new(&client, "/nowhere").send::<Value>()).unwrap_err(),                page.to_owned()),
        ("model by path",   C::wait(Get::new(&client, "/models/sim-none").send::<Value>()).unwrap_err(),        format!("{page}; models().list() lists the ids")),
    ];
    for (name, error, want) in cases {
        assert_eq!((error.kind(), &*error.recommendation()), (Kind::NotFound, &*want), "{name}");
        assert!(error.to_string().ends_with(&want), "{name}: {error}");
    }
    assert_eq!(sim.log().len(), 6);
}

/// What the clients refuse must be what the service refuses: sent all the same, it is a 400.
fn checks_refuse_what_the_service_refuses<C: TestClient>() {
    let sim = Sim::start().unwrap();
    let client: C = client(sim.base_url());
    let hello = || ChatRequest::new("m").user("Hello");
    #[rustfmt::skip]
    let requests = [
        ("temperature",     hello().temperature(2.5)),
        ("n",               hello().n(0)),
        ("top_logprobs",    hello().top_logprobs(1)),
        ("top_logprobs",    hello().logprobs(true).top_logprobs(21)),
        ("logit_bias",      hello().logit_bias(7, -101.0)),
        ("tools",           hello().tool(Tool::function(""))),
        ("tool_choice",     hello().tool(weather()).tool_choice(ToolChoice::function("other"))),
        ("tool_choice",     hello().tool_choice(ToolChoice::required())),
        ("tools",           hello().tool(Tool::function("f").parameters("city"))),
        ("response_format", hello().response_format(ResponseFormat::json_schema("", json!({})))),
        ("response_format", hello().response_format(ResponseFormat::json_schema("n", json!([])))),
        ("messages",        hello().tool_result("", "x")),
    ];
    for (param, request) in requests {
        let error = C::wait(Chat::new(&client, request.clone()).send()).unwrap_err();
        assert_eq!((error.kind(), error.param()), (Kind::InvalidInput, Some(param)));
        assert!(sim.log().is_empty());
        let call = Post::new(&client, "/chat/completions").json(&request);
        let error = C::wait(call.retry(RetryPolicy::none()).send::<Value>()).unwrap_err();
        assert_eq!((error.kind(), error.param()), (Kind::InvalidRequest, Some(param)));
        sim.clear_log();
    }
}

/// A value that JSON does not have must not be left out in silence.
fn numbers_that_cannot_be_sent_are_not_left_out<C: TestClient>() {
    let sim = Sim::start().unwrap();
    let client: C = client(sim.base_url());
    let request = ChatRequest::new("m").user("Hello").temperature(f64::NAN);
    let call = Post::new(&client, "/chat/completions").json(&request);
    let error = C::wait(call.send::<Value>()).unwrap_err();
    assert_eq!(error.kind(), Kind::InvalidInput);
    assert!(error.message().contains("cannot be written as JSON"), "{error}");
    assert!(sim.log().is_empty());
}
