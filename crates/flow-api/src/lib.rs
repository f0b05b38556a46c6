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
//! - Many chats at once: [`batch`]
//! - Configuration: [`ApiKey`], [`BaseUrl`], [`Proxy`]
//! - Streams: their events are read by [`sse`], the pieces of a chat are in [`chat`], and
//!   [`client::Streaming`] makes one of the other
//! - For client crates: [`client`]
//!
//! # What it does not do
//!
//! It opens no socket, reads no clock and no environment; errors and retries are `flow-errors`'.
//!
//! # Features
//!
//! None is on by default. Minimum supported Rust version: 1.85.
//!
//! - `tracing`: tells [`tracing`](https://docs.rs/tracing) of each call, under the target
//!   `flow_api`. It changes nothing else, and costs next to nothing without a subscriber.
//!
//! A call is a span `flow.call` (INFO) from its first attempt to its end, and each attempt a span
//! `flow.attempt` (INFO) below it, which is the current one while the transport works. An attempt
//! that will be repeated is an event (INFO), a call that failed another one (WARN). A call that is
//! refused before anything is sent has no span. The names are those of OpenTelemetry's conventions
//! for GenAI and for HTTP, where they have one:
//!
//! | on | fields |
//! |---|---|
//! | both spans | `otel.name`, `otel.kind`, `server.address`, `server.port`; after a failure `otel.status_code` and, as `error.type`, the word of the [`Kind`](flow_errors::Kind) |
//! | `flow.call` | `flow.attempts`, `flow.stopped_because`; of chats, completions and embeddings `gen_ai.operation.name`, `gen_ai.provider.name` (`flowapi`, or `openai` for other hosts, whose dialect it is), `gen_ai.request.` `model`, `max_tokens`, `temperature`, `top_p`, `presence_penalty`, `frequency_penalty`, `seed`, `choice.count`, `gen_ai.response.` `id`, `model`, `finish_reasons`, `gen_ai.usage.` `input_tokens`, `output_tokens` |
//! | `flow.attempt` | `http.request.method`, `url.full` without the query, `gen_ai.request.model` (the one that this attempt asks), `http.request.resend_count` (not on the first), `flow.streamed` (where a stream is asked for), `http.response.status_code`, `flow.request_id`, `flow.maybe_billed` |
//! | "the attempt failed and will be repeated", or "... and another model is asked" | `error.type`, `http.response.status_code`, `flow.attempt` (its number), `flow.request_id`, `flow.wait_ms`, `flow.wait_reason` (`backoff`, `hint`: the service said when, or `switch`), `flow.next_model` if that is another one |
//! | "the call failed" | `error.type`, `http.response.status_code`, `flow.attempts`, `flow.code`, `flow.type`, `flow.request_id`, `flow.stopped_because`, `flow.maybe_billed` |
//!
//! A call that was cancelled or dropped has the `error.type` `cancelled` and no event. Keys, header
//! values, prompts, answers, queries and bodies are in none of it, nor is a service's `message`,
//! which may repeat any of them. Of what a service says only words are shown, such as codes, ids and
//! models: at most 200 bytes of printable ASCII without a blank, and without a key of the caller's.

mod api_key;
mod arrived;
mod assembler;
mod base_url;
pub mod batch;
mod body;
mod builder;
mod calls;
pub mod chat;
mod chat_call;
mod chat_check;
mod chat_params;
mod chat_request;
mod chat_setters;
mod choice;
mod chunk;
mod chunk_choice;
pub mod client;
mod closest;
mod completeness;
mod completion;
mod connection;
mod content;
mod delta;
mod embedding_list;
mod embedding_request;
pub mod embeddings;
mod fallback;
mod field;
mod fields;
mod gates;
mod in_flight;
mod input;
mod json;
mod kept_body;
mod keys;
mod limit;
mod logprob;
mod message;
mod models;
mod one_pass;
mod options;
mod params;
mod part;
mod patience;
mod plan;
mod proxy;
mod read;
mod reply;
mod response_format;
mod running;
mod settings;
pub mod sse;
mod stop_token;
mod stream_call;
mod stream_options;
mod streaming;
mod sync;
mod tool;
mod tool_call;
mod tool_call_delta;
mod trace;
mod usage;
mod variants;
mod vector;

pub use crate::api_key::ApiKey;
pub use crate::base_url::BaseUrl;
pub use crate::builder::ClientBuilder;
pub use crate::calls::{Get, Models, Post};
pub use crate::chat_call::Chat;
pub use crate::chat_request::ChatRequest;
pub use crate::completion::ChatCompletion;
pub use crate::message::{Message, Role};
pub use crate::models::{Model, ModelList};
pub use crate::proxy::Proxy;
pub use crate::reply::Reply;
