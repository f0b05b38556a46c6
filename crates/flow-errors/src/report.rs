//! The text that a user sends to the service's support.

use std::fmt;
use std::time::SystemTime;

use crate::{Error, Operation, text};

/// A report of a failed call for the service's support, written by `Display`.
///
/// It holds the request ids of all attempts, times, model, endpoint and codes, and neither the
/// key nor the prompt.
#[derive(Clone, Copy, Debug)]
pub struct SupportReport<'a>(&'a Error);

impl<'a> SupportReport<'a> {
    /// Where the service's page asks to send reports.
    pub const ADDRESS: &'static str = "contact@flowapi.net";

    pub(crate) const fn new(error: &'a Error) -> Self {
        Self(error)
    }
}

impl fmt::Display for SupportReport<'_> {
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
