//! Batches: every request has its own result, and no more calls are under way than were asked for.

use std::error::Error as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;
use std::time::Duration;

use flow_api::ChatRequest;
use flow_api::batch::{Progress, StopToken};
use flow_blocking::CancelToken;
use flow_errors::call::Tick;
use flow_errors::{Error, Kind, RetryPolicy};
use flow_sim::{Action, Sim};
use flow_tests::{Fake, TestClient, TestResults, VirtualClock, both};

both! {
    results_of_a_run_are_in_the_order_of_the_requests_and_each_has_its_own
    results_come_as_soon_as_they_are_there_and_bring_their_keys
    no_more_calls_are_under_way_than_were_asked_for
    calls_go_on_while_the_caller_is_busy_and_end_when_the_batch_is_dropped
    requests_are_taken_when_there_is_room_for_them
    key_that_is_refused_stops_the_batch
    batch_that_is_stopped_finishes_what_is_being_sent_and_nothing_else
    batch_without_balance_is_stopped_and_one_without_the_model_is_not
    progress_is_told_with_each_result
    batches_have_no_deadline_unless_they_are_told_of_one
    options_are_those_of_every_call
    batches_are_patient_unless_they_are_told_otherwise
    panic_of_a_hook_is_the_callers
    batch_of_nothing_is_over_at_once
}

const SOON: Duration = Duration::from_secs(20);

fn client<C: TestClient>(sim: &Sim) -> C {
    let builder = flow_api::ClientBuilder::<C>::new().api_key("sk-test");
    builder.base_url(sim.base_url()).no_proxy().build().unwrap()
}

fn request(model: impl Into<String>) -> ChatRequest {
    ChatRequest::new(model).user("Hello")
}

/// That many requests, each to a model of its own.
fn requests(count: usize) -> impl Iterator<Item = (usize, ChatRequest)> {
    (0..count).map(|number| (number, request(format!("m-{number}"))))
}

fn results_of_a_run_are_in_the_order_of_the_requests_and_each_has_its_own<C: TestClient>() {
    let sim = Sim::start().unwrap();
    let models: Vec<_> = (0..60)
        .map(|number| match number % 10 {
            3 => "sim-400".to_owned(),
            6 => String::new(),
            _ => format!("m-{number}"),
        })
        .collect();
    let client: C = client(&sim);
    let results = C::gathered(client.many(models.iter().map(request)).concurrency(7).run());
    assert_eq!(results.len(), models.len());
    for (model, result) in models.iter().zip(results) {
        match (&**model, result) {
            ("sim-400", Err(error)) => assert_eq!(error.kind(), Kind::InvalidRequest),
            ("", Err(error)) => assert_eq!(error.kind(), Kind::InvalidInput),
            (_, Ok(reply)) => assert_eq!(reply.asked_model(), Some(&**model)),
            (_, Err(error)) => panic!("{model}: {error}"),
        }
    }
    assert_eq!((sim.log().len(), client.settings().in_flight()), (54, 0));
}

fn results_come_as_soon_as_they_are_there_and_bring_their_keys<C: TestClient>() {
    let sim = Sim::builder().script([Action::normal().after(Duration::from_millis(400))]);
    let sim = sim.start().unwrap();
    let client: C = client(&sim);
    let keyed = (0..12).map(|number| (format!("key {number}"), request(format!("m-{number}"))));
    let done: Vec<_> = C::one_by_one(client.many(keyed).concurrency(3).results()).collect();
    for done in &done {
        assert_eq!(done.key, format!("key {}", done.index));
        let model = format!("m-{}", done.index);
        assert_eq!(done.result.as_ref().unwrap().asked_model(), Some(&*model));
    }
    // The one that the service was slow with, whichever of the first three that is, is overtaken.
    let slow = sim.log().first().and_then(|seen| seen.model.clone()).unwrap();
    let place = done.iter().position(|done| slow == format!("m-{}", done.index)).unwrap();
    assert!(place > 2, "{slow} came as number {place}");
    let mut indices: Vec<_> = done.iter().map(|done| done.index).collect();
    indices.sort_unstable();
    assert!(indices.into_iter().eq(0..12));
}

fn no_more_calls_are_under_way_than_were_asked_for<C: TestClient>() {
    const CALLS: usize = 4;
    const TAKES: Duration = Duration::from_millis(40);
    let sim = Sim::builder().script(vec![Action::normal().after(TAKES); 24]).start().unwrap();
    let client: C = client(&sim);
    let results = C::gathered(client.many(requests(24)).concurrency(CALLS).run());
    assert!(results.iter().all(Result::is_ok));
    let arrivals: Vec<_> = sim.log().iter().map(|seen| seen.at).collect();
    for (earlier, later) in arrivals.iter().zip(&arrivals[CALLS..]) {
        assert!(*later >= *earlier + TAKES, "{CALLS} others were under way: {arrivals:?}");
    }
}

fn calls_go_on_while_the_caller_is_busy_and_end_when_the_batch_is_dropped<C: TestClient>() {
    let mut script = vec![Action::like("sim-hang"); 9];
    script.insert(0, Action::normal());
    let sim = Sim::builder().script(script).start().unwrap();
    let client: C = client(&sim);
    let mut results = C::one_by_one(client.many(requests(100)).concurrency(5).results());
    results.next().unwrap().result.unwrap();
    // Nobody asks for a result, yet all five are sent; a sixth is not before somebody does.
    assert!(sim.wait_for_requests(5, SOON));
    assert_eq!(client.settings().in_flight(), 4);
    assert_eq!((results.progress().in_flight(), results.progress().finished()), (4, 1));
    drop(results);
    assert!(sim.wait_until_idle(SOON));
    assert_eq!(sim.log().len(), 5);
    // Tasks end a moment after they are told to.
    while client.settings().in_flight() > 0 {
        thread::yield_now();
    }
}

fn requests_are_taken_when_there_is_room_for_them<C: TestClient>() {
    let sim = Sim::start().unwrap();
    let client: C = client(&sim);
    let taken = Arc::new(AtomicUsize::new(0));
    let count = taken.clone();
    let endless = std::iter::repeat_with(move || {
        count.fetch_add(1, Ordering::SeqCst);
        request("m")
    });
    let mut results = C::one_by_one(client.many(endless).concurrency(3).results());
    assert_eq!(taken.load(Ordering::SeqCst), 0);
    for asked in 1..=20 {
        results.next().unwrap().result.unwrap();
        assert_eq!(taken.load(Ordering::SeqCst), asked + 2);
    }
    assert_eq!(results.progress().total(), None);
}

fn key_that_is_refused_stops_the_batch<C: TestClient>() {
    let sim = Sim::builder().reject_key("sk-test").start().unwrap();
    let client: C = client(&sim);
    let mut results = C::one_by_one(client.many(requests(1_000)).concurrency(4).results());
    let mut sent = 0;
    for done in results.by_ref() {
        let error = done.result.unwrap_err();
        assert_eq!(error.kind(), Kind::InvalidApiKey);
        // What was not sent does not claim that it was.
        sent += error.attempts().len();
        assert!(error.attempts().is_empty() || error.request_id().is_some());
        let operation = error.operation().unwrap();
        assert_eq!(operation.model(), Some(&*format!("m-{}", done.index)));
    }
    assert_eq!(results.stopped_by().unwrap().kind(), Kind::InvalidApiKey);
    assert_eq!(results.progress().failed(), 1_000);
    assert_eq!(sent, sim.log().len());
    assert!(sent <= 4, "{sent}");
}

/// One call waits for a retry, two for their turn, and the stop comes while the fourth is being sent.
fn batch_that_is_stopped_finishes_what_is_being_sent_and_nothing_else<C: TestClient>() {
    for (sent, want) in [("m-sent", None), ("sim-500", Some(Kind::Cancelled))] {
        let token = Arc::new(OnceLock::<StopToken>::new());
        let stop = token.clone();
        let sim = Sim::builder().script([Action::row(429).header("retry-after", "3600")]);
        let sim = sim.on_request(move |seen| {
            if seen.model.as_deref() == Some(sent) {
                stop.get().unwrap().stop();
            }
        });
        let sim = sim.start().unwrap();
        let client: C = client(&sim);
        C::wait(client.hello("m").retry(RetryPolicy::none()).send()).unwrap_err();
        let hour = Duration::from_secs(3_600);
        let policy = RetryPolicy::builder().initial_delay(hour).max_delay(hour);
        let policy = policy.max_turn_wait(2 * hour).build().unwrap();
        let (settings, attempts) = (client.clone(), Arc::new(AtomicUsize::new(0)));
        let count = attempts.clone();
        let models = ["sim-503", "m", "m", sent, "m-never", "m-never"].into_iter();
        let requests = models.inspect(|model| {
            let waiting = || settings.settings().health(Tick::ORIGIN)["m"].waiting();
            while *model == sent && (waiting(), attempts.load(Ordering::SeqCst)) != (2, 1) {
                thread::yield_now();
            }
        });
        let batch = client.many(requests.map(request)).concurrency(4).retry(policy);
        let batch = batch.no_deadline().on_attempt(move |_| {
            count.fetch_add(1, Ordering::SeqCst);
        });
        let mut results = C::one_by_one(batch.results());
        assert!(token.set(results.stop_token()).is_ok());
        let mut done: Vec<_> = results.by_ref().collect();
        done.sort_unstable_by_key(|done| done.index);
        let kinds = done.iter().map(|done| done.result.as_ref().err().map(Error::kind));
        let cancelled = Some(Kind::Cancelled);
        assert!(kinds.eq([cancelled, cancelled, cancelled, want]), "{done:?}");
        // What was sent and may have been billed is not forgotten, nor why the call waited.
        let error = done[0].result.as_ref().unwrap_err();
        assert!(error.attempts().len() == 1 && error.source().is_some(), "{error:?}");
        assert!(done[1].result.as_ref().unwrap_err().attempts().is_empty());
        assert_eq!((sim.log().len(), client.settings().in_flight()), (3, 0));
        assert!(results.stopped_by().is_none() && results.stop_token().is_stopped());
    }
}

fn batch_without_balance_is_stopped_and_one_without_the_model_is_not<C: TestClient>() {
    for (model, want) in [("sim-402", 1), ("sim-404", 20), ("sim-403", 20)] {
        let sim = Sim::start().unwrap();
        let client: C = client(&sim);
        let many = std::iter::repeat_n(request(model), 20);
        let results = C::gathered(client.many(many).concurrency(1).run());
        assert_eq!((results.len(), sim.log().len()), (20, want), "{model}");
        assert!(results.iter().all(Result::is_err), "{model}");
    }
    // What no call can be made with is refused before anything is sent.
    let sim = Sim::start().unwrap();
    let client: C = client(&sim);
    let results = C::gathered(client.many(requests(5)).header("x y", "z").run());
    let kinds = results.into_iter().map(|result| result.unwrap_err().kind());
    assert!(kinds.eq([Kind::Config; 5]) && sim.log().is_empty());
}

fn progress_is_told_with_each_result<C: TestClient>() {
    let refusal = || Action::row(429).header("retry-after-ms", "1");
    let overload = || Action::row(503).header("retry-after-ms", "1");
    let script = [refusal(), overload(), refusal(), Action::normal(), Action::row(400)];
    let sim = Sim::builder().script(script).start().unwrap();
    let client: C = client(&sim);
    let told: Arc<Mutex<Vec<Progress>>> = Arc::default();
    let log = told.clone();
    // A short backoff, for the tests' sake: for an overload the longer of it and the hint counts.
    let policy = RetryPolicy::builder().initial_delay(Duration::from_millis(1));
    let batch = client
        .many(requests(6).map(|(_, request)| request).collect::<Vec<_>>())
        .concurrency(1)
        .retry(policy.max_attempts(4).build().unwrap())
        .on_progress(move |progress| log.lock().unwrap().push(*progress));
    let results = C::gathered(batch.run());
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 5);
    let told = told.lock().unwrap();
    let counts: Vec<_> = told
        .iter()
        .map(|told| (told.finished(), told.failed(), told.attempts(), told.refusals()))
        .collect();
    let want = [(1, 0, 4, 3), (2, 1, 5, 3), (3, 1, 6, 3), (4, 1, 7, 3), (5, 1, 8, 3), (6, 1, 9, 3)];
    assert_eq!(counts, want);
    assert!(told.iter().all(|told| told.total() == Some(6) && told.in_flight() == 0));
    let last = told.last().unwrap();
    assert!(last.rate() > 0.0 && last.time_left() == Some(Duration::ZERO), "{last:?}");
    assert!(told.is_sorted_by_key(Progress::elapsed));
}

fn options_are_those_of_every_call<C: TestClient>() {
    let sim = Sim::start().unwrap();
    let client: C = client(&sim);
    let attempts = Arc::new(AtomicUsize::new(0));
    let count = attempts.clone();
    let batch = client.many(std::iter::repeat_n(request("sim-503"), 5));
    let batch = batch.api_key("sk-other").header("x-batch", "1").fallback_models(["m"]);
    let batch = batch.on_attempt(move |_| {
        count.fetch_add(1, Ordering::SeqCst);
    });
    for result in C::gathered(batch.run()) {
        assert_eq!(result.unwrap().asked_model(), Some("m"));
    }
    assert_eq!(attempts.load(Ordering::SeqCst), 10);
    for seen in sim.log() {
        assert_eq!(seen.headers["authorization"], "Bearer sk-other");
        assert_eq!(seen.headers["x-batch"], "1");
    }
}

fn batches_are_patient_unless_they_are_told_otherwise<C: TestClient>() {
    let refusals = || vec![Action::row(429).header("retry-after-ms", "1"); 5];
    let sim = Sim::builder().script(refusals()).start().unwrap();
    let client: C = client(&sim);
    let results = C::gathered(client.many([request("m")]).run());
    assert_eq!(results[0].as_ref().unwrap().attempts().len(), 6);
    sim.set_script(refusals()).unwrap();
    let results = C::gathered(client.many([request("m")]).retry(RetryPolicy::none()).run());
    assert_eq!(results[0].as_ref().unwrap_err().attempts().len(), 1);
    // What the client was told holds for its batches too.
    sim.set_script(refusals()).unwrap();
    let builder = flow_api::ClientBuilder::<C>::new().api_key("sk-test").base_url(sim.base_url());
    let client = builder.no_proxy().retry(RetryPolicy::none()).build().unwrap();
    let results = C::gathered(client.many([request("m")]).run());
    assert_eq!(results[0].as_ref().unwrap_err().attempts().len(), 1);
}

fn batches_have_no_deadline_unless_they_are_told_of_one<C: TestClient>() {
    let limits = |told: Option<Duration>, attempt: Option<Duration>, of_batch: Option<Duration>| {
        let clock = VirtualClock::new(1);
        let fake = Fake::new(clock.clone(), []);
        let mut builder = C::faked(fake.clone()).retry(RetryPolicy::none());
        if let Some(deadline) = told {
            builder = builder.deadline(deadline);
        }
        if let Some(timeout) = attempt {
            builder = builder.attempt_timeout(timeout);
        }
        let client = builder.build().unwrap().on_clock(clock);
        let mut batch = client.many([request("m")]);
        if let Some(deadline) = of_batch {
            batch = batch.deadline(deadline);
        }
        assert!(C::gathered(batch.run()).iter().all(Result::is_err));
        fake.seen().first().unwrap().timeout
    };
    let (ten_minutes, short) = (Duration::from_secs(600), Duration::from_secs(30));
    let hour = Duration::from_secs(3_600);
    assert_eq!(limits(None, None, None), Some(ten_minutes));
    assert_eq!(limits(Some(short), None, None), Some(short));
    assert_eq!(limits(None, None, Some(short)), Some(short));
    // Who speaks of attempts has said nothing of a deadline.
    assert_eq!(limits(None, Some(hour), None), Some(hour));
    assert_eq!(limits(Some(hour), None, None), Some(hour));
}

fn panic_of_a_hook_is_the_callers<C: TestClient>() {
    let sim = Sim::start().unwrap();
    let client: C = client(&sim);
    let batch = client.many(requests(5)).on_attempt(|_| panic!("the hook"));
    let panic = catch_unwind(AssertUnwindSafe(|| C::gathered(batch.run()))).unwrap_err();
    assert_eq!(*panic.downcast_ref::<&str>().unwrap(), "the hook");
    assert!(sim.wait_until_idle(SOON));
    // Who goes on after it gets what there still is, and an end.
    let panicked = AtomicBool::new(false);
    let batch = client.many(requests(5)).concurrency(2).on_attempt(move |_| {
        assert!(panicked.swap(true, Ordering::SeqCst), "the hook");
    });
    let mut results = C::one_by_one(batch.results());
    let mut next = || catch_unwind(AssertUnwindSafe(|| results.next()));
    let (mut panics, mut kinds) = (0, Vec::new());
    loop {
        match next() {
            Ok(Some(done)) => kinds.push(done.result.err().map(|error| error.kind())),
            Ok(None) => break,
            Err(_) => panics += 1,
        }
    }
    assert_eq!((panics, kinds), (1, vec![None, None, None, None, Some(Kind::Cancelled)]));
}

fn batch_of_nothing_is_over_at_once<C: TestClient>() {
    let sim = Sim::start().unwrap();
    let client: C = client(&sim);
    assert!(C::gathered(client.many(Vec::<ChatRequest>::new()).run()).is_empty());
    let mut results = C::one_by_one(client.many(requests(0)).results());
    assert!(results.next().is_none() && results.next().is_none());
}

/// A blocking batch ends with its client's token: what is under way, and what was not sent.
#[test]
fn cancelled_token_ends_the_batch() {
    let sim = Sim::start().unwrap();
    let token = CancelToken::new();
    let client = client::<flow_blocking::Client>(&sim).with_cancel_token(&token);
    let many = std::iter::repeat_n(request("sim-hang"), 50);
    let results = thread::scope(|scope| {
        scope.spawn(|| {
            assert!(sim.wait_for_requests(3, SOON));
            token.cancel();
        });
        client.batch(many).concurrency(3).run()
    });
    let kinds = results.iter().map(|result| result.as_ref().unwrap_err().kind());
    assert!(kinds.eq([Kind::Cancelled; 50]));
    assert!(sim.log().len() == 3 && sim.wait_until_idle(SOON));
    assert_eq!(client.in_flight(), 0);
}

/// An async batch whose runtime has gone ends, and says so.
#[test]
fn runtime_that_goes_takes_the_calls_with_it() {
    let sim = Sim::start().unwrap();
    let client: flow_async::Client = client(&sim);
    let many = std::iter::repeat_n(request("sim-hang"), 4);
    let mut results = client.batch(many).concurrency(2).results();
    let first = tokio::runtime::Runtime::new().unwrap();
    first.block_on(async {
        let waited = tokio::time::timeout(Duration::ZERO, results.next()).await;
        assert!(waited.is_err(), "{waited:?}");
    });
    drop(first);
    let second = tokio::runtime::Runtime::new().unwrap();
    for index in 0..4 {
        let done = second.block_on(results.next()).unwrap();
        assert_eq!((done.index, done.result.unwrap_err().kind()), (index, Kind::Cancelled));
    }
    assert!(second.block_on(results.next()).is_none());
}
