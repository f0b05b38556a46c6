//! The error type that every `flow-*` crate returns.
//!
//! An [`Error`] is made where the failure is known best, with its [`Kind`] and [`Class`] decided
//! there; the call that failed adds the request, the history and why it stopped.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::attempt::{Attempts, Operation};
use crate::delivered::Delivered;
use crate::document::Document;
use crate::rate_limits::RateLimits;
use crate::stopped_because::StoppedBecause;
use crate::{Body, Class, Envelope, InvalidPolicy, Kind, text};

/// What stands where a secret stood.
const REDACTED: &str = "[redacted]";

/// A result whose error is [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A transport's or a decoder's own error.
pub(crate) type Source = Box<dyn StdError + Send + Sync>;

/// Why a call failed.
///
/// Match on [`kind`](Self::kind); everything else that is known has an accessor. `Display` is one
/// line that says what happened, to which request, after how many attempts, and what to do; the
/// cause below it is [`source`](StdError::source). Cloning is cheap.
///
/// # Examples
///
/// ```
/// use std::time::SystemTime;
///
/// use flow_errors::{Body, Error, Kind};
/// use http::{HeaderMap, StatusCode};
///
/// let body = br#"{"error": {"message": "slow down", "type": "rate_limit_error"}}"#;
/// let error = Error::from_response(
///     StatusCode::TOO_MANY_REQUESTS,
///     &HeaderMap::new(),
///     Body::new(*body),
///     SystemTime::UNIX_EPOCH,
/// );
/// assert_eq!(error.kind(), Kind::RateLimit);
/// assert!(error.is_retryable());
/// assert_eq!(error.message(), "slow down");
/// assert_eq!(error.recommendation(), "Apply exponential backoff and retry");
/// ```
#[derive(Clone)]
pub struct Error(Arc<Inner>);

#[derive(Clone)]
pub(crate) struct Inner {
    pub(crate) kind: Kind,
    pub(crate) class: Class,
    pub(crate) message: Box<str>,
    pub(crate) status: Option<StatusCode>,
    pub(crate) code: Option<Box<str>>,
    pub(crate) api_type: Option<Box<str>>,
    pub(crate) param: Option<Box<str>>,
    pub(crate) request_id: Option<Arc<str>>,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) should_retry: Option<bool>,
    pub(crate) rate_limits: RateLimits,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Body,
    pub(crate) source: Option<Arc<dyn StdError + Send + Sync>>,
    pub(crate) operation: Option<Operation>,
    pub(crate) attempts: Attempts,
    pub(crate) delivered: Option<Delivered>,
    pub(crate) partial: Option<Arc<Value>>,
    pub(crate) stopped_because: Option<StoppedBecause>,
}

/// Whether a request left the client before it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a transport must answer this question")]
pub enum Sent {
    /// Surely not: sending again cannot run it twice.
    No,
    /// Some of it may have been written, so it may have been run and billed.
    Perhaps,
}

impl Error {
    /// Creates the error of a failed DNS lookup, TCP connection or TLS handshake.
    #[must_use]
    pub fn connect(source: impl Into<Source>) -> Self {
        Self::new(Kind::Connect, Class::NotSent, "could not connect").caused_by(source)
    }

    /// Creates the error of an attempt that ran out of time after `limit`.
    #[must_use]
    pub fn timeout(sent: Sent, limit: Duration) -> Self {
        let (class, what) = match sent {
            Sent::No => (Class::NotSent, "no connection"),
            Sent::Perhaps => (Class::Ambiguous, "no whole reply"),
        };
        Self::new(Kind::Timeout, class, format!("{what} within {}", text::span(limit)))
    }

    /// Creates the error of a stream that said nothing for `limit`, whatever else it sent.
    #[must_use]
    pub fn stalled(limit: Duration) -> Self {
        let message = format!("no content for {}", text::span(limit));
        Self::new(Kind::Timeout, Class::Ambiguous, message)
    }

    /// Creates the error of a connection that broke before a whole reply had arrived.
    #[must_use]
    pub fn transport(sent: Sent, source: impl Into<Source>) -> Self {
        let class = match sent {
            Sent::No => Class::NotSent,
            Sent::Perhaps => Class::Ambiguous,
        };
        Self::new(Kind::Transport, class, "the connection broke").caused_by(source)
    }

    /// Creates the error of a value that was refused before sending; `param` names it.
    #[must_use]
    pub fn invalid_input(param: &str, message: impl Into<Box<str>>) -> Self {
        Self::new(Kind::InvalidInput, Class::Permanent, message).with_param(param)
    }

    /// Creates the error of a client that cannot work as configured.
    #[must_use]
    pub fn config(message: impl Into<Box<str>>) -> Self {
        Self::new(Kind::Config, Class::Permanent, message)
    }

    /// Creates the error of a call, or of a send, that its caller cancelled.
    #[must_use]
    pub fn cancelled() -> Self {
        Self::new(Kind::Cancelled, Class::Permanent, "the call was cancelled")
    }

    /// Creates the error of a failure that fits no other constructor.
    #[must_use]
    pub fn new(kind: Kind, class: Class, message: impl Into<Box<str>>) -> Self {
        Self::made(kind, class, message.into())
    }

    fn made(kind: Kind, class: Class, message: Box<str>) -> Self {
        Self(Arc::new(Inner {
            kind,
            class,
            message,
            status: None,
            code: None,
            api_type: None,
            param: None,
            request_id: None,
            retry_after: None,
            should_retry: None,
            rate_limits: RateLimits::default(),
            headers: HeaderMap::new(),
            body: Body::default(),
            source: None,
            operation: None,
            attempts: Attempts::default(),
            delivered: None,
            partial: None,
            stopped_because: None,
        }))
    }

    /// Returns a copy with `source` as its cause.
    #[must_use]
    pub fn with_source(self, source: impl Into<Source>) -> Self {
        self.with_boxed_source(source.into())
    }

    fn with_boxed_source(self, source: Source) -> Self {
        self.map(|inner| inner.source = Some(Arc::from(source)))
    }

    fn with_param(self, param: &str) -> Self {
        self.map(|inner| inner.param = Some(param.into()))
    }

    /// Returns a copy that says what the call was about.
    #[must_use]
    pub fn with_operation(self, operation: Operation) -> Self {
        self.map(|inner| inner.operation = Some(operation))
    }

    /// Returns a copy that says what of a stream had reached the caller.
    #[must_use]
    pub fn with_delivered(self, delivered: Delivered) -> Self {
        self.map(|inner| inner.delivered = Some(delivered))
    }

    /// Returns a copy that holds what had arrived of the reply, as JSON.
    #[must_use]
    pub fn with_partial(self, reply: Value) -> Self {
        self.map(|inner| inner.partial = Some(Arc::new(reply)))
    }

    /// Returns a copy that says of a stream what `other` says: how much was delivered, and what had
    /// arrived.
    #[must_use]
    pub fn with_delivery_of(self, other: &Self) -> Self {
        let (delivered, partial) = (other.0.delivered, other.0.partial.clone());
        self.map(|inner| (inner.delivered, inner.partial) = (delivered, partial))
    }

    /// Returns what the failure says of the service, for other calls to see: without the request that
    /// failed and without what came of it.
    #[must_use]
    pub fn of_service(&self) -> Self {
        self.clone().map(|inner| {
            inner.body = Body::default();
            inner.request_id = None;
            inner.headers = HeaderMap::new();
            inner.operation = None;
            inner.attempts = Attempts::default();
            inner.delivered = None;
            inner.partial = None;
            inner.source = None;
        })
    }

    /// Adds a source, and its root cause to the message: whoever logs `{error}` alone must learn
    /// that the connection was refused, although everything between is for the chain.
    pub(crate) fn caused_by(self, source: impl Into<Source>) -> Self {
        self.caused_by_boxed(source.into())
    }

    fn caused_by_boxed(self, source: Source) -> Self {
        let mut root: &dyn StdError = &*source;
        while let Some(cause) = root.source() {
            root = cause;
        }
        let message = format!("{}: {root}", self.message());
        self.map(|inner| inner.message = message.into()).with_boxed_source(source)
    }

    /// Returns a copy in whose texts and headers every `secret` is replaced.
    ///
    /// A service may echo the key it refuses; the raw [`body`](Self::body) is left as it came. A
    /// `secret` of less than 8 bytes is none: local servers are given keys such as `none`, and
    /// replacing those would garble the types and codes that programs match on.
    #[must_use]
    pub fn redacted(self, secret: &str) -> Self {
        if secret.len() < 8 || !self.0.shows(secret) {
            return self;
        }
        let clean = |text: &str| text.replace(secret, REDACTED);
        let redact = |text: &mut Box<str>| *text = clean(text).into();
        self.map(|inner| {
            redact(&mut inner.message);
            inner.code.as_mut().map(redact);
            inner.api_type.as_mut().map(redact);
            inner.param.as_mut().map(redact);
            inner.request_id = inner.request_id.take().map(|id| clean(&id).into());
            for value in inner.headers.values_mut().filter(|value| holds(value, secret)) {
                *value = HeaderValue::from_static(REDACTED);
            }
        })
    }

    /// Returns what went wrong: the word to match on.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// Returns what the failure says about trying again.
    #[must_use]
    pub fn class(&self) -> Class {
        self.0.class
    }

    /// Returns whether the same request may pass later.
    ///
    /// The service's `x-should-retry` overrides the class, except that nothing makes a quota
    /// error retryable.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self.0.should_retry {
            Some(wish) if self.0.class != Class::Quota => wish,
            _ => self.0.class.is_retryable(),
        }
    }

    /// Returns whether any attempt may have been run, and billed, although the call failed.
    #[must_use]
    pub fn is_maybe_billed(&self) -> bool {
        self.may_have_run() || self.0.attempts.is_maybe_billed()
    }

    /// Returns what the service said, or what happened when no service spoke.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Returns the HTTP status, if an answer arrived.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        self.0.status
    }

    /// Returns the envelope's `code`, integers as decimals.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// Returns the envelope's `type`.
    #[must_use]
    pub fn api_type(&self) -> Option<&str> {
        self.0.api_type.as_deref()
    }

    /// Returns the parameter at fault, named by the service or by our own checks.
    #[must_use]
    pub fn param(&self) -> Option<&str> {
        self.0.param.as_deref()
    }

    /// Returns the service's id of the last attempt that had one.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        let earlier = || self.0.attempts.iter().rev().find_map(|attempt| attempt.request_id());
        self.0.request_id.as_deref().or_else(earlier)
    }

    /// Returns how long the service asked to wait, also when the call did not wait so long.
    ///
    /// The first of these that says something counts: `retry-after-ms`, `x-ms-retry-after-ms` and
    /// `Retry-After`; a field of the body (`RetryInfo`, `retry_after`, headers passed on); a phrase
    /// such as "try again in 6m0s"; on a 429, a limit of which nothing is left.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Returns what the service said of its limits.
    #[must_use]
    pub fn rate_limits(&self) -> &RateLimits {
        &self.0.rate_limits
    }

    /// Returns the reply's headers that matter here: ids, hints, limits, type and date.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.0.headers
    }

    /// Returns the raw bytes of the reply, at most [`Body::MAX`].
    ///
    /// They are in no `Debug`, `Display` or serialization: a service may echo the prompt.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        self.0.body.as_bytes()
    }

    /// Returns whether the reply's body was longer than [`body`](Self::body), or broke off.
    #[must_use]
    pub fn is_body_cut(&self) -> bool {
        self.0.body.is_cut()
    }

    /// Decodes the body as an envelope, with every field that the service sent.
    ///
    /// In an event stream, or in lines of JSON, that is the one with the error.
    #[must_use]
    pub fn envelope(&self) -> Option<Envelope> {
        Document::read(self.body()).into_envelope()
    }

    /// Returns what the call was about; its model is the one that was asked last.
    #[must_use]
    pub fn operation(&self) -> Option<&Operation> {
        self.0.operation.as_ref()
    }

    /// Returns every attempt of the call; empty when nothing was sent.
    #[must_use]
    pub fn attempts(&self) -> &Attempts {
        &self.0.attempts
    }

    /// Returns what had reached the caller when a stream failed; `None` if it was no stream.
    #[must_use]
    pub fn delivered(&self) -> Option<Delivered> {
        self.0.delivered
    }

    /// Returns what had arrived of the reply when a stream failed, as far as it is a `T`: for a chat
    /// ask for a `ChatCompletion`.
    ///
    /// As an answer may, it is in no `Debug`, `Display` or serialization.
    #[must_use]
    pub fn partial<T: DeserializeOwned>(&self) -> Option<T> {
        T::deserialize(self.0.partial.as_deref()?).ok()
    }

    /// Returns why there was no further attempt; `None` when the error never was in a call.
    #[must_use]
    pub fn stopped_because(&self) -> Option<StoppedBecause> {
        self.0.stopped_because
    }

    /// A success that cannot be handed on was run for certain.
    pub(crate) fn may_have_run(&self) -> bool {
        let answered = matches!(self.0.kind, Kind::Decode | Kind::ReplyTooLarge);
        answered || self.0.class.is_maybe_billed()
    }

    pub(crate) fn from_inner(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }

    pub(crate) fn inner(&self) -> &Inner {
        &self.0
    }

    pub(crate) fn shared_request_id(&self) -> Option<Arc<str>> {
        self.0.request_id.clone()
    }

    /// The deadline was over before anything was sent.
    pub(crate) fn deadline_passed() -> Self {
        let message = "the deadline passed before the first attempt";
        Self::new(Kind::Timeout, Class::NotSent, message)
    }

    /// The service's limit left no room, and no call was refused yet.
    pub(crate) fn no_turn() -> Self {
        let message = "the service's limit leaves no room for the call in time";
        Self::new(Kind::RateLimit, Class::Throttled, message)
    }

    /// Completes the error with what only the call knows.
    pub(crate) fn finished(
        self,
        operation: Operation,
        attempts: Attempts,
        reason: StoppedBecause,
    ) -> Self {
        self.map(|inner| {
            inner.operation = Some(operation);
            inner.attempts = attempts;
            inner.stopped_because = Some(reason);
        })
    }

    pub(crate) fn map(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        change(self.inner_mut());
        self
    }

    /// The one place where an error that is shared is copied: that is much code.
    fn inner_mut(&mut self) -> &mut Inner {
        Arc::make_mut(&mut self.0)
    }
}

impl Inner {
    /// Whether a text or header of the service's holds `secret`.
    fn shows(&self, secret: &str) -> bool {
        let texts = [
            Some(&*self.message),
            self.code.as_deref(),
            self.api_type.as_deref(),
            self.param.as_deref(),
            self.request_id.as_deref(),
        ];
        texts.into_iter().flatten().any(|text| text.contains(secret))
            || self.headers.values().any(|value| holds(value, secret))
    }
}

fn holds(value: &HeaderValue, secret: &str) -> bool {
    value.as_bytes().windows(secret.len()).any(|window| window == secret.as_bytes())
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        if let Some(status) = inner.status {
            write!(f, "{} ", status.as_u16())?;
        }
        write!(f, "{}", inner.kind)?;
        if !inner.message.is_empty() {
            write!(f, ": {}", text::line(&inner.message))?;
        }
        // A cut stream says it itself.
        let is_told = inner.kind == Kind::StreamTruncated;
        if let Some(delivered) = inner.delivered.filter(|some| !some.is_nothing() && !is_told) {
            write!(f, ", {delivered}")?;
        }
        if let Some(operation) = &inner.operation {
            write!(f, " ({operation}")?;
            if let (None, Some(host)) = (inner.status, operation.host()) {
                write!(f, ", host {}", text::line(host))?;
            }
            if let Some(id) = self.request_id() {
                write!(f, ", request id {}", text::line(id))?;
            }
            match inner.attempts.len() {
                0 => f.write_str(", not sent")?,
                1 => f.write_str(", 1 attempt")?,
                many => write!(f, ", {many} attempts")?,
            }
            match inner.attempts.models().count() {
                0 | 1 => {}
                many => write!(f, " to {many} models")?,
            }
            if let Some(reason) = inner.stopped_because {
                write!(f, ", stopped by {reason}")?;
            }
            if let Some(wait) = inner.retry_after.filter(|wait| !wait.is_zero()) {
                write!(f, ", the service asks for {}", text::span(wait))?;
            }
            f.write_str(")")?;
        }
        write!(f, ". {}", self.recommendation())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        // The body and the headers stay out: a service may echo the prompt in them.
        f.debug_struct("Error")
            .field("kind", &inner.kind)
            .field("class", &inner.class)
            .field("message", &inner.message)
            .field("status", &inner.status)
            .field("code", &inner.code)
            .field("api_type", &inner.api_type)
            .field("param", &inner.param)
            .field("request_id", &inner.request_id)
            .field("retry_after", &inner.retry_after)
            .field("body", &inner.body)
            .field("source", &inner.source)
            .field("operation", &inner.operation)
            .field("attempts", &inner.attempts)
            .field("delivered", &inner.delivered)
            .field("stopped_because", &inner.stopped_because)
            .finish_non_exhaustive()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

impl From<InvalidPolicy> for Error {
    fn from(invalid: InvalidPolicy) -> Self {
        Self::config(invalid.to_string())
    }
}
