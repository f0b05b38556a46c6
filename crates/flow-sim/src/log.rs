//! What the server saw, for tests to look at.
//!
//! The log is a test tool: it keeps keys and prompts as they came, so that a test can plant a
//! secret and search for it. Only [`Seen`]'s `Display`, made for terminals, leaves them out.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};

/// One request as it arrived, and what it was answered.
///
/// `Debug` shows everything, keys and prompts included; `Display` is one line without headers
/// and bodies.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct Seen {
    /// The request's number, from 1, in order of arrival.
    pub seq: u64,
    /// When it had arrived in full, since the server started.
    pub at: Duration,
    /// The number of the connection it came on, from 1.
    pub connection: u64,
    /// The method.
    pub method: Method,
    /// The path and query, as sent.
    pub path: String,
    /// All headers, as sent.
    pub headers: HeaderMap,
    /// The body, as sent.
    pub body: Bytes,
    /// The model that the body or the path names.
    pub model: Option<String>,
    /// The `x-request-id` of the answer.
    pub request_id: String,
    /// The status answered; `None` if the answer never gets as far as a status.
    pub status: Option<StatusCode>,
    /// What was answered, in words: `200`, `429`, `200, then reset after 40 bytes`, `hang`.
    pub answer: String,
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seq, connection, at) = (self.seq, self.connection, self.at.as_secs_f64());
        write!(f, "#{seq} {at:.3}s connection {connection}: {} {}", self.method, self.path)?;
        if let Some(model) = &self.model {
            // The model is the client's text: it could hold control characters or be endless.
            let short: String = model.chars().take(100).collect();
            write!(f, " model={}", short.escape_debug())?;
        }
        write!(f, " -> {} ({})", self.answer, self.request_id)
    }
}

/// A function that is told of every request.
pub(crate) type Watcher = Arc<dyn Fn(&Seen) + Send + Sync>;

/// The log, shared by the server and its owner.
pub(crate) struct Log {
    started: Instant,
    limit: usize,
    watcher: Option<Watcher>,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    seen: VecDeque<Seen>,
    last_seq: u64,
    since_clear: usize,
    in_flight: usize,
}

impl Log {
    pub(crate) fn new(limit: usize, watcher: Option<Watcher>) -> Self {
        Self {
            started: Instant::now(),
            limit,
            watcher,
            state: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    /// Notes that a request has arrived; gives its number, and counts it as in flight until
    /// the guard is dropped.
    pub(crate) fn arrive(self: &Arc<Self>) -> (u64, Duration, InFlight) {
        let mut state = self.lock();
        state.last_seq = state.last_seq.saturating_add(1);
        state.in_flight = state.in_flight.saturating_add(1);
        (state.last_seq, self.started.elapsed(), InFlight(Arc::clone(self)))
    }

    pub(crate) fn add(&self, seen: Seen) {
        if let Some(watcher) = &self.watcher {
            watcher(&seen);
        }
        let mut state = self.lock();
        state.since_clear = state.since_clear.saturating_add(1);
        state.seen.push_back(seen);
        if state.seen.len() > self.limit {
            state.seen.pop_front();
        }
        self.changed.notify_all();
    }

    pub(crate) fn all(&self) -> Vec<Seen> {
        self.lock().seen.iter().cloned().collect()
    }

    pub(crate) fn clear(&self) {
        let mut state = self.lock();
        state.seen.clear();
        state.since_clear = 0;
    }

    pub(crate) fn in_flight(&self) -> usize {
        self.lock().in_flight
    }

    pub(crate) fn wait_for_requests(&self, count: usize, within: Duration) -> bool {
        self.wait(within, |state| state.since_clear >= count)
    }

    pub(crate) fn wait_until_idle(&self, within: Duration) -> bool {
        self.wait(within, |state| state.in_flight == 0)
    }

    fn wait(&self, within: Duration, done: impl Fn(&State) -> bool) -> bool {
        let waited = self.changed.wait_timeout_while(self.lock(), within, |state| !done(state));
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        done(&state)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Log")
            .field("limit", &self.limit)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

/// Counts a request as in flight for as long as it exists.
#[derive(Debug)]
pub(crate) struct InFlight(Arc<Log>);

impl Drop for InFlight {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.in_flight = state.in_flight.saturating_sub(1);
        self.0.changed.notify_all();
    }
}
