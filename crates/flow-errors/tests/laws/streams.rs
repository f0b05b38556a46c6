//! Laws of streams: what a gateway cut off is streamed from then on, unless the service refuses it.

use flow_errors::call::Call;
use flow_errors::{Class, Error, Kind};
use proptest::prelude::*;

use crate::harness::{Sent1, scripts};

/// What the call machine promises to take for a refusal of the stream.
fn is_refused(sent: &Sent1) -> bool {
    let status = sent.error.as_ref().and_then(Error::status);
    sent.send.target.streams && status.is_some_and(|is| [400, 422].contains(&is.as_u16()))
}

fn is_timeout(sent: &Sent1) -> bool {
    sent.error.as_ref().is_some_and(|error| error.class() == Class::GatewayTimeout)
}

proptest! {
    #[test]
    fn prop_streams_begin_with_a_gateways_timeout_and_end_with_a_refusal(script in scripts()) {
        let log = script.run_as(script.call().recovering_by_streaming());
        let (mut streams, mut may) = (false, true);
        for (sent, attempt) in log.sends.iter().zip(log.call.attempts().iter()) {
            prop_assert_eq!(sent.send.target.streams, streams);
            prop_assert_eq!(attempt.is_streamed(), streams);
            if is_refused(sent) {
                (streams, may) = (false, false);
            } else if may && is_timeout(sent) {
                streams = true;
            }
        }
    }

    #[test]
    fn prop_refused_stream_is_no_end_and_not_what_the_caller_is_told(script in scripts()) {
        let log = script.run_as(script.call().recovering_by_streaming());
        let Some(last) = log.sends.last().filter(|last| is_refused(last)) else { return Ok(()) };
        let error = log.result.unwrap_err();
        prop_assert_eq!(error.kind(), Kind::GatewayTimeout);
        prop_assert_eq!(error.attempts().last().unwrap().status(), last.error.as_ref().unwrap().status());
        let reason = error.stopped_because().unwrap().as_str();
        prop_assert!(["max_attempts", "deadline", "retry_after_too_long"].contains(&reason), "{}", reason);
    }

    #[test]
    fn prop_recovery_that_is_not_needed_changes_nothing(script in scripts()) {
        let (plain, ready) = (script.run(), script.run_as(script.call().recovering_by_streaming()));
        if !plain.sends.iter().any(is_timeout) {
            prop_assert_eq!(format!("{:?}", plain.sends), format!("{:?}", ready.sends));
            prop_assert_eq!(plain.waits, ready.waits);
        }
    }

    #[test]
    fn prop_only_who_wants_streams_has_them(script in scripts()) {
        let plain = script.run();
        let streaming = script.run_as(script.call().streaming());
        prop_assert!(plain.sends.iter().all(|sent| !sent.send.target.streams));
        prop_assert!(streaming.sends.iter().all(|sent| sent.send.target.streams));
        prop_assert_eq!(plain.sends.len(), streaming.sends.len());
        prop_assert_eq!(plain.waits, streaming.waits);
    }

    #[test]
    fn prop_warning_is_for_what_is_not_streamed(script in scripts()) {
        let warned = |call: Call| call.recovering_by_streaming().with_warning("long");
        let log = script.run_as(warned(script.call()));
        for attempt in log.call.attempts().iter() {
            prop_assert_eq!(attempt.warning().is_some(), !attempt.is_streamed());
        }
    }
}
