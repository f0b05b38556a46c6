//! Calls wait for their turn: in order, as fast as the service allows, and no longer than they may.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use flow_api::ClientBuilder;
use flow_blocking::CancelToken;
use flow_errors::call::{Dimension, Lease, Tick};
use flow_errors::{Kind, RetryPolicy, StoppedBecause};
use flow_sim::{Action, Sim, Stream};
use flow_tests::{TestClient, both};

both! {
    hint_that_one_call_is_told_is_kept_by_all
    turn_that_does_not_come_in_time_is_the_services_failure
    health_tells_of_limits_and_failures
    calls_with_a_key_of_their_own_keep_to_its_limits_only
    fallback_models_of_a_call_with_its_own_key_are_asked_with_that_keys_limits
    attempts_with_any_key_are_in_flight
    lease_that_lends_nothing_holds_calls_back_once_a_limit_is_known
    calls_that_wait_learn_nothing_of_the_answers_of_others
}

fn builder<C: TestClient>(sim: &Sim) -> ClientBuilder<C> {
    ClientBuilder::new().api_key("sk-test").base_url(sim.base_url()).no_proxy()
}

fn client<C: TestClient>(sim: &Sim) -> C {
    builder(sim).build().unwrap()
}

fn refused_once(wait_ms: u32) -> Sim {
    let refusal = Action::row(429).header("retry-after-ms", wait_ms.to_string());
    Sim::builder().script(vec![refusal]).start().unwrap()
}

/// One attempt, which fails where it would have to wait for its turn.
fn at_once() -> RetryPolicy {
    RetryPolicy::builder().max_attempts(1).max_turn_wait(Duration::ZERO).build().unwrap()
}

fn hint_that_one_call_is_told_is_kept_by_all<C: TestClient>() {
    const WAIT: Duration = Duration::from_millis(400);
    let sim = refused_once(400);
    let client: C = client(&sim);
    let refused = client.hello("gpt-4o").retry(RetryPolicy::none());
    assert_eq!(C::wait(refused.send()).unwrap_err().kind(), Kind::RateLimit);
    // What it was told, others keep to: nobody else is refused.
    let began = Instant::now();
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let reply = C::wait(client.hello("gpt-4o").retry(RetryPolicy::none()).send());
                assert!(began.elapsed() >= WAIT / 2, "{:?}", began.elapsed());
                reply.unwrap();
            });
        }
    });
    let log = sim.log();
    let refusal = log.first().unwrap().at;
    assert!(log.iter().skip(1).all(|seen| seen.at >= refusal + WAIT), "{log:?}");
    assert_eq!(log.len(), 9);
    // Another model is another matter.
    let began = Instant::now();
    C::wait(client.hello("gpt-4o-mini").send()).unwrap();
    assert!(began.elapsed() < WAIT);
}

fn turn_that_does_not_come_in_time_is_the_services_failure<C: TestClient>() {
    let sim = refused_once(60_000);
    let client: C = client(&sim);
    let first = C::wait(client.hello("gpt-4o").retry(at_once()).send()).unwrap_err();
    let error = C::wait(client.hello("gpt-4o").retry(at_once()).send()).unwrap_err();
    assert_eq!(
        (error.kind(), error.stopped_because()),
        (Kind::RateLimit, Some(StoppedBecause::Turn))
    );
    assert_eq!((error.message(), error.attempts().len()), (first.message(), 0));
    assert_eq!((sim.log().len(), client.settings().in_flight()), (1, 0));
}

fn health_tells_of_limits_and_failures<C: TestClient>() {
    let sim = refused_once(1);
    let client: C = client(&sim);
    let health = |client: &C| client.settings().health(Tick::ORIGIN);
    assert!(health(&client).is_empty());
    C::wait(client.hello("gpt-4o").retry(RetryPolicy::none()).send()).unwrap_err();
    let health = health(&client);
    let health = health.get("gpt-4o").unwrap();
    assert_eq!((health.refusals(), health.waiting(), health.in_flight()), (1, 0, 0));
    assert_eq!(health.last_failure().unwrap().kind(), Kind::RateLimit);
}

fn calls_with_a_key_of_their_own_keep_to_its_limits_only<C: TestClient>() {
    let refusal = || Action::row(429).header("retry-after-ms", "60000");
    let sim = Sim::builder().script(vec![refusal(), Action::normal(), refusal()]).start().unwrap();
    let client: C = client(&sim);
    let ask = |key: &str| C::wait(client.hello("m").api_key(key).retry(at_once()).send());
    let ends = |key: &str| ask(key).err().map(|error| (error.kind(), error.attempts().len()));
    let (refused, kept_back) = (Some((Kind::RateLimit, 1)), Some((Kind::RateLimit, 0)));
    // The client's own key is the same one where a call names it.
    assert_eq!([ends("sk-test"), ends("sk-test")], [refused, kept_back]);
    assert_eq!([ends("sk-planted"), ends("sk-planted")], [None, refused]);
    assert_eq!([ends("sk-planted"), ends("sk-test")], [kept_back, kept_back]);
    assert_eq!([ends("sk-3"), ends("sk-3")], [None, None]);
    // Health is that of the client's own key.
    let health = client.settings().health(Tick::ORIGIN);
    assert_eq!(health.get("m").unwrap().refusals(), 1);
    assert_eq!(health.len(), 1);
    assert!(!format!("{client:?}{:?}{health:?}", client.settings()).contains("planted"));
}

fn fallback_models_of_a_call_with_its_own_key_are_asked_with_that_keys_limits<C: TestClient>() {
    let refusal = Action::row(429).header("retry-after-ms", "60000");
    let sim = Sim::builder().script(vec![refusal, Action::row(503)]).start().unwrap();
    let client: C = client(&sim);
    C::wait(client.hello("b").retry(at_once()).send()).unwrap_err();
    let impatient = RetryPolicy::builder().max_turn_wait(Duration::ZERO).build().unwrap();
    let call = client.hello("a").fallback_models(["b"]).retry(impatient);
    let reply = C::wait(call.api_key("sk-2").send()).unwrap();
    assert_eq!((reply.asked_model(), sim.log().len()), (Some("b"), 3));
}

fn attempts_with_any_key_are_in_flight<C: TestClient>() {
    let slow = Action::normal().after(Duration::from_secs(1));
    let sim = Sim::builder().script(vec![slow.clone(), slow]).start().unwrap();
    let client: C = client(&sim);
    let mut most = 0;
    thread::scope(|scope| {
        let client = &client;
        let make = |key| C::wait(client.hello("m").api_key(key).send()).unwrap();
        let ask = |key| scope.spawn(move || make(key));
        let calls = ["sk-test", "sk-2"].map(ask);
        while calls.iter().any(|call| !call.is_finished()) {
            most = most.max(client.settings().in_flight());
            thread::yield_now();
        }
    });
    assert_eq!((most, client.settings().in_flight()), (2, 0));
}

/// A store that lends all or nothing, and notes what it was told.
#[derive(Clone, Debug, Default)]
struct Store(Arc<(AtomicBool, Mutex<Vec<String>>)>);

impl Store {
    fn note(&self, line: String) {
        self.0.1.lock().unwrap().push(line);
    }
}

impl Lease for Store {
    fn learn(&mut self, dimension: Dimension, limit: u64, window: Duration) {
        self.note(format!("{dimension:?} {limit} in {window:?}"));
    }

    fn ready_at(&self, now: Tick, _tokens: u64) -> Tick {
        let lends = self.0.0.load(Ordering::SeqCst);
        if lends { Tick::ORIGIN } else { now + Duration::from_millis(10) }
    }

    fn take(&mut self, _now: Tick, _tokens: u64) {
        self.note("take".to_owned());
    }

    fn settle(&mut self, _now: Tick, _taken: u64, counts: bool, _used: u64) {
        self.note(format!("settle {counts}"));
    }
}

fn lease_that_lends_nothing_holds_calls_back_once_a_limit_is_known<C: TestClient>() {
    let told = Action::normal()
        .header("x-ratelimit-limit-requests", "60")
        .header("x-ratelimit-remaining-requests", "59")
        .header("x-ratelimit-reset-requests", "1s");
    let sim = Sim::builder().script(vec![told; 4]).start().unwrap();
    let store = Store::default();
    let lent = store.clone();
    let client: C = builder(&sim)
        .lease(move |model| {
            lent.note(format!("lend {model}"));
            (model == "m").then(|| lent.clone())
        })
        .build()
        .unwrap();
    let ask = |model: &str| client.hello(model).retry(at_once());
    // It is not asked before a limit is known, nor for other models or keys.
    C::wait(ask("m").send()).unwrap();
    let error = C::wait(ask("m").send()).unwrap_err();
    assert_eq!(error.stopped_because(), Some(StoppedBecause::Turn));
    for call in [ask("free"), ask("free"), ask("m").api_key("sk-2")] {
        C::wait(call.send()).unwrap();
    }
    let waiting = || {
        let health = client.settings().health(Tick::ORIGIN);
        health.get("m").unwrap().waiting()
    };
    thread::scope(|scope| {
        let held = scope.spawn(|| C::wait(client.hello("m").send()).unwrap());
        while waiting() == 0 {
            assert!(!held.is_finished(), "it was not held back");
            thread::yield_now();
        }
        assert_eq!(sim.log().len(), 4);
        store.0.0.store(true, Ordering::SeqCst);
    });
    assert_eq!(sim.log().len(), 5);
    let heard = store.0.1.lock().unwrap();
    assert_eq!(heard[..], ["lend m", "Requests 60 in 60s", "lend free", "take", "settle true"]);
}

fn calls_that_wait_learn_nothing_of_the_answers_of_others<C: TestClient>() {
    let cut = Action::normal().stream(Stream::new().deltas(2));
    let sim = Sim::builder().script(vec![cut; 55]).start().unwrap();
    let client: C = client(&sim);
    let error = loop {
        let error = C::wait(client.hello("m").retry(at_once()).send_streamed()).unwrap_err();
        if error.stopped_because() == Some(StoppedBecause::Turn) {
            break error;
        }
        assert!(error.partial::<flow_api::ChatCompletion>().is_some(), "its own");
    };
    assert_eq!((error.kind(), error.attempts().len()), (Kind::StreamTruncated, 0));
    let health = client.settings().health(Tick::ORIGIN);
    for error in [&error, health.get("m").unwrap().last_failure().unwrap()] {
        assert!(error.partial::<serde_json::Value>().is_none(), "{error}");
        assert!(error.delivered().is_none() && error.body().is_empty(), "{error}");
        assert!(error.request_id().is_none(), "{error}");
    }
}

/// A blocking call that waits for its turn ends with its token; the turn goes to the next.
#[test]
fn cancelled_call_gives_its_turn_to_the_next() {
    let sim = refused_once(600);
    let client: flow_blocking::Client = client(&sim);
    client.chat("m").user("Hello").retry(RetryPolicy::none()).send().unwrap_err();
    let (token, done) = (CancelToken::new(), Arc::new(AtomicUsize::new(0)));
    thread::scope(|scope| {
        for _ in 0..4 {
            let bound = client.with_cancel_token(&token);
            scope.spawn(move || {
                let error = bound.chat("m").user("Hello").send().unwrap_err();
                assert_eq!(error.kind(), Kind::Cancelled);
                assert!(error.attempts().is_empty());
            });
        }
        for _ in 0..4 {
            let (client, done) = (&client, done.clone());
            scope.spawn(move || {
                client.chat("m").user("Hello").send().unwrap();
                done.fetch_add(1, Ordering::SeqCst);
            });
        }
        while client.health().get("m").unwrap().waiting() < 8 {
            thread::yield_now();
        }
        token.cancel();
    });
    assert_eq!((done.load(Ordering::SeqCst), sim.log().len()), (4, 5));
    assert_eq!(client.health().get("m").unwrap().waiting(), 0);
}
