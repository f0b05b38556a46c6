//! One span a call, one an attempt, retries and the final failure as events.

use std::sync::Arc;
use std::time::Duration;

use flow_api::{Chat, ChatRequest, Get, Models, Post};
use flow_blocking::CancelToken;
use flow_errors::{Kind, RetryPolicy};
use flow_sim::{Action, Sim};
use flow_tests::{TestClient, both};
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio::sync::Notify;

use super::collect::{Collected, collect};
use super::{answer, client, sim, twice};

both! {
    success_is_a_call_and_an_attempt
    refusal_with_a_hint_is_waited_out_and_told
    overloaded_model_gives_way_to_the_next
    outage_that_lasts_is_a_failed_call
    nobody_there_is_a_failed_call_without_replies
    what_is_not_asked_of_a_model_has_no_names_of_models
    requests_and_replies_of_the_callers_own_types_are_known_as_well
    call_that_is_refused_before_it_is_sent_has_no_span
}

const SOON: Duration = Duration::from_secs(20);

/// How the span of a chat call begins.
pub(super) fn call(sim: &str) -> String {
    let address = address(sim);
    format!(
        r#"INFO flow.call otel.name="chat gpt-4o" otel.kind="client" {address} gen_ai.operation.name="chat" gen_ai.provider.name="openai" gen_ai.request.model="gpt-4o""#
    )
}

/// How the span of the first attempt of a chat call begins.
pub(super) fn attempt(sim: &str) -> String {
    attempt_to(sim, "gpt-4o")
}

/// How the span of an attempt to a model begins.
fn attempt_to(sim: &str, model: &str) -> String {
    let address = address(sim);
    format!(
        r#"INFO flow.attempt otel.name="POST" otel.kind="client" {address} url.full="{sim}/chat/completions" http.request.method="POST" gen_ai.request.model="{model}""#
    )
}

fn address(base_url: &str) -> String {
    let port = base_url.rsplit(':').next().unwrap().trim_end_matches("/v1");
    format!(r#"server.address="127.0.0.1" server.port={port}"#)
}

pub(super) fn assert_tree(collected: &Collected, lines: &[String]) {
    let tree = collected.tree();
    let lines = lines.join("\n");
    assert_eq!(tree.trim_end(), lines, "\n--- told\n{tree}\n--- wanted\n{lines}\n");
}

fn success_is_a_call_and_an_attempt<C: TestClient>() {
    let sim = sim([answer("req_1")]);
    let client: C = client(sim.base_url());
    let request = ChatRequest::new("gpt-4o").user("Hello").temperature(0.5).max_tokens(7).n(2);
    let (reply, told) = collect(|| C::wait(Chat::new(&client, request.seed(-3)).send()));
    assert_eq!(reply.unwrap().text(), "Hi");
    let (call, attempt) = (call(sim.base_url()), attempt(sim.base_url()));
    assert_tree(
        &told,
        &[
            format!(
                r#"{call} gen_ai.request.temperature=0.5 gen_ai.request.max_tokens=7 gen_ai.request.seed=-3 gen_ai.request.choice.count=2 flow.attempts=1 gen_ai.response.id="c-1" gen_ai.response.model="gpt-4o-2024" gen_ai.response.finish_reasons=["stop"] gen_ai.usage.input_tokens=9 gen_ai.usage.output_tokens=2"#
            ),
            format!(r#"  {attempt} http.response.status_code=200 flow.request_id="req_1""#),
        ],
    );
}

fn refusal_with_a_hint_is_waited_out_and_told<C: TestClient>() {
    let refusal = Action::row(429).header("retry-after", "2").header("x-request-id", "req_1");
    let sim = sim([refusal, answer("req_2")]);
    let client: C = client(sim.base_url());
    let (reply, told) = collect(|| C::wait(client.hello("gpt-4o").send()));
    let reply = reply.unwrap();
    let wait = reply.attempts().iter().next().unwrap().wait().unwrap();
    assert!(wait >= Duration::from_secs(2), "{wait:?}");
    let (call, attempt, wait) = (call(sim.base_url()), attempt(sim.base_url()), wait.as_millis());
    assert_tree(
        &told,
        &[
            format!(
                r#"{call} flow.attempts=2 gen_ai.response.id="c-1" gen_ai.response.model="gpt-4o-2024" gen_ai.response.finish_reasons=["stop"] gen_ai.usage.input_tokens=9 gen_ai.usage.output_tokens=2"#
            ),
            format!(
                r#"  {attempt} http.response.status_code=429 flow.request_id="req_1" error.type="rate_limit" otel.status_code="ERROR" flow.maybe_billed=false"#
            ),
            format!(
                r#"  INFO message=the attempt failed and will be repeated flow.attempt=1 flow.request_id="req_1" flow.wait_ms={wait} flow.wait_reason="hint" error.type="rate_limit" http.response.status_code=429"#
            ),
            format!(
                r#"  {attempt} http.request.resend_count=1 http.response.status_code=200 flow.request_id="req_2""#
            ),
        ],
    );
}

fn overloaded_model_gives_way_to_the_next<C: TestClient>() {
    let sim = sim([Action::row(503).header("x-request-id", "req_1"), answer("req_2")]);
    let client: C = client(sim.base_url());
    let call = client.hello("gpt-4o").fallback_models(["other\n"]);
    let (reply, told) = collect(|| C::wait(call.send()));
    assert_eq!(reply.unwrap().asked_model(), Some("other\n"));
    let (call, attempt) = (self::call(sim.base_url()), attempt(sim.base_url()));
    let second = attempt_to(sim.base_url(), r"other\\n");
    assert_tree(
        &told,
        &[
            format!(
                r#"{call} flow.attempts=2 gen_ai.response.id="c-1" gen_ai.response.model="gpt-4o-2024" gen_ai.response.finish_reasons=["stop"] gen_ai.usage.input_tokens=9 gen_ai.usage.output_tokens=2"#
            ),
            format!(
                r#"  {attempt} http.response.status_code=503 flow.request_id="req_1" error.type="service_unavailable" otel.status_code="ERROR" flow.maybe_billed=false"#
            ),
            r#"  INFO message=the attempt failed and another model is asked flow.attempt=1 flow.next_model="other\\n" flow.request_id="req_1" flow.wait_ms=0 flow.wait_reason="switch" error.type="service_unavailable" http.response.status_code=503"#.to_owned(),
            format!(
                r#"  {second} http.request.resend_count=1 http.response.status_code=200 flow.request_id="req_2""#
            ),
        ],
    );
}

fn outage_that_lasts_is_a_failed_call<C: TestClient>() {
    let sim = sim(["req_1", "req_2"].map(|id| Action::row(503).header("x-request-id", id)));
    let client: C = client(sim.base_url());
    let (result, told) = collect(|| C::wait(client.hello("gpt-4o").retry(twice()).send()));
    let error = result.unwrap_err();
    let wait = error.attempts().iter().next().unwrap().wait().unwrap().as_millis();
    let (call, attempt) = (call(sim.base_url()), attempt(sim.base_url()));
    assert_tree(
        &told,
        &[
            format!(
                r#"{call} error.type="service_unavailable" otel.status_code="ERROR" flow.attempts=2 flow.stopped_because="max_attempts""#
            ),
            format!(
                r#"  {attempt} http.response.status_code=503 flow.request_id="req_1" error.type="service_unavailable" otel.status_code="ERROR" flow.maybe_billed=false"#
            ),
            format!(
                r#"  INFO message=the attempt failed and will be repeated flow.attempt=1 flow.request_id="req_1" flow.wait_ms={wait} flow.wait_reason="backoff" error.type="service_unavailable" http.response.status_code=503"#
            ),
            format!(
                r#"  {attempt} http.request.resend_count=1 http.response.status_code=503 flow.request_id="req_2" error.type="service_unavailable" otel.status_code="ERROR" flow.maybe_billed=false"#
            ),
            r#"  WARN message=the call failed flow.attempts=2 flow.code="service_unavailable" flow.maybe_billed=false flow.request_id="req_2" flow.stopped_because="max_attempts" flow.type="service_unavailable" error.type="service_unavailable" http.response.status_code=503"#.to_owned(),
        ],
    );
}

fn nobody_there_is_a_failed_call_without_replies<C: TestClient>() {
    let base_url = format!("http://{}/v1", flow_loopback::closed());
    let client: C = client(&base_url);
    let once = RetryPolicy::none();
    let (result, told) = collect(|| C::wait(client.hello("gpt-4o").retry(once).send()));
    assert_eq!(result.unwrap_err().kind(), Kind::Connect);
    let (call, attempt) = (call(&base_url), attempt(&base_url));
    assert_tree(
        &told,
        &[
            format!(
                r#"{call} error.type="connect" otel.status_code="ERROR" flow.attempts=1 flow.stopped_because="max_attempts""#
            ),
            format!(
                r#"  {attempt} error.type="connect" otel.status_code="ERROR" flow.maybe_billed=false"#
            ),
            r#"  WARN message=the call failed flow.attempts=1 flow.maybe_billed=false flow.stopped_because="max_attempts" error.type="connect""#.to_owned(),
        ],
    );
}

fn what_is_not_asked_of_a_model_has_no_names_of_models<C: TestClient>() {
    let sim = sim([]);
    let client: C = client(sim.base_url());
    let address = address(sim.base_url());
    let (listed, told) = collect(|| C::wait(Models::new(&client).list()));
    let id = listed.unwrap().request_id().unwrap().to_owned();
    let attempt = |path: &str| {
        format!(
            r#"  INFO flow.attempt otel.name="GET" otel.kind="client" {address} url.full="{}{path}" http.request.method="GET" http.response.status_code=200"#,
            sim.base_url()
        )
    };
    assert_tree(
        &told,
        &[
            format!(
                r#"INFO flow.call otel.name="GET /models" otel.kind="client" {address} flow.attempts=1"#
            ),
            format!(r#"{} flow.request_id="{id}""#, attempt("/models")),
        ],
    );
    let get = Get::new(&client, "/models/gpt-4o?note=hush");
    let (got, told) = collect(|| C::wait(get.send::<Value>()));
    let id = got.unwrap().request_id().unwrap().to_owned();
    assert_tree(
        &told,
        &[
            format!(
                r#"INFO flow.call otel.name="GET" otel.kind="client" {address} flow.attempts=1"#
            ),
            format!(r#"{} flow.request_id="{id}""#, attempt("/models/gpt-4o")),
        ],
    );
}

fn requests_and_replies_of_the_callers_own_types_are_known_as_well<C: TestClient>() {
    let reply = json!({ "model": "e-1", "data": [], "usage": { "prompt_tokens": 4 } });
    let sim = sim([Action::status(200).json(&reply).header("x-request-id", "req_1")]);
    let client: C = client(sim.base_url());
    let post = Post::new(&client, "/embeddings").json(&json!({ "model": "e", "input": "Hello" }));
    let (reply, told) = collect(|| C::wait(post.send::<Value>()));
    assert_eq!(reply.unwrap()["model"], "e-1");
    let address = address(sim.base_url());
    let base_url = sim.base_url();
    assert_tree(
        &told,
        &[
            format!(
                r#"INFO flow.call otel.name="embeddings" otel.kind="client" {address} gen_ai.operation.name="embeddings" gen_ai.provider.name="openai" gen_ai.request.model="e" flow.attempts=1 gen_ai.response.model="e-1" gen_ai.usage.input_tokens=4"#
            ),
            format!(
                r#"  INFO flow.attempt otel.name="POST" otel.kind="client" {address} url.full="{base_url}/embeddings" http.request.method="POST" http.response.status_code=200 flow.request_id="req_1""#
            ),
        ],
    );
}

fn call_that_is_refused_before_it_is_sent_has_no_span<C: TestClient>() {
    let client: C = client("http://127.0.0.1:9/v1");
    let (result, told) = collect(|| C::wait(client.hello("gpt-4o").temperature(9.0).send()));
    assert_eq!(result.unwrap_err().kind(), Kind::InvalidInput);
    assert_eq!(told.tree(), "");
}

/// A runtime that polls where the test's subscriber is.
fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// The tree of a call that its caller ends during the first attempt.
fn ended_attempt(sim: &Sim) -> [String; 2] {
    let (call, attempt) = (call(sim.base_url()), attempt(sim.base_url()));
    [
        format!(
            r#"{call} error.type="cancelled" otel.status_code="ERROR" flow.attempts=1 flow.stopped_because="cancelled""#
        ),
        format!(
            r#"  {attempt} error.type="cancelled" otel.status_code="ERROR" flow.maybe_billed=true"#
        ),
    ]
}

#[test]
fn dropped_future_closes_its_spans_as_cancelled() {
    let sim = Arc::new(sim([Action::normal().hang()]));
    let client: flow_async::Client = client(sim.base_url());
    let call = client.chat("gpt-4o").user("Hello").send();
    let server = sim.clone();
    let ((), told) = collect(|| {
        runtime().block_on(async {
            let sent = tokio::task::spawn_blocking(move || server.wait_for_requests(1, SOON));
            tokio::select! {
                _ = call => panic!("there was to be no answer"),
                sent = sent => assert!(sent.unwrap()),
            }
        });
    });
    assert_tree(&told, &ended_attempt(&sim));
}

#[test]
fn cancelled_token_closes_the_spans_of_its_call_as_cancelled() {
    let sim = sim([Action::normal().hang()]);
    let token = CancelToken::new();
    let client: flow_blocking::Client = client(sim.base_url());
    let client = client.with_cancel_token(&token);
    let (result, told) = std::thread::scope(|scope| {
        scope.spawn(|| {
            assert!(sim.wait_for_requests(1, SOON));
            token.cancel();
        });
        collect(|| client.chat("gpt-4o").user("Hello").send())
    });
    assert_eq!(result.unwrap_err().kind(), Kind::Cancelled);
    assert_tree(&told, &ended_attempt(&sim));
}

/// The tree of a call that its caller ends while it waits for its second attempt.
fn ended_wait(sim: &Sim) -> [String; 3] {
    let (call, attempt) = (call(sim.base_url()), attempt(sim.base_url()));
    [
        format!(
            r#"{call} error.type="cancelled" otel.status_code="ERROR" flow.attempts=1 flow.stopped_because="cancelled""#
        ),
        format!(
            r#"  {attempt} http.response.status_code=503 flow.request_id="req_1" error.type="service_unavailable" otel.status_code="ERROR" flow.maybe_billed=false"#
        ),
        r#"  INFO message=the attempt failed and will be repeated flow.attempt=1 flow.request_id="req_1" flow.wait_ms=60000 flow.wait_reason="hint" error.type="service_unavailable" http.response.status_code=503"#.to_owned(),
    ]
}

/// Asks to be left alone for a minute.
fn busy() -> Action {
    Action::row(503).header("retry-after", "60").header("x-request-id", "req_1")
}

#[test]
fn future_dropped_during_a_wait_closes_the_span_of_its_call_as_cancelled() {
    let sim = sim([busy()]);
    let builder = flow_async::Client::builder().api_key("sk-test").base_url(sim.base_url());
    let client = builder.no_proxy().build().unwrap();
    let waits = Arc::new(Notify::new());
    let notify = waits.clone();
    let call = client.hello("gpt-4o").on_attempt(move |_| notify.notify_one()).send();
    let ((), told) = collect(|| {
        runtime().block_on(async {
            tokio::select! {
                _ = call => panic!("the call was to wait for a minute"),
                () = waits.notified() => {}
            }
        });
    });
    assert_wait(&told, &ended_wait(&sim));
}

#[test]
fn token_cancelled_during_a_wait_closes_the_span_of_its_call_as_cancelled() {
    let sim = sim([busy()]);
    let token = CancelToken::new();
    let builder = flow_blocking::Client::builder().api_key("sk-test").base_url(sim.base_url());
    let client = builder.no_proxy().build().unwrap().with_cancel_token(&token);
    let cancel = token.clone();
    let call = client.hello("gpt-4o").on_attempt(move |_| cancel.cancel());
    let (result, told) = collect(|| call.send());
    assert_eq!(result.unwrap_err().kind(), Kind::Cancelled);
    assert_wait(&told, &ended_wait(&sim));
}

/// As [`assert_tree`], with a clock that moves: the jitter on top of the minute is left out.
fn assert_wait(collected: &Collected, lines: &[String]) {
    let tree = collected.tree();
    let (before, after) = tree.split_once("flow.wait_ms=").unwrap();
    let (wait, after) = after.split_once(' ').unwrap();
    assert!((60_000..=65_000).contains(&wait.parse::<u64>().unwrap()), "{wait}");
    let tree = format!("{before}flow.wait_ms=60000 {after}");
    assert_eq!(tree.trim_end(), lines.join("\n"));
}
