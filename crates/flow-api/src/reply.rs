//! A success, with what is worth knowing about how it came.

use std::any::Any;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use flow_errors::Attempts;
use flow_errors::call::Outcome;
use flow_errors::headers::RateLimits;
use http::{HeaderMap, StatusCode};

use crate::ChatCompletion;
use crate::embedding_list::EmbeddingList;
use crate::kept_body::KeptBody;
use crate::usage::Usage;

/// A decoded reply together with its request id, its attempts and its limits.
///
/// It derefs to the reply itself. `Debug` leaves the headers out; what it shows of the reply is the
/// business of `T`, which for a `serde_json::Value` is everything.
#[derive(Clone)]
pub struct Reply<T> {
    value: T,
    status: StatusCode,
    headers: HeaderMap,
    attempts: Attempts,
}

impl<T> Reply<T> {
    pub(crate) fn new(received: Received<T>, attempts: Attempts) -> Self {
        let Received { value, status, headers, .. } = received;
        Self { value, status, headers, attempts }
    }

    /// Returns the reply with something else made of its value.
    #[must_use]
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Reply<U> {
        let Self { value, status, headers, attempts } = self;
        Reply { value: change(value), status, headers, attempts }
    }

    /// Returns the reply itself.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.value
    }

    /// Returns the HTTP status.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// Returns the reply's headers.
    #[must_use]
    pub const fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Returns the service's id for the request.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        flow_errors::headers::request_id(&self.headers)
    }

    /// Returns every attempt of the call, the successful one last.
    #[must_use]
    pub const fn attempts(&self) -> &Attempts {
        &self.attempts
    }

    /// Returns the model that was asked and answered: the request's own, or the fallback model that
    /// the call came to. Why those before it did not answer is in [`attempts`](Self::attempts).
    ///
    /// The name is the caller's; the service may name a version of it in the reply itself.
    #[must_use]
    pub fn asked_model(&self) -> Option<&str> {
        self.attempts.last()?.model()
    }

    /// Returns what the service said of its limits.
    #[must_use]
    pub fn rate_limits(&self) -> RateLimits {
        RateLimits::from_headers(&self.headers)
    }
}

impl<T> Deref for Reply<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: fmt::Debug> fmt::Debug for Reply<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply")
            .field("value", &self.value)
            .field("status", &self.status)
            .field("request_id", &self.request_id())
            .field("attempts", &self.attempts)
            .finish_non_exhaustive()
    }
}

/// A reply that was read and decoded, before it is known how many attempts it took.
pub struct Received<T> {
    pub(crate) value: T,
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: KeptBody,
}

impl<T: Any> Received<T> {
    /// Returns what the state machine is told of it.
    pub(crate) fn outcome(&self) -> Outcome {
        let request_id = flow_errors::headers::request_id(&self.headers).map(Arc::from);
        let limits = RateLimits::from_headers(&self.headers);
        let tokens = usage(&self.value).map(Usage::total_tokens);
        Outcome::Succeeded { status: self.status, request_id, limits, tokens }
    }
}

/// What a reply used, where it is of a type that says so; in others it would have to be looked for.
fn usage(value: &dyn Any) -> Option<&Usage> {
    let of_chat = || value.downcast_ref::<ChatCompletion>()?.usage();
    let of_embeddings = || value.downcast_ref::<EmbeddingList>()?.usage();
    of_chat().or_else(of_embeddings)
}

impl<T: fmt::Debug> fmt::Debug for Received<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Received")
            .field("value", &self.value)
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}
