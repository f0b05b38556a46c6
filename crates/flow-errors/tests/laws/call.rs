//! Laws 25 to 33: the loop itself.

use std::time::Duration;

use flow_errors::call::{Outcome, Step, Tick, Verdict};
use flow_errors::{Class, StoppedBecause};
use proptest::prelude::*;

use crate::harness::{Event, Gates, Log, Scene, Script, is_final, outcome, scripts};

/// A step as text, so that steps can be compared.
fn text(step: &Step) -> String {
    match step {
        Step::Done(Verdict::Failed(error)) => format!("failed {error} {:?}", error.attempts()),
        step => format!("{step:?}"),
    }
}

fn log_text(log: &Log) -> String {
    format!("{:?} {:?} {:?}", log.sends, log.waits, log.result)
}

proptest! {
    #[test]
    fn prop_25_sends_are_at_most_max_attempts(script in scripts()) {
        let log = script.run();
        prop_assert!(log.sends.len() <= script.max_attempts());
        prop_assert!(log.sends.iter().zip(1_u32..).all(|(sent, n)| sent.send.attempt == n));
    }

    #[test]
    fn prop_26_done_is_stable(script in scripts(), later in 0..u64::MAX, entropy: u64) {
        let mut log = script.run();
        let before = log.call.poll(log.ended, log.gates.of(&log.call));
        let later = log.ended + Duration::from_nanos(later);
        let scene = script.scenes.first().cloned();
        if let Some(scene) = scene {
            log.call.on_outcome(later, entropy, outcome(&scene, None).1, log.gates.of(&log.call));
        }
        log.call.cancel(later, log.gates.of(&log.call));
        let after = log.call.poll(later, log.gates.of(&log.call));
        prop_assert_eq!(text(&before), text(&after));
        prop_assert_eq!(log.gates.in_flight(), 0);
    }

    #[test]
    fn prop_27_poll_is_idempotent_at_one_instant(script in scripts()) {
        let (mut call, mut gates, mut now) = (script.call(), Gates::default(), script.start);
        for scene in &script.scenes {
            let first = call.poll(now, gates.of(&call));
            prop_assert_eq!(text(&first), text(&call.poll(now, gates.of(&call))));
            match first {
                Step::Send(send) => {
                    prop_assert_eq!(gates.in_flight(), 1);
                    let (takes, outcome) = outcome(scene, send.timeout);
                    now = now + takes;
                    call.on_outcome(now, scene.entropy, outcome, gates.of(&call));
                }
                Step::Wait { until, .. } => now = until,
                Step::Done(_) => break,
            }
            prop_assert_eq!(gates.in_flight(), 0);
        }
    }

    #[test]
    fn prop_28_early_wake_ups_never_send_early(script in scripts(), share in 0..1_000_u32) {
        let (mut call, mut gates, mut now) = (script.call(), Gates::default(), script.start);
        for scene in &script.scenes {
            match call.poll(now, gates.of(&call)) {
                Step::Send(send) => {
                    let (takes, outcome) = outcome(scene, send.timeout);
                    now = now + takes;
                    call.on_outcome(now, scene.entropy, outcome, gates.of(&call));
                }
                Step::Wait { until, .. } => {
                    let early = now + until.since(now) * share / 1_000;
                    if early < until {
                        let step = call.poll(early, gates.of(&call));
                        let still = matches!(step, Step::Wait { until: same, .. } if same == until);
                        prop_assert!(still, "{step:?}");
                    }
                    now = until;
                }
                Step::Done(_) => break,
            }
        }
    }

    #[test]
    fn prop_29_clock_that_runs_backwards_shortens_no_wait(script in scripts(), back in 0..u64::MAX) {
        let (mut call, mut gates, mut now) = (script.call(), Gates::default(), script.start);
        for scene in &script.scenes {
            match call.poll(now, gates.of(&call)) {
                Step::Send(send) => {
                    let (takes, outcome) = outcome(scene, send.timeout);
                    let earlier = Tick::from_nanos(now.as_nanos().saturating_sub(back));
                    let hint = match &outcome {
                        Outcome::Failed(error) => error.retry_after().unwrap_or_default(),
                        _ => Duration::ZERO,
                    };
                    call.on_outcome(earlier, scene.entropy, outcome, gates.of(&call));
                    if let Step::Wait { until, .. } = call.poll(earlier, gates.of(&call)) {
                        prop_assert!(until >= now + hint);
                    }
                    now = now + takes;
                }
                Step::Wait { until, .. } => now = until,
                Step::Done(_) => break,
            }
        }
    }

    #[test]
    fn prop_30_permanent_and_quota_failures_are_sent_once_to_a_model(script in scripts()) {
        let log = script.run();
        for pair in log.sends.windows(2) {
            if is_final(pair[0].error.as_ref().unwrap()) {
                prop_assert!(pair[1].send.target != pair[0].send.target);
            }
        }
    }

    #[test]
    fn prop_31_ambiguous_retries_stay_below_their_limit(script in scripts()) {
        let log = script.run();
        let ambiguous = log.sends.iter().rev().skip(1).filter(|sent| {
            sent.error.as_ref().is_some_and(|error| error.class() == Class::Ambiguous)
        });
        let limit = usize::try_from(script.policy.ambiguous_retries()).unwrap();
        prop_assert!(ambiguous.count() <= limit);
    }

    #[test]
    fn prop_32_nothing_follows_delivery_or_a_body_that_cannot_repeat(script in scripts()) {
        let log = script.run();
        if !script.repeatable {
            prop_assert!(log.sends.len() <= 1);
        }
        let broken = log.sends.iter().zip(&script.scenes).position(|(sent, scene)| {
            // A scene that outlasts the timeout fails before anything is delivered.
            let in_time = sent.send.timeout.is_none_or(|limit| scene.takes <= limit);
            matches!(scene.event, Event::Break) && in_time
        });
        if let Some(index) = broken {
            prop_assert_eq!(index + 1, log.sends.len());
            let error = log.result.unwrap_err();
            prop_assert_eq!(error.stopped_because(), Some(StoppedBecause::Delivered));
            prop_assert!(error.is_maybe_billed());
        }
    }

    #[test]
    fn prop_33_same_inputs_give_the_same_log(script in scripts()) {
        prop_assert_eq!(log_text(&script.run()), log_text(&script.run()));
    }

    #[test]
    fn prop_40_cancel_gives_back_what_was_taken_once(script in scripts(), steps in 0..20_usize) {
        let (mut call, mut gates, mut now) = (script.call(), Gates::default(), script.start);
        let mut scenes = script.scenes.iter();
        for _ in 0..steps {
            match call.poll(now, gates.of(&call)) {
                Step::Send(_) if scenes.len() == 0 => break,
                Step::Send(send) => {
                    let scene = scenes.next().unwrap();
                    let (takes, outcome) = outcome(scene, send.timeout);
                    now = now + takes;
                    call.on_outcome(now, scene.entropy, outcome, gates.of(&call));
                }
                Step::Wait { until, .. } => now = until,
                Step::Done(_) => break,
            }
        }
        call.cancel(now, gates.of(&call));
        prop_assert_eq!(gates.in_flight(), 0);
        call.cancel(now, gates.of(&call));
        prop_assert_eq!(gates.in_flight(), 0);
        prop_assert!(matches!(call.poll(now, gates.of(&call)), Step::Done(_)));
    }
}

#[test]
fn call_that_may_have_been_billed_earlier_says_so_whatever_failed_last() {
    let script = Script {
        policy: flow_errors::RetryPolicy::default(),
        timeouts: flow_errors::call::Timeouts::default(),
        fallbacks: Vec::new(),
        repeatable: true,
        start: Tick::ORIGIN,
        scenes: [504, 400].map(scene).to_vec(),
    };
    let error = script.run().result.unwrap_err();
    assert_eq!(error.kind(), flow_errors::Kind::InvalidRequest);
    assert!(error.is_maybe_billed());
    let script = Script { scenes: [429, 400].map(scene).to_vec(), ..script };
    assert!(!script.run().result.unwrap_err().is_maybe_billed());
}

fn scene(status: u16) -> Scene {
    let event = Event::Refuse { status, hint_ms: None, should_retry: None };
    Scene { event, takes: Duration::ZERO, entropy: 0, oversleep: Duration::ZERO }
}

/// The harness's scripts reach every reason that this version can stop for.
#[test]
fn random_scripts_reach_every_reason_to_stop() {
    use proptest::strategy::{Strategy, ValueTree};
    use proptest::test_runner::TestRunner;

    let mut runner = TestRunner::deterministic();
    let mut seen = std::collections::HashSet::new();
    for _ in 0..5_000 {
        let log = scripts().new_tree(&mut runner).unwrap().current().run();
        seen.insert(log.result.map_err(|error| error.stopped_because().unwrap()).err());
    }
    for reason in [
        None,
        Some(StoppedBecause::NotRetryable),
        Some(StoppedBecause::MaxAttempts),
        Some(StoppedBecause::Deadline),
        Some(StoppedBecause::RetryAfterTooLong),
        Some(StoppedBecause::AmbiguousLimit),
        Some(StoppedBecause::NotRepeatable),
        Some(StoppedBecause::Delivered),
    ] {
        assert!(seen.contains(&reason), "{reason:?} not among {seen:?}");
    }
}
