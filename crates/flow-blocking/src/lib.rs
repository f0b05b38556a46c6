//! The blocking FlowAPI client.

mod call;
mod cancel;
mod connection;
mod connector;
mod dial;
mod head;
mod http;
mod socket;
mod stream;
mod tls;
mod transport;
mod tunnel;

pub use crate::cancel::CancelToken;
pub use crate::http::http_transport;
pub use crate::transport::{ReplyBody, Transport};
