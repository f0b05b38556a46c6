//! The async FlowAPI client.

mod head;
mod http;
mod request_body;
mod tls;
mod transport;

pub use crate::http::http_transport;
pub use crate::transport::{ReplyBody, Transport};
