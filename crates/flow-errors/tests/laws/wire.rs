//! Law 54: what a retry decision rests on survives serialization.

use flow_errors::{Error, Kind};
use proptest::prelude::*;

use crate::harness::scripts;

proptest! {
    #[test]
    fn prop_54_retry_metadata_survives_the_round_trip(script in scripts()) {
        let Err(error) = script.run().result else { return Ok(()) };
        let json = serde_json::to_string(&error).unwrap();
        let read: Error = serde_json::from_str(&json).unwrap();
        prop_assert_eq!(read.kind(), error.kind());
        prop_assert_eq!(read.class(), error.class());
        prop_assert_eq!(read.status(), error.status());
        prop_assert_eq!(read.is_retryable(), error.is_retryable());
        prop_assert_eq!(read.retry_after(), error.retry_after());
        prop_assert_eq!(read.rate_limits(), error.rate_limits());
        prop_assert_eq!(read.is_maybe_billed(), error.is_maybe_billed());
        prop_assert_eq!(read.stopped_because(), error.stopped_because());
        prop_assert_eq!(read.attempts(), error.attempts());
        prop_assert_eq!(read.operation(), error.operation());
        prop_assert_eq!(read.to_string(), error.to_string());
        prop_assert_eq!(read.support_report().to_string(), error.support_report().to_string());
        prop_assert_eq!(serde_json::to_string(&read).unwrap(), json);
    }
}

#[test]
fn every_kind_keeps_its_word() {
    for kind in Kind::ALL {
        let json = serde_json::to_string(&kind).unwrap();
        assert_eq!(json, format!("\"{}\"", kind.as_str()));
        assert_eq!(serde_json::from_str::<Kind>(&json).unwrap(), kind);
    }
}
