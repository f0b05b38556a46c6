//! The async FlowAPI client.

mod client;
mod clock;
mod driver;
mod head;
mod http;
mod request_body;
mod tls;
mod transport;

pub use crate::http::http_transport;
pub use crate::transport::{ReplyBody, Transport};

pub use crate::client::{Client, Sending};
#[doc(hidden)]
pub use crate::clock::Clock;
pub use flow_api::{
    BaseUrl, ChatCompletion, ChatRequest, Choice, ClientBuilder, FinishReason, Message, Model,
    ModelList, Reply, Role, Usage,
};
pub use flow_errors::{Error, Kind, Result, RetryPolicy};
