//! Laws 41, 42 and 44 to 49: what the pacer learns and how it keeps to it.

use std::time::{Duration, SystemTime};

use flow_errors::call::{Call, Gate, Step, Tick, Why};
use flow_errors::headers::RateLimits;
use flow_errors::{Body, Error, RetryPolicy};
use http::{HeaderMap, StatusCode};
use proptest::prelude::*;

use crate::harness::{ended, fresh, refusal, succeeded, telling};

fn policy() -> RetryPolicy {
    RetryPolicy::builder().max_attempts(1).max_turn_wait(Duration::MAX).build().unwrap()
}

/// A gate with a clock, whose calls have one attempt and wait as long as it takes.
#[derive(Debug, Default)]
struct Driven {
    gate: Gate,
    now: Tick,
}

impl Driven {
    /// Sends once, as soon as the gate allows.
    fn send(&mut self) -> Call {
        let mut call = fresh(policy(), self.now);
        loop {
            match call.poll(self.now, &mut self.gate) {
                Step::Send(_) => return call,
                Step::Wait { until, .. } => self.now = self.now.max(until),
                step @ Step::Done(_) => panic!("{step:?}"),
            }
        }
    }

    /// Returns until when a call has to wait, if it has to.
    fn waits_until(&mut self) -> Option<Tick> {
        let mut call = fresh(policy(), self.now);
        let step = call.poll(self.now, &mut self.gate);
        call.cancel(self.now, &mut self.gate);
        if let Step::Wait { until, .. } = step { Some(until) } else { None }
    }

    fn refuse(&mut self, mut call: Call, hint_ms: Option<u64>) {
        call.on_outcome(self.now, 0, ended(refusal(429, hint_ms, None)), &mut self.gate);
    }

    fn succeed(&mut self, mut call: Call) {
        call.on_outcome(self.now, 0, succeeded(), &mut self.gate);
    }

    fn rate(&mut self) -> Option<u64> {
        self.gate.health(self.now).requests_per_minute()
    }
}

/// What may happen to a send.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Send,
    Refuse(Option<u64>),
    Succeed,
    Pass(u64),
}

fn histories() -> impl Strategy<Value = Vec<Deed>> {
    let hints = proptest::option::of(0..3_000_u64);
    let deed = prop_oneof![
        4 => Just(Deed::Send),
        2 => hints.prop_map(Deed::Refuse),
        2 => Just(Deed::Succeed),
        1 => (0..500_u64).prop_map(Deed::Pass),
    ];
    proptest::collection::vec(deed, 0..300)
}

/// Runs a history; returns each send with the rate at which it was let through.
fn run(driven: &mut Driven, history: &[Deed]) -> Vec<(Tick, Option<u64>)> {
    let (mut sent, mut log) = (std::collections::VecDeque::new(), Vec::new());
    for deed in history {
        match deed {
            Deed::Send => {
                sent.push_back(driven.send());
                log.push((driven.now, driven.rate()));
            }
            Deed::Refuse(hint) => {
                if let Some(call) = sent.pop_front() {
                    driven.refuse(call, *hint);
                }
            }
            Deed::Succeed => {
                if let Some(call) = sent.pop_front() {
                    driven.succeed(call);
                }
            }
            Deed::Pass(millis) => driven.now = driven.now + Duration::from_millis(*millis),
        }
    }
    log
}

proptest! {
    #[test]
    fn prop_41_call_is_let_through_at_the_promised_instant_and_not_before(history in histories()) {
        let mut driven = Driven::default();
        run(&mut driven, &history);
        let mut call = fresh(policy(), driven.now);
        if let Step::Wait { until, .. } = call.poll(driven.now, &mut driven.gate) {
            let before = Tick::from_nanos(until.as_nanos() - 1);
            let step = call.poll(before, &mut driven.gate);
            let is_same = matches!(step, Step::Wait { until: same, .. } if same == until);
            prop_assert!(is_same, "{:?}", step);
            prop_assert!(matches!(call.poll(until, &mut driven.gate), Step::Send(_)));
        }
    }

    #[test]
    fn prop_42_sends_of_any_span_keep_to_the_rate(history in histories()) {
        let log = run(&mut Driven::default(), &history);
        let paced = log.iter().position(|(_, rate)| rate.is_some()).unwrap_or(log.len());
        let log = &log[paced..];
        for first in 0..log.len() {
            let mut fastest = 0;
            for (sends, (at, rate)) in log[first..].iter().enumerate() {
                // Rounded down where it is shown.
                fastest = fastest.max(u128::from(rate.unwrap() + 1));
                // Late by up to 20 ms without losing a slot: that is the burst.
                let span = at.since(log[first].0) + Duration::from_millis(20);
                let most = 2 + span.as_nanos() * fastest / 60_000_000_000;
                prop_assert!(u128::try_from(sends).unwrap() <= most, "{} in {:?}", sends, span);
            }
        }
    }

    #[test]
    fn prop_44_refusals_of_one_epoch_slow_down_once(
        history in histories(), together in 2..50_usize, hint in proptest::option::of(0..100_u64),
    ) {
        let mut driven = Driven::default();
        run(&mut driven, &history);
        let mut sent: Vec<_> = (0..together).map(|_| driven.send()).collect();
        driven.refuse(sent.pop().unwrap(), hint);
        let rate = driven.rate();
        for call in sent {
            driven.refuse(call, hint);
        }
        prop_assert_eq!(driven.rate(), rate);
        let next = driven.send();
        let before = driven.rate().unwrap();
        driven.refuse(next, hint);
        prop_assert!(driven.rate().unwrap() <= (before * 85).div_ceil(100).max(1));
    }

    #[test]
    fn prop_45_rate_keeps_within_its_bounds(history in histories()) {
        let mut driven = Driven::default();
        for (_, rate) in run(&mut driven, &history) {
            prop_assert!(rate.is_none_or(|rate| (1..=60_000_000).contains(&rate)));
        }
        let wait = driven.waits_until().unwrap_or_default().since(driven.now);
        prop_assert!(wait <= Duration::from_secs(63), "{:?}", wait);
    }

    #[test]
    fn prop_46_nobody_is_welcome_earlier_after_a_hint(
        history in histories(), hints in proptest::collection::vec(1..100_000_u64, 1..20),
    ) {
        let mut driven = Driven::default();
        run(&mut driven, &history);
        let sent: Vec<_> = hints.iter().map(|_| driven.send()).collect();
        let mut before = driven.now;
        for (call, hint) in sent.into_iter().zip(hints) {
            driven.refuse(call, Some(hint));
            let ready = driven.waits_until().unwrap_or(driven.now);
            prop_assert!(ready >= before.max(driven.now + Duration::from_millis(hint)));
            before = ready;
        }
    }

    #[test]
    fn prop_48_headers_that_do_not_add_up_change_nothing(
        history in histories(),
        limit in 1..100_000_u64, taken: u64, window_ms in 5_000..50_000_u64,
    ) {
        let taken = 1 + taken % limit;
        // Spread over a window that no service uses, and told only once.
        let reset = Duration::from_millis(window_ms * taken / limit) + Duration::from_nanos(1);
        let said = RateLimits::from_headers(&headers(limit, limit - taken, reset));
        let after = |limits| {
            let mut driven = Driven::default();
            run(&mut driven, &history);
            let mut call = driven.send();
            call.on_outcome(driven.now, 0, telling(limits, None), &mut driven.gate);
            let rate = driven.rate();
            (driven.waits_until(), rate)
        };
        prop_assert_eq!(after(said), after(RateLimits::default()));
    }

    #[test]
    fn prop_49_idle_pacer_adds_nothing(history in histories(), later in 0..100_000_u64) {
        let mut driven = Driven::default();
        run(&mut driven, &history);
        // Longer than any hint of the history, and than the slowest rate.
        driven.now = driven.now + Duration::from_millis(70_000 + later);
        prop_assert_eq!(driven.waits_until(), None);
    }
}

fn headers(limit: u64, remaining: u64, reset: Duration) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let seconds = format!("{}.{:09}s", reset.as_secs(), reset.subsec_nanos());
    headers.insert("x-ratelimit-limit-requests", limit.into());
    headers.insert("x-ratelimit-remaining-requests", remaining.into());
    headers.insert("x-ratelimit-reset-requests", seconds.parse().unwrap());
    headers
}

/// A GCRA limiter in exact arithmetic: its state is counted in nanoseconds times the limit.
struct Server {
    limit: u64,
    window: Duration,
    full_at: u128,
}

impl Server {
    fn at(&self, now: Tick) -> u128 {
        u128::from(now.as_nanos()) * u128::from(self.limit)
    }

    /// The first whole nanosecond at which a request passes.
    fn ready_at(&self) -> u128 {
        let rest = self.window.as_nanos() * u128::from(self.limit - 1);
        self.full_at.saturating_sub(rest).div_ceil(u128::from(self.limit))
    }

    /// Serves a request; returns what it says of itself.
    fn serve(&mut self, now: Tick) -> Result<HeaderMap, HeaderMap> {
        let is_granted = u128::from(now.as_nanos()) >= self.ready_at();
        if is_granted {
            self.full_at = self.full_at.max(self.at(now)) + self.window.as_nanos();
        }
        let ahead = self.full_at.saturating_sub(self.at(now));
        let taken = u64::try_from(ahead.div_ceil(self.window.as_nanos())).unwrap();
        let reset = u64::try_from(ahead.div_ceil(u128::from(self.limit))).unwrap();
        let headers = headers(self.limit, self.limit - taken, Duration::from_nanos(reset));
        if is_granted { Ok(headers) } else { Err(headers) }
    }
}

fn windows() -> impl Strategy<Value = Duration> {
    proptest::sample::select(vec![1, 60, 3_600, 86_400_u64]).prop_map(Duration::from_secs)
}

proptest! {
    /// Law 47: replies come in any order, long after the service decided.
    #[test]
    fn prop_47_pacer_predicts_the_limiter(
        limit in 1..5_000_u64,
        window in windows(),
        deeds in proptest::collection::vec((any::<bool>(), 0..8_000_u32, any::<prop::sample::Index>()), 1..200),
    ) {
        let mut server = Server { limit, window, full_at: 0 };
        let mut driven = Driven { now: Tick::from_nanos(1), ..Driven::default() };
        let first = driven.send();
        let said = server.serve(driven.now).unwrap();
        tell(&mut driven, first, &said);
        let mut under_way = Vec::new();
        for (is_send, pause, index) in deeds {
            driven.now = driven.now + window / u32::try_from(limit).unwrap() * pause / 2_000;
            if is_send || under_way.is_empty() {
                let actual = server.ready_at().max(driven.now.as_nanos().into());
                let call = driven.send();
                let predicted = u128::from(driven.now.as_nanos());
                prop_assert!(predicted.abs_diff(actual) <= 1, "{} for {}", predicted, actual);
                // A nanosecond for the rounding.
                driven.now = driven.now + Duration::from_nanos(1);
                let said = server.serve(driven.now);
                prop_assert!(said.is_ok(), "refused");
                under_way.push((call, said.unwrap()));
            } else {
                let (call, said) = under_way.swap_remove(index.index(under_way.len()));
                tell(&mut driven, call, &said);
            }
        }
    }

    #[test]
    fn prop_others_with_the_same_key_are_seen_in_the_next_reply(
        limit in 2..5_000_u64, window in windows(), others in 1..5_000_u64,
    ) {
        let mut server = Server { limit, window, full_at: 0 };
        let mut driven = Driven::default();
        let first = driven.send();
        let said = server.serve(driven.now).unwrap();
        tell(&mut driven, first, &said);
        for _ in 0..others.min(limit - 2) {
            server.serve(driven.now).unwrap();
        }
        let second = driven.send();
        let said = server.serve(driven.now).unwrap();
        tell(&mut driven, second, &said);
        driven.send();
        let predicted = u128::from(driven.now.as_nanos());
        prop_assert!(predicted.abs_diff(server.ready_at().max(1)) <= 1);
    }
}

fn tell(driven: &mut Driven, mut call: Call, headers: &HeaderMap) {
    let limits = RateLimits::from_headers(headers);
    call.on_outcome(driven.now, 0, telling(limits, None), &mut driven.gate);
}

#[test]
fn published_samples_are_believed_and_windows_are_not() {
    let table = [
        // name, limit, remaining, reset in ms, requests per minute
        ("five thousand a minute", 5_000, 4_999, 12, Some(5_000)),
        ("one a second", 60, 59, 1_000, Some(60)),
        ("ten a second", 10, 9, 100, Some(600)),
        ("a day", 200, 199, 432_000, Some(0)),
        ("nothing taken", 60, 60, 0, None),
        ("in the middle of a window", 60, 59, 41_000, None),
        ("odd window", 20, 19, 10, None),
        ("more left than there is", 60, 61, 1_000, None),
    ];
    for (name, limit, remaining, millis, want) in table {
        let mut driven = Driven::default();
        let call = driven.send();
        tell(&mut driven, call, &headers(limit, remaining, Duration::from_millis(millis)));
        assert_eq!(driven.rate(), want, "{name}");
    }
}

#[test]
fn used_up_window_is_waited_for_once_two_replies_agree_on_its_end() {
    let mut driven = Driven::default();
    let end = Tick::ORIGIN + Duration::from_secs(41);
    for remaining in [1, 0] {
        driven.now = driven.now + Duration::from_millis(300);
        let call = driven.send();
        let said = headers(60, remaining, end.since(driven.now));
        driven.now = driven.now + Duration::from_millis(300);
        tell(&mut driven, call, &said);
    }
    assert_eq!(driven.waits_until(), Some(end));
}

/// Twenty at once and one each 10 ms: a limiter whose window nobody uses.
fn odd_server() -> Server {
    Server { limit: 20, window: Duration::from_millis(200), full_at: 0 }
}

/// So many sends, each a little later than the one before it, and what they are told.
fn met_with(sends: u64, driven: &mut Driven, server: &mut Server) -> Vec<(Call, HeaderMap)> {
    let one = |nanos| {
        driven.now = Tick::from_nanos(nanos);
        (driven.send(), server.serve(driven.now).unwrap())
    };
    (0..sends).map(|number| 1_000_000 + 1_001 * number).map(one).collect()
}

#[test]
fn limiter_with_an_odd_window_is_known_by_two_replies_that_agree() {
    let (mut server, mut driven) = (odd_server(), Driven::default());
    let sent = met_with(20, &mut driven, &mut server);
    for (place, (call, said)) in sent.into_iter().enumerate().rev() {
        tell(&mut driven, call, &said);
        // Half of what the first one told of is far enough from it.
        assert_eq!(driven.rate().is_some(), place <= 9, "{place}");
    }
    for _ in 0..100 {
        let call = driven.send();
        let ready = server.ready_at();
        // A nanosecond for the unit that the limiter may have rounded up.
        assert!(u128::from(driven.now.as_nanos()).abs_diff(ready) <= 1_000, "{ready}");
        driven.now = driven.now + Duration::from_micros(1);
        let said = server.serve(driven.now).unwrap();
        tell(&mut driven, call, &said);
    }
    // Something else in its place: the two agreed by chance.
    let call = driven.send();
    tell(&mut driven, call, &headers(20, 10, Duration::from_secs(41)));
    assert_eq!(driven.rate(), None);
}

#[test]
fn refusal_by_a_limiter_that_is_known_costs_no_more_than_its_slot() {
    let (mut server, mut driven) = (odd_server(), Driven::default());
    let sent = met_with(20, &mut driven, &mut server);
    sent.into_iter().for_each(|(call, said)| tell(&mut driven, call, &said));
    // Another process was faster.
    let mut call = driven.send();
    server.full_at += server.window.as_nanos();
    let said = server.serve(driven.now).unwrap_err();
    let status = StatusCode::TOO_MANY_REQUESTS;
    let error = Error::from_response(status, &said, Body::default(), SystemTime::UNIX_EPOCH);
    assert!(error.retry_after().unwrap() > Duration::from_millis(150), "{error:?}");
    call.on_outcome(driven.now, 0, ended(error), &mut driven.gate);
    let wait = driven.waits_until().unwrap().since(driven.now);
    assert!(wait < Duration::from_millis(25), "{wait:?}");
}

/// Meets a limit of 100 a second with 64 sends at once, of which 20 pass; the last refusal is known first.
fn met_with_a_burst() -> Driven {
    let mut driven = Driven::default();
    let mut sent: Vec<_> = (0..64).map(|_| driven.send()).collect();
    while sent.len() > 20 {
        driven.refuse(sent.pop().unwrap(), None);
    }
    // As many as there were, since nothing held them back.
    assert_eq!(driven.rate(), Some(64 * 60));
    driven
}

#[test]
fn refusal_right_after_a_burst_does_not_end_the_search_for_the_limit() {
    let mut driven = met_with_a_burst();
    let mut sent: Vec<_> = (0..6).map(|_| driven.send()).collect();
    driven.refuse(sent.pop().unwrap(), None);
    // Nothing is measured between two refusals of which the first one counted the others as granted.
    assert!(driven.rate().unwrap() >= 64 * 60 * 85 / 100, "{:?}", driven.rate());
    let until = driven.now + Duration::from_millis(900);
    while driven.now < until {
        let call = driven.send();
        driven.succeed(call);
    }
    assert!(driven.rate().unwrap() >= 90 * 60, "{:?}", driven.rate());
}

#[test]
fn limit_that_was_come_up_to_from_below_is_not_taken_for_the_way_there() {
    let mut driven = met_with_a_burst();
    let before = loop {
        let call = driven.send();
        let rate = driven.rate().unwrap();
        if rate > 150 * 60 {
            driven.refuse(call, None);
            break rate;
        }
        driven.succeed(call);
    };
    assert!(driven.rate().unwrap() >= before * 84 / 100, "{:?} of {before}", driven.rate());
}

/// Refuses a new call twice, and returns for how long it was to wait for what, both times.
fn refused_twice(
    driven: &mut Driven,
    policy: RetryPolicy,
    hint_ms: Option<u64>,
) -> [(u64, Why); 2] {
    let mut call = fresh(policy, driven.now);
    [(); 2].map(|()| {
        while let Step::Wait { until, .. } = call.poll(driven.now, &mut driven.gate) {
            driven.now = driven.now.max(until);
        }
        call.on_outcome(driven.now, 0, ended(refusal(429, hint_ms, None)), &mut driven.gate);
        let Step::Wait { until, why } = call.poll(driven.now, &mut driven.gate) else { panic!() };
        (u64::try_from(until.since(driven.now).as_millis()).unwrap(), why)
    })
}

#[test]
fn who_is_refused_at_a_rate_that_was_learned_is_back_in_two_of_its_slots_the_first_time() {
    let learned = || {
        let mut driven = met_with_a_burst();
        while driven.rate().unwrap() < 118 * 60 {
            let call = driven.send();
            driven.succeed(call);
        }
        // What is left of it is 100 a second, and 85 after the second refusal.
        let call = driven.send();
        driven.refuse(call, None);
        // A refusal of the very next one would tell of more than a rate that was too high.
        let call = driven.send();
        driven.succeed(call);
        driven
    };
    let whole = [(500, Why::Backoff), (1_000, Why::Backoff)];
    let policy = RetryPolicy::default();
    let [first, second] = refused_twice(&mut learned(), policy, None);
    assert!((20..=24).contains(&first.0), "{first:?}");
    assert_eq!((first.1, second), (Why::Backoff, whole[1]));
    // A guess says nothing of when there is room, and neither does a limit that is not kept to.
    assert_eq!(refused_twice(&mut met_with_a_burst(), policy, None), whole);
    let unpaced = RetryPolicy::builder().pacing(false).build().unwrap();
    assert_eq!(refused_twice(&mut learned(), unpaced, None), whole);
    // The service knows better, also when it says no more than that a retry is fine.
    let hints = [(300, Why::Hint), (300, Why::Hint)];
    assert_eq!(refused_twice(&mut learned(), policy, Some(300)), hints);
    assert_eq!(refused_twice(&mut learned(), policy, Some(0)), whole);
    // What the caller asked for is kept to.
    let page = [(1_000, Why::Backoff), (2_000, Why::Backoff)];
    assert_eq!(refused_twice(&mut learned(), RetryPolicy::documented(), None), page);
    let slow = RetryPolicy::builder().initial_delay(Duration::from_secs(4)).build().unwrap();
    assert_eq!(refused_twice(&mut learned(), slow, None)[0], (2_000, Why::Backoff));
    assert!(refused_twice(&mut learned(), RetryPolicy::batch(), None)[0].0 <= 24);
}

#[test]
fn send_that_is_a_calls_last_has_room_before_it() {
    let mut driven = met_with_a_burst();
    let twice = RetryPolicy::builder().max_attempts(2).build().unwrap();
    let mut call = fresh(twice, driven.now);
    while let Step::Wait { until, .. } = call.poll(driven.now, &mut driven.gate) {
        driven.now = driven.now.max(until);
    }
    call.on_outcome(driven.now, 0, ended(refusal(429, None, None)), &mut driven.gate);
    driven.now = driven.now + Duration::from_secs(60);
    // So many that the next one is a whole interval away, however late the first ones were.
    let _sent: Vec<_> = (0..10).map(|_| driven.send()).collect();
    let interval = driven.waits_until().unwrap().since(driven.now);
    let Step::Wait { until, .. } = call.poll(driven.now, &mut driven.gate) else { panic!() };
    let wait = until.since(driven.now);
    assert!(wait > interval * 29 / 10 && wait < interval * 31 / 10, "{wait:?} of {interval:?}");
    assert!(matches!(call.poll(until, &mut driven.gate), Step::Send(_)));
}

#[test]
fn hint_that_one_call_received_is_kept_by_all() {
    for status in [429, 503, 500, 504] {
        let mut driven = Driven::default();
        let mut call = driven.send();
        let error = refusal(status, Some(7_000), None);
        call.on_outcome(driven.now, 0, ended(error), &mut driven.gate);
        assert_eq!(driven.waits_until(), Some(driven.now + Duration::from_secs(7)), "{status}");
    }
    // A lock is one request's, and so is a quota.
    for (status, body) in [(409, "{}"), (429, r#"{"error": {"code": "insufficient_quota"}}"#)] {
        let mut headers = HeaderMap::new();
        headers.insert("retry-after", 7.into());
        let status = StatusCode::from_u16(status).unwrap();
        let body = Body::new(body.as_bytes().to_vec());
        let error = Error::from_response(status, &headers, body, SystemTime::UNIX_EPOCH);
        let mut driven = Driven::default();
        let mut call = driven.send();
        call.on_outcome(driven.now, 0, ended(error), &mut driven.gate);
        assert_eq!(driven.waits_until(), None, "{status}");
    }
}
