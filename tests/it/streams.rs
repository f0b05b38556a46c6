//! Streams over real sockets: they end complete or with an error, and never in between.

mod limits;
mod readme;
mod recovery;
mod scenarios;

use std::time::Duration;

use flow_api::ClientBuilder;
use flow_api::chat::Completeness;
use flow_errors::{Kind, Result, RetryPolicy};
use flow_sim::{Action, Seen, Sim, Stream};
use flow_tests::{TestClient, TestStream as _, VirtualClock, both};
use serde_json::{Value, json};

both! {
    stream_says_who_answers_and_what_it_cost
    request_asks_for_a_stream_and_its_usage
    whole_reply_is_the_one_that_comes_in_one_piece
    stream_put_together_is_the_reply_of_a_call
    completeness_is_the_callers_choice
    requests_that_ask_for_a_stream_themselves_are_led_to_one
}

/// A client whose waits between attempts take no time.
fn client<C: TestClient>(sim: &Sim) -> C {
    let builder = ClientBuilder::<C>::new().api_key("sk-test").base_url(sim.base_url());
    builder.no_proxy().build().unwrap().on_socket_clock(VirtualClock::new(7))
}

/// A client on the real clock, which tries once.
fn patient<C: TestClient>(sim: &Sim) -> ClientBuilder<C> {
    let builder = ClientBuilder::<C>::new().api_key("sk-test").base_url(sim.base_url());
    builder.no_proxy().retry(RetryPolicy::none())
}

fn body(seen: &Seen) -> Value {
    serde_json::from_slice(&seen.body).unwrap()
}

/// What the obvious loop makes of a stream: the text, and how it ended.
fn read(stream: impl Iterator<Item = Result<flow_api::chat::Chunk>>) -> (String, Option<Kind>) {
    let mut text = String::new();
    for chunk in stream {
        match chunk {
            Ok(chunk) => text.push_str(chunk.text()),
            Err(error) => return (text, Some(error.kind())),
        }
    }
    (text, None)
}

fn stream_says_who_answers_and_what_it_cost<C: TestClient>() {
    let sim = Sim::start().unwrap();
    let client: C = client(&sim);
    let mut stream = C::open(client.hello("gpt-4o").stream()).unwrap();
    assert_eq!((stream.model(), stream.asked_model()), (Some("gpt-4o"), Some("gpt-4o")));
    assert_eq!((stream.attempts().len(), client.settings().in_flight()), (0, 1));
    assert!(stream.usage().is_none());
    let id = stream.request_id().map(str::to_owned).unwrap();
    let (text, end) = read(&mut stream);
    assert!(!text.is_empty() && end.is_none() && stream.next().is_none());
    assert!(stream.usage().unwrap().total_tokens() > 0);
    assert_eq!((stream.model(), stream.request_id()), (Some("gpt-4o"), Some(&*id)));
    let attempt = stream.attempts().last().unwrap();
    assert!(attempt.is_streamed() && attempt.kind().is_none());
    assert_eq!((attempt.request_id(), client.settings().in_flight()), (Some(&*id), 0));
}

fn request_asks_for_a_stream_and_its_usage<C: TestClient>() {
    let sim = Sim::start().unwrap();
    let client: C = client(&sim);
    let own = client
        .hello("gpt-4o")
        .header("accept", "text/event-stream")
        .header("accept-encoding", "br");
    for call in [client.hello("gpt-4o"), client.hello("gpt-4o").include_usage(false), own] {
        assert_eq!(read(C::open(call.stream()).unwrap()).1, None);
    }
    C::wait(client.hello("gpt-4o").send()).unwrap();
    let log = sim.log();
    let header = |seen: &Seen, name: &str| seen.headers[name].to_str().unwrap().to_owned();
    let told: Vec<_> = log
        .iter()
        .map(|seen| {
            let body = body(seen);
            (
                body.get("stream").cloned(),
                body.get("stream_options").cloned(),
                header(seen, "accept"),
                header(seen, "accept-encoding"),
            )
        })
        .collect();
    let usage = Some(json!({ "include_usage": true }));
    let text = |text: &str| text.to_owned();
    let both = "text/event-stream, application/json";
    assert_eq!(
        told,
        [
            (Some(json!(true)), usage.clone(), text(both), text("identity")),
            (Some(json!(true)), None, text(both), text("identity")),
            (Some(json!(true)), usage, text("text/event-stream"), text("br")),
            (None, None, text("application/json"), text("gzip")),
        ]
    );
}

fn whole_reply_is_the_one_that_comes_in_one_piece<C: TestClient>() {
    let sim = Sim::start().unwrap();
    let client: C = client(&sim);
    let ask = || client.hello("gpt-4o").n(2).logprobs(true).top_logprobs(2);
    let mut stream = C::open(ask().stream()).unwrap();
    // Some of it was read before: that is not lost.
    stream.next().unwrap().unwrap();
    let streamed = stream.into_reply().unwrap();
    let whole = C::wait(ask().send()).unwrap();
    assert_eq!(streamed.choices().len(), 2);
    assert_eq!(same(&streamed), same(&whole));
    assert_eq!((streamed.attempts().len(), streamed.asked_model()), (1, Some("gpt-4o")));
    assert!(streamed.request_id().is_some());
}

fn stream_put_together_is_the_reply_of_a_call<C: TestClient>() {
    let sim = Sim::start().unwrap();
    let client: C = client(&sim);
    let streamed = C::wait(client.hello("gpt-4o").send_streamed()).unwrap();
    let whole = C::wait(client.hello("gpt-4o").send()).unwrap();
    assert_eq!(same(&streamed), same(&whole));
    let streams: Vec<_> =
        [&streamed, &whole].map(|reply| reply.attempts().last().unwrap().is_streamed()).into();
    assert_eq!(streams, [true, false]);
    assert_eq!(client.settings().in_flight(), 0);
}

/// A reply without what is different each time.
fn same(reply: &flow_api::ChatCompletion) -> Value {
    let mut json = serde_json::to_value(reply).unwrap();
    for name in ["id", "created"] {
        assert!(json.as_object_mut().unwrap().remove(name).is_some(), "{name}");
    }
    json
}

fn completeness_is_the_callers_choice<C: TestClient>() {
    #[rustfmt::skip]
    let cases = [
        // stream                                   completeness                end
        (Stream::new().content().done(),            Completeness::FinishReason, Some(Kind::StreamTruncated)),
        (Stream::new().content().done(),            Completeness::Done,         None),
        (Stream::new().content(),                   Completeness::Done,         Some(Kind::StreamTruncated)),
        (Stream::new().content(),                   Completeness::Eof,          None),
        (Stream::new().content().half(),            Completeness::Eof,          Some(Kind::StreamTruncated)),
        (Stream::new().usage(),                     Completeness::FinishReason, None),
    ];
    let script: Vec<_> = cases.iter().map(|case| Action::normal().stream(case.0.clone())).collect();
    let sim = Sim::builder().script(script).start().unwrap();
    let client: C = client(&sim);
    for (stream, rule, want) in cases {
        let call = client.hello("gpt-4o").completeness(rule).retry(RetryPolicy::none());
        let (_, end) = read(C::open(call.stream()).unwrap());
        assert_eq!(end, want, "{rule:?} of {stream:?}");
    }
}

fn requests_that_ask_for_a_stream_themselves_are_led_to_one<C: TestClient>() {
    let sim = Sim::start().unwrap();
    let client: C = client(&sim);
    let ask = || client.hello("gpt-4o").param("stream", true);
    let error = C::wait(ask().send()).unwrap_err();
    assert_eq!((error.kind(), error.param()), (Kind::InvalidInput, Some("stream")));
    assert!(error.to_string().contains("call stream() or send_streamed()"), "{error}");
    assert_eq!(read(C::open(ask().stream()).unwrap()).1, None);
    C::wait(ask().send_streamed()).unwrap();
}

/// What ends a stream in time, on real clocks: within 250 ms of its limit.
const LATE: Duration = Duration::from_millis(250);
