//! The call that a thread is in the middle of, as the sockets below ureq see it.
//!
//! ureq hands a transport neither the request nor anything that belongs to it, so the call is
//! found through a thread-local, set while ureq runs. It decides what ends a wait (its deadline,
//! the connect timeout, a cancel) and makes the error of it, because only here the phase is known.

use std::cell::RefCell;
use std::error::Error as StdError;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use flow_api::client::{InFlight, head};
use flow_errors::{Error, Result, Sent};

use crate::cancel::{CancelToken, Interrupt};
use crate::wait::WaitsFor;

thread_local! {
    static CURRENT: RefCell<Option<Arc<Call>>> = const { RefCell::new(None) };
}

/// One send, from its first connection attempt to the last byte of the reply.
pub(crate) struct Call {
    in_flight: InFlight,
    cancel: CancelToken,
    /// `None` is never: also where the timeout is too long to be added to the clock.
    deadline: Option<Instant>,
    secret_lines: Vec<u8>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Set while connecting: how long that may take, and until when.
    connecting: Option<(Duration, Option<Instant>)>,
    has_written: bool,
    /// Set once the reply is known to be an error.
    body_deadline: Option<Instant>,
    /// The end of what is waited for just now, where that has a limit of its own.
    wait_deadline: Option<Instant>,
    waits_for: WaitsFor,
}

impl Call {
    /// Begins a call; `secret_lines` are header lines that ureq is not to see.
    pub(crate) fn new(in_flight: &InFlight, cancel: &CancelToken, secret_lines: Vec<u8>) -> Self {
        Self {
            secret_lines,
            deadline: in_flight.timeout().and_then(|limit| Instant::now().checked_add(limit)),
            in_flight: in_flight.clone(),
            cancel: cancel.clone(),
            state: Mutex::new(State {
                wait_deadline: wait_deadline(in_flight),
                ..State::default()
            }),
        }
    }

    /// Begins a read of the body, with the time that it may take.
    pub(crate) fn begin_read(&self) {
        self.lock().wait_deadline = wait_deadline(&self.in_flight);
    }

    /// Returns the call that this thread is in.
    pub(crate) fn current() -> Option<Arc<Self>> {
        CURRENT.with_borrow(Clone::clone)
    }

    /// Makes this the current call of the thread until the guard is dropped.
    pub(crate) fn enter(self: &Arc<Self>) -> Entered {
        Entered(CURRENT.replace(Some(Arc::clone(self))))
    }

    /// Bounds what is still to be read, which may take `limit` from now on.
    pub(crate) fn limit_body(&self, limit: Duration) {
        self.lock().body_deadline = Instant::now().checked_add(limit);
    }

    /// Begins connecting, which may take `limit`.
    pub(crate) fn begin_connecting(&self, limit: Duration) {
        self.lock().connecting = Some((limit, Instant::now().checked_add(limit)));
    }

    /// Ends connecting, successful or not.
    pub(crate) fn end_connecting(&self) {
        self.lock().connecting = None;
    }

    /// Notes what the call is about to wait for, and returns how long it may.
    ///
    /// # Errors
    ///
    /// Returns the error of a call that is over.
    pub(crate) fn begin_wait(&self, waits_for: WaitsFor) -> Result<Option<Duration>> {
        self.lock().waits_for = waits_for;
        // Only now: a cancel between the check and the note would wake up nothing.
        self.left()
    }

    /// Notes that the call waits for nothing that a cancel should wake up.
    pub(crate) fn end_wait(&self) {
        self.lock().waits_for = WaitsFor::Nothing;
    }

    /// Returns how long the call may still wait; `None` is without end.
    ///
    /// # Errors
    ///
    /// Returns the error of a call that is over.
    pub(crate) fn left(&self) -> Result<Option<Duration>> {
        if self.cancel.is_cancelled() {
            return Err(Error::cancelled());
        }
        let (connecting, deadlines) = {
            let state = self.lock();
            (state.connecting, [self.deadline, state.body_deadline, state.wait_deadline])
        };
        let now = Instant::now();
        let left = |until: Instant| until.saturating_duration_since(now);
        let total = deadlines.into_iter().flatten().min().map(left);
        let connect = connecting.and_then(|(_, until)| until.map(left));
        if total.is_some_and(|left| left.is_zero()) {
            let sent = if connecting.is_some() { Sent::No } else { self.in_flight.sent() };
            return Err(Error::timeout(
                sent,
                self.in_flight.timeout().unwrap_or(head::MAX_ERROR_BODY_TIME),
            ));
        }
        if connect.is_some_and(|left| left.is_zero()) {
            return Err(head::connect_timeout(connecting.unwrap_or_default().0));
        }
        Ok([total, connect].into_iter().flatten().min())
    }

    /// Notes that bytes are about to be written, and returns whether they begin the request.
    ///
    /// What is written while connecting is TLS's or the proxy's.
    pub(crate) fn begin_write(&self) -> bool {
        let mut state = self.lock();
        if state.connecting.is_some() {
            return false;
        }
        self.in_flight.mark_sent();
        !std::mem::replace(&mut state.has_written, true)
    }

    /// Returns the header lines that ureq is not to see, each with its line end.
    pub(crate) fn secret_lines(&self) -> &[u8] {
        &self.secret_lines
    }

    /// Creates the error of a failure at this point of the call.
    pub(crate) fn broke(&self, source: impl StdError + Send + Sync + 'static) -> Error {
        if self.cancel.is_cancelled() {
            return Error::cancelled().with_source(source);
        }
        match self.lock().connecting {
            Some(_) => Error::connect(source),
            None => Error::transport(self.in_flight.sent(), source),
        }
    }

    /// Returns the error that was made below, or creates one.
    pub(crate) fn broke_io(&self, error: io::Error) -> Error {
        match error.downcast::<Error>() {
            Ok(error) => error,
            Err(error) => self.broke(error),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // The state is whole between any two statements, so a panic elsewhere does no harm.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Until when the wait that begins now may take; `None` is as long as the call.
fn wait_deadline(in_flight: &InFlight) -> Option<Instant> {
    Instant::now().checked_add(in_flight.wait_limit()?)
}

impl Interrupt for Call {
    fn interrupt(&self) {
        self.lock().waits_for.wake_up();
    }
}

/// Restores the thread's former call when it is dropped.
pub(crate) struct Entered(Option<Arc<Call>>);

impl Drop for Entered {
    fn drop(&mut self) {
        CURRENT.set(self.0.take());
    }
}
