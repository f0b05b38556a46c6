//! The wire of FlowAPI without I/O: requests and replies, keys, URLs and proxies, and the calls
//! that both clients offer.
//!
//! Most users want `flow-async` or `flow-blocking`, which re-export what they need of this crate.
//!
//! ```
//! use flow_api::{ChatCompletion, ChatRequest};
//!
//! // What the service would refuse is refused before it costs a round trip.
//! let request = ChatRequest::new("gpt-4o").user("Hello").temperature(9.0);
//! assert_eq!(request.check().unwrap_err().param(), Some("temperature"));
//!
//! // Replies tolerate what they do not know, and keep it.
//! let json = r#"{"choices": [{"message": {"role": "assistant", "content": "Hi"}}], "new": 1}"#;
//! let reply: ChatCompletion = serde_json::from_str(json)?;
//! assert_eq!((reply.text(), &reply.extra()["new"]), ("Hi", &1.into()));
//! # Ok::<(), serde_json::Error>(())
//! ```
//!
//! # Map
//!
//! - Requests: [`ChatRequest`], [`Message`], [`Role`]
//! - Replies: [`Reply`] around [`ChatCompletion`], [`Choice`], [`FinishReason`], [`Usage`],
//!   [`ModelList`], [`Model`]
//! - Calls: [`Chat`], [`Models`], [`Post`], [`Get`], made by a client that [`ClientBuilder`] built
//! - Configuration: [`ApiKey`], [`BaseUrl`], [`Proxy`]
//! - Event streams: [`sse`]
//! - For client crates: [`client`]
//!
//! # What it does not do
//!
//! It opens no socket, reads no clock and no environment; errors and retries are `flow-errors`'.
//!
//! # Features
//!
//! None. Minimum supported Rust version: 1.85.

mod api_key;
mod base_url;
mod body;
mod builder;
mod calls;
mod chat;
pub mod client;
mod completion;
mod connection;
mod field;
mod gates;
mod in_flight;
mod message;
mod models;
mod options;
mod plan;
mod proxy;
mod reply;
mod running;
mod settings;
pub mod sse;

pub use crate::api_key::ApiKey;
pub use crate::base_url::BaseUrl;
pub use crate::builder::ClientBuilder;
pub use crate::calls::{Chat, Get, Models, Post};
pub use crate::chat::ChatRequest;
pub use crate::completion::{ChatCompletion, Choice, FinishReason, Usage};
pub use crate::message::{Message, Role};
pub use crate::models::{Model, ModelList};
pub use crate::proxy::Proxy;
pub use crate::reply::Reply;
