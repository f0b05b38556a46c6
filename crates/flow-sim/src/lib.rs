//! A FlowAPI on loopback, faults included: for demos, tests and users' own tests.
//!
//! [`Sim`] is a real HTTP/1.1 server on `127.0.0.1`. It answers as an OpenAI-compatible service
//! does, and it fails on demand: with any row of the service's error table, with resets, hangs,
//! truncated bodies and other things that happen to clients. It works from synchronous and
//! asynchronous tests, needs no key, costs nothing, and gives the same answers for the same
//! [seed](SimBuilder::seed).
//!
//! ```
//! use flow_sim::{Action, Sim};
//!
//! // The first request meets an overloaded model, the second one is answered.
//! let sim = Sim::builder().script([Action::row(503)]).start()?;
//! let url = format!("{}/chat/completions", sim.base_url());
//! let body = r#"{ "model": "gpt-4o", "messages": [{ "role": "user", "content": "Hi" }] }"#;
//!
//! let agent = ureq::Agent::from(ureq::Agent::config_builder().http_status_as_error(false).build());
//! let send = || agent.post(&url).header("authorization", "Bearer sk-test").send(body);
//! assert_eq!(send()?.status(), 503);
//! let text = send()?.body_mut().read_to_string()?;
//! assert!(text.contains("Hello from flow-sim"));
//!
//! assert_eq!(sim.log()[0].answer, "503");
//! assert_eq!(sim.log()[1].model.as_deref(), Some("gpt-4o"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What decides the answer
//!
//! 1. The [`Script`], while it has actions for the request.
//! 2. Path, method, key (any but `sk-wrong...`), body and parameters, as the service checks them.
//! 3. [Outages](SimBuilder::outage), [chance](SimBuilder::failing) and the model's [`Limit`].
//! 4. [Overload](SimBuilder::overload_model) of the model.
//! 5. The model id. `sim-429` fails with the row 429, `sim-hang` never answers, and so on for
//!    all of [`model_ids`]. `sim-429-x2-<anything>` fails twice for that exact id, then answers:
//!    give each test an ending of its own. `sim-stream-...` are for requests with `stream: true`, and
//!    `sim-slow-unary` for those without; others are answered normally, and do not count. Other ids
//!    that begin with `sim-` are unknown (404); ids that do not are answered normally.
//! 6. The server's [`Capacity`].
//!
//! # What is answered normally
//!
//! A chat is answered with the same sentence, or with what else its request asks for: a call of the
//! first function in `tools` (of the one that `tool_choice` names, and not after a tool's result), with
//! the smallest arguments that fit its schema; JSON of that kind for a `response_format`; `n` answers;
//! `logprobs`. A `seed` changes nothing: answers are repeatable anyway. Embeddings are vectors of length
//! 1 that follow from their text, as numbers or in Base64.
//!
//! # Streams
//!
//! With `stream: true` a chat is answered in `chat.completion.chunk` events that say together what the
//! answer in one piece says, and a `[DONE]`; `stream_options.include_usage` adds the usage. What is wrong
//! with a request is answered as without `stream`. A script says with [`Stream`] what becomes of the
//! events, and the ids `sim-stream-...` do it by name: error events in each [`Dialect`]
//! (`sim-stream-error-nested`; before anything else with `-early`; of another row with its status at
//! the end, as in `sim-stream-error-flat-early-429`), ends that come too early, stalls, resets, odd
//! framing.
//!
//! ```
//! use flow_sim::{Action, Dialect, Sim, Stream};
//!
//! let stream = Stream::new().deltas(2).error(Dialect::Nested, 503);
//! let sim = Sim::builder().script(Action::normal().stream(stream)).start()?;
//!
//! let text = ureq::post(format!("{}/chat/completions", sim.base_url()))
//!     .header("authorization", "Bearer sk-test")
//!     .send(r#"{ "model": "m", "messages": [{ "role": "user", "content": "Hi" }], "stream": true }"#)?
//!     .body_mut()
//!     .read_to_string()?;
//! let last = text.trim_end().lines().last();
//! assert!(last.is_some_and(|line| line.starts_with(r#"data: {"error":{"#)));
//! assert!(sim.wait_until_idle(std::time::Duration::from_secs(5)));
//! assert_eq!(sim.log()[0].answer, "200 stream, error event after 2");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Map
//!
//! - [`Sim`], [`SimBuilder`]: the server, and how it is started
//! - [`Seen`]: one entry of the server's [log](Sim::log), keys and prompts included
//! - [`Script`], [`Action`], [`InvalidScript`]: what to do with which request
//! - [`Stream`], [`Dialect`]: what becomes of a streamed answer, and how errors are written in it
//! - [`Limit`], [`Capacity`]: how often a model may be asked, and what the server can do at once
//! - [`model_ids`]: the faults that need no script
//!
//! # What it does not do
//!
//! It does not speak TLS or HTTP/2, and of streams only chats have one.
//! It listens on loopback only. No answer contains anything from a prompt: what it repeats are names and
//! values of tools and schemas.
//!
//! # Features
//!
//! - `cli` (default): the `flow-sim` command, for clients in any language; `flow-sim --help`
//!   explains it. Tests written in Rust can do without: `default-features = false`.
//!
//! Minimum supported Rust version: 1.85.

mod accept;
mod action;
mod answer;
mod asked;
mod body;
mod capacity;
mod chat;
mod check;
mod check_chat;
mod chunks;
mod deliver;
mod dialect;
mod embedding;
mod event;
mod fault;
mod gcra;
mod ids;
mod json;
mod limit;
mod log;
mod logprobs;
mod model_id;
mod part;
mod plan;
mod reply;
mod route;
mod rows;
mod schema;
mod script;
mod service;
mod shape;
mod sim;
mod step;
mod stream;
mod stream_fault;
mod weather;
mod wire;

pub use crate::action::Action;
pub use crate::capacity::Capacity;
pub use crate::dialect::Dialect;
pub use crate::fault::model_ids;
pub use crate::limit::Limit;
pub use crate::log::Seen;
pub use crate::script::{InvalidScript, Script};
pub use crate::sim::{Sim, SimBuilder};
pub use crate::stream::Stream;
