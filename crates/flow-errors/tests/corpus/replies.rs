//! Whole replies: status, headers and body.

use std::collections::BTreeMap;
use std::io::Read;
use std::time::SystemTime;

use flow_errors::{Body, Error, Kind};
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::Value;

use crate::read::{base64, cases, files, header_map, instant};

#[test]
fn every_error_reply_is_decoded_as_what_it_is() {
    for file in files("errors.jsonl", "open.jsonl") {
        let cases: Vec<Case> = cases(&file);
        println!("corpus read: {} cases", cases.len());
        let faulty = cases.iter().map(|case| (&case.id, case.faults()));
        let faulty: Vec<_> = faulty.filter(|(_, faults)| !faults.is_empty()).collect();
        assert!(faulty.is_empty(), "{} faulty: {faulty:#?}", faulty.len());
    }
}

#[derive(Deserialize)]
struct Case {
    id: String,
    status: u16,
    headers: BTreeMap<String, Value>,
    body_b64: String,
    now: Option<String>,
    is_error: bool,
    expect: BTreeMap<String, Value>,
    check: Vec<String>,
    #[serde(default)]
    also_ok: BTreeMap<String, Vec<Value>>,
    #[serde(default)]
    message_contains: Vec<String>,
}

impl Case {
    fn headers(&self) -> HeaderMap {
        header_map(&self.headers)
    }

    /// The body as a transport hands it over: inflated if it says so and is so.
    fn body(&self) -> Vec<u8> {
        let bytes = base64(&self.body_b64);
        let is_declared = self.headers.get("content-encoding") == Some(&Value::from("gzip"));
        let mut inflated = Vec::new();
        let read = flate2::read::GzDecoder::new(&*bytes).read_to_end(&mut inflated);
        if is_declared && read.is_ok() { inflated } else { bytes }
    }

    fn decode(&self) -> Option<Error> {
        let status = StatusCode::from_u16(self.status).unwrap();
        let now = self.now.as_deref().map_or(SystemTime::UNIX_EPOCH, instant);
        if status.is_success() {
            return Error::in_success(status, &self.headers(), &self.body(), now);
        }
        Some(Error::from_response(status, &self.headers(), Body::new(self.body()), now))
    }

    /// Everything in which the error differs from what is expected of it.
    fn faults(&self) -> Vec<String> {
        let Some(error) = self.decode() else {
            return if self.is_error { vec!["missed".to_owned()] } else { Vec::new() };
        };
        if !self.is_error {
            return vec!["taken for an error".to_owned()];
        }
        let mut faults = self.field_faults(&error);
        if error.body() != self.body() {
            faults.push("raw body lost".to_owned());
        }
        let extras = error.envelope().map(|envelope| envelope.as_value().to_string());
        for part in &self.message_contains {
            let quoted = Value::from(part.as_str()).to_string();
            let inner = quoted.trim_matches('"');
            let is_extra = extras.as_ref().is_some_and(|extras| extras.contains(inner));
            if !error.message().contains(part) && !is_extra {
                faults.push(format!("`{part}` is out of reach"));
            }
        }
        faults
    }

    fn field_faults(&self, error: &Error) -> Vec<String> {
        let text = |text: Option<&str>| text.map_or(Value::Null, Value::from);
        let retry_after = error.retry_after().map(|wait| u64::try_from(wait.as_millis()).unwrap());
        let fields = [
            ("kind", Value::from(word(error.kind()))),
            ("retryable", Value::from(error.is_retryable())),
            ("message", text(Some(error.message()).filter(|message| !message.is_empty()))),
            ("type", text(error.api_type())),
            ("code", text(error.code())),
            ("param", text(error.param())),
            ("request_id", text(error.request_id())),
            ("retry_after_ms", retry_after.map_or(Value::Null, Value::from)),
        ];
        let wrong =
            fields.into_iter().filter(|(name, got)| self.is_due(name) && !self.is_ok(name, got));
        let told = wrong.map(|(name, got)| format!("{name} is {got}, not {}", self.expect[name]));
        told.collect()
    }

    /// Whether a field is compared: kind and retryable always, where anything is expected.
    fn is_due(&self, name: &str) -> bool {
        let is_settled = matches!(name, "kind" | "retryable") && !self.expect[name].is_null();
        is_settled || self.check.iter().any(|checked| checked == name)
    }

    fn is_ok(&self, name: &str, got: &Value) -> bool {
        let also = self.also_ok.get(name).is_some_and(|also| also.contains(got));
        also || *got == self.expect[name]
    }
}

/// The corpus's word for a kind.
fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::InvalidApiKey => "authentication",
        Kind::Unexpected => "unknown",
        kind => kind.as_str(),
    }
}
