//! Many chats at once: as many under way as are wanted, each with a result of its own.
//!
//! [`Client::batch`](crate::Client::batch) starts one. Its requests come from any iterator, with a key of
//! the caller's or without, and its [`Results`] as they come, or all of them in order.

mod results;
mod start;
mod workers;

pub use flow_api::batch::{Batch, Done, Progress, Request};
pub use results::Results;
