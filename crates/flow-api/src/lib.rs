//! The wire of `FlowAPI`, without I/O: requests, replies, keys, URLs, and the calls that both clients
//! offer.

mod api_key;
mod base_url;
mod body;
mod builder;
mod calls;
mod chat;
mod completion;
mod connection;
mod field;
mod gates;
pub mod head;
mod in_flight;
mod message;
mod models;
mod options;
mod plan;
mod proxy;
mod reply;
mod running;
mod settings;

pub use crate::api_key::ApiKey;
pub use crate::base_url::{BaseUrl, DEFAULT_BASE_URL};
pub use crate::body::BodyReader;
pub use crate::builder::{Build, ClientBuilder};
pub use crate::calls::{Chat, Execute, Get, Models, Post};
pub use crate::chat::ChatRequest;
pub use crate::completion::{ChatCompletion, Choice, FinishReason, Usage};
pub use crate::connection::Connection;
pub use crate::in_flight::InFlight;
pub use crate::message::{Message, Role};
pub use crate::models::{Model, ModelList};
pub use crate::options::DEFAULT_MAX_REPLY_BYTES;
pub use crate::plan::Plan;
pub use crate::proxy::Proxy;
pub use crate::reply::{Received, Reply};
pub use crate::running::Running;
pub use crate::settings::Settings;
