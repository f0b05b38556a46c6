//! Laws of fallback models: forward only, at once, for a reason, and never past the call's limits.

use std::time::Duration;

use flow_errors::call::{Outcome, Step, Tick, Timeouts, Why};
use flow_errors::{Kind, RetryPolicy, StoppedBecause};
use http::StatusCode;
use proptest::prelude::*;

use crate::harness::{Event, Gates, Log, Scene, Script, is_of_the_model, outcome, scripts};

proptest! {
    #[test]
    fn prop_models_are_asked_in_order_and_none_again(script in scripts()) {
        let log = script.run();
        let (mut at, models) = (0, script.models());
        for (sent, attempt) in log.sends.iter().zip(log.call.attempts().iter()) {
            let target = sent.send.target.model;
            prop_assert!((at..=at + 1).contains(&target), "{target} after {at}");
            prop_assert_eq!(attempt.model(), Some(models[target]));
            at = target;
        }
        let asked: Vec<_> = log.call.attempts().models().collect();
        let many = if log.sends.is_empty() { 0 } else { at + 1 };
        prop_assert_eq!(asked, &models[..many]);
    }

    #[test]
    fn prop_model_is_left_at_once_when_the_failure_is_its_own_and_only_then(script in scripts()) {
        let log = script.run();
        for (pair, attempt) in log.sends.windows(2).zip(log.call.attempts().iter()) {
            let (before, after) = (&pair[0], &pair[1]);
            let error = before.error.as_ref().unwrap();
            let is_last = before.send.target.model == script.fallbacks.len();
            let switches = before.send.target != after.send.target;
            prop_assert_eq!(switches, !is_last && is_of_the_model(error, &script.policy), "{}", error);
            let next = switches.then(|| script.models()[after.send.target.model]);
            prop_assert_eq!(attempt.next_model(), next);
            if switches {
                prop_assert_eq!(attempt.wait(), Some(Duration::ZERO));
                prop_assert_eq!(after.at, before.answered);
            }
        }
    }

    #[test]
    fn prop_call_with_models_left_stops_for_a_limit_only(script in scripts()) {
        let log = script.run();
        let (Err(error), Some(last)) = (&log.result, log.sends.last()) else { return Ok(()) };
        let has_more = last.send.target.model < script.fallbacks.len();
        let real = last.error.as_ref().unwrap();
        if has_more && is_of_the_model(real, &script.policy) {
            let allowed = [
                StoppedBecause::MaxAttempts,
                StoppedBecause::Deadline,
                StoppedBecause::NotRepeatable,
            ];
            prop_assert!(allowed.contains(&error.stopped_because().unwrap()), "{}", error);
        }
    }

    #[test]
    fn prop_error_is_about_the_last_model_that_was_asked(script in scripts()) {
        let log = script.run();
        let Err(error) = &log.result else { return Ok(()) };
        let asked = log.sends.last().map_or(0, |sent| sent.send.target.model);
        prop_assert_eq!(error.operation().unwrap().model(), Some(script.models()[asked]));
        prop_assert_eq!(error.attempts().len(), log.sends.len());
    }

    #[test]
    fn prop_fallback_models_that_are_not_needed_change_nothing(script in scripts()) {
        let script = Script { fallbacks: Vec::new(), ..script };
        let with = Script { fallbacks: vec!["n"], ..script.clone() };
        let (alone, with) = (script.run(), with.run());
        if with.sends.iter().all(|sent| sent.send.target.model == 0) {
            prop_assert_eq!(format!("{:?}", alone.sends), format!("{:?}", with.sends));
            prop_assert_eq!(alone.waits, with.waits);
        }
    }

    #[test]
    fn prop_each_model_has_its_own_gate(script in scripts()) {
        let (mut call, mut gates, mut now) = (script.call(), Gates::default(), script.start);
        for scene in &script.scenes {
            match call.poll(now, gates.of(&call)) {
                Step::Send(send) => {
                    prop_assert_eq!(send.target, call.target());
                    prop_assert_eq!((gates.of(&call).in_flight(), gates.in_flight()), (1, 1));
                    let (takes, outcome) = outcome(scene, send.timeout);
                    now = now + takes;
                    call.on_outcome(now, scene.entropy, outcome, gates.of(&call));
                    prop_assert_eq!(gates.in_flight(), 0);
                }
                Step::Wait { until, why } => {
                    prop_assert!(why != Why::Switch);
                    now = until;
                }
                Step::Done(_) => break,
            }
        }
    }
}

fn script(policy: RetryPolicy, fallbacks: &[&'static str], events: &[Event]) -> Script {
    let scene = |event: &Event| Scene {
        event: event.clone(),
        takes: Duration::from_millis(40),
        entropy: u64::MAX,
        oversleep: Duration::ZERO,
    };
    Script {
        policy,
        timeouts: Timeouts::default(),
        fallbacks: fallbacks.to_vec(),
        repeatable: true,
        start: Tick::ORIGIN,
        scenes: events.iter().map(scene).collect(),
    }
}

const fn refuse(status: u16) -> Event {
    Event::Refuse { status, hint_ms: None, should_retry: None }
}

const fn throttle(hint_ms: u64) -> Event {
    Event::Refuse { status: 429, hint_ms: Some(hint_ms), should_retry: None }
}

/// The models in the order in which they were asked, and what was waited after each.
fn history(log: &Log) -> String {
    let attempts = log.call.attempts().iter().map(|attempt| {
        let wait = attempt.wait().map_or(String::new(), |wait| format!(" {}", wait.as_millis()));
        format!("{}{wait}", attempt.model().unwrap())
    });
    attempts.collect::<Vec<_>>().join(", ")
}

/// Name, fallback models, what happens, attempts and waits, and why there were no more.
type Case<'a> = (&'a str, &'a [&'static str], &'a [Event], &'a str, Option<StoppedBecause>);

#[test]
fn calls_go_on_as_the_page_and_the_callers_list_say() {
    let refused_for_good = Event::Refuse { status: 503, hint_ms: None, should_retry: Some(false) };
    let unknown = Event::Code(404, "model_not_found");
    #[rustfmt::skip]
    let cases: [Case<'_>; 20] = [
        // name                 fallbacks    what happens                                       attempts and waits                 stopped by
        ("overloaded",          &["n"],      &[refuse(503)],                                    "m 0, n",                          None),
        ("overloaded, no list", &[],         &[refuse(503)],                                    "m 1000, m",                       None),
        ("both overloaded",     &["n"],      &[refuse(503), refuse(503)],                       "m 0, n 1000, n",                  None),
        ("all, for ever",       &["n"],      &[refuse(503), refuse(503), refuse(503)],          "m 0, n 1000, n",                  Some(StoppedBecause::MaxAttempts)),
        ("four, for ever",      &["n", "o", "p"], &[refuse(529), refuse(529), refuse(529), refuse(529), refuse(529)], "m 0, n 0, o 0, p 1000, p", Some(StoppedBecause::MaxAttempts)),
        ("long hint",           &["n"],      &[throttle(6_000)],                                "m 0, n",                          None),
        ("short hint",          &["n"],      &[throttle(2_000)],                                "m 2400, m",                       None),
        ("hint on the last",    &["n"],      &[throttle(6_000), throttle(6_000)],               "m 0, n 7200, n",                  None),
        ("too long, last",      &["n"],      &[throttle(130_000), throttle(130_000)],           "m 0, n",                          Some(StoppedBecause::RetryAfterTooLong)),
        ("unknown model",       &["n"],      std::slice::from_ref(&unknown),                    "m 0, n",                          None),
        ("unknown, last",       &["n"],      &[unknown.clone(), unknown.clone()],               "m 0, n",                          Some(StoppedBecause::NotRetryable)),
        ("unknown path",        &["n"],      &[Event::Code(404, "unknown_endpoint")],           "m",                               Some(StoppedBecause::NotRetryable)),
        ("not to be retried",   &["n"],      &[refused_for_good.clone(), refused_for_good],     "m 0, n",                          Some(StoppedBecause::NotRetryable)),
        ("bad request",         &["n"],      &[refuse(400)],                                    "m",                               Some(StoppedBecause::NotRetryable)),
        ("bad key",             &["n"],      &[refuse(401)],                                    "m",                               Some(StoppedBecause::NotRetryable)),
        ("no balance",          &["n"],      &[refuse(402)],                                    "m",                               Some(StoppedBecause::NotRetryable)),
        ("quota",               &["n"],      &[Event::Code(429, "insufficient_quota")],         "m",                               Some(StoppedBecause::NotRetryable)),
        ("internal first",      &["n"],      &[refuse(500), refuse(503)],                       "m 1000, m 0, n",                  None),
        ("schedule anew",       &["n", "o", "p"], &[refuse(500), refuse(500), refuse(503), refuse(500), refuse(500)], "m 1000, m 2000, m 0, n 1000, n", Some(StoppedBecause::MaxAttempts)),
        ("delivered",           &["n"],      &[Event::Break],                                   "m",                               Some(StoppedBecause::Delivered)),
    ];
    for (name, fallbacks, events, want, reason) in cases {
        let log = script(RetryPolicy::default(), fallbacks, events).run();
        assert_eq!(history(&log), want, "{name}");
        let stopped = log.result.err().map(|error| error.stopped_because().unwrap());
        assert_eq!(stopped, reason, "{name}");
    }
}

#[test]
fn callers_number_of_attempts_holds_for_all_models_together() {
    for (attempts, want) in
        [(1, "m"), (2, "m 0, n"), (3, "m 0, n 0, o"), (4, "m 0, n 0, o 1000, o")]
    {
        let policy = RetryPolicy::builder().max_attempts(attempts).build().unwrap();
        let log = script(policy, &["n", "o"], &[const { refuse(503) }; 5]).run();
        assert_eq!(history(&log), want, "{attempts}");
        let error = log.result.unwrap_err();
        assert_eq!(error.stopped_because(), Some(StoppedBecause::MaxAttempts));
    }
    let policies = [RetryPolicy::none(), RetryPolicy::documented(), RetryPolicy::batch()];
    assert_eq!(policies.map(|policy| policy.max_attempts_for(50)), [1, 3, 10]);
    assert_eq!(RetryPolicy::default().max_attempts_for(usize::MAX), RetryPolicy::MAX_ATTEMPTS);
}

#[test]
fn error_of_a_call_that_failed_everywhere_tells_the_whole_story() {
    let events = [refuse(503), throttle(6_000), Event::Code(404, "model_not_found")];
    let error = script(RetryPolicy::default(), &["n", "o"], &events).run().result.unwrap_err();
    assert_eq!(error.kind(), Kind::NotFound);
    let lines: Vec<_> = error.attempts().iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [
            "attempt 1 to m: 503 service_unavailable after 40 ms, next at once with n",
            "attempt 2 to n: 429 rate_limit after 40 ms, next at once with o",
            "attempt 3 to o: 404 not_found after 40 ms",
        ]
    );
    let report = error.support_report().to_string();
    assert!(lines.iter().all(|line| report.contains(line)), "{report}");
    assert!(report.contains("Request: POST /chat/completions, model o\n"), "{report}");
    assert_eq!(
        error.to_string(),
        "404 not_found (POST /chat/completions, model o, 3 attempts to 3 models, stopped by \
         not_retryable). Verify the model ID and request path; models().closest(\"o\") lists the \
         nearest ids",
    );
}

#[test]
fn deadline_is_not_begun_anew_for_another_model() {
    let mut script = script(RetryPolicy::default(), &["n"], &[refuse(503), refuse(503)]);
    script.timeouts = Timeouts::default().with_deadline(Duration::from_millis(1_000)).unwrap();
    let log = script.run();
    assert_eq!(history(&log), "m 0, n");
    assert_eq!(log.sends[1].send.timeout, Some(Duration::from_millis(960)));
    assert_eq!(log.result.unwrap_err().stopped_because(), Some(StoppedBecause::Deadline));
    // 100 ms are the least that another attempt is worth.
    script.timeouts = Timeouts::default().with_deadline(Duration::from_millis(139)).unwrap();
    let log = script.run();
    assert_eq!(history(&log), "m");
    let error = log.result.unwrap_err();
    assert_eq!(error.stopped_because(), Some(StoppedBecause::Deadline));
    assert_eq!(error.status(), Some(StatusCode::SERVICE_UNAVAILABLE));
}

#[test]
fn call_cancelled_between_two_models_is_about_the_one_that_was_asked() {
    let script = script(RetryPolicy::default(), &["n"], &[]);
    let (mut call, mut gates) = (script.call(), Gates::default());
    let Step::Send(_) = call.poll(Tick::ORIGIN, gates.of(&call)) else { panic!("nothing is sent") };
    let failed = Outcome::Failed(crate::harness::refusal(503, None, None));
    call.on_outcome(Tick::ORIGIN, 0, failed, gates.of(&call));
    assert_eq!((call.target().model, call.waits_for()), (1, Some(Why::Switch)));
    call.cancel(Tick::ORIGIN, gates.of(&call));
    let Step::Done(flow_errors::call::Verdict::Failed(error)) =
        call.poll(Tick::ORIGIN, gates.of(&call))
    else {
        panic!("the call goes on")
    };
    assert_eq!(error.kind(), Kind::Cancelled);
    assert_eq!(error.operation().unwrap().model(), Some("m"));
    assert_eq!(error.attempts().models().collect::<Vec<_>>(), ["m"]);
}

#[test]
fn what_other_calls_learned_of_a_model_spares_it_the_next_call() {
    #[rustfmt::skip]
    let table = [
        // name                     status  hint     failures  model asked
        ("fails a little",          503,    None,    5,        0),
        ("is overloaded",           503,    None,    170,      1),
        ("wants a long break",      429,    Some(9_000), 1,    1),
        ("wants a short break",     429,    Some(1_000), 1,    0),
        ("fails, but not by itself", 500,   None,    170,      0),
    ];
    for (name, status, hint_ms, failures, want) in table {
        let mut gates = Gates::default();
        let once = RetryPolicy::builder().max_attempts(1).build().unwrap();
        for _ in 0..failures {
            let mut call = script(once, &[], &[]).call();
            if let Step::Send(_) = call.poll(Tick::ORIGIN, gates.of(&call)) {
                let failed = Outcome::Failed(crate::harness::refusal(status, hint_ms, None));
                call.on_outcome(Tick::ORIGIN, 0, failed, gates.of(&call));
            }
            call.cancel(Tick::ORIGIN, gates.of(&call));
        }
        let mut call = script(RetryPolicy::default(), &["n"], &[]).call();
        let mut step = call.poll(Tick::ORIGIN, gates.of(&call));
        if let Step::Wait { until, why: Why::Switch } = step {
            assert_eq!((until, call.ticket()), (Tick::ORIGIN, None), "{name}");
            step = call.poll(until, gates.of(&call));
            assert!(matches!(step, Step::Send(_)), "{name}: {step:?}");
        }
        assert_eq!(call.target().model, want, "{name}: {step:?}");
    }
}
