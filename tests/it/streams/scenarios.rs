//! Each way in which flow-sim's streams can go, before and after content, in both clients.
//!
//! Read as a user does who writes the obvious loop: what is not whole must end in an error.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use flow_errors::call::Delivered;
use flow_errors::{Kind, StoppedBecause};
use flow_sim::Sim;
use flow_tests::{TestClient, TestStream, both};

use super::{LATE, client, patient, read};

both! {
    every_scenario_ends_as_it_should
    failures_before_content_are_sent_again_and_those_after_it_never
    stalls_end_within_their_limits
    deadline_ends_a_stream_too
    connections_are_kept_after_the_end_and_closed_before_it
    dropped_streams_leave_nothing_behind
    stream_that_is_left_after_its_finish_reason_has_succeeded
}

/// How a stream ends that is tried once.
enum End {
    /// With all of the answer.
    Complete,
    /// With an error after some of the answer.
    After(Kind),
    /// With an error in place of the stream.
    Before(Kind),
}

use End::{After, Before, Complete};

/// Every id of flow-sim's that is no error event.
#[rustfmt::skip]
const SCENARIOS: [(&str, End); 22] = [
    ("crlf",                Complete),
    ("cr",                  Complete),
    ("bytes",               Complete),
    ("letters",             Complete),
    ("pings",               Complete),
    ("cut",                 After(Kind::StreamTruncated)),
    ("cut-early",           Before(Kind::StreamTruncated)),
    ("cut-in-event",        After(Kind::StreamTruncated)),
    ("close",               After(Kind::Transport)),
    ("done-after-cut",      After(Kind::StreamTruncated)),
    ("done-only",           After(Kind::StreamTruncated)),
    ("no-done",             Complete),
    ("no-blank-line",       Complete),
    ("reset",               After(Kind::Transport)),
    ("reset-early",         Before(Kind::Transport)),
    ("garbage",             After(Kind::Decode)),
    ("bad-utf8",            Complete),
    ("huge-event",          After(Kind::ReplyTooLarge)),
    ("error-done",          After(Kind::ServiceUnavailable)),
    ("empty",               Before(Kind::StreamTruncated)),
    ("json",                Complete),
    ("wrong-type",          Complete),
];

/// Those that never end by themselves.
const STALLS: [&str; 4] = ["stall", "stall-early", "stall-pings", "stall-pings-early"];

pub(super) const PREFIX: &str = "sim-stream-";

/// Ids of error events without a status of their own: they are a 503.
fn errors() -> Vec<String> {
    names().into_iter().filter(|name| name.starts_with("error-") && name != "error-done").collect()
}

/// Whether a stream of this name is all of the answer.
pub(super) fn is_whole(name: &str) -> bool {
    SCENARIOS.iter().any(|(known, end)| *known == name && matches!(end, Complete))
}

/// What flow-sim calls its streams.
pub(super) fn names() -> BTreeSet<String> {
    let ids = flow_sim::model_ids().into_iter();
    ids.filter_map(|(id, _)| Some(id.strip_prefix(PREFIX)?.to_owned())).collect()
}

fn every_scenario_ends_as_it_should<C: TestClient>() {
    let sim = Sim::start().unwrap();
    let once: C = patient(&sim).build().unwrap();
    let whole = C::wait(once.hello("gpt-4o").send()).unwrap();
    let errors = errors();
    let errors = errors.iter().map(|name| {
        // These have no room for more than words.
        let says_little =
            ["text", "number", "null", "plain"].iter().any(|dialect| name.contains(dialect));
        let end = if says_little { Kind::Unexpected } else { Kind::ServiceUnavailable };
        (&**name, if name.ends_with("-early") { Before(end) } else { After(end) })
    });
    let mut seen: BTreeSet<String> = STALLS.map(str::to_owned).into();
    for (name, want) in SCENARIOS.into_iter().chain(errors) {
        seen.insert(name.to_owned());
        let ours = PREFIX.to_owned() + name;
        let mut stream = match (C::open(once.hello(&ours).stream()), &want) {
            (Ok(stream), _) => stream,
            (Err(error), Before(kind)) => {
                assert_eq!(error.kind(), *kind, "{name}: {error}");
                assert!(error.delivered().is_none_or(Delivered::is_nothing), "{name}: {error}");
                assert_eq!(error.attempts().len(), 1, "{name}");
                continue;
            }
            (Err(error), _) => panic!("{name}: {error}"),
        };
        let mut text = String::new();
        let mut events = 0;
        let error = loop {
            match stream.next() {
                None => break None,
                Some(Err(error)) => break Some(error),
                Some(Ok(chunk)) => {
                    text.push_str(chunk.text());
                    events += 1;
                }
            }
        };
        assert!(stream.next().is_none(), "{name}: nothing comes after the end");
        match (error, want) {
            (None, Complete) => {
                let is_same = text == whole.text() || ["letters", "bad-utf8"].contains(&name);
                assert!(is_same && !text.is_empty(), "{name}: {text}");
                assert_eq!(stream.into_reply().unwrap().text(), text, "{name}");
            }
            (Some(error), After(kind)) => {
                assert_eq!(error.kind(), kind, "{name}: {error}");
                let delivered = error.delivered().unwrap();
                let bytes = u64::try_from(text.len()).unwrap();
                assert_eq!((delivered.events(), delivered.text_bytes()), (events, bytes), "{name}");
                assert_eq!(error.stopped_because(), Some(StoppedBecause::Delivered), "{name}");
                assert!(error.request_id().is_some() && error.is_maybe_billed(), "{name}: {error}");
                let partial: flow_api::ChatCompletion = error.partial().unwrap();
                assert_eq!(partial.text(), text, "{name}");
                let again = stream.into_reply().unwrap_err();
                assert_eq!(again.to_string(), error.to_string(), "{name}");
            }
            (error, _) => panic!("{name}: {error:?} after {text}"),
        }
    }
    assert_eq!(seen, names(), "each scenario is in the table");
    assert_eq!(once.settings().in_flight(), 0);
}

fn failures_before_content_are_sent_again_and_those_after_it_never<C: TestClient>() {
    let sim = Sim::start().unwrap();
    let client: C = client(&sim);
    #[rustfmt::skip]
    let early = ["cut-early", "reset-early", "empty", "error-nested-early", "error-flat-early-429", "error-choice-early-502"];
    for name in early {
        let before = sim.log().len();
        let stream = C::open(client.hello(&format!("{PREFIX}{name}-x1-ours")).stream()).unwrap();
        assert_eq!(stream.attempts().len(), 1, "{name}");
        assert_eq!(read(stream).1, None, "{name}");
        assert_eq!(sim.log().len() - before, 2, "{name}");
    }
    for name in ["cut", "reset", "done-after-cut", "error-nested", "error-flat-429", "error-choice"]
    {
        let before = sim.log().len();
        let stream = C::open(client.hello(&format!("{PREFIX}{name}-x1-ours")).stream()).unwrap();
        assert!(read(stream).1.is_some(), "{name}");
        assert_eq!(sim.log().len() - before, 1, "{name}");
    }
    // What would fail again is not sent again.
    let error = C::open(client.hello("sim-stream-error-nested-early-401").stream()).unwrap_err();
    assert_eq!((error.kind(), error.attempts().len()), (Kind::InvalidApiKey, 1));
    let call = client.hello("sim-stream-error-nested-early").fallback_models(["gpt-4o"]);
    let stream = C::open(call.stream()).unwrap();
    assert_eq!((stream.asked_model(), stream.attempts().len()), (Some("gpt-4o"), 1));
}

fn stalls_end_within_their_limits<C: TestClient>() {
    const LIMIT: Duration = Duration::from_millis(700);
    let sim = Sim::start().unwrap();
    let client: C = patient(&sim).idle_timeout(LIMIT).first_content_timeout(LIMIT).build().unwrap();
    // Connecting is not what is measured.
    C::wait(client.hello("gpt-4o").send()).unwrap();
    for name in STALLS {
        let stall = || {
            let opened = C::open(client.hello(&format!("{PREFIX}{name}")).stream());
            let error = match opened {
                Err(error) if name.ends_with("-early") => error,
                Ok(stream) => stream.into_reply().unwrap_err(),
                Err(error) => panic!("{name}: {error}"),
            };
            assert_eq!((error.kind(), error.message()), (Kind::Timeout, "no content for 700 ms"));
            let delivered = error.delivered().map_or(0, Delivered::events);
            assert_eq!(delivered > 0, !name.ends_with("-early"), "{name}: {error}");
        };
        assert!(ends_soon_after(LIMIT, stall), "{name}");
    }
    // A reply that is put together has the same limits.
    let error = C::wait(client.hello("sim-stream-stall-pings").send_streamed()).unwrap_err();
    assert_eq!(error.message(), "no content for 700 ms");
}

fn deadline_ends_a_stream_too<C: TestClient>() {
    const DEADLINE: Duration = Duration::from_millis(700);
    let sim = Sim::start().unwrap();
    let client: C = patient(&sim).deadline(DEADLINE).build().unwrap();
    for name in STALLS {
        let stall = || {
            let opened = C::open(client.hello(&format!("{PREFIX}{name}")).stream());
            let error = opened.and_then(TestStream::into_reply).unwrap_err();
            assert_eq!(error.kind(), Kind::Timeout, "{name}: {error}");
            assert!(error.message().starts_with("no whole reply within"), "{name}: {error}");
        };
        assert!(ends_soon_after(DEADLINE, stall), "{name}");
    }
}

/// Whether `stall` ends soon after its limit, and never before: on a busy machine one of three times.
fn ends_soon_after(limit: Duration, stall: impl Fn()) -> bool {
    (0..3).any(|_| {
        let began = Instant::now();
        stall();
        let late = began.elapsed().checked_sub(limit);
        late.expect("nothing ends before its limit") < LATE
    })
}

fn connections_are_kept_after_the_end_and_closed_before_it<C: TestClient>() {
    #[rustfmt::skip]
    let cases = [
        // stream                       is the connection used again
        ("gpt-4o",                      true),
        ("sim-stream-bytes",            true),
        ("sim-stream-no-done",          true),
        ("sim-stream-json",             true),
        ("sim-stream-stall",            false),
        ("sim-stream-stall-pings",      false),
        ("sim-stream-reset",            false),
        ("sim-stream-garbage",          false),
    ];
    for (model, want) in cases {
        let is_same = || {
            let sim = Sim::start().unwrap();
            let client: C = patient(&sim).build().unwrap();
            let call = client.hello(model);
            let call = if want { call } else { call.idle_timeout(Duration::from_millis(50)) };
            let _ = read(C::open(call.stream()).unwrap());
            C::wait(client.hello("gpt-4o").send()).unwrap();
            let log = sim.log();
            log.first().unwrap().connection == log.last().unwrap().connection
        };
        // The end of a body is not waited for long, which a busy machine may take.
        let is_kept = is_same() || (want && (0..4).any(|_| is_same()));
        assert_eq!(is_kept, want, "{model}");
    }
}

fn dropped_streams_leave_nothing_behind<C: TestClient>() {
    let sim = Sim::start().unwrap();
    let client: C = client(&sim);
    for round in 0..500 {
        let stream = C::open(client.hello("sim-stream-stall").stream()).unwrap();
        assert_eq!(client.settings().in_flight(), 1, "{round}");
        drop(stream);
        assert_eq!(client.settings().in_flight(), 0, "{round}");
        let mut stream = C::open(client.hello("gpt-4o").stream()).unwrap();
        stream.next().unwrap().unwrap();
    }
    assert_eq!(client.settings().in_flight(), 0);
    C::wait(client.hello("gpt-4o").send()).unwrap();
}

fn stream_that_is_left_after_its_finish_reason_has_succeeded<C: TestClient>() {
    let sim = Sim::start().unwrap();
    let client: C = client(&sim);
    let told = Arc::new(Mutex::new(Vec::new()));
    let hook = told.clone();
    let call = client.hello("gpt-4o").on_attempt(move |attempt| {
        hook.lock().unwrap().push((attempt.status().is_some(), attempt.kind()));
    });
    let mut stream = C::open(call.stream()).unwrap();
    let is_last = |chunk: &flow_api::chat::Chunk| {
        chunk.choices().iter().any(|choice| choice.finish_reason().is_some())
    };
    assert!(stream.by_ref().map(Result::unwrap).any(|chunk| is_last(&chunk)));
    drop(stream);
    assert_eq!(*told.lock().unwrap(), [(true, None)]);
    assert_eq!(client.settings().in_flight(), 0);
}
