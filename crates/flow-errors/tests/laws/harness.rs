//! A driver on a virtual clock: random scripts in, everything that happened out.

use std::time::{Duration, SystemTime};

use flow_errors::call::{Call, Gate, Operation, Outcome, Send, Step, Tick, Timeouts, Verdict};
use flow_errors::headers::RateLimits;
use flow_errors::{Body, Class, Error, Jitter, RetryPolicy, Sent};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use proptest::prelude::*;

/// What the service and the network do to one attempt.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    Succeed,
    Refuse {
        status: u16,
        hint_ms: Option<u64>,
        should_retry: Option<bool>,
    },
    /// A refusal whose body has this code.
    Code(u16, &'static str),
    Connect,
    Reset,
    Stall,
    Break,
}

/// One attempt of a script: what happens, how long it takes, the randomness of the decision.
#[derive(Clone, Debug)]
pub(crate) struct Scene {
    pub(crate) event: Event,
    pub(crate) takes: Duration,
    pub(crate) entropy: u64,
    pub(crate) oversleep: Duration,
}

/// A call's settings and what befalls it.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    pub(crate) policy: RetryPolicy,
    pub(crate) timeouts: Timeouts,
    pub(crate) fallbacks: Vec<&'static str>,
    pub(crate) repeatable: bool,
    pub(crate) start: Tick,
    pub(crate) scenes: Vec<Scene>,
}

/// One send, as the transport saw it, and what was reported back.
#[derive(Clone, Debug)]
pub(crate) struct Sent1 {
    pub(crate) at: Tick,
    pub(crate) send: Send,
    pub(crate) answered: Tick,
    pub(crate) entropy: u64,
    pub(crate) error: Option<Error>,
}

/// Everything that happened in a call.
#[derive(Debug)]
pub(crate) struct Log {
    pub(crate) sends: Vec<Sent1>,
    pub(crate) waits: Vec<(Tick, Tick)>,
    pub(crate) result: Result<(), Error>,
    pub(crate) ended: Tick,
    pub(crate) call: Call,
    pub(crate) gates: Gates,
}

/// The gates of a client, one for each model.
#[derive(Debug, Default)]
pub(crate) struct Gates([Gate; FALLBACKS.len() + 1]);

impl Gates {
    /// The gate that the call passes next.
    pub(crate) fn of(&mut self, call: &Call) -> &mut Gate {
        &mut self.0[call.target().model]
    }

    pub(crate) fn in_flight(&self) -> usize {
        self.0.iter().map(Gate::in_flight).sum()
    }
}

/// What a call with the model `m` may fall back on.
const FALLBACKS: [&str; 3] = ["n", "o", "p"];

impl Script {
    pub(crate) fn call(&self) -> Call {
        let operation = Operation::new(Method::POST, "/chat/completions").with_model("m");
        let call = Call::new(operation, self.policy, self.timeouts, self.start)
            .with_fallback_models(self.fallbacks.iter().copied());
        if self.repeatable { call } else { call.not_repeatable() }
    }

    /// The models of the call, in the order in which they are asked.
    pub(crate) fn models(&self) -> Vec<&'static str> {
        [&["m"], self.fallbacks.as_slice()].concat()
    }

    /// How often the call sends at most.
    pub(crate) fn max_attempts(&self) -> usize {
        usize::try_from(self.policy.max_attempts_for(self.models().len())).unwrap()
    }

    pub(crate) fn deadline(&self) -> Option<Tick> {
        self.timeouts.deadline().map(|deadline| self.start + deadline)
    }

    /// Drives the call as both clients do, on a clock that moves only when told to.
    pub(crate) fn run(&self) -> Log {
        self.run_as(self.call())
    }

    /// Drives another call through the same.
    pub(crate) fn run_as(&self, mut call: Call) -> Log {
        let mut gates = Gates::default();
        let (mut now, mut sends, mut waits) = (self.start, Vec::new(), Vec::new());
        loop {
            match call.poll(now, gates.of(&call)) {
                Step::Send(send) => {
                    let scene = self.scene(sends.len());
                    let (takes, outcome) = outcome(&scene, send.timeout);
                    let at = now;
                    now = now + takes;
                    let error = match &outcome {
                        Outcome::Succeeded { .. } => None,
                        Outcome::Failed(error) | Outcome::Broken(error) => Some(error.clone()),
                    };
                    sends.push(Sent1 { at, send, answered: now, entropy: scene.entropy, error });
                    call.on_outcome(now, scene.entropy, outcome, gates.of(&call));
                }
                Step::Wait { until, .. } => {
                    waits.push((now, until));
                    now = until + self.scene(sends.len()).oversleep;
                }
                Step::Done(verdict) => {
                    let result = match verdict {
                        Verdict::Succeeded => Ok(()),
                        Verdict::Failed(error) => Err(error),
                    };
                    return Log { sends, waits, result, ended: now, call, gates };
                }
            }
        }
    }

    fn scene(&self, index: usize) -> Scene {
        let success = Scene {
            event: Event::Succeed,
            takes: Duration::from_millis(1),
            entropy: 0,
            oversleep: Duration::ZERO,
        };
        self.scenes.get(index).cloned().unwrap_or(success)
    }
}

/// What the machine is told of a scene, and how long it took under the attempt's timeout.
pub(crate) fn outcome(scene: &Scene, timeout: Option<Duration>) -> (Duration, Outcome) {
    if let Some(limit) = timeout.filter(|limit| scene.takes > *limit) {
        return (limit, Outcome::Failed(Error::timeout(Sent::Perhaps, limit)));
    }
    let outcome = match scene.event {
        Event::Succeed => succeeded(),
        Event::Refuse { status, hint_ms, should_retry } => {
            Outcome::Failed(refusal(status, hint_ms, should_retry))
        }
        Event::Code(status, code) => Outcome::Failed(coded(status, code)),
        Event::Connect => Outcome::Failed(Error::connect("refused")),
        Event::Reset => Outcome::Failed(Error::transport(Sent::Perhaps, "reset")),
        Event::Stall => Outcome::Failed(Error::timeout(Sent::Perhaps, scene.takes)),
        Event::Break => Outcome::Broken(Error::transport(Sent::Perhaps, "reset in mid-stream")),
    };
    (scene.takes, outcome)
}

/// A call that is not started yet, without a deadline.
pub(crate) fn fresh(policy: RetryPolicy, now: Tick) -> Call {
    let operation = Operation::new(Method::POST, "/chat/completions").with_model("m");
    Call::new(operation, policy, Timeouts::default().without_deadline(), now)
}

/// A success that says nothing of limits.
pub(crate) fn succeeded() -> Outcome {
    telling(RateLimits::default(), None)
}

/// A success that says so much of limits, and how many tokens it used.
pub(crate) const fn telling(limits: RateLimits, tokens: Option<u64>) -> Outcome {
    Outcome::Succeeded { status: StatusCode::OK, request_id: None, limits, tokens }
}

pub(crate) const fn ended(error: Error) -> Outcome {
    Outcome::Failed(error)
}

pub(crate) fn refusal(status: u16, hint_ms: Option<u64>, should_retry: Option<bool>) -> Error {
    let mut headers = HeaderMap::new();
    if let Some(ms) = hint_ms {
        headers.insert("retry-after-ms", HeaderValue::from(ms));
    }
    if let Some(wish) = should_retry {
        headers.insert("x-should-retry", HeaderValue::from_str(&wish.to_string()).unwrap());
    }
    let status = StatusCode::from_u16(status).unwrap();
    Error::from_response(status, &headers, Body::new(*b"{}"), SystemTime::UNIX_EPOCH)
}

fn coded(status: u16, code: &str) -> Error {
    let body = Body::new(format!(r#"{{"error": {{"code": "{code}"}}}}"#).into_bytes());
    let status = StatusCode::from_u16(status).unwrap();
    Error::from_response(status, &HeaderMap::new(), body, SystemTime::UNIX_EPOCH)
}

pub(crate) fn scripts() -> impl Strategy<Value = Script> {
    let scenes = proptest::collection::vec(scenes(), 0..12);
    let fallbacks = (0..=FALLBACKS.len()).prop_map(|many| FALLBACKS[..many].to_vec());
    let settings = (policies(), timeouts(), fallbacks, proptest::bool::weighted(0.9));
    (settings, 0..=u64::MAX / 2, scenes).prop_map(
        |((policy, timeouts, fallbacks, repeatable), start, scenes)| Script {
            policy,
            timeouts,
            fallbacks,
            repeatable,
            start: Tick::from_nanos(start),
            scenes,
        },
    )
}

fn scenes() -> impl Strategy<Value = Scene> {
    (events(), spans(), any::<u64>(), spans())
        .prop_map(|(event, takes, entropy, oversleep)| Scene { event, takes, entropy, oversleep })
}

fn events() -> impl Strategy<Value = Event> {
    let statuses = prop_oneof![
        4 => proptest::sample::select(vec![429, 500, 502, 503, 504_u16]),
        1 => proptest::sample::select(vec![400, 401, 402, 403, 404, 408, 409, 425, 501, 529_u16]),
    ];
    let hints = proptest::option::of(prop_oneof![Just(0), 1..10_000_u64, 100_000..200_000_u64]);
    let wishes = proptest::option::weighted(0.1, any::<bool>());
    prop_oneof![
        1 => Just(Event::Succeed),
        6 => (statuses, hints, wishes)
            .prop_map(|(status, hint_ms, should_retry)| Event::Refuse { status, hint_ms, should_retry }),
        1 => proptest::sample::select(vec![
            Event::Code(404, "model_not_found"),
            Event::Code(404, "unknown_endpoint"),
            Event::Code(429, "insufficient_quota"),
            Event::Code(500, "overloaded"),
        ]),
        1 => Just(Event::Connect),
        1 => Just(Event::Reset),
        1 => Just(Event::Stall),
        1 => Just(Event::Break),
    ]
}

fn policies() -> impl Strategy<Value = RetryPolicy> {
    let jitters = proptest::sample::select(vec![
        Jitter::None,
        Jitter::Full,
        Jitter::Equal,
        Jitter::Proportional { percent: 25 },
        Jitter::Decorrelated,
    ]);
    let attempts = proptest::option::of(1..10_u32);
    let waits = (0..200_u64, 0..20_u64);
    (attempts, 1..2_000_u64, 0..60_000_u64, jitters, 0..4_u32, waits).prop_map(
        |(attempts, initial, more, jitter, ambiguous, (longest, patience))| {
            let builder = RetryPolicy::builder();
            attempts
                .map_or(builder, |attempts| builder.max_attempts(attempts))
                .switch_after(Duration::from_secs(patience))
                .jitter(jitter)
                .initial_delay(Duration::from_millis(initial))
                .max_delay(Duration::from_millis(initial + more))
                .ambiguous_retries(ambiguous)
                .max_retry_after(Duration::from_secs(longest))
                .build()
                .unwrap()
        },
    )
}

fn timeouts() -> impl Strategy<Value = Timeouts> {
    (proptest::option::of(1..200_000_u64), proptest::option::of(1..60_000_u64)).prop_map(
        |(deadline, attempt)| {
            let timeouts = Timeouts::default();
            let timeouts = match deadline {
                Some(ms) => timeouts.with_deadline(Duration::from_millis(ms)).unwrap(),
                None => timeouts.without_deadline(),
            };
            match attempt {
                Some(ms) => timeouts.with_attempt(Duration::from_millis(ms)).unwrap(),
                None => timeouts,
            }
        },
    )
}

fn spans() -> impl Strategy<Value = Duration> {
    prop_oneof![
        3 => (0..2_000_u64).prop_map(Duration::from_millis),
        1 => (0..200_000_u64).prop_map(Duration::from_millis),
        1 => (0..1_000_u64).prop_map(Duration::from_nanos),
    ]
}

/// Whether no send may ever follow this failure, by the page and the service's own header.
pub(crate) fn is_final(error: &Error) -> bool {
    let wish = error.headers().get("x-should-retry");
    match error.class() {
        Class::Quota => true,
        Class::Permanent => wish.is_none_or(|wish| wish != "true"),
        _ => wish.is_some_and(|wish| wish == "false"),
    }
}

/// Whether another model is to be asked at once, in the words of the page and of the header.
pub(crate) fn is_of_the_model(error: &Error, policy: &RetryPolicy) -> bool {
    let longest = policy.switch_after().min(policy.max_retry_after());
    match error.class() {
        Class::Overloaded => true,
        Class::Throttled => error.retry_after().unwrap_or_default() > longest,
        _ => error.code() == Some("model_not_found"),
    }
}
