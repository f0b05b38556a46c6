//! Many chats at once: as many under way as are wanted, each with a result of its own.
//!
//! [`Batch`] collects what is asked and how; a client runs it. Requests come from any iterator, which
//! is asked for the next one when there is room for it, so that a million of them need not be in
//! memory. What one request comes to changes nothing for the others, except where the failure is
//! everyone's: see [`Batch`].

pub(crate) mod in_order;
mod progress;
pub(crate) mod queue;
mod request;
pub(crate) mod start;

pub use progress::Progress;
pub use queue::Done;
pub use request::Request;
pub use start::Batch;
