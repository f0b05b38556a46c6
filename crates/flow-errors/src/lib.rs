//! Errors and retries for LLM APIs, without I/O.

mod attempt;
mod backoff;
mod body;
mod call;
mod class;
mod decode;
mod envelope;
mod error;
mod gate;
pub mod hint;
mod kind;
mod policy;
mod rate_limits;
mod report;
mod step;
pub mod table;
mod text;
mod tick;
mod wire;

pub use crate::attempt::{Attempt, Attempts, Operation};
pub use crate::backoff::{Backoff, Jitter};
pub use crate::body::Body;
pub use crate::call::{Call, MIN_ATTEMPT};
pub use crate::class::Class;
pub use crate::envelope::{Envelope, InvalidEnvelope};
pub use crate::error::{Error, Result, Sent, Source};
pub use crate::gate::Gate;
pub use crate::kind::Kind;
pub use crate::policy::{InvalidPolicy, RetryPolicy, RetryPolicyBuilder, Timeouts};
pub use crate::rate_limits::RateLimits;
pub use crate::report::{SUPPORT_ADDRESS, SupportReport};
pub use crate::step::{Outcome, Send, Step, StoppedBecause, Target, Verdict, Why};
pub use crate::tick::Tick;
