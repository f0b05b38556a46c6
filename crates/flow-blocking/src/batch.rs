//! Many chats at once: as many under way as are wanted, each with a result of its own.
//!
//! [`Client::batch`](crate::Client::batch) starts one. Its requests come from any iterator, with a key of
//! the caller's or without, and its [`Results`] as they come, or all of them in order.
//!
//! One that is to survive its process reads a [`RequestFile`] and writes a [`ReplyFile`]: killed at any
//! moment, it goes on where it was, does nothing twice that was written, and loses nothing else than
//! what was under way.

mod file_error;
mod reply_file;
mod request_file;
mod results;
mod start;
mod workers;

pub use flow_api::batch::{Batch, Done, Progress, Request, StopToken};
pub use reply_file::ReplyFile;
pub use request_file::RequestFile;
pub use results::Results;
