//! Whose span is current when: the caller's around the call, the attempt's around its transport.

use std::env;
use std::process::Command;
use std::sync::Arc;

use bytes::Bytes;
use flow_api::ChatRequest;
use flow_api::client::InFlight;
use flow_blocking::CancelToken;
use flow_errors::Result;
use flow_tests::{TestClient, both};
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use tracing::Instrument as _;

use super::collect::{collect, collect_everywhere};

both! {
    hooks_and_transports_find_themselves_in_the_spans_of_their_call
    calls_of_a_batch_are_below_the_span_that_began_it
}

const REPLY: &str = r#"{"choices":[{"message":{"role":"assistant","content":"Hi"}}]}"#;

/// A transport that says where it is.
struct Saying;

#[async_trait::async_trait]
impl flow_async::Transport for Saying {
    async fn send(
        &self,
        _: Request<Bytes>,
        in_flight: &InFlight,
    ) -> Result<Response<flow_async::ReplyBody>> {
        in_flight.mark_sent();
        tracing::debug!(target: "user", "sent");
        tokio::task::yield_now().await;
        tracing::debug!(target: "user", "answered");
        let body = Full::from(REPLY);
        Ok(Response::new(body.map_err(|never| match never {}).boxed_unsync()))
    }
}

impl flow_blocking::Transport for Saying {
    fn send(
        &self,
        _: Request<Bytes>,
        in_flight: &InFlight,
        _: &CancelToken,
    ) -> Result<Response<flow_blocking::ReplyBody>> {
        in_flight.mark_sent();
        tracing::debug!(target: "user", "sent");
        tracing::debug!(target: "user", "answered");
        Ok(Response::new(Box::new(REPLY.as_bytes())))
    }
}

/// A client whose transport says where it is.
trait Say: TestClient {
    fn saying() -> Self;
}

impl Say for flow_async::Client {
    fn saying() -> Self {
        Self::builder().api_key("sk-test").transport(Arc::new(Saying)).build().unwrap()
    }
}

impl Say for flow_blocking::Client {
    fn saying() -> Self {
        Self::builder().api_key("sk-test").transport(Arc::new(Saying)).build().unwrap()
    }
}

/// The names in a tree, without the fields.
fn outline(tree: &str) -> String {
    let shorten = |line: &str| {
        let end = line.find(" otel.name").unwrap_or(line.len());
        format!("{}\n", &line[..end])
    };
    tree.lines().map(shorten).collect()
}

fn hooks_and_transports_find_themselves_in_the_spans_of_their_call<C: Say>() {
    let client = C::saying();
    let call = client.hello("gpt-4o").on_attempt(|_| tracing::debug!(target: "user", "hook"));
    let (reply, told) = collect(|| {
        let caller = tracing::info_span!(target: "user", "caller");
        let reply = caller.in_scope(|| C::wait(call.send()));
        tracing::debug!(target: "user", "afterwards");
        reply
    });
    assert_eq!(reply.unwrap().text(), "Hi");
    let want = "\
INFO caller
  INFO flow.call
    INFO flow.attempt
      DEBUG message=sent
      DEBUG message=answered
    DEBUG message=hook
DEBUG message=afterwards
";
    assert_eq!(outline(&told.tree()), want);
    assert!(told.tree().contains(r#"gen_ai.provider.name="flowapi""#), "{}", told.tree());
}

/// Its calls are made on threads of others, so the test runs itself once more in a process of its own,
/// where it may collect from all of them.
fn calls_of_a_batch_are_below_the_span_that_began_it<C: Say>() {
    const CHILD: &str = "FLOW_TESTS_COLLECT";
    if env::var_os(CHILD).is_none() {
        let name = "calls_of_a_batch_are_below_the_span_that_began_it";
        let output = Command::new(env::current_exe().unwrap())
            .args(["--exact", &format!("trace::nesting::on_{}::{name}", C::NAME)])
            .env(CHILD, "1")
            .output()
            .unwrap();
        let output = String::from_utf8_lossy(&output.stdout);
        assert!(output.contains("1 passed"), "{output}");
        return;
    }
    let told = collect_everywhere();
    let requests = ["one", "two"].map(|model| ChatRequest::new(model).user("Hello"));
    let client = C::saying();
    let caller = tracing::info_span!(target: "user", "caller");
    let batch = caller.in_scope(|| client.many(requests).concurrency(1).run());
    drop(caller);
    assert!(C::gathered(batch).iter().all(Result::is_ok));
    let call = "  INFO flow.call\n    INFO flow.attempt\n      DEBUG message=sent\n      \
                DEBUG message=answered\n";
    assert_eq!(outline(&told.tree()), format!("INFO caller\n{call}{call}"));
}

#[test]
fn calls_at_the_same_time_on_one_thread_keep_their_spans_apart() {
    let client = <flow_async::Client as Say>::saying();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (_, told) = collect(|| {
        let call = |name: &'static str| {
            let span = tracing::info_span!(target: "user", "caller", name);
            client.hello(name).send().instrument(span)
        };
        let (one, two) = (call("one"), call("two"));
        let (one, two) = runtime.block_on(async { tokio::join!(one, two) });
        assert_eq!((one.unwrap().text(), two.unwrap().text()), ("Hi", "Hi"));
    });
    let tree = told.tree();
    for name in ["one", "two"] {
        let want =
            format!("INFO caller name=\"{name}\"\n  INFO flow.call otel.name=\"chat {name}\"");
        assert!(tree.contains(&want), "{tree}");
    }
    let said = "    INFO flow.attempt\n      DEBUG message=sent\n      DEBUG message=answered\n";
    assert_eq!(outline(&tree).matches(said).count(), 2, "{tree}");
}
