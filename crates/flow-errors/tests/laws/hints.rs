//! Laws 13 to 15: a server's hint is never undercut, hardly exceeded, and too long is too long.

use std::time::Duration;

use flow_errors::{Class, StoppedBecause};
use proptest::prelude::*;

use crate::harness::scripts;

fn spread(hint: Duration) -> Duration {
    (hint / 5).clamp(Duration::from_millis(50), Duration::from_secs(5))
}

proptest! {
    #[test]
    fn prop_13_next_send_to_a_model_waits_for_its_hint(script in scripts()) {
        let log = script.run();
        for pair in log.sends.windows(2).filter(|pair| pair[0].send.target == pair[1].send.target) {
            let hint = pair[0].error.as_ref().and_then(flow_errors::Error::retry_after);
            prop_assert!(pair[1].at >= pair[0].answered + hint.unwrap_or_default());
        }
    }

    #[test]
    fn prop_14_wait_exceeds_the_hint_by_the_spread_at_most(script in scripts()) {
        let log = script.run();
        // The schedule begins anew with each model.
        let (mut previous, mut retry) = (None, 0);
        for (attempt, sent) in log.call.attempts().iter().zip(&log.sends) {
            let Some(wait) = attempt.wait() else { continue };
            if attempt.next_model().is_some() {
                (previous, retry) = (None, 0);
                continue;
            }
            retry += 1;
            let error = sent.error.as_ref().unwrap();
            let backoff = script.policy.backoff().delay(retry, previous, sent.entropy);
            previous = Some(backoff);
            match error.retry_after().filter(|hint| !hint.is_zero()) {
                Some(hint) if error.class() == Class::Overloaded => {
                    prop_assert!(wait <= (hint + spread(hint)).max(backoff));
                    prop_assert!(wait >= backoff);
                }
                Some(hint) => prop_assert!(wait <= hint + spread(hint)),
                // A limit that was learned may have room sooner; nothing else does.
                None if error.class() == Class::Throttled && retry == 1 => {
                    prop_assert!(wait <= backoff);
                }
                None => prop_assert_eq!(wait, backoff),
            }
        }
    }

    #[test]
    fn prop_15_hint_above_the_maximum_is_the_last_of_its_model(script in scripts()) {
        let log = script.run();
        let longest = script.policy.max_retry_after();
        for pair in log.sends.windows(2).filter(|pair| pair[0].send.target == pair[1].send.target) {
            let hint = pair[0].error.as_ref().and_then(flow_errors::Error::retry_after);
            prop_assert!(hint.unwrap_or_default() <= longest);
        }
        if let Err(error) = &log.result {
            if error.stopped_because() == Some(StoppedBecause::RetryAfterTooLong) {
                prop_assert!(error.retry_after().unwrap() > longest);
            }
        }
    }
}
