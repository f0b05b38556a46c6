//! Laws 18 to 24: one deadline bounds attempts and waits together.

use flow_errors::call::Timeouts;
use flow_errors::call::{MIN_ATTEMPT, Tick};
use flow_errors::{Kind, StoppedBecause};
use proptest::prelude::*;

use crate::harness::{Script, scripts};

fn end(script: &Script) -> Tick {
    script.deadline().unwrap_or(Tick::MAX)
}

proptest! {
    #[test]
    fn prop_18_no_wait_goes_beyond_the_deadline(script in scripts()) {
        for (_, until) in script.run().waits {
            prop_assert!(until + MIN_ATTEMPT <= end(&script));
        }
    }

    #[test]
    fn prop_19_nothing_is_sent_at_or_after_the_deadline(script in scripts()) {
        for sent in script.run().sends {
            prop_assert!(sent.at < end(&script));
        }
    }

    #[test]
    fn prop_20_timeout_is_at_most_what_is_left(script in scripts()) {
        for sent in script.run().sends {
            if script.deadline().is_some() {
                prop_assert!(sent.send.timeout.unwrap() <= end(&script).since(sent.at));
            }
            if let Some(attempt) = script.timeouts.attempt() {
                prop_assert!(sent.send.timeout.unwrap() <= attempt);
            }
        }
    }

    #[test]
    fn prop_21_hopeless_call_ends_in_the_same_poll(script in scripts()) {
        let log = script.run();
        let (Err(error), Some(last)) = (&log.result, log.sends.last()) else { return Ok(()) };
        if error.stopped_because() != Some(StoppedBecause::Deadline) {
            return Ok(());
        }
        // It ended with the answer, or a wait that could be kept was overslept.
        match log.call.attempts().last().and_then(flow_errors::Attempt::wait) {
            None => prop_assert_eq!(log.ended, last.answered),
            Some(wait) => {
                prop_assert!(last.answered + wait + MIN_ATTEMPT <= end(&script));
                prop_assert!(log.ended + MIN_ATTEMPT > end(&script));
            }
        }
    }

    #[test]
    fn prop_22_last_real_error_is_what_is_returned(script in scripts()) {
        let log = script.run();
        if let (Err(error), Some(last)) = (&log.result, log.sends.last()) {
            let last = last.error.as_ref().unwrap();
            prop_assert_eq!((error.kind(), error.status()), (last.kind(), last.status()));
            prop_assert_eq!(error.retry_after(), last.retry_after());
            prop_assert_eq!(error.attempts().len(), log.sends.len());
        }
    }

    #[test]
    fn prop_23_later_deadline_never_gives_fewer_attempts(script in scripts(), more_ms in 0..100_000_u64) {
        // An attempt that times out with the deadline fails otherwise than one that does not, so
        // the law is about calls whose attempts are bounded by themselves.
        let mut script = script;
        for scene in &mut script.scenes {
            scene.takes = scene.takes.min(std::time::Duration::from_millis(1));
        }
        let Some(deadline) = script.timeouts.deadline() else { return Ok(()) };
        let is_short = |limit: Option<std::time::Duration>| limit.is_some_and(|it| it.as_millis() <= 1);
        if is_short(script.timeouts.attempt()) || is_short(Some(deadline)) {
            return Ok(());
        }
        let earlier = script.run().sends.len();
        let later = deadline + std::time::Duration::from_millis(more_ms);
        script.timeouts = script.timeouts.with_deadline(later).unwrap();
        prop_assert!(script.run().sends.len() >= earlier);
    }

    #[test]
    fn prop_24_call_without_deadline_still_ends(script in scripts()) {
        let timeouts = script.timeouts.without_deadline();
        let log = Script { timeouts, ..script.clone() }.run();
        prop_assert!((1..=script.max_attempts()).contains(&log.sends.len()));
    }
}

#[test]
fn deadline_that_passed_before_the_first_send_is_its_own_error() {
    let mut script = Script {
        policy: flow_errors::RetryPolicy::default(),
        timeouts: Timeouts::default().with_deadline(std::time::Duration::from_nanos(1)).unwrap(),
        fallbacks: Vec::new(),
        repeatable: true,
        start: Tick::from_nanos(5),
        scenes: Vec::new(),
    };
    let mut call = script.call();
    let step = call.poll(Tick::from_nanos(6), &mut flow_errors::call::Gate::new());
    let flow_errors::call::Step::Done(flow_errors::call::Verdict::Failed(error)) = step else {
        panic!("{step:?}")
    };
    assert_eq!((error.kind(), error.attempts().len()), (Kind::Timeout, 0));
    assert_eq!(error.stopped_because(), Some(StoppedBecause::Deadline));
    assert_eq!(
        error.to_string(),
        "timeout: the deadline passed before the first attempt (POST /chat/completions, model m, \
         not sent, stopped by deadline). Raise the limit that was reached (deadline, attempt, idle or first content timeout), \
         or ask for less",
    );
    script.timeouts = Timeouts::default();
    assert_eq!(script.run().sends.len(), 1);
}
