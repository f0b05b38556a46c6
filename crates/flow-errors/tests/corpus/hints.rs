//! Single headers that say when to come back.

use std::collections::BTreeMap;
use std::time::Duration;

use flow_errors::headers::{Limit, RateLimits};
use flow_errors::{Body, Error};
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::Value;

use crate::read::{cases, files, header_map, instant};

/// Headers that say when all of a limit is back, alone no reason to wait.
const RESETS: [&str; 3] =
    ["x-ratelimit-reset", "ratelimit-reset", "anthropic-ratelimit-requests-reset"];

#[test]
fn every_hint_in_a_header_is_read_as_what_it_means() {
    for file in files("retry_after.jsonl", "retry_after.jsonl") {
        let cases: Vec<Case> = cases(&file);
        println!("corpus read: {} cases", cases.len());
        for case in &cases {
            let got = case.read();
            let Case { header, value, headers, expect_ms, .. } = case;
            assert!(case.is_ok(got), "{header}: {value:?} {headers:?}: {got:?}, not {expect_ms:?}");
        }
    }
}

#[derive(Deserialize)]
struct Case {
    header: String,
    value: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, Value>,
    now: String,
    expect_ms: Option<u64>,
    #[serde(default)]
    also_ok_ms: Vec<Option<u64>>,
    min_ms: Option<u64>,
}

impl Case {
    fn headers(&self) -> HeaderMap {
        match &self.value {
            Some(value) => header_map(&[(self.header.clone(), value.as_str().into())].into()),
            None => header_map(&self.headers),
        }
    }

    fn read(&self) -> Option<u64> {
        let mut headers = self.headers();
        let now = instant(&self.now);
        if !RESETS.iter().any(|reset| self.header.starts_with(reset)) {
            let refused = StatusCode::TOO_MANY_REQUESTS;
            let error = Error::from_response(refused, &headers, Body::default(), now);
            return error.retry_after().map(millis);
        }
        headers.insert("date", httpdate::fmt_http_date(now).parse().unwrap());
        let limits = RateLimits::from_headers(&headers);
        let limit = limits.requests().or_else(|| limits.tokens());
        limit.and_then(Limit::reset).map(millis)
    }

    fn is_ok(&self, got: Option<u64>) -> bool {
        let is_long_enough = self.min_ms.is_some_and(|min| got >= Some(min));
        got == self.expect_ms || is_long_enough || self.also_ok_ms.contains(&got)
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_nanos().div_ceil(1_000_000)).unwrap()
}
