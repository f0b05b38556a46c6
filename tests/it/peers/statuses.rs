//! Which failures are sent again, and how often the service is called for them.

use std::thread;
use std::time::Duration;

use flow_blocking::CancelToken;
use flow_errors::{Kind, StoppedBecause};
use flow_sim::{Action, Sim};
use flow_tests::{Fake, Scene, TestClient, VirtualClock, both};
use tokio::runtime::Runtime;

use super::differences::Peer::{AsyncOpenAi, OpenAiNode, OpenAiPython, RigAndGenai};
use super::differences::{Why, check, check_one};
use super::{Headers, attempts, reply, success};

both! {
    statuses_are_retried_as_nodes_table_says
    documented_statuses_are_retried
    service_is_called_so_often
}

/// How often the service is called for a failure that would be followed by successes, and what it
/// comes to.
fn calls<C: TestClient>(first: Scene, max_attempts: u32) -> (usize, Option<Kind>) {
    let clock = VirtualClock::new(3);
    let fake = Fake::new(clock.clone(), [first, success(), success()]);
    let client = C::faked(fake.clone()).retry(attempts(max_attempts)).build().unwrap();
    let client = client.on_clock(clock);
    let call = client.hello("gpt-4o").attempt_timeout(Duration::from_millis(10));
    let kind = C::wait(call.send()).err().map(|error| error.kind());
    assert_eq!(client.settings().in_flight(), 0);
    (fake.seen().len(), kind)
}

const TRUE: Headers = &[("x-should-retry", "true")];
const FALSE: Headers = &[("x-should-retry", "false")];

/// openai-node, `tests/client-behavior.test.ts`: status, headers, whether it retries, and we.
#[rustfmt::skip]
const NODE: &[(u16, Headers, bool, bool, &str)] = &[
    (408, &[],   true,  true,  ""),
    (409, &[],   true,  true,  ""),
    (429, &[],   true,  true,  ""),
    (500, &[],   true,  true,  ""),
    (400, TRUE,  true,  true,  ""),
    (500, FALSE, false, false, ""),
    (400, &[],   false, false, ""),
];

fn statuses_are_retried_as_nodes_table_says<C: TestClient>() {
    for (status, headers, theirs, ours, why) in NODE {
        let name = format!("{status} {headers:?}");
        check_one(&name, theirs, ours, why);
        let (calls, kind) = calls::<C>(reply(*status, headers, ""), 2);
        assert_eq!((calls == 2, kind.is_none()), (*ours, *ours), "{name}");
    }
}

static NEVER: Why = Why {
    from: &[RigAndGenai],
    because: "they retry nothing themselves; the service's page asks for a retry here",
};

/// Status, what openai-python, openai-node, async-openai and rig do, what we do, and the reasons.
#[rustfmt::skip]
const DOCUMENTED: &[(u16, [bool; 4], bool, &[&Why])] = &[
    (400, [false, false, false, false], false, &[]),
    (401, [false, false, false, false], false, &[]),
    (402, [false, false, false, false], false, &[]),
    (403, [false, false, false, false], false, &[]),
    (404, [false, false, false, false], false, &[]),
    (429, [true,  true,  true,  false], true,  &[&NEVER]),
    (500, [true,  true,  true,  false], true,  &[&NEVER]),
    (502, [true,  true,  true,  false], true,  &[&NEVER]),
    (503, [true,  true,  true,  false], true,  &[&NEVER]),
    (504, [true,  true,  true,  false], true,  &[&NEVER]),
];

fn documented_statuses_are_retried<C: TestClient>() {
    let peers = [OpenAiPython, OpenAiNode, AsyncOpenAi, RigAndGenai];
    for (status, theirs, ours, whys) in DOCUMENTED {
        let name = status.to_string();
        check(&name, &peers.into_iter().zip(*theirs).collect::<Vec<_>>(), ours, whys);
        let body = r#"{"error":{"message":"m","type":null,"code":null,"param":null}}"#;
        let (calls, _) = calls::<C>(reply(*status, &[], body), 3);
        assert_eq!(calls == 2, *ours, "{name}");
    }
}

/// What is done, how often the peers call the service for it, how often we do, what it comes to.
struct Case {
    name: &'static str,
    scene: Scene,
    theirs: usize,
    ours: usize,
    kind: Option<Kind>,
    why: &'static str,
}

fn service_is_called_so_often<C: TestClient>() {
    let absurd = &[("retry-after", "Fri, 29 Sep 100000 16:26:57 GMT")];
    let long = &[("retry-after", "121")];
    let case =
        |name, scene, calls, kind| Case { name, scene, theirs: calls, ours: calls, kind, why: "" };
    let cases = [
        case("429 with a long wait", reply(429, long, ""), 1, Some(Kind::RateLimit)),
        case("400 with an absurd date", reply(400, absurd, ""), 1, Some(Kind::InvalidRequest)),
        case("401 with a fixed key", reply(401, &[], ""), 1, Some(Kind::InvalidApiKey)),
        case("403", reply(403, &[], ""), 1, Some(Kind::Permission)),
        case("timeout, then a success", Scene::Stall, 2, None),
        case("network unavailable", Scene::Refuse, 2, None),
    ];
    for Case { name, scene, theirs, ours, kind, why } in cases {
        check_one(name, &theirs, &ours, why);
        assert_eq!(calls::<C>(scene, 3), (ours, kind), "{name}");
    }
}

#[test]
fn call_with_a_cancelled_token_sends_nothing() {
    let clock = VirtualClock::new(0);
    let fake = Fake::new(clock.clone(), [success()]);
    let client = flow_blocking::Client::faked(fake.clone()).build().unwrap().on_clock(clock);
    let token = CancelToken::new();
    token.cancel();
    let error = client.with_cancel_token(&token).hello("gpt-4o").send().unwrap_err();
    assert_eq!(error.kind(), Kind::Cancelled);
    assert_eq!(error.stopped_because(), Some(StoppedBecause::Cancelled));
    assert!(fake.seen().is_empty());
}

#[test]
fn future_that_is_dropped_unpolled_sends_nothing() {
    let clock = VirtualClock::new(0);
    let fake = Fake::new(clock.clone(), [success()]);
    let client = flow_async::Client::faked(fake.clone()).build().unwrap().on_clock(clock);
    drop(client.hello("gpt-4o").send());
    assert!(fake.seen().is_empty());
}

/// The head and a part of the body arrive, then nothing more.
fn half_a_reply() -> Sim {
    let script = [Action::status(200).body(super::REPLY).hang_after(10)];
    Sim::builder().script(script).start().unwrap()
}

const SOON: Duration = Duration::from_secs(10);

#[test]
fn blocking_call_that_is_cancelled_before_its_body_is_whole_is_sent_once() {
    let sim = half_a_reply();
    let token = CancelToken::new();
    let client = flow_blocking::Client::builder().api_key("sk-test").base_url(sim.base_url());
    let client = client.build().unwrap().with_cancel_token(&token);
    let error = thread::scope(|scope| {
        let call = scope.spawn(|| client.hello("gpt-4o").send());
        assert!(sim.wait_for_requests(1, SOON));
        token.cancel();
        call.join().unwrap().unwrap_err()
    });
    assert_eq!(error.kind(), Kind::Cancelled);
    assert_eq!(error.attempts().len(), 1);
    assert_eq!((sim.log().len(), client.in_flight()), (1, 0));
    assert!(sim.wait_until_idle(SOON));
}

#[test]
fn future_that_is_dropped_before_its_body_is_whole_is_sent_once() {
    let sim = half_a_reply();
    let client = flow_async::Client::builder().api_key("sk-test").base_url(sim.base_url());
    let client = client.build().unwrap();
    Runtime::new().unwrap().block_on(async {
        let call = tokio::spawn(client.hello("gpt-4o").send());
        let seen = tokio::task::block_in_place(|| sim.wait_for_requests(1, SOON));
        assert!(seen);
        assert_eq!(client.in_flight(), 1);
        call.abort();
        assert!(call.await.unwrap_err().is_cancelled());
        assert!(tokio::task::block_in_place(|| sim.wait_until_idle(SOON)));
    });
    assert_eq!((sim.log().len(), client.in_flight()), (1, 0));
}
