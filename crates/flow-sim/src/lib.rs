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
//! 3. The model id. `sim-429` fails with the row 429, `sim-hang` never answers, and so on for
//!    all of [`model_ids`]. `sim-429-x2-<anything>` fails twice for that exact id, then answers:
//!    give each test an ending of its own. Other ids that begin with `sim-` are unknown (404);
//!    ids that do not are answered normally.
//!
//! # What is answered normally
//!
//! A chat is answered with the same sentence, or with what else its request asks for: a call of the
//! first function in `tools` (of the one that `tool_choice` names, and not after a tool's result), with
//! the smallest arguments that fit its schema; JSON of that kind for a `response_format`; `n` answers;
//! `logprobs`. A `seed` changes nothing: answers are repeatable anyway. Embeddings are vectors of length
//! 1 that follow from their text, as numbers or in Base64.
//!
//! # Map
//!
//! - [`Sim`], [`SimBuilder`]: the server, and how it is started
//! - [`Seen`]: one entry of the server's [log](Sim::log), keys and prompts included
//! - [`Script`], [`Action`], [`InvalidScript`]: what to do with which request
//! - [`model_ids`]: the faults that need no script
//!
//! # What it does not do
//!
//! It does not stream (a `stream: true` is answered whole), limit rates, or speak TLS or HTTP/2.
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
mod chat;
mod check;
mod check_chat;
mod deliver;
mod embedding;
mod fault;
mod ids;
mod json;
mod log;
mod logprobs;
mod model_id;
mod plan;
mod reply;
mod route;
mod rows;
mod schema;
mod script;
mod service;
mod sim;
mod wire;

pub use crate::action::Action;
pub use crate::fault::model_ids;
pub use crate::log::Seen;
pub use crate::script::{InvalidScript, Script};
pub use crate::sim::{Sim, SimBuilder};
