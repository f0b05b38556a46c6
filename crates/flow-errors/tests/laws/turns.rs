//! Laws 43 and 50, and what else is true of waiting for a turn.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use flow_errors::call::{
    Call, Dimension, Gate, Lease, Operation, Outcome, Step, Tick, Ticket, Timeouts, Verdict, Why,
};
use flow_errors::headers::RateLimits;
use flow_errors::{Class, Error, Kind, RetryPolicy, Sent, StoppedBecause};
use http::{HeaderMap, Method};
use proptest::prelude::*;

use crate::harness::{ended, fresh, refusal, succeeded, telling};

/// A call that comes at an instant, and may be cancelled at another.
#[derive(Clone, Copy, Debug)]
struct Guest {
    comes_ms: u64,
    leaves_ms: Option<u64>,
    /// The service's answer: 1 in 3 is overloaded or out of time.
    answer: u8,
}

fn guests() -> impl Strategy<Value = Vec<Guest>> {
    let leaves = proptest::option::weighted(0.3, 0..20_000_u64);
    let guest = (0..5_000_u64, leaves, any::<u8>()).prop_map(|(comes_ms, stays, answer)| Guest {
        comes_ms,
        leaves_ms: stays.map(|stays| comes_ms + stays),
        answer,
    });
    proptest::collection::vec(guest, 1..40)
}

fn patient() -> RetryPolicy {
    RetryPolicy::builder().max_attempts(1).max_turn_wait(Duration::MAX).build().unwrap()
}

/// Fails sends until there is no credit, and has the pacer at 10 sends a second, or thereabouts.
fn strained(gate: &mut Gate, is_paced: bool) {
    for _ in 0..50 {
        let mut call = fresh(patient(), Tick::ORIGIN);
        assert!(matches!(call.poll(Tick::ORIGIN, gate), Step::Send(_)));
        let error = Error::new(Kind::Timeout, Class::Ambiguous, "");
        call.on_outcome(Tick::ORIGIN, 0, ended(error), gate);
    }
    if is_paced {
        *gate = Gate::new();
        let mut call = fresh(patient(), Tick::ORIGIN);
        let _ = call.poll(Tick::ORIGIN, gate);
        call.on_outcome(Tick::ORIGIN, 0, ended(refusal(429, None, None)), gate);
    }
}

/// Runs all guests; returns those who were sent, in their order, each with how long it waited.
fn serve(guests: &[Guest], is_paced: bool, heeds_wakes: bool) -> Vec<(usize, Duration)> {
    let at = |millis: u64| Tick::ORIGIN + Duration::from_millis(millis);
    let mut gate = Gate::new();
    strained(&mut gate, is_paced);
    let mut calls: Vec<_> =
        guests.iter().map(|guest| Some(fresh(patient(), at(guest.comes_ms)))).collect();
    // Who is to be polled when; the reply of whoever is sent comes 10 ms later.
    let mut polls: BTreeMap<(Tick, usize), ()> =
        guests.iter().enumerate().map(|(index, guest)| ((at(guest.comes_ms), index), ())).collect();
    let mut replies: BTreeMap<(Tick, usize), ()> = BTreeMap::new();
    let mut tickets: BTreeMap<Ticket, usize> = BTreeMap::new();
    let mut log = Vec::new();
    loop {
        let leaves = |(index, guest): (usize, &Guest)| Some((at(guest.leaves_ms?), index));
        let present = guests.iter().enumerate().filter(|(index, _)| calls[*index].is_some());
        let leave = present.filter_map(leaves).min();
        let (poll, reply) = (polls.keys().next().copied(), replies.keys().next().copied());
        let Some((now, index)) = [poll, reply, leave].into_iter().flatten().min() else {
            return log;
        };
        if reply == Some((now, index)) {
            replies.remove(&(now, index));
            let outcome = match guests[index].answer {
                0..170 => succeeded(),
                170..220 => ended(refusal(503, None, None)),
                _ => ended(Error::new(Kind::Timeout, Class::Ambiguous, "")),
            };
            if let Some(mut call) = calls[index].take() {
                call.on_outcome(now, 0, outcome, &mut gate);
            }
        } else if leave == Some((now, index)) {
            if let Some(mut call) = calls[index].take() {
                call.cancel(now, &mut gate);
            }
            polls.retain(|(_, waiting), ()| *waiting != index);
        } else {
            polls.remove(&(now, index));
            let Some(call) = &mut calls[index] else { continue };
            match call.poll(now, &mut gate) {
                Step::Send(_) => {
                    log.push((index, now.since(at(guests[index].comes_ms))));
                    replies.insert((now + Duration::from_millis(10), index), ());
                }
                Step::Wait { until, why } => {
                    assert_eq!((why, until > now), (Why::Turn, true));
                    tickets.insert(call.ticket().unwrap(), index);
                    polls.insert((until, index), ());
                }
                step @ Step::Done(_) => panic!("{step:?}"),
            }
        }
        if let Some(index) =
            gate.take_wake().filter(|_| heeds_wakes).and_then(|ticket| tickets.get(&ticket))
        {
            polls.retain(|(_, waiting), ()| waiting != index);
            polls.insert((now, *index), ());
        }
        assert!(gate.take_wake().is_none() || !heeds_wakes, "one at a time");
    }
}

proptest! {
    #[test]
    fn prop_43_turns_come_in_order_and_to_all(guests in guests(), is_paced: bool) {
        let log = serve(&guests, is_paced, true);
        let mut order: Vec<_> = log.iter().map(|(index, _)| (guests[*index].comes_ms, *index)).collect();
        let is_sorted = order.is_sorted();
        prop_assert!(is_sorted, "{:?}", order);
        order.sort_unstable();
        let stayed = guests.iter().enumerate().filter(|(_, guest)| guest.leaves_ms.is_none());
        for (index, guest) in stayed {
            prop_assert!(order.binary_search(&(guest.comes_ms, index)).is_ok(), "{} never went", index);
        }
        // A turn each second is the least there is.
        let most = Duration::from_secs(u64::try_from(guests.len()).unwrap() + 2);
        for (index, waited) in log {
            prop_assert!(waited <= most, "{} waited {:?}", index, waited);
        }
    }

    #[test]
    fn prop_43_driver_that_only_sleeps_serves_all_in_order_too(guests in guests(), is_paced: bool) {
        let log = serve(&guests, is_paced, false);
        let order: Vec<_> = log.iter().map(|(index, _)| (guests[*index].comes_ms, *index)).collect();
        prop_assert!(order.is_sorted());
        let went = |index: usize| order.iter().any(|(_, other)| *other == index);
        for (index, guest) in guests.iter().enumerate() {
            prop_assert!(guest.leaves_ms.is_some() || went(index), "{} never went", index);
        }
    }

    #[test]
    fn prop_50_cancelled_calls_leave_nothing_behind(
        waiting in 1..50_usize, tokens in 0..10_000_u64, order: Vec<prop::sample::Index>,
    ) {
        let ready = |waiting: usize| {
            let mut gate = Gate::new();
            strained(&mut gate, false);
            let call = || fresh(patient(), Tick::ORIGIN).reserving(tokens);
            let mut calls: Vec<_> = (0..waiting).map(|_| call()).collect();
            for call in &mut calls {
                let _ = call.poll(Tick::ORIGIN, &mut gate);
            }
            let mut order = order.iter();
            while !calls.is_empty() {
                let index = order.next().map_or(0, |index| index.index(calls.len()));
                calls.swap_remove(index).cancel(Tick::ORIGIN, &mut gate);
            }
            let health = gate.health(Tick::ORIGIN);
            assert_eq!((health.waiting(), health.in_flight()), (0, 0));
            format!("{:?}", call().poll(Tick::ORIGIN, &mut gate))
        };
        prop_assert_eq!(ready(waiting), ready(0));
    }
}

#[test]
fn cancelled_head_wakes_the_next_and_nobody_else() {
    let mut gate = Gate::new();
    strained(&mut gate, false);
    let mut calls: Vec<_> = (0..3).map(|_| fresh(patient(), Tick::ORIGIN)).collect();
    for call in &mut calls {
        assert!(matches!(call.poll(Tick::ORIGIN, &mut gate), Step::Wait { why: Why::Turn, .. }));
        assert_eq!(gate.take_wake(), None);
    }
    calls[1].cancel(Tick::ORIGIN, &mut gate);
    assert_eq!(gate.take_wake(), None);
    calls[0].cancel(Tick::ORIGIN, &mut gate);
    // Its turn comes in a second, and it was told to sleep for less than that.
    assert_eq!(gate.take_wake(), None);
    let later = Tick::ORIGIN + Duration::from_millis(1_001);
    let mut sent = fresh(patient(), later);
    assert!(matches!(sent.poll(later, &mut gate), Step::Wait { .. }));
    assert!(matches!(calls[2].poll(later, &mut gate), Step::Send(_)));
}

#[test]
fn call_that_does_not_come_for_its_turn_is_passed_over_and_then_first() {
    let mut gate = Gate::new();
    strained(&mut gate, false);
    let mut absent = fresh(patient(), Tick::ORIGIN);
    let mut next = fresh(patient(), Tick::ORIGIN);
    let _ = (absent.poll(Tick::ORIGIN, &mut gate), next.poll(Tick::ORIGIN, &mut gate));
    let in_time = Tick::ORIGIN + Duration::from_millis(1_900);
    assert!(matches!(next.poll(in_time, &mut gate), Step::Wait { .. }));
    let too_late = Tick::ORIGIN + Duration::from_millis(2_100);
    assert!(matches!(next.poll(too_late, &mut gate), Step::Send(_)));
    let mut third = fresh(patient(), too_late);
    assert!(matches!(third.poll(too_late, &mut gate), Step::Send(_)));
    let (mut fourth, later) = (fresh(patient(), too_late), too_late + Duration::from_secs(1));
    assert!(matches!(fourth.poll(too_late, &mut gate), Step::Wait { .. }));
    assert!(matches!(absent.poll(too_late, &mut gate), Step::Wait { .. }));
    assert!(matches!(fourth.poll(later, &mut gate), Step::Wait { .. }));
    assert!(matches!(absent.poll(later, &mut gate), Step::Send(_)));
}

/// Polls a call at `now`; returns the error that it ended with.
fn error_of(call: &mut Call, now: Tick, gate: &mut Gate) -> Option<Error> {
    match call.poll(now, gate) {
        Step::Done(Verdict::Failed(error)) => Some(error),
        _ => None,
    }
}

#[test]
fn wait_for_a_turn_ends_in_time_and_with_the_real_error() {
    let hinted = |hint_ms| {
        let mut gate = Gate::new();
        let mut call = fresh(patient(), Tick::ORIGIN);
        let _ = call.poll(Tick::ORIGIN, &mut gate);
        call.on_outcome(Tick::ORIGIN, 0, ended(refusal(429, Some(hint_ms), None)), &mut gate);
        gate
    };
    let waits = |deadline: u64, patience: u64| {
        let policy = RetryPolicy::builder().max_turn_wait(Duration::from_millis(patience));
        let timeouts = Timeouts::default().with_deadline(Duration::from_millis(deadline)).unwrap();
        let operation = Operation::new(Method::POST, "/chat/completions").with_model("m");
        Call::new(operation, policy.build().unwrap(), timeouts, Tick::ORIGIN)
    };
    #[rustfmt::skip]
    let table = [
        // name                     hint    deadline patience  why it ends at once
        ("in time",                 59_000, 60_000,  60_000,   None),
        ("to the millisecond",      59_900, 60_000,  60_000,   None),
        ("no time for the attempt", 59_901, 60_000,  60_000,   Some(StoppedBecause::Deadline)),
        ("after the deadline",      60_000, 60_000,  90_000,   Some(StoppedBecause::Deadline)),
        ("to the last",             60_000, 90_000,  60_000,   None),
        ("longer than it may wait", 60_001, 90_000,  60_000,   Some(StoppedBecause::Turn)),
        ("may not wait at all",     1,      90_000,  0,        Some(StoppedBecause::Turn)),
    ];
    for (name, hint, deadline, patience, want) in table {
        let mut gate = hinted(hint);
        let error = error_of(&mut waits(deadline, patience), Tick::ORIGIN, &mut gate);
        assert_eq!(error.as_ref().and_then(Error::stopped_because), want, "{name}");
        // What it is told is why the others wait, with the hint.
        assert!(error.is_none_or(|error| error.retry_after().is_some()), "{name}");
        assert_eq!(gate.health(Tick::ORIGIN).waiting(), usize::from(want.is_none()), "{name}");
    }
    // Those behind do not know how long it will be, but when it is too late.
    let mut gate = hinted(59_000);
    let (mut first, mut behind) = (waits(600_000, 60_000), waits(50_000, 60_000));
    assert!(error_of(&mut first, Tick::ORIGIN, &mut gate).is_none());
    assert!(error_of(&mut behind, Tick::ORIGIN, &mut gate).is_none());
    let last = Tick::ORIGIN + Duration::from_millis(49_900);
    let Step::Wait { until, .. } = behind.poll(last, &mut gate) else { panic!("it still waits") };
    assert!(until > last);
    let error = error_of(&mut behind, until, &mut gate).unwrap();
    assert_eq!(error.stopped_because(), Some(StoppedBecause::Deadline));
    let mut behind = waits(600_000, 5_000);
    assert!(error_of(&mut behind, until, &mut gate).is_none());
    let error = error_of(&mut behind, until + Duration::from_secs(5), &mut gate).unwrap();
    assert_eq!(error.stopped_because(), Some(StoppedBecause::Turn));
}

#[test]
fn too_many_waiting_calls_fail_at_once_but_not_those_that_come_back() {
    let mut gate = Gate::new();
    let policy = RetryPolicy::builder().max_attempts(3).max_waiting_calls(2).build().unwrap();
    let mut back = fresh(policy, Tick::ORIGIN);
    assert!(matches!(back.poll(Tick::ORIGIN, &mut gate), Step::Send(_)));
    let mut refused = fresh(patient(), Tick::ORIGIN);
    let _ = refused.poll(Tick::ORIGIN, &mut gate);
    refused.on_outcome(Tick::ORIGIN, 0, ended(refusal(429, Some(30_000), None)), &mut gate);
    let mut waiting: Vec<_> = (0..2).map(|_| fresh(policy, Tick::ORIGIN)).collect();
    for call in &mut waiting {
        assert!(error_of(call, Tick::ORIGIN, &mut gate).is_none());
    }
    let error = error_of(&mut fresh(policy, Tick::ORIGIN), Tick::ORIGIN, &mut gate).unwrap();
    assert_eq!(
        (error.kind(), error.stopped_because()),
        (Kind::RateLimit, Some(StoppedBecause::Turn))
    );
    back.on_outcome(Tick::ORIGIN, 0, ended(refusal(503, None, None)), &mut gate);
    let later = Tick::ORIGIN + Duration::from_secs(5);
    assert!(matches!(back.poll(later, &mut gate), Step::Wait { why: Why::Turn, .. }));
    // It came first, so it is next.
    let woken = gate.health(later).waiting();
    assert_eq!(woken, 3);
    assert!(back.ticket() < waiting[0].ticket());
}

#[test]
fn call_that_is_not_paced_waits_for_credit_only() {
    let free = RetryPolicy::builder().pacing(false).build().unwrap();
    for is_paced in [true, false] {
        let mut gate = Gate::new();
        strained(&mut gate, is_paced);
        let mut paced = fresh(patient(), Tick::ORIGIN);
        assert!(matches!(paced.poll(Tick::ORIGIN, &mut gate), Step::Wait { .. }));
        let step = fresh(free, Tick::ORIGIN).poll(Tick::ORIGIN, &mut gate);
        assert_eq!(matches!(step, Step::Send(_)), is_paced, "{step:?}");
    }
}

fn tokens(limit: u64, remaining: u64, reset: &str) -> RateLimits {
    let mut headers = HeaderMap::new();
    headers.insert("x-ratelimit-limit-tokens", limit.into());
    headers.insert("x-ratelimit-remaining-tokens", remaining.into());
    headers.insert("x-ratelimit-reset-tokens", reset.parse().unwrap());
    RateLimits::from_headers(&headers)
}

#[test]
fn tokens_are_reserved_and_settled_by_what_was_used() {
    let mut gate = Gate::new();
    // A hundred a second, and 100 are taken.
    let mut call = fresh(patient(), Tick::ORIGIN);
    let _ = call.poll(Tick::ORIGIN, &mut gate);
    call.on_outcome(Tick::ORIGIN, 0, telling(tokens(6_000, 5_900, "1s"), Some(100)), &mut gate);
    assert_eq!(gate.health(Tick::ORIGIN).tokens_per_minute(), Some(6_000));
    let mut large = fresh(patient(), Tick::ORIGIN).reserving(5_900);
    assert!(matches!(large.poll(Tick::ORIGIN, &mut gate), Step::Send(_)));
    let wait = |gate: &mut Gate, tokens: u64| {
        let mut call = fresh(patient(), Tick::ORIGIN).reserving(tokens);
        let step = call.poll(Tick::ORIGIN, gate);
        call.cancel(Tick::ORIGIN, gate);
        let Step::Wait { until, .. } = step else { return 0 };
        until.since(Tick::ORIGIN).as_secs()
    };
    assert_eq!(wait(&mut gate, 500), 5);
    assert_eq!(wait(&mut gate, 1_000), 10);
    // More than there ever is waits for all of it, and is not refused here.
    assert_eq!(wait(&mut gate, 9_000), 60);
    // 1,000 were used in place of 5,900.
    large.on_outcome(Tick::ORIGIN, 0, telling(RateLimits::default(), Some(1_000)), &mut gate);
    assert_eq!(wait(&mut gate, 4_900), 0);
}

/// A lease that lends so many sends, and remembers what it was told.
#[derive(Debug)]
struct Lent(Arc<Mutex<(u32, Vec<String>)>>);

impl Lease for Lent {
    fn learn(&mut self, dimension: Dimension, limit: u64, window: Duration) {
        self.0.lock().unwrap().1.push(format!("{dimension:?} {limit} in {window:?}"));
    }

    fn ready_at(&self, now: Tick, _tokens: u64) -> Tick {
        if self.0.lock().unwrap().0 > 0 { Tick::ORIGIN } else { now + Duration::from_nanos(7) }
    }

    fn take(&mut self, _now: Tick, tokens: u64) {
        let mut lent = self.0.lock().unwrap();
        lent.0 = lent.0.saturating_sub(1);
        lent.1.push(format!("take {tokens}"));
    }

    fn settle(&mut self, _now: Tick, taken: u64, counts: bool, used: u64) {
        self.0.lock().unwrap().1.push(format!("settle {taken} {counts} {used}"));
    }
}

#[test]
fn store_that_lends_sends_is_asked_once_a_limit_is_known() {
    let lent = Arc::new(Mutex::new((1, Vec::new())));
    let mut gate = Gate::new().with_lease(Lent(lent.clone()));
    let mut send = |tokens: u64, answer: Outcome| {
        let mut call = fresh(patient(), Tick::ORIGIN).reserving(tokens);
        let step = call.poll(Tick::ORIGIN, &mut gate);
        call.on_outcome(Tick::ORIGIN, 0, answer, &mut gate);
        call.cancel(Tick::ORIGIN, &mut gate);
        step
    };
    assert!(matches!(send(1, telling(tokens(6_000, 5_900, "1s"), Some(100))), Step::Send(_)));
    assert!(matches!(send(30, telling(RateLimits::default(), Some(20))), Step::Send(_)));
    let step = send(1, succeeded());
    assert!(matches!(step, Step::Wait { until, .. } if until == Tick::from_nanos(7)), "{step:?}");
    let heard = &lent.lock().unwrap().1;
    assert_eq!(heard[..], ["Tokens 6000 in 60s", "take 30", "settle 30 true 20"]);
}

#[test]
fn send_whose_end_nobody_knows_is_settled_as_it_was_taken() {
    type End = fn(&mut Call, &mut Gate);
    let table: [(&str, End); 2] = [
        ("cancelled", |call, gate| call.cancel(Tick::ORIGIN, gate)),
        ("broken", |call, gate| {
            let broken = Outcome::Broken(Error::transport(Sent::Perhaps, "reset"));
            call.on_outcome(Tick::ORIGIN, 0, broken, gate);
        }),
    ];
    for (name, end) in table {
        let lent = Arc::new(Mutex::new((1, Vec::new())));
        let mut gate = Gate::new().with_lease(Lent(lent.clone()));
        let mut first = fresh(patient(), Tick::ORIGIN);
        let _ = first.poll(Tick::ORIGIN, &mut gate);
        let told = telling(tokens(6_000, 5_900, "1s"), Some(100));
        first.on_outcome(Tick::ORIGIN, 0, told, &mut gate);
        let mut call = fresh(patient(), Tick::ORIGIN).reserving(30);
        let _ = call.poll(Tick::ORIGIN, &mut gate);
        end(&mut call, &mut gate);
        let heard = &lent.lock().unwrap().1;
        assert_eq!(heard[1..], ["take 30", "settle 30 true 30"], "{name}");
    }
}

#[test]
fn send_waits_for_as_long_as_its_store_lends_nothing() {
    let lent = Arc::new(Mutex::new((0, Vec::new())));
    let mut gate = Gate::new().with_lease(Lent(lent.clone()));
    let mut first = fresh(patient(), Tick::ORIGIN);
    let _ = first.poll(Tick::ORIGIN, &mut gate);
    let told = telling(tokens(6_000, 5_900, "1s"), Some(100));
    first.on_outcome(Tick::ORIGIN, 0, told, &mut gate);
    let (mut call, mut now) = (fresh(patient(), Tick::ORIGIN), Tick::ORIGIN);
    for _ in 0..3 {
        let step = call.poll(now, &mut gate);
        let Step::Wait { until, .. } = step else { panic!("nothing is lent: {step:?}") };
        assert!(until > now);
        now = until;
    }
    lent.lock().unwrap().0 = 1;
    assert!(matches!(call.poll(now, &mut gate), Step::Send(_)));
}
