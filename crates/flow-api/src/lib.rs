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
//! - Chat: [`ChatRequest`], [`Message`], [`Role`], [`ChatCompletion`]; their parts are in [`chat`]
//! - Embeddings: [`embeddings`]
//! - Replies: [`Reply`] around [`ChatCompletion`], [`ModelList`], [`Model`]
//! - Calls: [`Chat`], [`Models`], [`Post`], [`Get`], made by a client that [`ClientBuilder`] built
//! - Configuration: [`ApiKey`], [`BaseUrl`], [`Proxy`]
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
pub mod chat;
mod chat_check;
mod chat_params;
mod chat_request;
mod chat_setters;
mod choice;
pub mod client;
mod closest;
mod completion;
mod connection;
mod content;
mod embedding_list;
mod embedding_request;
pub mod embeddings;
mod field;
mod fields;
mod gates;
mod in_flight;
mod input;
mod json;
mod logprob;
mod message;
mod models;
mod options;
mod params;
mod part;
mod plan;
mod proxy;
mod reply;
mod response_format;
mod running;
mod settings;
mod tool;
mod tool_call;
mod usage;
mod vector;

pub use crate::api_key::ApiKey;
pub use crate::base_url::BaseUrl;
pub use crate::builder::ClientBuilder;
pub use crate::calls::{Chat, Get, Models, Post};
pub use crate::chat_request::ChatRequest;
pub use crate::completion::ChatCompletion;
pub use crate::message::{Message, Role};
pub use crate::models::{Model, ModelList};
pub use crate::proxy::Proxy;
pub use crate::reply::Reply;
