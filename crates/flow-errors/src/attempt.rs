//! What was tried: one record for each send, kept on replies and errors alike.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::{Method, StatusCode};
use serde::{Deserialize, Serialize};

use crate::{Kind, text};

/// What a call is about: method, path, model and host, without the prompt or the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    method: Method,
    path: Arc<str>,
    model: Option<Arc<str>>,
    host: Option<Arc<str>>,
}

impl Operation {
    /// Names a request by its method and its path; a query is left out, and so is what is not a
    /// path but perhaps a whole URL with a password in it.
    #[must_use]
    pub fn new(method: Method, path: &str) -> Self {
        let path = path.split('?').next().filter(|path| path.starts_with('/'));
        let path = path.unwrap_or("(not a path)");
        Self { method, path: path.into(), model: None, host: None }
    }

    /// Returns a copy that names the model as well, unless the name is empty.
    #[must_use]
    pub fn with_model(self, model: &str) -> Self {
        Self { model: Some(model.into()).filter(|model: &Arc<str>| !model.is_empty()), ..self }
    }

    /// Returns a copy that names the host as well, with the port that the URL has.
    #[must_use]
    pub fn with_host(self, host: impl Into<Arc<str>>) -> Self {
        Self { host: Some(host.into()), ..self }
    }

    /// Returns the HTTP method.
    #[must_use]
    pub const fn method(&self) -> &Method {
        &self.method
    }

    /// Returns the path below the base URL.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns the model that was asked for, if the request names one.
    #[must_use]
    pub fn model(&self) -> Option<&str> {
        self.model.as_deref()
    }

    /// Returns the host that is asked, if it is known. Error messages name it when there is no reply.
    #[must_use]
    pub fn host(&self) -> Option<&str> {
        self.host.as_deref()
    }

    pub(crate) const fn shared_model(&self) -> Option<&Arc<str>> {
        self.model.as_ref()
    }

    /// Names the model that an attempt was sent to in place of the first one.
    pub(crate) fn asked(self, attempt: &Attempt) -> Self {
        Self { model: attempt.model.clone(), ..self }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, text::line(&self.path))?;
        match &self.model {
            Some(model) => write!(f, ", model {}", text::line(model)),
            None => Ok(()),
        }
    }
}

/// One send and what came of it.
///
/// `Display` is one line for logs: number, model, whether it was streamed, status, kind, time, request
/// id, the wait after it or the model that is asked instead, and a warning if there is one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    pub(crate) number: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) model: Option<Arc<str>>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) streamed: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) warning: Option<Arc<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::json::status")]
    pub(crate) status: Option<StatusCode>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) kind: Option<Kind>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) request_id: Option<Arc<str>>,
    #[serde(rename = "started_ns", with = "crate::json::nanos")]
    pub(crate) started: Duration,
    #[serde(rename = "elapsed_ns", with = "crate::json::nanos")]
    pub(crate) elapsed: Duration,
    #[serde(
        rename = "wait_ns",
        default,
        skip_serializing_if = "Option::is_none",
        with = "crate::json::optional_nanos"
    )]
    pub(crate) wait: Option<Duration>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) next_model: Option<Arc<str>>,
    pub(crate) maybe_billed: bool,
}

impl Attempt {
    /// Starts the record of send `number`, `started` after the call began.
    pub(crate) const fn new(number: u32, model: Option<Arc<str>>, started: Duration) -> Self {
        Self {
            number,
            model,
            streamed: false,
            warning: None,
            status: None,
            kind: None,
            request_id: None,
            started,
            elapsed: Duration::ZERO,
            wait: None,
            next_model: None,
            maybe_billed: false,
        }
    }

    /// Returns the attempt's place in the call, counted from 1.
    #[must_use]
    pub const fn number(&self) -> u32 {
        self.number
    }

    /// Returns the model it was sent to, if the request names one.
    #[must_use]
    pub fn model(&self) -> Option<&str> {
        self.model.as_deref()
    }

    /// Returns whether it asked for a stream.
    #[must_use]
    pub const fn is_streamed(&self) -> bool {
        self.streamed
    }

    /// Returns what is to be said of it beside what came of it: that so long an answer is likely to
    /// be cut off unless it is streamed.
    #[must_use]
    pub fn warning(&self) -> Option<&str> {
        self.warning.as_deref()
    }

    /// Returns the HTTP status, if an answer arrived.
    #[must_use]
    pub const fn status(&self) -> Option<StatusCode> {
        self.status
    }

    /// Returns what went wrong; `None` for the attempt that succeeded.
    #[must_use]
    pub const fn kind(&self) -> Option<Kind> {
        self.kind
    }

    /// Returns the service's id for this attempt.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    /// Returns when it was sent, counted from the start of the call.
    #[must_use]
    pub const fn started(&self) -> Duration {
        self.started
    }

    /// Returns how long it took.
    #[must_use]
    pub const fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// Returns the wait that was planned after it, zero before another model; `None` if no attempt
    /// was to follow.
    #[must_use]
    pub const fn wait(&self) -> Option<Duration> {
        self.wait
    }

    /// Returns the model that was to be asked next, if that was another one.
    #[must_use]
    pub fn next_model(&self) -> Option<&str> {
        self.next_model.as_deref()
    }

    /// Returns whether it failed but was, or may have been, run and billed all the same.
    #[must_use]
    pub const fn is_maybe_billed(&self) -> bool {
        self.maybe_billed
    }
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "attempt {}", self.number)?;
        if let Some(model) = &self.model {
            write!(f, " to {}", text::line(model))?;
        }
        if self.streamed {
            f.write_str(", streamed")?;
        }
        f.write_str(":")?;
        if let Some(status) = self.status {
            write!(f, " {}", status.as_u16())?;
        }
        write!(f, " {}", self.kind.map_or("ok", Kind::as_str))?;
        write!(f, " after {}", text::span(self.elapsed))?;
        if let Some(id) = &self.request_id {
            write!(f, ", request id {}", text::line(id))?;
        }
        if self.maybe_billed {
            f.write_str(", may have been billed")?;
        }
        match (&self.next_model, self.wait) {
            (Some(model), _) => write!(f, ", next at once with {}", text::line(model)),
            (None, Some(wait)) => write!(f, ", next in {}", text::span(wait)),
            (None, None) => Ok(()),
        }?;
        match &self.warning {
            Some(warning) => write!(f, "; {}", text::line(warning)),
            None => Ok(()),
        }
    }
}

/// The attempts of one call, oldest first, at most
/// [`RetryPolicy::MAX_ATTEMPTS`](crate::RetryPolicy::MAX_ATTEMPTS).
///
/// The last one is stored in place, so a call that succeeds at once allocates nothing for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attempts {
    started_at: Option<SystemTime>,
    earlier: Vec<Attempt>,
    last: Option<Attempt>,
}

impl Attempts {
    pub(crate) const fn new(started_at: Option<SystemTime>) -> Self {
        Self { started_at, earlier: Vec::new(), last: None }
    }

    /// Returns how many attempts were made.
    #[must_use]
    pub fn len(&self) -> usize {
        self.earlier.len() + usize::from(self.last.is_some())
    }

    /// Returns whether nothing was sent at all.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.last.is_none()
    }

    /// Returns the latest attempt.
    #[must_use]
    pub const fn last(&self) -> Option<&Attempt> {
        self.last.as_ref()
    }

    /// Returns the attempts, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Attempt> + Clone {
        self.earlier.iter().chain(self.last.as_ref())
    }

    /// Returns the models that were asked, oldest first, each once.
    pub fn models(&self) -> impl Iterator<Item = &str> {
        let mut before = None;
        self.iter()
            .filter_map(Attempt::model)
            .filter(move |model| before.replace(*model) != Some(*model))
    }

    /// Returns when the call began by the wall clock, if the driver said so.
    #[must_use]
    pub const fn started_at(&self) -> Option<SystemTime> {
        self.started_at
    }

    /// Returns whether any failed attempt may have been run, and billed, all the same.
    #[must_use]
    pub fn is_maybe_billed(&self) -> bool {
        self.iter().any(Attempt::is_maybe_billed)
    }

    pub(crate) fn push(&mut self, attempt: Attempt) {
        self.earlier.extend(self.last.replace(attempt));
    }

    /// Notes what is to follow the latest attempt, and with which model if that is another one.
    pub(crate) fn set_next(&mut self, wait: Duration, model: Option<Arc<str>>) {
        if let Some(last) = &mut self.last {
            last.wait = Some(wait);
            last.next_model = model;
        }
    }

    pub(crate) fn from_parts(started_at: Option<SystemTime>, mut attempts: Vec<Attempt>) -> Self {
        let last = attempts.pop();
        Self { started_at, earlier: attempts, last }
    }
}

impl Serialize for Attempts {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}
