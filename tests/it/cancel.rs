//! Ending a call from outside gives back what it held, and the service notices.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use flow_blocking::CancelToken;
use flow_errors::{Kind, StoppedBecause};
use flow_sim::Sim;
use flow_tests::{BodyFault, Fake, Scene, TestClient, VirtualClock, both};
use http::{HeaderMap, StatusCode};

both! {
    cancel_that_the_transport_reports_ends_the_call_whatever_the_status
}

const SOON: Duration = Duration::from_secs(20);

fn blocking(sim: &Sim) -> flow_blocking::Client {
    let builder = flow_blocking::Client::builder().api_key("sk-test");
    builder.base_url(sim.base_url()).build().unwrap()
}

fn asynchronous(sim: &Sim) -> flow_async::Client {
    let builder = flow_async::Client::builder().api_key("sk-test");
    builder.base_url(sim.base_url()).build().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn dropped_future_gives_back_what_the_call_held() {
    for model in ["sim-hang", "sim-hang-after-head"] {
        let sim = Sim::start().unwrap();
        let client = asynchronous(&sim);
        let call = tokio::spawn(client.chat(model).user("Hello").send());
        assert!(tokio::task::block_in_place(|| sim.wait_for_requests(1, SOON)), "{model}");
        assert_eq!(client.in_flight(), 1, "{model}");
        call.abort();
        assert!(call.await.unwrap_err().is_cancelled(), "{model}");
        assert_eq!(client.in_flight(), 0, "{model}");
        assert!(tokio::task::block_in_place(|| sim.wait_until_idle(SOON)), "{model}");
    }
}

#[test]
fn cancelled_token_ends_a_call_wherever_it_is() {
    // A hanging head, a hanging body, and the wait between two attempts.
    for model in ["sim-hang", "sim-hang-after-head", "sim-429"] {
        let sim = Sim::start().unwrap();
        let (client, token) = (blocking(&sim), CancelToken::new());
        let (result, ended) = mpsc::channel();
        let bound = client.with_cancel_token(&token);
        let told = Arc::new(AtomicUsize::new(0));
        let count = told.clone();
        let caller = thread::spawn(move || {
            let call = bound.chat(model).user("Hello");
            let call = call.on_attempt(move |_| {
                count.fetch_add(1, Ordering::SeqCst);
            });
            result.send(call.send()).unwrap();
        });
        assert!(sim.wait_for_requests(1, SOON), "{model}");
        token.cancel();
        let error = ended.recv_timeout(SOON).unwrap().unwrap_err();
        caller.join().unwrap();
        assert_eq!(error.kind(), Kind::Cancelled, "{model}");
        assert_eq!(error.stopped_because(), Some(StoppedBecause::Cancelled), "{model}");
        assert_eq!(error.attempts().len(), 1, "{model}");
        assert_eq!(told.load(Ordering::SeqCst), 1, "{model}: every attempt is told of, once");
        let text = error.to_string();
        assert!(text.contains("the call was cancelled (POST /chat/completions"), "{text}");
        assert_eq!(client.in_flight(), 0, "{model}");
        assert!(sim.wait_until_idle(SOON), "{model}");
    }
}

#[test]
fn cancelled_token_ends_a_stream_that_is_being_read() {
    let sim = Sim::start().unwrap();
    let (client, token) = (blocking(&sim), CancelToken::new());
    let mut stream =
        client.with_cancel_token(&token).chat("sim-stream-stall").user("Hello").stream().unwrap();
    let reader = thread::spawn(move || stream.find_map(Result::err).map(|error| (error, stream)));
    token.cancel();
    let (error, stream) = reader.join().unwrap().unwrap();
    assert_eq!(error.kind(), Kind::Cancelled);
    assert_eq!(error.stopped_because(), Some(StoppedBecause::Cancelled));
    assert!(error.delivered().is_some() && error.attempts().len() == 1, "{error}");
    assert_eq!(stream.into_reply().unwrap_err().kind(), Kind::Cancelled);
    assert_eq!(client.in_flight(), 0);
    assert!(sim.wait_until_idle(SOON));
}

#[test]
fn cancelled_token_ends_a_stream_of_which_all_has_arrived() {
    let sim = Sim::start().unwrap();
    let (client, token) = (blocking(&sim), CancelToken::new());
    let mut stream = client.with_cancel_token(&token).chat("m").user("Hello").stream().unwrap();
    stream.next().unwrap().unwrap();
    token.cancel();
    assert_eq!(stream.next().unwrap().unwrap_err().kind(), Kind::Cancelled);
    assert!(stream.next().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn stream_that_is_dropped_is_closed_whether_it_was_open_or_not() {
    for model in ["sim-stream-stall-early", "sim-stream-stall"] {
        let sim = Sim::start().unwrap();
        let client = asynchronous(&sim);
        let read = client.chat(model).user("Hello").stream();
        let call = tokio::spawn(async move { read.await.unwrap().into_reply().await });
        assert!(tokio::task::block_in_place(|| sim.wait_for_requests(1, SOON)), "{model}");
        call.abort();
        assert!(call.await.unwrap_err().is_cancelled(), "{model}");
        assert_eq!(client.in_flight(), 0, "{model}");
        assert!(tokio::task::block_in_place(|| sim.wait_until_idle(SOON)), "{model}");
    }
}

#[test]
fn call_cancelled_during_a_wait_names_the_failure_it_waited_after() {
    let sim = Sim::start().unwrap();
    let token = CancelToken::new();
    let client = blocking(&sim).with_cancel_token(&token);
    let cancel = token.clone();
    let call = client.chat("sim-429").user("Hello").on_attempt(move |_| cancel.cancel());
    let error = call.send().unwrap_err();
    assert_eq!(error.kind(), Kind::Cancelled);
    let source = std::error::Error::source(&error).unwrap();
    assert_eq!(source.downcast_ref::<flow_errors::Error>().unwrap().kind(), Kind::RateLimit);
}

#[test]
fn token_cancelled_before_the_call_sends_nothing() {
    let sim = Sim::start().unwrap();
    let token = CancelToken::new();
    token.cancel();
    let client = blocking(&sim).with_cancel_token(&token);
    let error = client.chat("gpt-4o").user("Hello").send().unwrap_err();
    assert_eq!((error.kind(), error.attempts().len()), (Kind::Cancelled, 0));
    assert!(sim.log().is_empty());
}

fn cancel_that_the_transport_reports_ends_the_call_whatever_the_status<C: TestClient>() {
    for status in [StatusCode::OK, StatusCode::BAD_REQUEST, StatusCode::SERVICE_UNAVAILABLE] {
        let clock = VirtualClock::new(1);
        let scene = Scene::Reply {
            takes: Duration::ZERO,
            status,
            headers: HeaderMap::new(),
            body: "{".into(),
            fault: BodyFault::Cancel,
        };
        let fake = Fake::new(clock.clone(), [scene]);
        let client = C::faked(fake.clone()).build().unwrap().on_clock(clock);
        let error = C::wait(client.hello("m").send()).unwrap_err();
        let got = (error.kind(), error.stopped_because(), error.attempts().len());
        assert_eq!(got, (Kind::Cancelled, Some(StoppedBecause::Cancelled), 1), "{status}");
        assert!(error.is_maybe_billed(), "{status}: the request was sent");
        assert_eq!(fake.seen().len(), 1, "{status}");
    }
}
