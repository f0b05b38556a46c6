//! How many sends there are, what is counted of them, and that nothing is left over.

use std::iter::repeat_n;
use std::time::Duration;

use flow_errors::{RetryPolicy, StoppedBecause};
use flow_sim::{Action, Script, Sim};
use flow_tests::{Fake, Scene, TestClient, VirtualClock, both};

use super::differences::check_one;
use super::{attempts, reply, success};

both! {
    retries_are_counted
    short_waits_of_two_refusals_are_counted
    request_ids_are_those_of_their_attempts
    headers_of_the_caller_are_sent_as_they_are
    nothing_is_left_of_calls_that_ran_out_of_retries
}

/// How an attempt fails.
#[derive(Clone, Copy, Debug)]
enum Mode {
    Http500,
    /// The transport fails before the request is sent.
    Connect,
    /// The transport fails after the request was sent.
    Reset,
}

impl Mode {
    fn scene(self) -> Scene {
        match self {
            Self::Http500 => reply(500, &[], ""),
            Self::Connect => Scene::Refuse,
            Self::Reset => Scene::Reset { takes: Duration::ZERO },
        }
    }
}

const BILLED_TWICE: &str = "what was sent may have been run and billed, so it is sent again once, \
                            unless ambiguous_retries says more";

type Row = (Mode, usize, Option<u32>, usize, usize, &'static str);

/// How attempts fail, how many do, how many retries the caller allows of what may have been run,
/// the peers' calls, our calls, and the reason. All with `max_retries = 4`.
#[rustfmt::skip]
const TABLE: &[Row] = &[
    (Mode::Http500, 0, None,    1, 1, ""),
    (Mode::Http500, 2, None,    3, 3, ""),
    (Mode::Http500, 4, None,    5, 5, ""),
    (Mode::Connect, 0, None,    1, 1, ""),
    (Mode::Connect, 2, None,    3, 3, ""),
    (Mode::Connect, 4, None,    5, 5, ""),
    (Mode::Reset,   0, None,    1, 1, ""),
    (Mode::Reset,   1, None,    2, 2, ""),
    (Mode::Reset,   2, None,    3, 2, BILLED_TWICE),
    (Mode::Reset,   4, None,    5, 2, BILLED_TWICE),
    (Mode::Reset,   2, Some(4), 3, 3, ""),
    (Mode::Reset,   4, Some(4), 5, 5, ""),
];

fn retries_are_counted<C: TestClient>() {
    for (mode, failures, ambiguous, theirs, ours, why) in TABLE {
        let name = format!("{failures} x {mode:?}, {ambiguous:?}");
        check_one(&name, theirs, ours, why);
        let clock = VirtualClock::new(1);
        let scenes = repeat_n(mode.scene(), *failures).chain([success()]);
        let fake = Fake::new(clock.clone(), scenes);
        let policy = RetryPolicy::builder().max_attempts(5);
        let policy = ambiguous.map_or(policy, |most| policy.ambiguous_retries(most));
        let client = C::faked(fake.clone()).retry(policy.build().unwrap()).build().unwrap();
        let client = client.on_clock(clock);
        let made = match C::wait(client.hello("gpt-4o").send()) {
            Ok(reply) => reply.attempts().len(),
            Err(error) => {
                assert_eq!(error.stopped_because(), Some(StoppedBecause::AmbiguousLimit), "{name}");
                assert!(error.is_maybe_billed(), "{name}");
                error.attempts().len()
            }
        };
        assert_eq!((fake.seen().len(), made), (*ours, *ours), "{name}");
        assert_eq!(client.settings().in_flight(), 0, "{name}");
    }
}

/// openai-node: two refusals with `Retry-After: 0.1` are three calls; async-openai: one is two.
fn short_waits_of_two_refusals_are_counted<C: TestClient>() {
    for (refusals, calls) in [(2, 3), (1, 2)] {
        let clock = VirtualClock::new(1);
        let refusal = reply(429, &[("retry-after", "0.1")], "");
        let fake = Fake::new(clock.clone(), repeat_n(refusal, refusals).chain([success()]));
        let client = C::faked(fake.clone()).build().unwrap().on_clock(clock);
        let reply = C::wait(client.hello("gpt-4o").send()).unwrap();
        assert_eq!((fake.seen().len(), reply.attempts().len()), (calls, calls));
    }
}

/// rig: three failures with two retries are the end, and an attempt without an id has none.
fn request_ids_are_those_of_their_attempts<C: TestClient>() {
    let clock = VirtualClock::new(1);
    let scenes = [Some("req_1"), Some("req_2"), None].map(|id| {
        let id = id.map(|id| ("x-request-id", id));
        reply(500, id.as_slice(), "")
    });
    let fake = Fake::new(clock.clone(), scenes.into_iter().chain([success()]));
    let client = C::faked(fake.clone()).retry(attempts(3)).build().unwrap().on_clock(clock);
    let error = C::wait(client.hello("gpt-4o").send()).unwrap_err();
    assert_eq!(
        (fake.seen().len(), error.stopped_because()),
        (3, Some(StoppedBecause::MaxAttempts))
    );
    let ids: Vec<_> = error.attempts().iter().map(flow_errors::Attempt::request_id).collect();
    assert_eq!(ids, [Some("req_1"), Some("req_2"), None]);
    let why = "the call's error names the last id there was, so that support has one to look for";
    check_one("request id of the error", &None, &error.request_id(), why);
    assert_eq!(error.request_id(), Some("req_2"));
}

/// The peers' retry count is ours to leave out, and the caller's to set.
fn headers_of_the_caller_are_sent_as_they_are<C: TestClient>() {
    const NAME: &str = "x-stainless-retry-count";
    for own in [None, Some("42")] {
        let clock = VirtualClock::new(1);
        let scenes = repeat_n(reply(500, &[], ""), 2).chain([success()]);
        let fake = Fake::new(clock.clone(), scenes);
        let client = C::faked(fake.clone()).build().unwrap().on_clock(clock);
        let mut call = client.hello("gpt-4o");
        if let Some(value) = own {
            call = call.header(NAME, value);
        }
        C::wait(call.send()).unwrap();
        let seen = fake.seen();
        assert_eq!(seen.len(), 3);
        for seen in &seen {
            let sent = seen.headers.iter().find(|(name, _)| name == NAME);
            assert_eq!(sent.map(|(_, value)| value.as_str()), own, "{:?}", seen.headers);
        }
    }
}

/// openai-python: no open connections after a timeout or a 500 that was retried to the end.
fn nothing_is_left_of_calls_that_ran_out_of_retries<C: TestClient>() {
    let policy = RetryPolicy::builder().max_attempts(2).initial_delay(Duration::from_millis(1));
    let policy = policy.max_delay(Duration::from_millis(1)).build().unwrap();
    for action in [Action::normal().hang(), Action::row(500), Action::normal().hang_after(20)] {
        let script = Script::from(action.clone()).repeat_last();
        let sim = Sim::builder().script(script).start().unwrap();
        let builder = flow_api::ClientBuilder::<C>::new().api_key("sk-test").retry(policy);
        let client = builder.base_url(sim.base_url()).build().unwrap();
        let call = client.hello("gpt-4o").attempt_timeout(Duration::from_millis(80));
        let error = C::wait(call.send()).unwrap_err();
        assert_eq!(error.attempts().len(), 2, "{action:?}: {error}");
        // The service may get to read the second request only after its client has given it up.
        assert!(sim.wait_for_requests(2, Duration::from_secs(10)), "{action:?}");
        assert_eq!(sim.log().len(), 2, "{action:?}");
        assert_eq!(client.settings().in_flight(), 0, "{action:?}");
        assert!(sim.wait_until_idle(Duration::from_secs(10)), "{action:?}");
    }
}
