//! A blocking client for FlowAPI and any other OpenAI-compatible service, on ureq.
//!
//! It carries out what the service's page of error codes advises: typed errors, retries that never
//! come back before the service wants them to, one deadline for it all, and nothing lost on the way.
//! The `flow-async` crate is the same client the other way; both drive the state machine of
//! `flow-errors`.
//!
//! ```
//! use flow_blocking::{Client, Kind};
//!
//! # fn example() -> flow_blocking::Result<()> {
//! let client = Client::builder().api_key("sk-...").build()?;
//! match client.chat("gpt-4o").user("Hello").send() {
//!     Ok(reply) => println!("{} ({:?})", reply.text(), reply.request_id()),
//!     Err(error) if error.kind() == Kind::InsufficientBalance => println!("top up first"),
//!     Err(error) => println!("{error}\n\n{}", error.support_report()),
//! }
//! # Ok(())
//! # }
//!
//! // Values out of range cost no round trip, and keys are checked when they are given.
//! let error = Client::builder().api_key("Bearer sk-...").build().unwrap_err();
//! assert_eq!(error.kind(), Kind::Config);
//! ```
//!
//! # What happens to a call
//!
//! Key, retries, timeouts, reply size, headers, `on_attempt`, fallback models and what is said of
//! streams can be set for the client and for a call, and the call's word wins.
//!
//! - **Retries**: 3 attempts; 1 s doubling to 8 s, each wait between half and all of that. What the
//!   service asks for (`Retry-After` and its relatives, a field or phrase in the body, a limit with
//!   nothing left) takes its place, is never undercut, and above 120 s ends the call with the
//!   service's error. See [`RetryPolicy`].
//! - **Turns**: from the first 429 or limit header on, calls are sent as fast as the service allows,
//!   first in, first out, and after failures as its successes allow; they wait up to 60 s for their
//!   turn. [`Client::health`] tells how that stands.
//! - **Other models**: a chat with [`fallback_models`](ClientBuilder::fallback_models) asks the next
//!   one at once when one is overloaded, unknown, or throttled for longer than 5 s; on the last one
//!   it waits as above. [`Reply::asked_model`] says who answered.
//! - **Time**: 10 minutes for the whole call, waits included; 5 s for connecting; no other limit
//!   for an attempt. No wait is started that the deadline would cut: the real error comes at once.
//! - **Streams**: [`Chat::stream`] is such a call until the first content, and never sent again after
//!   it. It ends complete, which takes a finish reason for every answer, or with an error that says
//!   how far it got and holds what had arrived ([`ChatStream`]). It may be 60 s without content;
//!   keep-alives are none. A chat that was cut off for taking long (504, 524, 522, 408) is sent again
//!   as a stream, and put together; [`Chat::send_streamed`] does that from the start.
//! - **Money**: what may have been run although it failed (a reset or timeout after sending) is
//!   sent again once; every attempt says whether it may have been billed. All attempts of
//!   a call with one body carry one `Idempotency-Key`; another model, or a stream, is another body.
//! - **Bounds**: 64 MiB for a reply, 64 KiB kept of an error's body, 100 headers, 1,000 attempts.
//! - **Secrets**: neither key nor prompt is in any `Debug`, `Display` or serialization, except that
//!   a service's own message is shown, less any key of 8 bytes or more. The key is not sent over
//!   plain HTTP except to this machine. Redirects are not followed.
//! - **Ending it early**: a [`CancelToken`] ends it from another thread; what the call held is given back.
//!
//! # The error table
//!
//! <!-- error table: written by `cargo xtask table` -->
//!
//! | status | type | `Kind` | cause | recommendation | retried |
//! |---|---|---|---|---|---|
//! | 400 | `invalid_request_error` | `InvalidRequest` | Malformed request body or invalid parameter values | Validate types and ranges such as temperature | no |
//! | 401 | `invalid_api_key` | `InvalidApiKey` | Missing, malformed, or invalid API key | Verify the Authorization header and active key | no |
//! | 403 | `permission_error` | `Permission` | Insufficient permissions for the resource | Check account access and plan limits | no |
//! | 402 | `insufficient_balance` | `InsufficientBalance` | Account balance is zero or below | Top up credits before retrying | no |
//! | 404 | `not_found_error` | `NotFound` | Unknown model or endpoint | Verify the model ID and request path | no |
//! | 429 | `rate_limit_error` | `RateLimit` | Too many requests in a short period | Apply exponential backoff and retry | yes |
//! | 500 | `server_error` | `Server` | Internal platform error | Retry the request, then contact support if it persists | yes |
//! | 502 | `server_error` | `Server` | Gateway could not reach upstream services cleanly | Retry after a short delay and inspect request ID | yes |
//! | 503 | `service_unavailable` | `ServiceUnavailable` | Model is temporarily overloaded | Retry after a short delay or switch models | yes |
//! | 504 | `gateway_timeout` | `GatewayTimeout` | Request took too long to process | Stream responses or raise the client timeout | yes |
//!
//! <!-- error table: end -->
//!
//! # Troubleshooting
//!
//! - *Too little in `main`'s output*: `{error}` is the line for people, `{error:?}` is for you.
//! - *"could not connect"*: base URL, DNS, proxy (`HTTPS_PROXY`, `NO_PROXY`; see
//!   [`ClientBuilder::proxy`]) or TLS roots ([`ClientBuilder::add_root_certificate`]); the source
//!   of the error says which.
//! - *Too many or too few retries*: [`Error::attempts`] lists them, [`Error::stopped_because`] says
//!   why there was none after the last; `max_retries = n` of other SDKs is `max_attempts(n + 1)`.
//! - *It takes long*: give [`Chat::on_attempt`] a hook and see each attempt and wait, or turn on
//!   the feature `tracing`.
//!
//! # Map
//!
//! - Calling: [`Client`], [`ClientBuilder`], [`Chat`], [`Reply`], [`ChatStream`]
//! - Chat: [`ChatRequest`], [`Message`], [`ChatCompletion`]; parts, tools and formats are in [`chat`]
//! - Other calls: [`Client::embeddings`], [`Client::models`], [`Client::post`], [`Client::get`]
//! - Many chats at once: [`Client::batch`]; the rest is in [`batch`]
//! - Failing: [`Error`], [`Kind`], [`RetryPolicy`]; everything else is in [`flow_errors`]
//! - Another HTTP stack: [`Transport`], [`HttpTransport`]; the wire itself is in [`flow_api`]
//!
//! # Features
//!
//! None is on by default. Minimum supported Rust version: 1.85.
//!
//! - `tracing`: a span of [`tracing`](https://docs.rs/tracing) for each call and one for each
//!   attempt, retries as events, with OpenTelemetry's names; without key, prompt or answer.
//!   [`flow_api`] lists the fields, the example `traced` prints them.

pub mod batch;
mod call;
mod cancel;
mod chat_stream;
mod client;
mod clock;
mod connection;
mod connector;
mod dial;
mod driver;
mod execute;
mod http;
mod incoming;
mod reading;
mod sleeper;
mod socket;
mod stream;
mod sync;
mod time_limit;
mod tls;
mod transport;
mod tunnel;
mod wait;
mod waiting;

pub use crate::cancel::CancelToken;
pub use crate::chat_stream::ChatStream;
pub use crate::client::Client;
pub use crate::http::HttpTransport;
pub use crate::transport::{ReplyBody, Transport};

#[doc(hidden)]
pub use crate::clock::Clock;
#[doc(hidden)]
pub use crate::sleeper::Sleeper;
pub use flow_api::{self, Chat, ChatCompletion, ChatRequest, ClientBuilder, Message, Reply, chat};
pub use flow_errors::{self, Error, Kind, Result, RetryPolicy};
