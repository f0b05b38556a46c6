//! What an official OpenAI SDK is asked to do with flow-sim, and what it must say of it.
//!
//! The names of the classes are those that the SDKs' documentation promises for a status; what
//! else must be seen follows from the service's error table.

use flow_errors::table::{Row, TABLE};
use flow_sim::{Action, Script};
use serde::Serialize;

/// How long a call may take that is not about time.
const PATIENT_MS: u64 = 20_000;

/// The model of an embeddings call, which no fault is known by.
const EMBEDDER: &str = "text-embedding-3-small";

/// The classes that are called differently in the two languages.
pub(crate) struct Classes {
    /// Of a status that has no class of its own, such as 402.
    pub(crate) other: &'static str,
    pub(crate) timeout: &'static str,
    /// Of a connection that is lost in the middle of a reply.
    pub(crate) torn: &'static str,
    /// What is known of the request id where a stream has an error event.
    pub(crate) id_in_stream: &'static str,
}

/// One call that a script makes through its SDK.
#[derive(Debug, Serialize)]
pub(crate) struct Trial {
    pub(crate) name: String,
    /// A function of the script: `chat`, `stream`, `tool_stream`, `embeddings`, `models` or `model`.
    call: &'static str,
    model: String,
    key: &'static str,
    timeout_ms: u64,
    max_retries: u32,
    #[serde(skip)]
    pub(crate) expected: String,
}

impl Trial {
    fn new(name: impl Into<String>, model: impl Into<String>, expected: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            call: "chat",
            model: model.into(),
            key: "sk-interop",
            timeout_ms: PATIENT_MS,
            max_retries: 0,
            expected: expected.into(),
        }
    }

    fn call(self, call: &'static str) -> Self {
        Self { call, ..self }
    }

    /// Lets the SDK try again as often as it does of its own accord.
    fn with_retries(self) -> Self {
        Self { max_retries: 2, ..self }
    }
}

/// Returns all calls: what succeeds, each row of the table, and faults on the way.
pub(crate) fn all(classes: &Classes) -> Vec<Trial> {
    let mut trials = good();
    trials.extend(refused());
    trials.extend(TABLE.iter().map(|row| {
        let status = row.status.as_u16();
        let name = format!("{status}, no retries");
        Trial::new(name, format!("sim-{status}"), failed(class(status, classes), row, 1))
    }));
    trials.extend(retried().map(|row| {
        let status = row.status.as_u16();
        let expected = failed(class(status, classes), row, 3);
        Trial::new(format!("{status}, usual retries"), again(status), expected).with_retries()
    }));
    trials.extend(faults(classes));
    trials.extend(streams(classes));
    trials
}

/// Returns what the server does for the calls that are tried again: the row each time, with a wait
/// that wastes no time.
pub(crate) fn script() -> Script {
    let lists = retried().fold(Script::new(), |script, row| {
        let status = row.status.as_u16();
        let quick = Action::row(status).header("retry-after-ms", "1");
        script.then_for(again(status), quick)
    });
    lists.repeat_last()
}

fn again(status: u16) -> String {
    format!("again-{status}")
}

/// The rows that the SDKs try again: 429 and whatever the server is to blame for.
fn retried() -> impl Iterator<Item = &'static Row> {
    TABLE.iter().filter(|row| row.status.as_u16() == 429 || row.status.is_server_error())
}

fn class(status: u16, classes: &Classes) -> &'static str {
    match status {
        400 => "BadRequestError",
        401 => "AuthenticationError",
        403 => "PermissionDeniedError",
        404 => "NotFoundError",
        429 => "RateLimitError",
        500.. => "InternalServerError",
        _ => classes.other,
    }
}

fn failed(class: &str, row: &Row, requests: usize) -> String {
    let (status, word) = (row.status.as_u16(), row.api_type);
    format!("{class} {status}, type and code {word}, request id as sent, ×{requests}")
}

fn good() -> Vec<Trial> {
    let hello = |requests: usize| {
        format!("ok: Hello from flow-sim, 9 + 6 tokens, request id as sent, ×{requests}")
    };
    let models = flow_sim::model_ids().len().saturating_add(3);
    let listed = format!("ok: {models} models, gpt-4o first, request id as sent, ×1");
    let found = "ok: gpt-4o of flow-sim, request id as sent, ×1";
    let vector = "ok: 8 numbers of length 1.000, asked for as base64, request id as sent, ×1";
    vec![
        Trial::new("chat", "gpt-4o", hello(1)),
        Trial::new("embeddings", EMBEDDER, vector).call("embeddings"),
        Trial::new("list of models", "", listed).call("models"),
        Trial::new("one model", "gpt-4o", found).call("model"),
        Trial::new("503 twice, then well", "sim-503-x2-sdk", hello(3)).with_retries(),
    ]
}

fn refused() -> [Trial; 2] {
    let key = "AuthenticationError 401, type and code invalid_api_key, request id as sent, ×1";
    let model = "NotFoundError 404, type not_found_error, code model_not_found, \
        request id as sent, ×1";
    [
        Trial { key: "sk-wrong", ..Trial::new("wrong key", "gpt-4o", key) },
        Trial::new("unknown model", "sim-nonsense", model),
    ]
}

fn faults(classes: &Classes) -> [Trial; 4] {
    let page = "InternalServerError 502, request id as sent, ×1";
    let lost = "APIConnectionError, no request id, ×1";
    let without_id = |class: &str| format!("{class}, no request id, ×1");
    let hang = Trial::new("no answer within a second", "sim-hang", without_id(classes.timeout));
    [
        Trial::new("a proxy's page of HTML", "sim-html-502", page),
        Trial { timeout_ms: 1_000, ..hang },
        Trial::new("reset before an answer", "sim-reset-before-head", lost),
        Trial::new("reset within an answer", "sim-reset-after-head", without_id(classes.torn)),
    ]
}

/// Streams: what is said of them is put together from their chunks, and the usage is asked for.
fn streams(classes: &Classes) -> Vec<Trial> {
    let hello = |requests: usize| {
        format!("ok: Hello from flow-sim, stop, 9 + 6 tokens, request id as sent, ×{requests}")
    };
    let call =
        "ok: get_weather({\"city\":\"sim\"}), tool_calls, 9 + 5 tokens, request id as sent, ×1";
    let error = format!(
        "APIError after Hello fro, type and code service_unavailable, {}, ×1",
        classes.id_in_stream
    );
    let refused = "RateLimitError 429, type and code rate_limit_error, request id as sent, ×1";
    let torn = format!("{} after Hello fro, no request id, ×1", classes.torn);
    let trial = |name: &str, model: &str, expected: &str| {
        Trial::new(format!("stream: {name}"), model, expected).call("stream")
    };
    vec![
        trial("good", "gpt-4o", &hello(1)),
        trial("a tool call", "gpt-4o", call).call("tool_stream"),
        trial("CR LF, a byte a write", "sim-stream-bytes", &hello(1)),
        trial("comments, keep-alives, empty deltas", "sim-stream-pings", &hello(1)),
        trial("503 twice, then well", "sim-503-x2-sdk-stream", &hello(3)).with_retries(),
        trial("refused before it begins", "sim-429", refused),
        trial("an error event", "sim-stream-error-nested", &error),
        trial("a named error event", "sim-stream-error-named", &error),
        trial("a reset", "sim-stream-reset", &torn),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLASSES: Classes =
        Classes { other: "APIError", timeout: "Late", torn: "Torn", id_in_stream: "no request id" };

    #[test]
    fn names_of_trials_are_different_so_that_their_requests_can_be_told_apart() {
        let mut names: Vec<_> = all(&CLASSES).into_iter().map(|trial| trial.name).collect();
        names.sort();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn each_row_has_the_class_that_the_documentation_promises() {
        let cases = [
            (400, "BadRequestError"),
            (401, "AuthenticationError"),
            (402, "APIError"),
            (403, "PermissionDeniedError"),
            (404, "NotFoundError"),
            (429, "RateLimitError"),
            (500, "InternalServerError"),
            (504, "InternalServerError"),
        ];
        for (status, want) in cases {
            assert_eq!(class(status, &CLASSES), want, "{status}");
        }
    }
}
