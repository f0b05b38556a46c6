//! What the server saw, for tests to look at.
//!
//! The log is a test tool: it keeps keys and prompts as they came, so that a test can plant a
//! secret and search for it. Only [`Seen`]'s `Display`, made for terminals, leaves them out.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
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
    /// What was answered, in words: `200`, `429`, `200, then reset after 40 bytes`, `hang`,
    /// `200 stream, error event after 3` (deltas with content).
    pub answer: String,
    /// How long the client was told to stay away, by `retry-after-ms` or `retry-after`.
    pub retry_after: Option<Duration>,
    /// How many bytes of the answer's body had been sent when the log was asked for.
    ///
    /// What the operating system has taken counts as sent, whether or not the client reads it.
    pub sent: usize,
    /// Says whether the client had gone before the end of the answer when the log was asked for.
    pub disconnected: bool,
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
    seen: VecDeque<(Seen, Arc<Progress>)>,
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
        let in_flight = InFlight { log: Arc::clone(self), progress: Arc::default() };
        (state.last_seq, self.started.elapsed(), in_flight)
    }

    /// Adds the entry of a request that has arrived.
    pub(crate) fn add(&self, seen: Seen, in_flight: &InFlight) {
        if let Some(watcher) = &self.watcher {
            watcher(&seen);
        }
        let mut state = self.lock();
        state.since_clear = state.since_clear.saturating_add(1);
        state.seen.push_back((seen, Arc::clone(&in_flight.progress)));
        if state.seen.len() > self.limit {
            state.seen.pop_front();
        }
        self.changed.notify_all();
    }

    pub(crate) fn all(&self) -> Vec<Seen> {
        self.lock().seen.iter().map(|(seen, progress)| progress.of(seen)).collect()
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

/// How far an answer has come.
#[derive(Debug, Default)]
struct Progress {
    sent: AtomicUsize,
    /// All was done that was to be done.
    finished: AtomicBool,
    /// Nothing more will be done.
    ended: AtomicBool,
}

impl Progress {
    /// The entry as it is now.
    fn of(&self, seen: &Seen) -> Seen {
        let ended = self.ended.load(Ordering::Acquire);
        Seen {
            sent: self.sent.load(Ordering::Relaxed),
            disconnected: ended && !self.finished.load(Ordering::Relaxed),
            ..seen.clone()
        }
    }
}

/// Counts a request as in flight for as long as it exists.
#[derive(Debug)]
pub(crate) struct InFlight {
    log: Arc<Log>,
    progress: Arc<Progress>,
}

impl InFlight {
    /// Notes that bytes of the body were sent.
    pub(crate) fn sent(&self, bytes: usize) {
        self.progress.sent.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Notes that the answer is all that it was to be.
    pub(crate) fn finish(&self) {
        self.progress.finished.store(true, Ordering::Relaxed);
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        // Before the count goes down: who waits for that then sees how the answer ended.
        self.progress.ended.store(true, Ordering::Release);
        let mut state = self.log.lock();
        state.in_flight = state.in_flight.saturating_sub(1);
        self.log.changed.notify_all();
    }
}
