//! What LiteLLM is asked, and what a user of our clients must see of its answer.
//!
//! LiteLLM keeps an upstream's status, but writes type and code itself: the code is the status
//! once more, so that words such as `insufficient_quota` do not come through. It passes the
//! upstream's request id on as `request-id`.

use flow_errors::Kind;
use flow_errors::table::{Row, TABLE};
use flow_sim::{Action, Script};
use serde_json::json;

use super::call::{Call, Client, What};

/// One call, and what must be seen.
pub(super) struct Trial {
    pub(super) name: String,
    pub(super) call: Call,
    /// The call is made until it fails, but no more than so many times.
    pub(super) up_to: usize,
    pub(super) expected: String,
}

impl Trial {
    fn new(name: impl Into<String>, what: What, expected: impl Into<String>) -> Self {
        let call = Call { key: "sk-interop", max_attempts: 3, what };
        Self { name: name.into(), call, up_to: 1, expected: expected.into() }
    }

    fn chat(name: impl Into<String>, model: &str, expected: impl Into<String>) -> Self {
        Self::new(name, What::Chat(model.to_owned()), expected)
    }
}

/// What an upstream says of three refusals that the service's page has no row for: name, status,
/// type and code.
const WORDS: [(&str, u16, &str, &str); 3] = [
    ("sim-quota", 429, "insufficient_quota", "insufficient_quota"),
    ("sim-context", 400, "invalid_request_error", "context_length_exceeded"),
    ("sim-filter", 400, "invalid_request_error", "content_filter"),
];

/// Returns what flow-sim does for the models of [`WORDS`].
pub(super) fn script() -> Script {
    let lists = WORDS.into_iter().fold(Script::new(), |script, (model, status, api_type, code)| {
        let error = json!({ "message": "No.", "type": api_type, "code": code, "param": null });
        script.then_for(model, Action::status(status).json(&json!({ "error": error })))
    });
    lists.repeat_last()
}

/// Returns all calls for a client.
pub(super) fn all(client: Client) -> Vec<Trial> {
    let mut trials = Vec::from(good(client));
    trials.extend(refused());
    trials.extend(failed(client));
    trials.extend(TABLE.iter().map(upstream));
    trials.extend(WORDS.map(|(model, status, _, code)| {
        // The code is lost on the way, and with it the reason not to try again.
        let kind = if status == 429 { Kind::RateLimit } else { Kind::InvalidRequest };
        Trial::chat(format!("{status} {code} behind it"), model, behind(status, kind))
    }));
    trials.extend(faults());
    trials
}

fn good(client: Client) -> [Trial; 4] {
    let recovering = format!("sim-503-x2-{}", client.as_str());
    let recovered = "ok: Hello from flow-sim, 9 + 6 tokens, ×3, upstream ×3";
    [
        Trial::chat("chat", "hello", "ok: Hello from LiteLLM, 10 + 20 tokens, ×1"),
        Trial::new("list of models", What::Models, "ok: hello, mock-rate-limit, ..., ×1"),
        Trial::chat(
            "chat with flow-sim behind it",
            "upstream",
            "ok: Hello from flow-sim, 9 + 6 tokens, ×1, upstream ×1",
        ),
        Trial::chat("503 behind it twice, then well", &recovering, recovered),
    ]
}

fn refused() -> [Trial; 5] {
    let no_messages = What::Post(json!({ "model": "hello" }));
    let no_list = What::Post(json!({ "model": "hello", "messages": 7 }));
    let hello = What::Chat("hello".to_owned());
    let wrong = Trial::new(
        "wrong key",
        hello,
        "400 invalid_api_key ×1, type no_db_connection, code 400, no request id",
    );
    [
        Trial { call: Call { key: "sk-unknown", ..wrong.call }, ..wrong },
        Trial::chat(
            "wrong key behind it",
            "wrong-upstream-key",
            "401 invalid_api_key ×1, type authentication_error, code 401, the upstream's request id, \
                call id kept, upstream ×1",
        ),
        Trial::chat(
            "unknown model",
            "nonsense",
            "400 invalid_request ×1, type invalid_request_error, code 400, no request id, call id kept",
        ),
        Trial::new(
            "body without messages",
            no_messages,
            "400 invalid_request ×1, type invalid_request_error, code 400, param messages, \
                no request id, call id kept",
        ),
        // LiteLLM stumbles over it and takes the blame.
        Trial::new(
            "messages that are no list",
            no_list,
            "500 server ×3, type internal_server_error, code 500, no request id, call id kept",
        ),
    ]
}

fn failed(client: Client) -> [Trial; 4] {
    let limited = format!("one-a-minute-{}", client.as_str());
    let refused = |attempts: usize| {
        format!(
            "429 rate_limit ×{attempts}, type throttling_error, code 429, no request id, \
                call id kept"
        )
    };
    let limit = Trial::chat("limit of one call a minute", &limited, refused(1));
    let context = "400 invalid_request ×1, type invalid_request_error, code 400, no request id, \
        call id kept";
    let broken = "500 server ×3, type internal_server_error, code 500, no request id, call id kept";
    [
        Trial::chat("mock of a rate limit", "mock-rate-limit", refused(3)),
        // The first call passes, the second does not, unless a new minute has begun; one attempt
        // each, so that a new minute cannot let a retry pass.
        Trial { up_to: 4, call: Call { max_attempts: 1, ..limit.call }, ..limit },
        Trial::chat("mock of a server error", "mock-server-error", broken),
        // Only its prose says that it is about the context.
        Trial::chat("mock of a context too long", "mock-context", context),
    ]
}

/// A row of the table behind it.
fn upstream(row: &Row) -> Trial {
    let status = row.status.as_u16();
    let model = format!("sim-{status}");
    Trial::chat(format!("{status} behind it"), &model, behind(status, row.kind))
}

/// What must be seen of an upstream's failure with this status.
fn behind(status: u16, kind: Kind) -> String {
    let api_type = match status {
        401 => "authentication_error",
        403 => "permission_error",
        429 => "throttling_error",
        500.. => "internal_server_error",
        _ => "invalid_request_error",
    };
    let attempts = if status == 429 || status >= 500 { 3 } else { 1 };
    format!(
        "{status} {kind} ×{attempts}, type {api_type}, code {status}, the upstream's request id, \
            call id kept, upstream ×{attempts}"
    )
}

fn faults() -> [Trial; 3] {
    let lost = "500 server ×3, type internal_server_error, code 500, no request id, call id kept, \
        upstream ×3";
    [
        Trial::chat("page of HTML behind it", "sim-html-502", behind(502, Kind::Server)),
        Trial::chat("reset behind it", "sim-reset-before-head", lost),
        Trial::chat("cut body behind it", "sim-truncated-length", lost),
    ]
}
