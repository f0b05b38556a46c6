//! Models to fall back on: who is asked when, with what, and what is said about it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use flow_api::embeddings::Embeddings;
use flow_api::{ChatCompletion, ClientBuilder, Post, Reply};
use flow_blocking::CancelToken;
use flow_errors::{Attempt, Attempts, Error, Kind, RetryPolicy, StoppedBecause};
use flow_sim::{Action, Seen, Sim};
use flow_tests::{BodyFault, Fake, Scene, TestClient, VirtualClock, both};
use http::{HeaderMap, StatusCode};
use serde_json::Value;

both! {
    overloaded_model_gives_way_to_the_next_at_once
    calls_list_takes_the_place_of_the_clients
    throttled_model_is_waited_for_unless_that_takes_long
    unknown_model_gives_way_to_the_next
    what_is_not_the_models_fault_is_not_asked_of_another
    error_of_a_call_that_failed_everywhere_is_the_last_one
    last_model_is_asked_again_under_the_key_it_had
    callers_own_key_stays_and_tells_the_bodies_apart
    deadline_is_one_for_all_models
    attempts_are_those_of_all_models_together
    only_chats_fall_back
}

const SOON: Duration = Duration::from_secs(20);

/// A client whose waits take no time.
fn client<C: TestClient>(sim: &Sim, fallback_models: &[&str]) -> C {
    let client = ClientBuilder::<C>::new().api_key("sk-test").base_url(sim.base_url());
    let client = client.fallback_models(fallback_models.iter().copied()).no_proxy();
    client.build().unwrap().on_socket_clock(VirtualClock::new(7))
}

/// A service that does this, whoever is asked.
fn scripted(script: impl IntoIterator<Item = Action>) -> Sim {
    Sim::builder().script(script.into_iter().collect::<Vec<_>>()).start().unwrap()
}

/// A call's own list, where it has one.
type Names<'a> = Option<&'a [&'a str]>;

fn models(sim: &Sim) -> Vec<String> {
    sim.log().into_iter().map(|seen| seen.model.unwrap()).collect()
}

fn waits(attempts: &Attempts) -> Vec<Option<Duration>> {
    attempts.iter().map(Attempt::wait).collect()
}

fn body(seen: &Seen) -> Value {
    serde_json::from_slice(&seen.body).unwrap()
}

fn key(seen: &Seen) -> &str {
    seen.headers["idempotency-key"].to_str().unwrap()
}

fn overloaded_model_gives_way_to_the_next_at_once<C: TestClient>() {
    let sim = Sim::start().unwrap();
    let client: C = client(&sim, &[]);
    let told = Arc::new(Mutex::new(Vec::new()));
    let hook = told.clone();
    let call = client
        .hello("sim-503")
        .temperature(0.5)
        .param("top_k", 40)
        .fallback_models(["gpt-4o"])
        .on_attempt(move |attempt| hook.lock().unwrap().push(attempt.to_string()));
    let reply = C::wait(call.send()).unwrap();
    assert_eq!((reply.asked_model(), reply.model()), (Some("gpt-4o"), Some("gpt-4o")));
    assert_eq!(waits(reply.attempts()), [Some(Duration::ZERO), None]);
    assert_eq!(reply.attempts().models().collect::<Vec<_>>(), ["sim-503", "gpt-4o"]);
    let told = told.lock().unwrap();
    assert_eq!(told.len(), 2);
    assert!(
        told[0].starts_with("attempt 1 to sim-503: 503 service_unavailable after "),
        "{told:?}"
    );
    assert!(told[0].ends_with(", next at once with gpt-4o"), "{told:?}");
    assert!(told[1].starts_with("attempt 2 to gpt-4o: 200 ok after "), "{told:?}");
    let log = sim.log();
    let (mut first, second) = (body(&log[0]), body(&log[1]));
    first["model"] = "gpt-4o".into();
    assert_eq!(first, second);
    assert_eq!(key(&log[1]), format!("{}-fallback-1", key(&log[0])));
    assert_eq!(client.settings().in_flight(), 0);
}

fn calls_list_takes_the_place_of_the_clients<C: TestClient>() {
    let sim = Sim::start().unwrap();
    let client: C = client(&sim, &["sim-503-x9-own", "gpt-4o-mini"]);
    #[rustfmt::skip]
    let cases: [(&str, &str, Names<'_>, &[&str]); 4] = [
        // name             model             the call's list    asked
        ("the client's",    "sim-503",        None,              &["sim-503", "sim-503-x9-own", "gpt-4o-mini"]),
        ("the call's own",  "sim-503-x9-own", None,              &["sim-503-x9-own", "gpt-4o-mini"]),
        ("the call's list", "sim-503",        Some(&["gpt-4o"]), &["sim-503", "gpt-4o"]),
        ("none",            "sim-503",        Some(&[]),         &["sim-503", "sim-503", "sim-503"]),
    ];
    for (name, model, list, want) in cases {
        let mut call = client.hello(model);
        if let Some(list) = list {
            call = call.fallback_models(list.iter().copied());
        }
        let result = C::wait(call.send());
        assert_eq!(result.is_ok(), list.is_none_or(|list| !list.is_empty()), "{name}");
        assert_eq!(models(&sim), want, "{name}");
        sim.clear_log();
    }
}

fn throttled_model_is_waited_for_unless_that_takes_long<C: TestClient>() {
    let impatient = RetryPolicy::builder().switch_after(Duration::from_secs(1)).build().unwrap();
    #[rustfmt::skip]
    let cases = [
        // name             Retry-After  policy                   asked
        ("6 s",             "6",         RetryPolicy::default(),  ["one", "two"]),
        ("10 min",          "600",       RetryPolicy::default(),  ["one", "two"]),
        ("2 s",             "2",         RetryPolicy::default(),  ["one", "one"]),
        ("2 s, impatient",  "2",         impatient,               ["one", "two"]),
    ];
    for (name, hint, policy, want) in cases {
        let sim = scripted([Action::row(429).header("retry-after", hint)]);
        let client: C = client(&sim, &["two"]);
        let reply = C::wait(client.hello("one").retry(policy).send()).unwrap();
        assert_eq!(models(&sim), want, "{name}");
        let wait = waits(reply.attempts())[0].unwrap();
        if want[0] == want[1] {
            assert!(wait >= Duration::from_secs(2), "{name}: {wait:?}");
        } else {
            assert!(wait.is_zero(), "{name}: {wait:?}");
        }
    }
}

fn unknown_model_gives_way_to_the_next<C: TestClient>() {
    let sim = Sim::start().unwrap();
    let client: C = client(&sim, &["sim-404-x9-second", "gpt-4o"]);
    let reply = C::wait(client.hello("sim-404").send()).unwrap();
    assert_eq!(reply.asked_model(), Some("gpt-4o"));
    assert_eq!(models(&sim), ["sim-404", "sim-404-x9-second", "gpt-4o"]);
    assert_eq!(waits(reply.attempts()), [Some(Duration::ZERO), Some(Duration::ZERO), None]);
}

fn what_is_not_the_models_fault_is_not_asked_of_another<C: TestClient>() {
    let quota = r#"{"error":{"message":"m","code":"insufficient_quota"}}"#;
    let page = Action::status(404).header("content-type", "text/html").body("<html></html>");
    #[rustfmt::skip]
    let cases = [
        // name        the service does                                       kind
        ("400",        Action::row(400),                                      Kind::InvalidRequest),
        ("401",        Action::row(401),                                      Kind::InvalidApiKey),
        ("402",        Action::row(402),                                      Kind::InsufficientBalance),
        ("403",        Action::row(403),                                      Kind::Permission),
        ("quota",      Action::status(429).header("retry-after", "9").body(quota), Kind::InsufficientBalance),
        ("wrong path", page,                                                  Kind::NotFound),
    ];
    for (name, action, kind) in cases {
        let sim = scripted([action]);
        let client: C = client(&sim, &["two"]);
        let error = C::wait(client.hello("one").send()).unwrap_err();
        assert_eq!((error.kind(), models(&sim)), (kind, vec!["one".to_owned()]), "{name}");
        assert_eq!(error.stopped_because(), Some(StoppedBecause::NotRetryable), "{name}");
    }
    let sim = scripted([Action::row(500), Action::row(502), Action::row(504)]);
    let client: C = client(&sim, &["two"]);
    let error = C::wait(client.hello("one").send()).unwrap_err();
    assert_eq!((error.kind(), models(&sim)), (Kind::GatewayTimeout, vec!["one".to_owned(); 3]));
}

fn error_of_a_call_that_failed_everywhere_is_the_last_one<C: TestClient>() {
    let sim = Sim::start().unwrap();
    let client: C = client(&sim, &["sim-503-x9-second", "sim-404"]);
    let error = C::wait(client.hello("sim-503").send()).unwrap_err();
    assert_eq!((error.kind(), error.status()), (Kind::NotFound, Some(StatusCode::NOT_FOUND)));
    let asked = ["sim-503", "sim-503-x9-second", "sim-404"];
    assert_eq!(models(&sim), asked);
    assert_eq!(error.attempts().models().collect::<Vec<_>>(), asked);
    assert_eq!(error.operation().unwrap().model(), Some("sim-404"));
    let text = error.to_string();
    for want in ["model sim-404,", "3 attempts to 3 models", "models().closest(\"sim-404\")"] {
        assert!(text.contains(want), "{want:?} is not in {text}");
    }
    let report = error.support_report().to_string();
    for (attempt, seen) in error.attempts().iter().zip(sim.log()) {
        assert_eq!(attempt.request_id(), Some(&*seen.request_id));
        assert!(report.contains(&attempt.to_string()), "{report}");
    }
    assert!(report.contains("next at once with sim-503-x9-second, sent "), "{report}");
    let read: Error = serde_json::from_str(&serde_json::to_string(&error).unwrap()).unwrap();
    assert!(read.attempts().iter().eq(error.attempts().iter()));
    assert_eq!(client.settings().in_flight(), 0);
}

fn last_model_is_asked_again_under_the_key_it_had<C: TestClient>() {
    let script = [Action::row(500), Action::row(503), Action::row(503), Action::row(503)];
    let sim = scripted(script);
    let client: C = client(&sim, &["two"]);
    let policy = RetryPolicy::builder().max_attempts(5).build().unwrap();
    let reply = C::wait(client.hello("one").retry(policy).send()).unwrap();
    assert_eq!(models(&sim), ["one", "one", "two", "two", "two"]);
    let waits = waits(reply.attempts());
    assert!(waits[1].unwrap().is_zero(), "{waits:?}");
    // The schedule begins anew: between half of 1 s and all of it, then twice that.
    let first = Duration::from_millis(500)..=Duration::from_secs(1);
    assert!(first.contains(&waits[0].unwrap()) && first.contains(&waits[2].unwrap()), "{waits:?}");
    assert!(waits[3].unwrap() >= Duration::from_secs(1), "{waits:?}");
    let log = sim.log();
    assert_eq!(key(&log[0]), key(&log[1]));
    assert!(key(&log[1]) != key(&log[2]));
    assert!(key(&log[2]) == key(&log[3]) && key(&log[3]) == key(&log[4]));
    assert!(log[2].body == log[3].body && log[3].body == log[4].body);
}

fn callers_own_key_stays_and_tells_the_bodies_apart<C: TestClient>() {
    let sim = scripted([Action::row(503), Action::row(503)]);
    let client: C = client(&sim, &["two", "three"]);
    C::wait(client.hello("one").header("Idempotency-Key", "job-17").send()).unwrap();
    let log = sim.log();
    let keys: Vec<_> = log.iter().map(key).collect();
    assert_eq!(keys, ["job-17", "job-17-fallback-1", "job-17-fallback-2"]);
}

fn deadline_is_one_for_all_models<C: TestClient>() {
    let overloaded = Scene::Reply {
        takes: Duration::from_millis(400),
        status: StatusCode::SERVICE_UNAVAILABLE,
        headers: HeaderMap::new(),
        body: "{}".into(),
        fault: BodyFault::None,
    };
    let clock = VirtualClock::new(0);
    let fake = Fake::new(clock.clone(), [overloaded.clone(), overloaded.clone(), overloaded]);
    let client = C::faked(fake.clone()).fallback_models(["two", "three"]).build().unwrap();
    let client = client.on_clock(clock);
    let call = client.hello("one").deadline(Duration::from_millis(1_200));
    let error = C::wait(call.send()).unwrap_err();
    let left: Vec<_> = fake.seen().iter().map(|seen| seen.timeout.unwrap().as_millis()).collect();
    assert_eq!(left, [1_200, 800, 400]);
    assert_eq!(error.kind(), Kind::ServiceUnavailable);
    assert_eq!(error.stopped_because(), Some(StoppedBecause::Deadline));
}

fn attempts_are_those_of_all_models_together<C: TestClient>() {
    let overloaded = || scripted([503; 6].map(Action::row));
    #[rustfmt::skip]
    let cases: [(&str, Option<u32>, &[&str]); 4] = [
        // name      max_attempts  asked
        ("default",  None,         &["one", "two", "three", "three"]),
        ("none",     Some(1),      &["one"]),
        ("two",      Some(2),      &["one", "two"]),
        ("five",     Some(5),      &["one", "two", "three", "three", "three"]),
    ];
    for (name, attempts, want) in cases {
        let sim = overloaded();
        let client: C = client(&sim, &["two", "three"]);
        let mut call = client.hello("one");
        if let Some(attempts) = attempts {
            call = call.retry(RetryPolicy::builder().max_attempts(attempts).build().unwrap());
        }
        let error = C::wait(call.send()).unwrap_err();
        assert_eq!(error.stopped_because(), Some(StoppedBecause::MaxAttempts), "{name}");
        assert_eq!(models(&sim), want, "{name}");
    }
}

fn only_chats_fall_back<C: TestClient>() {
    let sim = Sim::start().unwrap();
    let client: C = client(&sim, &["gpt-4o"]);
    let error = C::wait(Embeddings::new(&client, "sim-503").input("Hello").send()).unwrap_err();
    assert_eq!(
        (error.kind(), models(&sim)),
        (Kind::ServiceUnavailable, vec!["sim-503".to_owned(); 3])
    );
    sim.clear_log();
    let body = serde_json::json!({
        "model": "sim-503", "messages": [{ "role": "user", "content": "Hello" }],
    });
    let call = Post::new(&client, "/chat/completions").json(&body);
    let result: Result<Reply<ChatCompletion>, Error> = C::wait(call.send());
    assert_eq!(result.unwrap_err().kind(), Kind::ServiceUnavailable);
    assert_eq!(models(&sim), ["sim-503"; 3]);
}

#[test]
fn call_cancelled_on_its_second_model_gives_back_what_it_held() {
    let sim = Sim::start().unwrap();
    let token = CancelToken::new();
    let client: flow_blocking::Client = client(&sim, &["sim-hang"]);
    let client = client.with_cancel_token(&token);
    let result = std::thread::scope(|scope| {
        scope.spawn(|| {
            assert!(sim.wait_for_requests(2, SOON));
            token.cancel();
        });
        client.hello("sim-503").send()
    });
    let error = result.unwrap_err();
    assert_eq!(error.kind(), Kind::Cancelled);
    assert_eq!(error.attempts().models().collect::<Vec<_>>(), ["sim-503", "sim-hang"]);
    assert_eq!(error.operation().unwrap().model(), Some("sim-hang"));
    assert_eq!(client.in_flight(), 0);
}

#[test]
fn future_dropped_on_its_second_model_gives_back_what_it_held() {
    let sim = Sim::start().unwrap();
    let client: flow_async::Client = client(&sim, &["sim-hang"]);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let call = runtime.spawn(client.hello("sim-503").send());
    assert!(sim.wait_for_requests(2, SOON));
    assert_eq!(client.in_flight(), 1);
    call.abort();
    assert!(runtime.block_on(call).unwrap_err().is_cancelled());
    assert_eq!(client.in_flight(), 0);
}
