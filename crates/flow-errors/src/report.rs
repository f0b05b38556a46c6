//! The text that a user sends to the service's support.

use std::fmt;
use std::time::SystemTime;

use crate::attempt::Operation;
use crate::{Error, text};

/// A report of a failed call for the service's support, written by `Display`.
///
/// It holds the request ids of all attempts, times, model, endpoint and codes, and neither the
/// key nor the prompt.
#[derive(Clone, Copy, Debug)]
pub struct SupportReport<'a>(&'a Error);

impl SupportReport<'_> {
    /// Where the service's page asks to send reports.
    pub const ADDRESS: &'static str = "contact@flowapi.net";
}

impl Error {
    /// Returns the text to send to the service's support: no secrets, no prompt.
    #[must_use]
    pub fn support_report(&self) -> SupportReport<'_> {
        SupportReport(self)
    }
}

impl fmt::Display for SupportReport<'_> {
    // Compiled where it is written out: it is one of the largest functions, and hardly any program
    // calls it.
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let error = self.0;
        writeln!(f, "To: {}", Self::ADDRESS)?;
        match error.operation() {
            Some(operation) => writeln!(f, "Request: {operation}")?,
            None => writeln!(f, "Request: unknown")?,
        }
        if let Some(host) = error.operation().and_then(Operation::host) {
            writeln!(f, "Host: {}", text::line(host))?;
        }
        let status =
            error.status().map_or_else(|| "no reply".to_owned(), |s| s.as_str().to_owned());
        writeln!(f, "Failure: {} ({status})", error.kind())?;
        for (name, value) in
            [("Type", error.api_type()), ("Code", error.code()), ("Param", error.param())]
        {
            if let Some(value) = value {
                writeln!(f, "{name}: {}", text::line(value))?;
            }
        }
        writeln!(f, "Message: {}", text::line(error.message()))?;
        if let Some(id) = error.request_id() {
            writeln!(f, "Request id: {}", text::line(id))?;
        }
        if let Some(delivered) = error.delivered() {
            writeln!(f, "Stream: failed {delivered}")?;
        }
        if let Some(wait) = error.retry_after() {
            writeln!(f, "Retry after: {}", text::span(wait))?;
        }
        if let Some(reason) = error.stopped_because() {
            writeln!(f, "Stopped by: {reason}")?;
        }
        let attempts = error.attempts();
        if let Some(at) = attempts.started_at() {
            writeln!(f, "Started: {}", date(at))?;
        }
        for attempt in attempts.iter() {
            write!(f, "  {attempt}")?;
            match attempts.started_at().and_then(|at| at.checked_add(attempt.started())) {
                Some(at) => writeln!(f, ", sent {}", date(at))?,
                None => writeln!(f)?,
            }
        }
        write!(f, "Client: flow-errors {}", env!("CARGO_PKG_VERSION"))
    }
}

/// The date as HTTP writes it; `httpdate` panics outside the years 1970 to 9999.
fn date(at: SystemTime) -> String {
    const END_OF_9999: u64 = 253_402_300_799;
    match at.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(span) if span.as_secs() <= END_OF_9999 => httpdate::fmt_http_date(at),
        _ => "at an unknown time".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use http::{HeaderMap, HeaderValue, Method, StatusCode};

    use crate::attempt::{Attempt, Attempts, Operation};
    use crate::{Body, Error, StoppedBecause};

    #[test]
    fn report_has_what_the_support_asks_for() {
        let mut headers = HeaderMap::new();
        headers.insert("x-request-id", HeaderValue::from_static("req_2"));
        headers.insert("retry-after", HeaderValue::from_static("1"));
        let body = br#"{"error": {"message": "upstream\nis gone", "type": "server_error"}}"#;
        let status = StatusCode::BAD_GATEWAY;
        let error =
            Error::from_response(status, &headers, Body::new(*body), SystemTime::UNIX_EPOCH);
        let mut attempts = Attempts::new(Some(SystemTime::UNIX_EPOCH));
        let reset = Error::transport(crate::Sent::Perhaps, "reset");
        attempts.push(
            Attempt::new(1, Some("m".into()), Duration::ZERO)
                .failed(Duration::from_millis(40), &reset),
        );
        attempts.set_next(Duration::from_millis(1_250), None);
        let second = Attempt::new(2, Some("m".into()), Duration::from_secs(2));
        attempts.push(second.failed(Duration::from_secs(3), &error));
        let operation = Operation::new(Method::POST, "/chat/completions?secret");
        let operation = operation.with_model("m").with_host("api.flowapi.net");
        let error = error.finished(operation, attempts, StoppedBecause::MaxAttempts);
        let version = env!("CARGO_PKG_VERSION");
        let want = format!(
            "To: contact@flowapi.net\n\
             Request: POST /chat/completions, model m\n\
             Host: api.flowapi.net\n\
             Failure: server (502)\n\
             Type: server_error\n\
             Message: upstream\\nis gone\n\
             Request id: req_2\n\
             Retry after: 1.00 s\n\
             Stopped by: max_attempts\n\
             Started: Thu, 01 Jan 1970 00:00:00 GMT\n  \
             attempt 1 to m: transport after 40 ms, may have been billed, next in 1.25 s, \
             sent Thu, 01 Jan 1970 00:00:00 GMT\n  \
             attempt 2 to m: 502 server after 3.00 s, request id req_2, \
             sent Thu, 01 Jan 1970 00:00:02 GMT\n\
             Client: flow-errors {version}",
        );
        assert_eq!(error.support_report().to_string(), want);
        assert_eq!(
            error.to_string(),
            "502 server: upstream\\nis gone (POST /chat/completions, model m, request id req_2, \
             2 attempts, stopped by max_attempts, the service asks for 1.00 s). \
             Retry after a short delay and inspect request ID",
        );
    }
}
