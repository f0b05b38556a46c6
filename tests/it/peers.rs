//! What the other clients do, as tables of facts, with what ours do beside it.
//!
//! The facts are those of the official SDKs' own test suites, and of runs of their parsers on the
//! same input. Where an answer of ours differs, the row says why; a row without a difference says
//! nothing. The facts that cannot apply to us stand in `not_ours`.

mod answers;
mod bodies;
mod counting;
mod differences;
mod messages;
mod not_ours;
mod retry_after;
mod statuses;

use std::time::Duration;

use bytes::Bytes;
use flow_errors::RetryPolicy;
use flow_tests::{BodyFault, Scene};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

/// Names and values of headers.
type Headers = &'static [(&'static str, &'static str)];

const REPLY: &str = r#"{"choices":[{"message":{"role":"assistant","content":"Hi"}}]}"#;

/// A policy of so many attempts, `max_retries + 1` in the words of the peers.
fn attempts(most: u32) -> RetryPolicy {
    RetryPolicy::builder().max_attempts(most).build().unwrap()
}

fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        headers.append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    headers
}

/// A whole reply that takes no time.
fn reply(status: u16, pairs: &[(&str, &str)], body: impl Into<Bytes>) -> Scene {
    Scene::Reply {
        takes: Duration::ZERO,
        status: StatusCode::from_u16(status).unwrap(),
        headers: headers(pairs),
        body: body.into(),
        fault: BodyFault::None,
    }
}

fn success() -> Scene {
    reply(200, &[], REPLY)
}
