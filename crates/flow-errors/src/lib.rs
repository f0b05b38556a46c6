//! Errors and retries for LLM APIs, without I/O.
//!
//! An [`Error`] is decoded from whatever a service or a proxy in front of it sent, and says what
//! went wrong ([`Kind`]), whether trying again can help ([`Class`]) and what to do. A [`Call`]
//! decides when to send, how long to wait and when to stop. Neither reads a clock, draws
//! randomness or opens a socket, so both work under any HTTP client.
//!
//! # With an HTTP client of your own
//!
//! This is the whole loop. `post` stands for your client, and the clock only moves when told to:
//!
//! ```
//! use std::time::{Duration, SystemTime};
//!
//! use flow_errors::{
//!     Body, Call, Error, Gate, Operation, Outcome, RetryPolicy, Sent, Step, Tick, Timeouts, Verdict,
//! };
//! use http::{HeaderMap, Method, Response, StatusCode};
//!
//! /// Your HTTP client: here, a service that asks to be left alone for 2 s, then answers.
//! fn post(attempt: u32, _timeout: Option<Duration>) -> std::io::Result<Response<Vec<u8>>> {
//!     let mut reply = Response::new(br#"{"answer": 42}"#.to_vec());
//!     if attempt == 1 {
//!         *reply.status_mut() = StatusCode::TOO_MANY_REQUESTS;
//!         reply.headers_mut().insert("retry-after", 2.into());
//!         *reply.body_mut() = br#"{"error": {"message": "slow down"}}"#.to_vec();
//!     }
//!     Ok(reply)
//! }
//!
//! fn call() -> Result<Vec<u8>, Error> {
//!     let mut now = Tick::ORIGIN; // yours: the time since the program started
//!     let mut gate = Gate::new(); // shared by all calls to one model
//!     let mut answer = Vec::new();
//!     let operation = Operation::new(Method::POST, "/answers").with_model("gpt-4o");
//!     let mut call = Call::new(operation, RetryPolicy::default(), Timeouts::default(), now);
//!     loop {
//!         match call.poll(now, &mut gate) {
//!             Step::Send(send) => {
//!                 let outcome = match post(send.attempt, send.timeout) {
//!                     Ok(reply) if reply.status().is_success() => {
//!                         let request_id = flow_errors::request_id(reply.headers()).map(Into::into);
//!                         let status = reply.status();
//!                         answer = reply.into_body();
//!                         Outcome::Succeeded { status, request_id }
//!                     }
//!                     Ok(reply) => {
//!                         let (head, body) = reply.into_parts();
//!                         Outcome::Failed(Error::from_response(
//!                             head.status, &head.headers, Body::new(body), SystemTime::now(),
//!                         ))
//!                     }
//!                     Err(error) => Outcome::Failed(Error::transport(Sent::Perhaps, error)),
//!                 };
//!                 let entropy = 42; // yours: 64 random bits
//!                 call.on_outcome(now, entropy, outcome, &mut gate);
//!             }
//!             Step::Wait { until, .. } => now = until, // yours: sleep until then
//!             Step::Done(Verdict::Succeeded) => {
//!                 assert_eq!(call.attempts().len(), 2);
//!                 assert!(now.since(Tick::ORIGIN) >= Duration::from_secs(2));
//!                 return Ok(answer);
//!             }
//!             Step::Done(Verdict::Failed(error)) => return Err(error),
//!         }
//!     }
//! }
//! # assert_eq!(call()?, br#"{"answer": 42}"#);
//! # Ok::<(), Error>(())
//! ```
//!
//! # The error table
//!
//! The service's page, as [`table::TABLE`] holds it and as the default policy acts on it:
//!
//! <!-- error table: written by `cargo xtask table` -->
//! <!-- error table: end -->
//!
//! # Map
//!
//! - What went wrong: [`Error`], [`Kind`], [`Class`], [`Envelope`], [`RateLimits`], [`Body`]
//! - What was tried: [`Attempts`], [`Attempt`], [`Operation`], [`StoppedBecause`],
//!   [`SupportReport`]
//! - Trying again: [`Call`], [`Step`], [`Outcome`], [`Verdict`], [`Gate`], [`Tick`]
//! - How often and how long: [`RetryPolicy`], [`Backoff`], [`Jitter`], [`Timeouts`]
//! - The page itself: [`table`]; waits that a server asks for: [`hint`]
//!
//! # What it does not do
//!
//! It sends nothing; the `flow-async` and `flow-blocking` crates do. It does not inflate bodies.
//!
//! # Features
//!
//! None. Minimum supported Rust version: 1.85.
//!
//! # JSON
//!
//! An [`Error`] serializes to an object of its accessors' values (`kind`, `class`, `message`,
//! `status`, `type`, `code`, `param`, `request_id`, `retry_after_ns`, `should_retry`,
//! `rate_limits`, `source`, `request`, `stopped_because`, `started_at_unix_ns`, `attempts`); what
//! is absent is left out, spans are whole nanoseconds. It is read back with everything but the
//! body and the headers.

mod attempt;
mod backoff;
mod body;
mod call;
mod class;
mod classify;
mod decode;
mod dialect;
mod document;
mod envelope;
mod error;
mod gate;
mod headers;
pub mod hint;
mod html;
mod kind;
mod policy;
mod rate_limits;
mod report;
mod span;
mod sse;
mod step;
mod success;
pub mod table;
mod text;
mod tick;
mod unreadable;
mod wire;
mod words;

pub use crate::attempt::{Attempt, Attempts, Operation};
pub use crate::backoff::{Backoff, Jitter};
pub use crate::body::Body;
pub use crate::call::{Call, MIN_ATTEMPT};
pub use crate::class::Class;
pub use crate::envelope::{Envelope, InvalidEnvelope};
pub use crate::error::{Error, Result, Sent, Source};
pub use crate::gate::Gate;
pub use crate::headers::request_id;
pub use crate::kind::Kind;
pub use crate::policy::{InvalidPolicy, RetryPolicy, RetryPolicyBuilder, Timeouts};
pub use crate::rate_limits::{Limit, RateLimits};
pub use crate::report::{SUPPORT_ADDRESS, SupportReport};
pub use crate::step::{Outcome, Send, Step, StoppedBecause, Target, Verdict, Why};
pub use crate::tick::Tick;
