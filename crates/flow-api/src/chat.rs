//! What chat requests and replies are made of.
//!
//! - Saying: [`Role`], [`Content`], [`Part`]
//! - Tools: [`Tool`], [`ToolChoice`], [`ToolCall`]
//! - The answer: [`ResponseFormat`], [`Choice`], [`FinishReason`], [`TokenLogprob`], [`Usage`]
//! - The answer in pieces: [`Chunk`], [`ChunkChoice`], [`Delta`], [`ToolCallDelta`], put together by
//!   [`Assembler`]; [`Completeness`] is the rule for when none is missing
//!
//! What is written as JSON ([`Part`], [`Tool`], [`ToolCall`] and the like) is made from any
//! `serde_json::Value` as well: what has no constructor here is sent as it is given.
//!
//! # Examples
//!
//! The model asks for a function, the program calls it, and the model answers:
//!
//! ```
//! use flow_api::chat::Tool;
//! use flow_api::{ChatCompletion, ChatRequest};
//! use serde_json::json;
//!
//! let request = ChatRequest::new("gpt-4o").user("How warm is it in Oslo?").tool(
//!     Tool::function("get_weather").parameters(json!({
//!         "type": "object",
//!         "properties": { "city": { "type": "string" } },
//!     })),
//! );
//! # let json = r#"{"choices":[{"message":{"role":"assistant","content":null,"tool_calls":[{
//! #     "id":"call_1","type":"function","function":{"name":"get_weather","arguments":"{}"}}]}}]}"#;
//! let reply: ChatCompletion = serde_json::from_str(json)?; // what a client's `send` returns
//!
//! let mut next = request.messages(reply.message().cloned());
//! for call in reply.tool_calls() {
//!     next = next.tool_result(call.id(), "21 °C");
//! }
//! next.check()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub use crate::assembler::Assembler;
pub use crate::choice::{Choice, FinishReason};
pub use crate::chunk::Chunk;
pub use crate::chunk_choice::ChunkChoice;
pub use crate::completeness::Completeness;
pub use crate::content::Content;
pub use crate::delta::Delta;
pub use crate::logprob::TokenLogprob;
pub use crate::message::Role;
pub use crate::part::Part;
pub use crate::response_format::ResponseFormat;
pub use crate::tool::{Tool, ToolChoice};
pub use crate::tool_call::ToolCall;
pub use crate::tool_call_delta::ToolCallDelta;
pub use crate::usage::Usage;
