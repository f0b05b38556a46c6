//! What went wrong, as one word to match on.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What went wrong.
///
/// The first nine are the types of the service's page; then come what users of language models
/// match on, what happens on the way, and what happens before anything is sent. The word of each,
/// [`as_str`](Self::as_str), is stable: it is what serialisation writes.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The service found the request malformed or a parameter out of range (400). Not run.
    InvalidRequest,
    /// The API key is missing, malformed or not active (401). Not run.
    InvalidApiKey,
    /// The account's balance or quota is used up (402, or a quota code under another status).
    /// Not run; waiting does not help, topping up does.
    InsufficientBalance,
    /// The key may not use this resource (403). Not run.
    Permission,
    /// The model or the path is unknown (404). Not run.
    NotFound,
    /// Too many requests in a short period (429). Not run.
    RateLimit,
    /// The platform failed internally or could not reach its upstream (500, 502).
    Server,
    /// The model is overloaded (503). Not run.
    ServiceUnavailable,
    /// The service gave up waiting for its own upstream (504). **May have been run and billed.**
    GatewayTimeout,
    /// The prompt or the answer met a content filter. Change the prompt.
    ContentFilter,
    /// The prompt and `max_tokens` do not fit into the model's context. Shorten them.
    ContextLength,
    /// The request body is larger than the service takes (413).
    PayloadTooLarge,
    /// Another request holds what this one needs (409).
    Conflict,
    /// DNS, TCP or TLS failed: nothing was sent.
    Connect,
    /// An attempt or the deadline ran out of time. May have been run if it had been sent.
    Timeout,
    /// The connection broke after the request was sent. **May have been run and billed.**
    Transport,
    /// A stream ended before it was complete. What was delivered has been billed.
    StreamTruncated,
    /// A success whose body cannot be read as the reply it should be. It was run and billed.
    Decode,
    /// A success whose body is larger than the caller's maximum. It was run and billed.
    ReplyTooLarge,
    /// The caller cancelled the call.
    Cancelled,
    /// The request was refused before it was sent: a value is out of range.
    InvalidInput,
    /// The client cannot be built or used as configured.
    Config,
    /// A status or an answer that the page knows nothing of; also, in JSON that a newer version
    /// wrote, a kind that this one does not know.
    #[serde(other)]
    Unexpected,
}

impl Kind {
    /// Every kind there is, in the order of the enum.
    pub const ALL: [Self; 23] = [
        Self::InvalidRequest,
        Self::InvalidApiKey,
        Self::InsufficientBalance,
        Self::Permission,
        Self::NotFound,
        Self::RateLimit,
        Self::Server,
        Self::ServiceUnavailable,
        Self::GatewayTimeout,
        Self::ContentFilter,
        Self::ContextLength,
        Self::PayloadTooLarge,
        Self::Conflict,
        Self::Connect,
        Self::Timeout,
        Self::Transport,
        Self::StreamTruncated,
        Self::Decode,
        Self::ReplyTooLarge,
        Self::Cancelled,
        Self::InvalidInput,
        Self::Config,
        Self::Unexpected,
    ];

    /// Returns the kind's word, as logs and JSON write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidApiKey => "invalid_api_key",
            Self::InsufficientBalance => "insufficient_balance",
            Self::Permission => "permission",
            Self::NotFound => "not_found",
            Self::RateLimit => "rate_limit",
            Self::Server => "server",
            Self::ServiceUnavailable => "service_unavailable",
            Self::GatewayTimeout => "gateway_timeout",
            Self::ContentFilter => "content_filter",
            Self::ContextLength => "context_length",
            Self::PayloadTooLarge => "payload_too_large",
            Self::Conflict => "conflict",
            Self::Connect => "connect",
            Self::Timeout => "timeout",
            Self::Transport => "transport",
            Self::StreamTruncated => "stream_truncated",
            Self::Decode => "decode",
            Self::ReplyTooLarge => "reply_too_large",
            Self::Cancelled => "cancelled",
            Self::InvalidInput => "invalid_input",
            Self::Config => "config",
            Self::Unexpected => "unexpected",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
