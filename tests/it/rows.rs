//! Every row of the service's page, through both clients, over sockets.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use flow_errors::table::{Row, TABLE};
use flow_errors::{Kind, RetryPolicy, StoppedBecause};
use flow_sim::Sim;
use flow_tests::{TestClient, both};

both! {
    rows_that_fail_for_ever_give_their_typed_error
    rows_that_recover_give_the_reply
    documented_policy_waits_as_the_page_says
    models_are_listed
    any_endpoint_has_the_same_errors
}

/// The default policy on a shorter scale; hints are kept to all the same.
fn quick() -> RetryPolicy {
    let builder = RetryPolicy::builder().initial_delay(Duration::from_millis(2));
    builder.max_delay(Duration::from_millis(8)).build().unwrap()
}

fn client<C: TestClient>(sim: &Sim) -> C {
    let builder = flow_api::ClientBuilder::<C>::new().api_key("sk-test").retry(quick());
    builder.base_url(sim.base_url()).build().unwrap()
}

fn is_retried(row: &Row) -> bool {
    matches!(row.status.as_u16(), 429 | 500 | 502..=504)
}

fn rows_that_fail_for_ever_give_their_typed_error<C: TestClient>() {
    let sim = Sim::start().unwrap();
    let client: C = client(&sim);
    for row in &TABLE {
        let name = row.status;
        let error = C::wait(client.hello(&format!("sim-{}", name.as_u16())).send()).unwrap_err();
        let attempts = if is_retried(row) { 3 } else { 1 };
        let reason = if is_retried(row) {
            StoppedBecause::MaxAttempts
        } else {
            StoppedBecause::NotRetryable
        };
        assert_eq!(error.kind(), row.kind, "{name}");
        assert_eq!(error.status(), Some(row.status), "{name}");
        assert_eq!(error.api_type(), Some(row.api_type), "{name}");
        let advice = error.recommendation();
        if row.kind == Kind::NotFound {
            assert!(
                advice.starts_with(row.recommendation) && advice.contains("closest"),
                "{advice}"
            );
        } else {
            assert_eq!(advice, row.recommendation, "{name}");
        }
        assert_eq!(error.attempts().len(), attempts, "{name}");
        assert_eq!(error.stopped_because(), Some(reason), "{name}");
        assert_eq!(sim.log().len(), attempts, "{name}");
        let ids: Vec<_> = error.attempts().iter().map(|attempt| attempt.request_id()).collect();
        assert!(ids.iter().all(Option::is_some), "{name}: {ids:?}");
        assert_eq!(error.request_id(), ids.last().copied().flatten(), "{name}");
        assert_eq!(error.is_maybe_billed(), row.kind == Kind::GatewayTimeout, "{name}");
        let report = error.support_report().to_string();
        assert!(ids.iter().flatten().all(|id| report.contains(*id)), "{name}: {report}");
        sim.clear_log();
    }
    assert_eq!(flow_api::client::Execute::settings(&client).in_flight(), 0);
}

fn rows_that_recover_give_the_reply<C: TestClient>() {
    let sim = Sim::start().unwrap();
    let client: C = client(&sim);
    for row in TABLE.iter().filter(|row| is_retried(row)) {
        let model = format!("sim-{}-x2-rows", row.status.as_u16());
        let reply = C::wait(client.hello(&model).send()).unwrap();
        assert!(!reply.text().is_empty(), "{}", row.status);
        let kinds: Vec<_> = reply.attempts().iter().map(flow_errors::Attempt::kind).collect();
        assert_eq!(kinds, [Some(row.kind), Some(row.kind), None], "{}", row.status);
        assert!(reply.request_id().is_some());
        let log = sim.log();
        let key = |index: usize| log[index].headers["idempotency-key"].clone();
        // A gateway's timeout is answered with a stream, which is another body.
        let is_other = row.kind == Kind::GatewayTimeout;
        assert_eq!(key(0) != key(1), is_other, "{}", row.status);
        assert_eq!(log[0].body != log[1].body, is_other, "{}", row.status);
        assert_eq!((key(1), &log[1].body), (key(2), &log[2].body), "{}", row.status);
        sim.clear_log();
    }
}

fn documented_policy_waits_as_the_page_says<C: TestClient>() {
    let sim = Sim::start().unwrap();
    let client: C = client(&sim);
    let waits = Arc::new(Mutex::new(Vec::new()));
    let noted = waits.clone();
    let call = client
        .hello("sim-503-x2-documented")
        .retry(RetryPolicy::documented())
        .on_attempt(move |attempt| noted.lock().unwrap().push(attempt.wait()));
    C::wait(call.send()).unwrap();
    let seconds = |n| Some(Duration::from_secs(n));
    assert_eq!(*waits.lock().unwrap(), [seconds(1), seconds(2), None]);
    let log = sim.log();
    assert!(log[1].at - log[0].at >= Duration::from_secs(1));
    assert!(log[2].at - log[1].at >= Duration::from_secs(2));
}

fn models_are_listed<C: TestClient>() {
    let sim = Sim::start().unwrap();
    let client: C = client(&sim);
    let reply = C::wait(flow_api::Models::new(&client).list()).unwrap();
    assert!(reply.ids().any(|id| id == "gpt-4o"), "{reply:?}");
    assert_eq!(sim.log()[0].method, "GET");
    assert!(!sim.log()[0].headers.contains_key("idempotency-key"));
}

fn any_endpoint_has_the_same_errors<C: TestClient>() {
    let sim = Sim::start().unwrap();
    let client: C = client(&sim);
    let body = serde_json::json!({ "model": "text-embedding-3-small", "input": "Hello" });
    let call = flow_api::Post::new(&client, "/embeddings").json(&body);
    let reply = C::wait(call.send::<serde_json::Value>()).unwrap();
    assert_eq!(reply["object"], "list");
    let call = flow_api::Get::new(&client, "/nowhere");
    let error = C::wait(call.send::<serde_json::Value>()).unwrap_err();
    assert_eq!(error.kind(), Kind::NotFound);
    assert!(error.to_string().contains("GET /nowhere"), "{error}");
}
