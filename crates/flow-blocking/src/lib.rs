//! The blocking FlowAPI client.

mod call;
mod cancel;
mod client;
mod clock;
mod connection;
mod connector;
mod dial;
mod driver;
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

pub use crate::client::Client;
#[doc(hidden)]
pub use crate::clock::Clock;
pub use flow_api::{
    BaseUrl, ChatCompletion, ChatRequest, Choice, ClientBuilder, FinishReason, Message, Model,
    ModelList, Reply, Role, Usage,
};
pub use flow_errors::{Error, Kind, Result, RetryPolicy};
