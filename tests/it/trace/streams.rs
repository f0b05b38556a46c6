//! Streams are told of as calls are: when they begin, why they failed, and what they came to.

use flow_sim::{Action, Dialect, Stream};
use flow_tests::{TestClient, TestStream as _, both};

use super::calls::{assert_tree, attempt, call};
use super::collect::collect;
use super::{client, sim};

both! {
    stream_that_was_read_is_a_call_and_an_attempt
    stream_that_breaks_off_is_a_failed_call
    stream_that_is_dropped_is_a_cancelled_call
    recovery_by_streaming_is_told
}

/// A short answer with ids that are known.
fn stream() -> Stream {
    let piece = |rest: &str| format!(r#"{{"id":"c-1","model":"gpt-4o-2024",{rest}}}"#);
    let usage = r#""choices":[],"usage":{"prompt_tokens":9,"completion_tokens":2}"#;
    Stream::new()
        .data(piece(r#""choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":null}]"#))
        .data(piece(r#""choices":[{"index":0,"delta":{},"finish_reason":"stop"}]"#))
        .data(piece(usage))
        .done()
}

fn streamed(stream: Stream) -> Action {
    Action::normal().stream(stream).header("x-request-id", "req_1")
}

const SUCCESS: &str = r#"gen_ai.response.id="c-1" gen_ai.response.model="gpt-4o-2024" gen_ai.response.finish_reasons=["stop"] gen_ai.usage.input_tokens=9 gen_ai.usage.output_tokens=2"#;

fn stream_that_was_read_is_a_call_and_an_attempt<C: TestClient>() {
    let sim = sim([streamed(stream())]);
    let client: C = client(sim.base_url());
    let (reply, told) = collect(|| {
        C::open(client.hello("gpt-4o").stream()).and_then(flow_tests::TestStream::into_reply)
    });
    assert_eq!(reply.unwrap().text(), "Hi");
    let (call, attempt) = (call(sim.base_url()), attempt(sim.base_url()));
    assert_tree(
        &told,
        &[
            format!("{call} flow.attempts=1 {SUCCESS}"),
            format!(
                r#"  {attempt} flow.streamed=true http.response.status_code=200 flow.request_id="req_1""#
            ),
        ],
    );
}

fn stream_that_breaks_off_is_a_failed_call<C: TestClient>() {
    let broken = Stream::new().deltas(1).error(Dialect::Nested, 503);
    let sim = sim([streamed(broken)]);
    let client: C = client(sim.base_url());
    let (error, told) =
        collect(|| C::open(client.hello("gpt-4o").stream()).unwrap().into_reply().unwrap_err());
    assert_eq!(error.attempts().len(), 1);
    let (call, attempt) = (call(sim.base_url()), attempt(sim.base_url()));
    assert_tree(
        &told,
        &[
            format!(
                r#"{call} error.type="service_unavailable" otel.status_code="ERROR" flow.attempts=1 flow.stopped_because="delivered""#
            ),
            format!(
                r#"  {attempt} flow.streamed=true http.response.status_code=200 flow.request_id="req_1" error.type="service_unavailable" otel.status_code="ERROR" flow.maybe_billed=true"#
            ),
            r#"  WARN message=the call failed flow.attempts=1 flow.code="service_unavailable" flow.maybe_billed=true flow.request_id="req_1" flow.stopped_because="delivered" flow.type="service_unavailable" error.type="service_unavailable" http.response.status_code=200"#.to_owned(),
        ],
    );
}

fn stream_that_is_dropped_is_a_cancelled_call<C: TestClient>() {
    let sim = sim([streamed(Stream::new().deltas(1).stall())]);
    let client: C = client(sim.base_url());
    let ((), told) = collect(|| {
        let mut stream = C::open(client.hello("gpt-4o").stream()).unwrap();
        stream.next().unwrap().unwrap();
    });
    let (call, attempt) = (call(sim.base_url()), attempt(sim.base_url()));
    assert_tree(
        &told,
        &[
            format!(
                r#"{call} error.type="cancelled" otel.status_code="ERROR" flow.attempts=1 flow.stopped_because="cancelled""#
            ),
            format!(
                r#"  {attempt} flow.streamed=true error.type="cancelled" otel.status_code="ERROR" flow.maybe_billed=true"#
            ),
        ],
    );
}

fn recovery_by_streaming_is_told<C: TestClient>() {
    let slow = Action::row(504).header("x-request-id", "req_0");
    let sim = sim([slow, streamed(stream())]);
    let client: C = client(sim.base_url());
    let (reply, told) = collect(|| C::wait(client.hello("gpt-4o").send()));
    let reply = reply.unwrap();
    let wait = reply.attempts().iter().next().unwrap().wait().unwrap().as_millis();
    let (call, attempt) = (call(sim.base_url()), attempt(sim.base_url()));
    assert_tree(
        &told,
        &[
            format!("{call} flow.attempts=2 {SUCCESS}"),
            format!(
                r#"  {attempt} http.response.status_code=504 flow.request_id="req_0" error.type="gateway_timeout" otel.status_code="ERROR" flow.maybe_billed=true"#
            ),
            format!(
                r#"  INFO message=the attempt failed and will be repeated flow.attempt=1 flow.request_id="req_0" flow.wait_ms={wait} flow.wait_reason="backoff" error.type="gateway_timeout" http.response.status_code=504"#
            ),
            format!(
                r#"  {attempt} http.request.resend_count=1 flow.streamed=true http.response.status_code=200 flow.request_id="req_1""#
            ),
        ],
    );
}
