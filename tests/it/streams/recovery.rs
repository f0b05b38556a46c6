//! The page's advice for 504: what took too long in one piece is sent again as a stream.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use flow_errors::{Attempts, Kind, RetryPolicy, StoppedBecause};
use flow_sim::{Action, Dialect, Sim, Stream};
use flow_tests::{TestClient, both};

use super::{body, client, same};

both! {
    slow_reply_comes_as_a_stream
    recovery_can_be_switched_off
    every_gateways_timeout_leads_to_a_stream
    refused_stream_leads_back_to_one_piece
    timeout_is_the_error_where_the_stream_is_refused_and_nothing_is_left
    stream_that_breaks_off_is_sent_again_because_nobody_saw_it
    other_model_is_asked_for_a_stream_too
    streams_have_keys_of_their_own
    long_answer_in_one_piece_is_warned_of
}

fn scripted(script: impl IntoIterator<Item = Action>) -> Sim {
    Sim::builder().script(script.into_iter().collect::<Vec<_>>()).start().unwrap()
}

/// Status and mode of each attempt.
fn told(attempts: &Attempts) -> Vec<(u16, bool)> {
    let status = |attempt: &flow_errors::Attempt| attempt.status().map_or(0, |is| is.as_u16());
    attempts.iter().map(|attempt| (status(attempt), attempt.is_streamed())).collect()
}

/// The gateway of the page's last row: 504 for what takes long, unless it is streamed.
fn slow_reply_comes_as_a_stream<C: TestClient>() {
    let sim = Sim::start().unwrap();
    let client: C = client(&sim);
    let reply = C::wait(client.hello("sim-slow-unary").send()).unwrap();
    assert_eq!(told(reply.attempts()), [(504, false), (200, true)]);
    let second = reply.attempts().last().unwrap().to_string();
    assert!(second.starts_with("attempt 2 to sim-slow-unary, streamed: 200 ok after"), "{second}");
    let whole = C::wait(client.hello("gpt-4o").send()).unwrap();
    assert_eq!(same(&reply)["choices"], same(&whole)["choices"]);
}

fn recovery_can_be_switched_off<C: TestClient>() {
    let sim = Sim::start().unwrap();
    let client: C = client(&sim);
    let call = client.hello("sim-504").recover_by_streaming(false);
    let error = C::wait(call.send()).unwrap_err();
    assert_eq!(told(error.attempts()), [(504, false); 3]);
}

fn every_gateways_timeout_leads_to_a_stream<C: TestClient>() {
    for status in [504, 524, 408] {
        let sim = scripted([Action::row(status)]);
        let client: C = client(&sim);
        let reply = C::wait(client.hello("gpt-4o").send()).unwrap();
        assert_eq!(told(reply.attempts()), [(status, false), (200, true)]);
    }
}

fn refused_stream_leads_back_to_one_piece<C: TestClient>() {
    let sim = scripted([Action::row(504), Action::row(400), Action::normal()]);
    let client: C = client(&sim);
    let reply = C::wait(client.hello("gpt-4o").send()).unwrap();
    assert_eq!(told(reply.attempts()), [(504, false), (400, true), (200, false)]);
    let waits = reply.attempts().iter().filter(|attempt| attempt.wait().is_some()).count();
    assert_eq!((waits, client.settings().in_flight()), (2, 0));
}

fn timeout_is_the_error_where_the_stream_is_refused_and_nothing_is_left<C: TestClient>() {
    let sim = scripted([Action::row(504), Action::row(400)]);
    let client: C = client(&sim);
    let policy = RetryPolicy::builder().max_attempts(2).build().unwrap();
    let error = C::wait(client.hello("gpt-4o").retry(policy).send()).unwrap_err();
    assert_eq!((error.kind(), error.status().unwrap().as_u16()), (Kind::GatewayTimeout, 504));
    assert_eq!(error.stopped_because(), Some(StoppedBecause::MaxAttempts));
    assert_eq!(told(error.attempts()), [(504, false), (400, true)]);
}

fn stream_that_breaks_off_is_sent_again_because_nobody_saw_it<C: TestClient>() {
    let cut = Action::normal().stream(Stream::new().deltas(2).done());
    let sim = scripted([Action::row(504), cut.clone(), Action::normal()]);
    let ours: C = client(&sim);
    let reply = C::wait(ours.hello("gpt-4o").send()).unwrap();
    assert_eq!(told(reply.attempts()), [(504, false), (200, true), (200, true)]);
    assert_eq!(reply.attempts().iter().nth(1).unwrap().kind(), Some(Kind::StreamTruncated));

    // Twice is too often: it may have been billed each time.
    let error = Action::normal().stream(Stream::new().deltas(2).error(Dialect::Nested, 503));
    let sim = scripted([cut.clone(), error, cut]);
    let ours: C = client(&sim);
    let error = C::wait(ours.hello("gpt-4o").send_streamed()).unwrap_err();
    assert_eq!((error.kind(), error.attempts().len()), (Kind::StreamTruncated, 3));
    assert!(error.delivered().unwrap().is_nothing(), "{error}");
    let partial: flow_api::ChatCompletion = error.partial().unwrap();
    assert!(!partial.text().is_empty(), "{partial:?}");
}

fn other_model_is_asked_for_a_stream_too<C: TestClient>() {
    let sim = scripted([Action::row(504), Action::row(503), Action::normal()]);
    let client: C = client(&sim);
    let call = client.hello("gpt-4o").fallback_models(["gpt-4o-mini"]);
    let reply = C::wait(call.send()).unwrap();
    assert_eq!(told(reply.attempts()), [(504, false), (503, true), (200, true)]);
    assert_eq!(reply.asked_model(), Some("gpt-4o-mini"));
    assert_eq!(body(&sim.log()[2])["model"], "gpt-4o-mini");
}

fn streams_have_keys_of_their_own<C: TestClient>() {
    let sim = scripted([504, 503, 400, 500].map(Action::row));
    let client: C = client(&sim);
    let policy = RetryPolicy::builder().max_attempts(5).build().unwrap();
    let call = client.hello("a").header("idempotency-key", "job").fallback_models(["b"]);
    C::wait(call.retry(policy).send()).unwrap();
    let key = |seen: &flow_sim::Seen| seen.headers["idempotency-key"].to_str().unwrap().to_owned();
    let keys: Vec<_> = sim.log().iter().map(key).collect();
    let b = "job-fallback-1";
    assert_eq!(keys, ["job", "job-stream", "job-fallback-1-stream", b, b]);
}

fn long_answer_in_one_piece_is_warned_of<C: TestClient>() {
    let sim = scripted([Action::row(504).after(Duration::ZERO)]);
    let client: C = client(&sim);
    let warnings = Arc::new(Mutex::new(Vec::new()));
    let hook = warnings.clone();
    let note = move |attempt: &flow_errors::Attempt| {
        hook.lock().unwrap().push(attempt.warning().map(str::to_owned));
    };
    let ask = || client.hello("gpt-4o").on_attempt(note.clone());
    C::wait(ask().max_tokens(16_000).send()).unwrap();
    C::wait(ask().max_completion_tokens(6_000).send()).unwrap();
    C::open(ask().max_tokens(16_000).stream()).unwrap().for_each(drop);
    let warning =
        "16000 tokens may take longer than a gateway waits; use stream() or send_streamed()";
    assert_eq!(*warnings.lock().unwrap(), [Some(warning.to_owned()), None, None, None]);
}
