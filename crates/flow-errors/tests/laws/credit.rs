//! Laws 34 to 40: send credit, against the law as it is written.

use std::time::Duration;

use flow_errors::call::{Call, Gate, Step, Tick};
use flow_errors::{Class, Error, Kind, RetryPolicy};
use proptest::prelude::*;

use crate::harness::{ended, fresh, succeeded};

/// The law: one number, and what takes from it and adds to it, in thousandths of a send.
#[derive(Clone, Debug)]
struct Law {
    credit: u64,
    in_flight: u64,
    /// The calls that wait, in their order.
    queue: Vec<usize>,
}

const CAPACITY: u64 = 50_000;

/// So many may be in flight when the service begins to fail without a capacity that is more than that.
const FEW: usize = 40;

impl Law {
    fn new() -> Self {
        Self { credit: CAPACITY, in_flight: 0, queue: Vec::new() }
    }

    fn asks(&mut self, call: usize) -> bool {
        if !self.queue.contains(&call) {
            self.queue.push(call);
        }
        let is_let_through = self.queue[0] == call && self.credit >= 1_000;
        if is_let_through {
            self.queue.remove(0);
            (self.credit, self.in_flight) = (self.credit - 1_000, self.in_flight + 1);
        }
        is_let_through
    }

    fn gives_back(&mut self, back: u64) {
        self.in_flight -= 1;
        self.add(back);
    }

    fn gives_up(&mut self, call: usize) {
        self.queue.retain(|waiting| *waiting != call);
    }

    fn add(&mut self, more: u64) {
        // What is in flight is out of the capacity.
        self.credit = (self.credit + more).min(CAPACITY - 1_000 * self.in_flight);
    }
}

/// What may happen to a call.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Ask(usize),
    End(usize, End),
    Cancel(usize),
    Pass(u64),
}

#[derive(Clone, Copy, Debug)]
enum End {
    Succeed,
    Fail(Class),
}

impl End {
    /// The table's last but one column.
    fn back(self) -> u64 {
        match self {
            Self::Succeed => 1_100,
            Self::Fail(Class::Overloaded | Class::Transient | Class::NotSent) => 700,
            Self::Fail(Class::GatewayTimeout | Class::Ambiguous) => 0,
            Self::Fail(_) => 1_000,
        }
    }
}

const CLASSES: [Class; 9] = [
    Class::Throttled,
    Class::Quota,
    Class::Overloaded,
    Class::Transient,
    Class::GatewayTimeout,
    Class::NotSent,
    Class::Ambiguous,
    Class::Conflict,
    Class::Permanent,
];

/// Calls of one attempt each that keep to the credit alone.
fn policy() -> RetryPolicy {
    RetryPolicy::builder().max_attempts(1).pacing(false).build().unwrap()
}

/// The machine beside the law.
struct Both {
    gate: Gate,
    law: Law,
    now: Tick,
    calls: Vec<Option<Call>>,
    is_sent: Vec<bool>,
    log: Vec<(Tick, u64, u64)>,
}

impl Both {
    fn new(calls: usize) -> Self {
        Self {
            gate: Gate::new(),
            law: Law::new(),
            now: Tick::ORIGIN,
            calls: (0..calls).map(|_| None).collect(),
            is_sent: vec![false; calls],
            log: Vec::new(),
        }
    }

    /// Fails sends until there is no credit left.
    fn drain(&mut self) {
        for _ in 0..50 {
            self.act(Deed::Ask(0));
            self.act(Deed::End(0, End::Fail(Class::Ambiguous)));
        }
    }

    fn act(&mut self, deed: Deed) {
        match deed {
            Deed::Ask(index) if !self.is_sent[index] => self.ask(index),
            Deed::End(index, end) if self.is_sent[index] => {
                let outcome = match end {
                    End::Succeed => succeeded(),
                    End::Fail(class) => ended(Error::new(Kind::Unexpected, class, "")),
                };
                let mut call = self.calls[index].take().unwrap();
                call.on_outcome(self.now, 0, outcome, &mut self.gate);
                self.is_sent[index] = false;
                self.law.gives_back(end.back());
                self.log.push((self.now, 0, end.back()));
            }
            Deed::Cancel(index) => self.cancel(index),
            Deed::Pass(millis) => self.pass(millis),
            _ => {}
        }
        self.compare();
    }

    /// Lets time pass; who waits asks twice a second, so that nobody is taken for absent.
    fn pass(&mut self, millis: u64) {
        for begun in (0..millis).step_by(500) {
            let step = (millis - begun).min(500);
            self.now = self.now + Duration::from_millis(step);
            self.law.add(step);
            for call in self.law.queue.clone() {
                self.ask(call);
            }
        }
    }

    fn ask(&mut self, index: usize) {
        let call = self.calls[index].get_or_insert_with(|| fresh(policy(), self.now));
        let step = call.poll(self.now, &mut self.gate);
        if matches!(step, Step::Done(_)) {
            // It has waited for a minute.
            self.calls[index] = None;
            return self.law.gives_up(index);
        }
        let is_sent = matches!(step, Step::Send(_));
        assert_eq!(is_sent, self.law.asks(index), "{step:?}, {:?}", self.law);
        self.is_sent[index] = is_sent;
        if is_sent {
            self.log.push((self.now, 1_000, 0));
        }
    }

    fn cancel(&mut self, index: usize) {
        let Some(mut call) = self.calls[index].take() else { return };
        call.cancel(self.now, &mut self.gate);
        call.cancel(self.now, &mut self.gate);
        if std::mem::take(&mut self.is_sent[index]) {
            self.law.gives_back(1_000);
            self.log.push((self.now, 0, 1_000));
        }
        self.law.gives_up(index);
    }

    fn compare(&mut self) {
        let health = self.gate.health(self.now);
        let waiting = self.law.queue.len();
        let want = (self.law.credit / 1_000, usize::try_from(self.law.in_flight).unwrap(), waiting);
        assert_eq!((health.credit(), health.in_flight(), health.waiting()), want, "{:?}", self.law);
        assert!(health.credit() <= 50);
    }
}

fn deeds(calls: usize) -> impl Strategy<Value = Deed> {
    let classes = proptest::sample::select(CLASSES.to_vec());
    prop_oneof![
        6 => (0..calls).prop_map(Deed::Ask),
        1 => (0..calls).prop_map(|call| Deed::End(call, End::Succeed)),
        4 => (0..calls, classes).prop_map(|(call, class)| Deed::End(call, End::Fail(class))),
        1 => (0..calls).prop_map(Deed::Cancel),
        1 => (0..3_000_u64).prop_map(Deed::Pass),
    ]
}

fn histories() -> impl Strategy<Value = (bool, Vec<Deed>)> {
    (any::<bool>(), proptest::collection::vec(deeds(FEW), 0..300))
}

proptest! {
    #[test]
    fn prop_34_36_37_40_credit_keeps_to_the_law((is_drained, history) in histories()) {
        let mut both = Both::new(FEW);
        if is_drained {
            both.drain();
        }
        for deed in history {
            both.act(deed);
        }
        for call in 0..FEW {
            both.act(Deed::Cancel(call));
        }
        prop_assert_eq!((both.law.in_flight, both.law.queue.len()), (0, 0));
    }

    #[test]
    fn prop_35_sends_of_any_span_are_bounded((is_drained, history) in histories()) {
        let mut both = Both::new(FEW);
        if is_drained {
            both.drain();
        }
        for deed in history {
            both.act(deed);
        }
        for (first, (since, ..)) in both.log.iter().enumerate() {
            let (mut sends, mut back) = (0, 0);
            for (at, taken, given) in &both.log[first..] {
                (sends, back) = (sends + taken, back + given);
                let millis = u64::try_from(at.since(*since).as_millis()).unwrap();
                prop_assert!(sends <= CAPACITY + millis + back);
            }
        }
    }

    /// The capacity is a quarter more than was in flight then: as many as were right for the service, and
    /// a few for whom the others failed by chance.
    #[test]
    fn prop_35_sends_are_bounded_however_many_were_in_flight_at_the_first_failure(
        classes in proptest::collection::vec(proptest::sample::select(CLASSES.to_vec()), 1..400),
        more in 0..800_usize,
    ) {
        let mut gate = Gate::new();
        let mut send = |calls: usize| {
            let mut calls: Vec<_> = (0..calls).map(|_| fresh(policy(), Tick::ORIGIN)).collect();
            calls.retain_mut(|call| matches!(call.poll(Tick::ORIGIN, &mut gate), Step::Send(_)));
            (calls, gate.health(Tick::ORIGIN).in_flight())
        };
        let (calls, in_flight) = send(classes.len());
        prop_assert_eq!((calls.len(), in_flight), (classes.len(), classes.len()));
        let is_failure = |class: &Class| End::Fail(*class).back() < 1_000;
        // Who is neither ended well nor failed before the first failure is in flight with it.
        let well = classes.iter().take_while(|class| !is_failure(class)).count();
        let together = u64::try_from(classes.len() - well).unwrap();
        let mut back = 0;
        for (mut call, class) in calls.into_iter().zip(&classes) {
            call.on_outcome(Tick::ORIGIN, 0, ended(Error::new(Kind::Unexpected, *class, "")), &mut gate);
            back += End::Fail(*class).back();
        }
        let mut sends = 0;
        for _ in 0..more {
            let mut call = fresh(policy(), Tick::ORIGIN);
            sends += u64::from(matches!(call.poll(Tick::ORIGIN, &mut gate), Step::Send(_)));
        }
        if classes.iter().any(is_failure) {
            let capacity = CAPACITY.max(1_250 * together);
            let before = 1_000 * u64::try_from(classes.len()).unwrap();
            prop_assert!(before + 1_000 * sends <= capacity + back, "{sends} of {capacity}, {back}");
        } else {
            prop_assert_eq!(sends, u64::try_from(more).unwrap());
        }
    }

    #[test]
    fn prop_38_nothing_waits_as_long_as_nothing_fails(
        deeds in proptest::collection::vec((any::<bool>(), 0..10_000_u64), 0..2_000)
    ) {
        let (mut gate, mut now, mut sent) = (Gate::new(), Tick::ORIGIN, Vec::new());
        for (is_new, millis) in deeds {
            now = now + Duration::from_millis(millis / 100);
            if is_new || sent.is_empty() {
                let mut call = fresh(policy(), now);
                prop_assert!(matches!(call.poll(now, &mut gate), Step::Send(_)));
                sent.push(call);
            } else {
                let index = usize::try_from(millis).unwrap() % sent.len();
                sent.swap_remove(index).on_outcome(now, 0, succeeded(), &mut gate);
            }
        }
    }

    #[test]
    fn prop_40_turn_of_the_first_comes_within_a_second(
        (is_drained, history) in histories(),
        later in 0..2_000_u64,
    ) {
        let mut both = Both::new(FEW);
        if is_drained {
            both.drain();
        }
        for deed in history {
            both.act(deed);
        }
        both.act(Deed::Pass(later));
        let Some(first) = both.law.queue.first().copied() else { return Ok(()) };
        let mut call = both.calls[first].take().unwrap();
        match call.poll(both.now, &mut both.gate) {
            Step::Wait { until, .. } => {
                prop_assert!(until.since(both.now) <= Duration::from_secs(1));
                let step = call.poll(until, &mut both.gate);
                let is_over = matches!(&step, Step::Send(_) | Step::Done(_));
                prop_assert!(is_over, "{:?}", step);
            }
            step => prop_assert!(matches!(&step, Step::Send(_) | Step::Done(_)), "{:?}", step),
        }
    }
}

/// Lets every merge of the programs run, with what came before it.
fn interleavings(programs: &[&[Deed]], before: &mut Vec<Deed>, run: &mut impl FnMut(&[Deed])) {
    if programs.iter().all(|program| program.is_empty()) {
        return run(before);
    }
    for index in 0..programs.len() {
        let Some((next, rest)) = programs[index].split_first() else { continue };
        let mut programs = programs.to_vec();
        programs[index] = rest;
        before.push(*next);
        interleavings(&programs, before, run);
        before.pop();
    }
}

/// Law 39. Each access holds the gate's lock, so that what threads do is one of these orders.
#[test]
fn every_order_of_a_small_history_is_one_of_the_law() {
    let succeeds = [Deed::Ask(0), Deed::Ask(0), Deed::End(0, End::Succeed)];
    let fails = [Deed::Ask(1), Deed::End(1, End::Fail(Class::Overloaded))];
    let cancels = [Deed::Ask(2), Deed::Cancel(2)];
    let clock = [Deed::Pass(700), Deed::Pass(1_300)];
    let mut runs = 0;
    interleavings(&[&succeeds, &fails, &cancels, &clock], &mut Vec::new(), &mut |deeds| {
        let mut both = Both::new(3);
        both.drain();
        deeds.iter().for_each(|deed| both.act(*deed));
        runs += 1;
    });
    // 9! / (3! × 2! × 2! × 2!)
    assert_eq!(runs, 7_560);
}

#[test]
fn call_that_never_had_a_turn_fails_with_the_latest_failure_of_the_model() {
    let mut both = Both::new(60);
    both.drain();
    let mut patient = fresh(RetryPolicy::default(), both.now);
    let policy = RetryPolicy::builder().max_turn_wait(Duration::ZERO).build().unwrap();
    let mut hasty = fresh(policy, both.now);
    let Step::Done(flow_errors::call::Verdict::Failed(error)) =
        hasty.poll(both.now, &mut both.gate)
    else {
        panic!("it waits")
    };
    assert_eq!(error.class(), Class::Ambiguous);
    assert_eq!(error.stopped_because(), Some(flow_errors::StoppedBecause::Turn));
    assert!(error.attempts().is_empty());
    assert!(matches!(patient.poll(both.now, &mut both.gate), Step::Wait { .. }));
    let health = both.gate.health(both.now);
    assert_eq!((health.waiting(), health.credit()), (1, 0));
    assert_eq!(health.last_failure().map(Error::class), Some(Class::Ambiguous));
}
