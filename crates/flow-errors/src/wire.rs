//! The JSON shape of an [`Error`], for logs and for crossing processes.
//!
//! Raw bodies, unknown envelope fields and headers are left out, because a service may echo the
//! prompt in them; the source becomes text.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::{HeaderMap, Method, StatusCode};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::attempt::{Attempt, Attempts, Operation};
use crate::delivered::Delivered;
use crate::error::Inner;
use crate::rate_limits::RateLimits;
use crate::stopped_because::StoppedBecause;
use crate::{Body, Class, Error, Kind, json};

#[derive(Serialize, Deserialize)]
struct Wire {
    kind: Kind,
    class: Class,
    message: Box<str>,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "json::status")]
    status: Option<StatusCode>,
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    api_type: Option<Box<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    code: Option<Box<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    param: Option<Box<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    request_id: Option<Arc<str>>,
    #[serde(
        rename = "retry_after_ns",
        default,
        skip_serializing_if = "Option::is_none",
        with = "json::optional_nanos"
    )]
    retry_after: Option<Duration>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    should_retry: Option<bool>,
    #[serde(default, skip_serializing_if = "RateLimits::is_empty")]
    rate_limits: RateLimits,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    request: Option<Request>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    delivered: Option<Delivered>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "known")]
    stopped_because: Option<StoppedBecause>,
    #[serde(
        rename = "started_at_unix_ns",
        default,
        skip_serializing_if = "Option::is_none",
        with = "json::optional_nanos"
    )]
    started_at: Option<Duration>,
    #[serde(default)]
    attempts: Vec<Attempt>,
}

#[derive(Serialize, Deserialize)]
struct Request {
    method: String,
    path: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    model: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    host: Option<String>,
}

/// Writes the documented shape: the accessors' values under their own names, absent ones left out.
impl Serialize for Error {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let inner = self.inner();
        let request = inner.operation.as_ref().map(|operation| Request {
            method: operation.method().to_string(),
            path: operation.path().to_owned(),
            model: operation.model().map(str::to_owned),
            host: operation.host().map(str::to_owned),
        });
        let since_epoch = |at: SystemTime| at.duration_since(SystemTime::UNIX_EPOCH).ok();
        Wire {
            kind: inner.kind,
            class: inner.class,
            message: inner.message.clone(),
            status: inner.status,
            api_type: inner.api_type.clone(),
            code: inner.code.clone(),
            param: inner.param.clone(),
            request_id: inner.request_id.clone(),
            retry_after: inner.retry_after,
            should_retry: inner.should_retry,
            rate_limits: inner.rate_limits.clone(),
            source: std::error::Error::source(self).map(chain),
            request,
            delivered: inner.delivered,
            stopped_because: inner.stopped_because,
            started_at: inner.attempts.started_at().and_then(since_epoch),
            attempts: inner.attempts.iter().cloned().collect(),
        }
        .serialize(serializer)
    }
}

/// Reads what `Serialize` wrote; the body and the headers are empty, the source is text.
impl<'de> Deserialize<'de> for Error {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wire = Wire::deserialize(deserializer)?;
        let operation =
            wire.request.map(operation).transpose().map_err(serde::de::Error::custom)?;
        let at = wire.started_at.and_then(|span| SystemTime::UNIX_EPOCH.checked_add(span));
        let inner = Inner {
            kind: wire.kind,
            class: wire.class,
            message: wire.message,
            status: wire.status,
            code: wire.code,
            api_type: wire.api_type,
            param: wire.param,
            request_id: wire.request_id,
            retry_after: wire.retry_after,
            should_retry: wire.should_retry,
            rate_limits: wire.rate_limits,
            headers: HeaderMap::new(),
            body: Body::default(),
            source: None,
            operation,
            attempts: Attempts::from_parts(at, wire.attempts),
            delivered: wire.delivered,
            partial: None,
            stopped_because: wire.stopped_because,
        };
        let error = Self::from_inner(inner);
        Ok(match wire.source {
            Some(text) => error.with_source(text),
            None => error,
        })
    }
}

/// Reads a reason that this version knows; another one is none.
fn known<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<StoppedBecause>, D::Error> {
    let word = serde_json::Value::deserialize(deserializer)?;
    Ok(StoppedBecause::deserialize(word).ok())
}

fn operation(request: Request) -> Result<Operation, String> {
    let method = Method::from_bytes(request.method.as_bytes())
        .map_err(|_| format!("`{}` is not an HTTP method", request.method.escape_default()))?;
    let mut operation = Operation::new(method, &request.path);
    if let Some(model) = request.model {
        operation = operation.with_model(&model);
    }
    if let Some(host) = request.host {
        operation = operation.with_host(host);
    }
    Ok(operation)
}

/// Joins an error and its causes into one line.
fn chain(source: &dyn std::error::Error) -> String {
    let mut text = source.to_string();
    let mut next = source.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn json_has_the_documented_shape_and_is_read_back() {
        let shape = json!({
            "kind": "rate_limit",
            "class": "throttled",
            "message": "slow down",
            "status": 429,
            "type": "rate_limit_error",
            "code": "rpm",
            "param": "model",
            "request_id": "req_1",
            "retry_after_ns": 1_500_000_000_u64,
            "should_retry": true,
            "source": "a cause: its cause",
            "request": {"method": "POST", "path": "/x", "model": "m", "host": "h:1"},
            "delivered": {"events": 3, "text_bytes": 12},
            "stopped_because": "max_attempts",
            "started_at_unix_ns": 5,
            "attempts": [{
                "number": 1, "model": "m", "status": 429, "kind": "rate_limit",
                "request_id": "req_1", "started_ns": 0, "elapsed_ns": 7, "wait_ns": 0,
                "next_model": "n", "maybe_billed": false,
            }, {
                "number": 2, "model": "n", "started_ns": 7, "elapsed_ns": 7, "wait_ns": 9,
                "maybe_billed": true,
            }],
        });
        let error: Error = serde_json::from_value(shape.clone()).unwrap();
        assert_eq!(error.retry_after(), Some(Duration::from_millis(1_500)));
        assert_eq!(error.operation().unwrap().host(), Some("h:1"));
        assert_eq!(error.delivered(), Some(Delivered::new(3, 12)));
        assert_eq!(serde_json::to_value(&error).unwrap(), shape);
    }

    #[test]
    fn words_of_newer_versions_are_read_as_the_most_careful_ones() {
        let json = json!({"kind": "new_kind", "class": "new_class", "message": "",
            "stopped_because": "new_reason"});
        let error: Error = serde_json::from_value(json).unwrap();
        assert_eq!((error.kind(), error.class()), (Kind::Unexpected, Class::Permanent));
        assert_eq!(error.stopped_because(), None);
    }

    #[test]
    fn json_that_is_no_error_is_refused() {
        let method = json!({"kind": "config", "class": "permanent", "message": "",
            "request": {"method": "NOT A METHOD", "path": "/x"}});
        for (json, want) in
            [(json!({"message": ""}), "missing field"), (method, "not an HTTP method")]
        {
            let error = serde_json::from_value::<Error>(json).unwrap_err();
            assert!(error.to_string().contains(want), "{error}");
        }
    }
}
