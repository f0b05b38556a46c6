//! Calls of several threads that wait for their turn at one gate.
//!
//! The clock stands still and no wait ends by itself, so each turn must come from the call before.

use std::time::Duration;

use flow_errors::call::{Call, Operation, Outcome, Step, Tick, Timeouts};
use flow_errors::headers::RateLimits;
use flow_errors::{Error, RetryPolicy, Sent};
use http::{Method, StatusCode};
use loom::thread;

use crate::CancelToken;
use crate::gates::SharedGate;
use crate::sleeper::Sleeper;

/// So many timeouts leave credit for one call at a time.
const TIMEOUTS: usize = 49;

/// The threads make a call each; whoever waits is woken by the one that is done.
///
/// # Panics
///
/// Panics where that is not so.
pub fn each_turn_comes_from_the_call_before() {
    let gate = worn_gate();
    let others = [(); 2].map(|()| {
        let gate = gate.clone();
        thread::spawn(move || assert!(Caller::new(gate).make()))
    });
    assert!(Caller::new(gate).make());
    for other in others {
        assert!(other.join().is_ok());
    }
}

/// One gives up when it is to wait, maybe just as it is woken: the turn goes to the next.
///
/// # Panics
///
/// Panics where that is not so.
pub fn turn_of_a_call_that_gives_up_goes_to_the_next() {
    let gate = worn_gate();
    let impatient = {
        let mut caller = Caller::new(gate.clone());
        thread::spawn(move || if caller.is_next() { caller.succeed() } else { caller.give_up() })
    };
    let patient = {
        let gate = gate.clone();
        thread::spawn(move || assert!(Caller::new(gate).make()))
    };
    assert!(Caller::new(gate).make());
    assert!(impatient.join().is_ok() && patient.join().is_ok());
}

/// The token ends a call that is asleep, about to sleep, or just woken, unless its turn was sooner; its
/// place is free.
///
/// # Panics
///
/// Panics where that is not so.
pub fn cancelled_call_wakes_up_and_leaves_its_place() {
    let gate = worn_gate();
    let mut first = Caller::new(gate.clone());
    assert!(first.is_next());
    let token = CancelToken::new();
    let second = {
        let caller = Caller { token: token.clone(), ..Caller::new(gate.clone()) };
        thread::spawn(move || {
            let _may_be = caller.make();
        })
    };
    token.cancel();
    first.succeed();
    assert!(second.join().is_ok());
    assert!(Caller::new(gate).is_next());
}

/// Returns the gate of a service after an outage, with credit for one call and then the next.
fn worn_gate() -> SharedGate {
    let gate = SharedGate::default();
    for _ in 0..TIMEOUTS {
        let mut caller = Caller::new(gate.clone());
        assert!(caller.is_next());
        caller.end(Outcome::Failed(Error::timeout(Sent::Perhaps, Duration::MAX)));
    }
    gate
}

/// A thread's call, driven as the blocking client drives it.
struct Caller {
    gate: SharedGate,
    call: Call,
    token: CancelToken,
    sleeper: Sleeper,
}

impl Caller {
    fn new(gate: SharedGate) -> Self {
        let operation = Operation::new(Method::POST, "/chat/completions").with_model("gpt-4o");
        let call = Call::new(operation, RetryPolicy::none(), Timeouts::default(), Tick::ORIGIN);
        Self { gate, call, token: CancelToken::new(), sleeper: Sleeper::new() }
    }

    /// Waits for its turn and makes the call; returns whether it was not cancelled.
    fn make(mut self) -> bool {
        while !self.token.is_cancelled() {
            if self.is_next() {
                self.succeed();
                return true;
            }
            self.sleeper.sleep(Duration::MAX, &self.token);
        }
        self.give_up();
        false
    }

    /// Asks for its turn; if it has come, the call is being sent.
    fn is_next(&mut self) -> bool {
        let step = self.gate.poll(&mut self.call, Tick::ORIGIN, self.sleeper.waker());
        matches!(step, Step::Send(_))
    }

    fn succeed(&mut self) {
        let limits = RateLimits::default();
        self.end(Outcome::Succeeded {
            status: StatusCode::OK,
            request_id: None,
            limits,
            tokens: None,
        });
    }

    fn end(&mut self, outcome: Outcome) {
        let end = |call: &mut Call, gate: &mut _| call.on_outcome(Tick::ORIGIN, 0, outcome, gate);
        self.gate.tell(&mut self.call, end);
    }

    fn give_up(&mut self) {
        self.gate.tell(&mut self.call, |call, gate| call.cancel(Tick::ORIGIN, gate));
    }
}
