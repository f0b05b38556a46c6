//! Errors and retries for LLM APIs, without I/O.
//!
//! An [`Error`] is decoded from whatever a service or a proxy in front of it sent, and says what
//! went wrong ([`Kind`]), whether trying again can help ([`Class`]) and what to do. A [`Call`](call::Call)
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
//! use flow_errors::call::{Call, Gate, Operation, Outcome, Step, Tick, Timeouts, Verdict};
//! use flow_errors::headers::{RateLimits, request_id};
//! use flow_errors::{Body, Error, RetryPolicy, Sent};
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
//!                         let request_id = request_id(reply.headers()).map(Into::into);
//!                         let status = reply.status();
//!                         let limits = RateLimits::from_headers(reply.headers());
//!                         answer = reply.into_body();
//!                         Outcome::Succeeded { status, request_id, limits, tokens: None }
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
//! A call that may ask other models is told so with
//! [`with_fallback_models`](call::Call::with_fallback_models); then
//! [`model`](call::Call::model) is the one that a send asks, and [`target`](call::Call::target) says
//! whose gate the machine is to be given.
//!
//! # The error table
//!
//! The service's page, as [`table::TABLE`] holds it and as the default policy acts on it:
//!
//! <!-- error table: written by `cargo xtask table` -->
//!
//! | status | type | `Kind` | cause | recommendation | retried |
//! |---|---|---|---|---|---|
//! | 400 | `invalid_request_error` | `InvalidRequest` | Malformed request body or invalid parameter values | Validate types and ranges such as temperature | no |
//! | 401 | `invalid_api_key` | `InvalidApiKey` | Missing, malformed, or invalid API key | Verify the Authorization header and active key | no |
//! | 403 | `permission_error` | `Permission` | Insufficient permissions for the resource | Check account access and plan limits | no |
//! | 402 | `insufficient_balance` | `InsufficientBalance` | Account balance is zero or below | Top up credits before retrying | no |
//! | 404 | `not_found_error` | `NotFound` | Unknown model or endpoint | Verify the model ID and request path | no |
//! | 429 | `rate_limit_error` | `RateLimit` | Too many requests in a short period | Apply exponential backoff and retry | yes |
//! | 500 | `server_error` | `Server` | Internal platform error | Retry the request, then contact support if it persists | yes |
//! | 502 | `server_error` | `Server` | Gateway could not reach upstream services cleanly | Retry after a short delay and inspect request ID | yes |
//! | 503 | `service_unavailable` | `ServiceUnavailable` | Model is temporarily overloaded | Retry after a short delay or switch models | yes |
//! | 504 | `gateway_timeout` | `GatewayTimeout` | Request took too long to process | Stream responses or raise the client timeout | yes |
//!
//! <!-- error table: end -->
//!
//! # Map
//!
//! - What went wrong: [`Error`], [`Kind`], [`Class`], [`Envelope`], [`Body`]
//! - What was tried: [`Attempts`], [`Attempt`], [`StoppedBecause`], [`SupportReport`]
//! - Trying again: [`call`], with [`Call`](call::Call), [`Step`](call::Step),
//!   [`Timeouts`](call::Timeouts), and of streams [`Delivered`](call::Delivered)
//! - Waiting for a turn: [`Gate`](call::Gate), [`Health`](call::Health), [`Lease`](call::Lease)
//! - How often: [`RetryPolicy`], [`Backoff`], [`Jitter`]
//! - The page itself: [`table`]; request ids, hints and limits in headers: [`headers`]
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
//! `rate_limits`, `source`, `request`, `delivered`, `stopped_because`, `started_at_unix_ns`, `attempts`); what
//! is absent is left out, spans are whole nanoseconds. It is read back with everything but the
//! body and the headers.

mod advice;
mod aimd;
mod attempt;
mod backoff;
mod body;
mod bucket;
pub mod call;
mod class;
mod classify;
mod credit;
mod crowd;
mod decode;
mod delivered;
mod dialect;
mod document;
mod documented;
mod ending;
mod envelope;
mod error;
mod gate;
mod gcra;
mod header_text;
pub mod headers;
mod health;
mod hint;
mod html;
mod instant;
mod invalid_policy;
mod json;
mod kind;
mod lease;
mod limit;
mod limit_headers;
mod meter;
mod pacer;
mod phrase;
mod policy;
mod queue;
mod rate_limits;
mod recent;
mod recommendation;
mod record;
mod report;
mod share;
mod span;
mod sse;
mod step;
mod stopped_because;
mod streams;
mod success;
mod switch;
pub mod table;
mod targets;
mod text;
mod tick;
mod unreadable;
mod wire;
mod words;

pub use crate::attempt::{Attempt, Attempts};
pub use crate::backoff::{Backoff, Jitter};
pub use crate::body::Body;
pub use crate::class::Class;
pub use crate::envelope::{Envelope, InvalidEnvelope};
pub use crate::error::{Error, Result, Sent};
pub use crate::invalid_policy::InvalidPolicy;
pub use crate::kind::Kind;
pub use crate::policy::{RetryPolicy, RetryPolicyBuilder};
pub use crate::report::SupportReport;
pub use crate::stopped_because::StoppedBecause;
