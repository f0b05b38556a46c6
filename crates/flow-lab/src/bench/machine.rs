//! Decisions of the retry machine: what each takes, and what a success allocates.

use std::time::{Duration, SystemTime};

use flow_errors::call::{Call, Gate, Operation, Outcome, Step, Tick, Timeouts};
use flow_errors::headers::RateLimits;
use flow_errors::{Body, Error, RetryPolicy};
use http::{HeaderMap, Method, StatusCode};

use super::figure::{Figure, Of};
use super::paired::Ranked;
use super::timing::nanos_each;
use crate::Result;
use crate::progress::Progress;

/// The most nanoseconds that a decision may take, and both of those at the gate together.
const LIMIT: f64 = 100.0;

/// So few calls at once stay in the cache, as the one call of a driver does.
const CALLS: usize = 64;

/// Enough rounds for a median that a busy machine does not move.
const ROUNDS: usize = 4_000;

/// What a driver would draw.
const ENTROPY: u64 = 0x9e37_79b9_7f4a_7c15;

/// Measures each decision of a call that succeeds, and of one that is refused once before.
pub(super) fn measure(progress: &Progress) -> Result<Vec<Figure>> {
    let step = progress.of("machine");
    let (refused, mut rounds) = (refusal(), Vec::new());
    for round in 0..ROUNDS {
        rounds.push(Round::run(&refused));
        if round % 100 == 0 {
            step(round);
        }
    }
    let each = NAMES.iter().enumerate().map(|(at, name)| figure(name, &rounds, &[at]));
    let gate = figure("machine, both decisions at the gate", &rounds, &AT_GATE);
    Ok(each.chain([gate, allocations()]).collect())
}

/// Makes a figure of the decisions at these places of [`NAMES`], one after the other.
fn figure(name: &str, rounds: &[Round], places: &[usize]) -> Figure {
    let time = |round: &Round| places.iter().filter_map(|at| round.0.get(*at)).sum();
    let ranked = Ranked::new(rounds.iter().map(time));
    Figure {
        name: name.to_owned(),
        unit: "ns",
        ours: ranked.median(),
        floor: None,
        value: ranked.median(),
        of: Of::Ours,
        spread: Some(ranked.quartiles()),
        rounds: rounds.len(),
        limit: Some(LIMIT),
        note: None,
    }
}

const NAMES: [&str; 6] = [
    "machine, poll: send",
    "machine, on_outcome: refused",
    "machine, poll: wait",
    "machine, poll: send again",
    "machine, on_outcome: succeeded",
    "machine, poll: done",
];

/// The decisions of a call that succeeds at once in which the gate takes part: what it adds, where no
/// limit was met and nothing has failed, is less than both together.
const AT_GATE: [usize; 2] = [0, 4];

/// What each decision took in one round, in the order of [`NAMES`].
struct Round([f64; NAMES.len()]);

impl Round {
    fn run(refused: &Error) -> Self {
        let mut gate = Gate::new();
        let mut calls: Vec<_> = (0..CALLS).map(|_| call()).collect();
        let later = Tick::ORIGIN + Duration::from_secs(60);
        let (now, refused) = (Tick::ORIGIN, Outcome::Failed(refused.clone()));
        let send = polls(&mut calls, now, &mut gate);
        let failed = outcomes(&mut calls, &refused, now, &mut gate);
        let wait = polls(&mut calls, now, &mut gate);
        let again = polls(&mut calls, later, &mut gate);
        let succeeded = outcomes(&mut calls, &success(), later, &mut gate);
        let done = polls(&mut calls, later, &mut gate);
        Self([send, failed, wait, again, succeeded, done])
    }
}

/// Polls each call.
fn polls(calls: &mut [Call], now: Tick, gate: &mut Gate) -> f64 {
    nanos_each(calls.iter_mut(), |call| call.poll(now, gate))
}

/// Reports `outcome` to each call; the copies are made before the clock runs.
fn outcomes(calls: &mut [Call], outcome: &Outcome, now: Tick, gate: &mut Gate) -> f64 {
    let outcomes = vec![outcome.clone(); calls.len()];
    nanos_each(calls.iter_mut().zip(outcomes), |(call, outcome)| {
        call.on_outcome(now, ENTROPY, outcome, gate);
    })
}

fn call() -> Call {
    let operation = Operation::new(Method::POST, "/chat/completions").with_model("gpt-4o");
    let operation = operation.with_host("api.flowapi.net");
    Call::new(operation, RetryPolicy::default(), Timeouts::default(), Tick::ORIGIN)
        .started_at(SystemTime::UNIX_EPOCH)
}

fn success() -> Outcome {
    let request_id = Some("req_0123456789abcdef".into());
    let limits = RateLimits::default();
    Outcome::Succeeded { status: StatusCode::OK, request_id, limits, tokens: None }
}

/// A refusal as the page has it, with a wait that the machine must reckon with.
fn refusal() -> Error {
    let mut headers = HeaderMap::new();
    headers.insert("retry-after", 2.into());
    let body = br#"{"error":{"message":"slow down","type":"rate_limit_error","code":"rpm"}}"#;
    let status = StatusCode::TOO_MANY_REQUESTS;
    Error::from_response(status, &headers, Body::new(*body), SystemTime::UNIX_EPOCH)
}

/// Counts what a call that succeeds at once allocates between its start and its end.
fn allocations() -> Figure {
    let (mut call, mut gate, outcome) = (call(), Gate::new(), success());
    let counted = allocation_counter::measure(|| {
        let sent = matches!(call.poll(Tick::ORIGIN, &mut gate), Step::Send(_));
        call.on_outcome(Tick::ORIGIN, ENTROPY, outcome, &mut gate);
        let done = matches!(call.poll(Tick::ORIGIN, &mut gate), Step::Done(_));
        std::hint::black_box((sent, done));
    });
    let count = u32::try_from(counted.count_total).unwrap_or(u32::MAX);
    let name = "machine, allocations of a success";
    Figure::counted(name, "allocations", (f64::from(count), None), 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn call_that_succeeds_at_once_allocates_nothing() {
        let figure = allocations();
        assert!(figure.is_ok(), "{figure:?}");
        // The counter counts at all.
        assert_eq!(allocation_counter::measure(|| drop(Box::new(1))).count_total, 1);
    }

    #[test]
    fn call_that_waits_for_its_turn_takes_less_than_a_kibibyte() {
        const WAITING: usize = 10_000;
        let mut gate = Gate::new();
        let mut refused = call();
        let _ = refused.poll(Tick::ORIGIN, &mut gate);
        refused.on_outcome(Tick::ORIGIN, ENTROPY, Outcome::Failed(refusal()), &mut gate);
        let counted = allocation_counter::measure(|| {
            let mut calls: Vec<_> = (0..WAITING).map(|_| call()).collect();
            polls(&mut calls, Tick::ORIGIN, &mut gate);
            assert_eq!(gate.health(Tick::ORIGIN).waiting(), WAITING);
        });
        let each = counted.bytes_max / 10_000;
        assert!((512..1_024).contains(&each), "{each} bytes");
    }

    #[test]
    fn every_decision_of_a_refused_call_is_timed() {
        let Round(times) = Round::run(&refusal());
        assert!(times.iter().all(|nanos| *nanos > 0.0), "{times:?}");
    }
}
