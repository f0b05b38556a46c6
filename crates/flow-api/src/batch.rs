//! Many chats at once: as many under way as are wanted, each with a result of its own.
//!
//! [`Batch`] collects what is asked and how; a client runs it. Requests come from any iterator, which
//! is asked for the next one when there is room for it, so that a million of them need not be in
//! memory. What one request comes to changes nothing for the others, except where the failure is
//! everyone's: see [`Batch`].
//!
//! A batch that is to survive its process reads its requests from a file of JSON lines and writes the
//! replies to another one. The clients do that; what the lines say is read and written here
//! ([`read_request`], [`write_result`], [`Journal`]).

pub(crate) mod in_order;
mod invalid_line;
mod journal;
mod progress;
pub(crate) mod queue;
mod reply_line;
mod request;
mod request_line;
pub(crate) mod start;

pub use invalid_line::InvalidLine;
pub use journal::Journal;
pub use progress::Progress;
pub use queue::Done;
pub use reply_line::write_result;
pub use request::Request;
pub use request_line::read_request;
pub use start::Batch;

pub use crate::stop_token::StopToken;
