//! What came of a call, in a line: attempts, message, hint, money.

use std::time::Duration;

use flow_async::flow_api::ModelList;
use flow_async::{ChatCompletion, Reply};
use flow_errors::{Attempt, Attempts, Error, StoppedBecause};

/// Longer texts are counted, not shown.
const SHOWN_CHARS: usize = 60;

/// What came of a chat call.
pub(super) fn chat(call: &Result<Reply<ChatCompletion>, Error>) -> String {
    call.as_ref().map_or_else(failure, |reply| success(reply.attempts(), &text(reply.text())))
}

/// What came of a list of models.
pub(super) fn models(call: &Result<Reply<ModelList>, Error>) -> String {
    call.as_ref().map_or_else(failure, |reply| {
        let has_all = flow_sim::model_ids().iter().all(|(id, _)| reply.ids().any(|own| own == id));
        success(reply.attempts(), if has_all { "all models" } else { "some models are missing" })
    })
}

/// What came of a call whose reply does not matter.
pub(super) fn any<T>(call: &Result<Reply<T>, Error>) -> String {
    call.as_ref().map_or_else(failure, |reply| success(reply.attempts(), "a reply"))
}

fn success(attempts: &Attempts, what: &str) -> String {
    let billed = if attempts.is_maybe_billed() { ", perhaps billed twice" } else { "" };
    format!("{}, {what}{billed}", history(attempts))
}

fn failure(error: &Error) -> String {
    let mut line = history(error.attempts());
    // The words for a broken connection, or for a page in place of JSON, are each stack's own.
    if error.status().is_some_and(|status| !status.is_success()) {
        line.push_str(&format!(", {}", text(error.message())));
    }
    if let Some(wait) = error.retry_after() {
        line.push_str(&format!(", asks for {} s", wait.as_secs_f64()));
    }
    line.push_str(if error.is_maybe_billed() { ", perhaps billed" } else { ", not billed" });
    match error.stopped_because() {
        None | Some(StoppedBecause::NotRetryable | StoppedBecause::MaxAttempts) => {}
        Some(reason) => line.push_str(&format!(", {reason}")),
    }
    line
}

/// Whether the client waited at least `hint` after each attempt but the last.
pub(super) fn waits(attempts: &Attempts, hint: Duration) -> String {
    let pairs = attempts.iter().zip(attempts.iter().skip(1));
    let pauses = pairs.map(|(one, next)| {
        let pause = next.started().saturating_sub(one.started().saturating_add(one.elapsed()));
        pause.min(one.wait().unwrap_or_default())
    });
    match pauses.min() {
        Some(least) if least < hint => format!(", waits only {least:?}"),
        Some(_) => format!(", waits ≥ {} s", hint.as_secs_f64()),
        None => ", waits for nothing".to_owned(),
    }
}

/// What the lines of nginx's log add: `gzip` where every reply was compressed, and the number of
/// requests where it is not what it must be.
pub(super) fn logged(lines: &[String], arrived: usize) -> String {
    let packed = lines.iter().filter(|line| line.ends_with(" gzip")).count();
    let mut words = match packed {
        0 => String::new(),
        all if all == lines.len() => ", gzip".to_owned(),
        some => format!(", gzip in {some} of {}", lines.len()),
    };
    if lines.len() != arrived {
        words.push_str(&format!(", of {arrived} requests nginx saw {}", lines.len()));
    }
    words
}

/// The attempts in order, equal ones counted: `429 rate_limit → 200`, `502 server ×3`.
fn history(attempts: &Attempts) -> String {
    let each: Vec<_> = attempts.iter().map(outcome).collect();
    let runs = each.chunk_by(|one, next| one == next).map(|run| match run {
        [one, _, ..] => format!("{one} ×{}", run.len()),
        run => run.concat(),
    });
    let runs: Vec<_> = runs.collect();
    if runs.is_empty() { "not sent".to_owned() } else { runs.join(" → ") }
}

fn outcome(attempt: &Attempt) -> String {
    let status = attempt.status().map(|status| status.as_str().to_owned());
    let kind = attempt.kind().map(|kind| kind.as_str().to_owned());
    let words: Vec<_> = status.into_iter().chain(kind).collect();
    words.join(" ")
}

fn text(text: &str) -> String {
    match text.chars().count() {
        0..=SHOWN_CHARS => format!("\"{text}\""),
        count => format!("{count} characters"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn error(fields: Value, attempts: Value) -> Error {
        let mut all = fields;
        all["attempts"] = attempts;
        serde_json::from_value(all).unwrap()
    }

    /// An attempt of 10 ms, `started` ms after the call.
    fn attempt(status: u16, kind: &str, started: u64, wait: Option<u64>) -> Value {
        json!({
            "number": 1, "status": status, "kind": kind, "maybe_billed": false,
            "started_ns": started * 1_000_000, "elapsed_ns": 10_000_000,
            "wait_ns": wait.map(|wait| wait * 1_000_000),
        })
    }

    #[test]
    fn failure_says_attempts_message_hint_money_and_an_unusual_reason() {
        let twice = json!([attempt(502, "server", 0, None), attempt(502, "server", 20, None)]);
        let mixed = json!([attempt(502, "server", 0, None), attempt(429, "rate_limit", 20, None)]);
        #[rustfmt::skip]
        let table = [
            // fields, attempts, want
            (json!({ "kind": "server", "class": "transient", "status": 502, "message": "502 Bad Gateway" }),
                twice.clone(), "502 server ×2, \"502 Bad Gateway\", not billed"),
            (json!({ "kind": "rate_limit", "class": "throttled", "status": 429, "message": "slow",
                    "retry_after_ns": 600_000_000_000_u64, "stopped_because": "retry_after_too_long" }),
                mixed, "502 server → 429 rate_limit, \"slow\", asks for 600 s, not billed, retry_after_too_long"),
            (json!({ "kind": "transport", "class": "ambiguous", "message": "a stack's own words",
                    "stopped_because": "max_attempts" }),
                json!([]), "not sent, perhaps billed"),
            (json!({ "kind": "server", "class": "transient", "status": 500, "message": "a".repeat(61) }),
                twice, "502 server ×2, 61 characters, not billed"),
        ];
        for (fields, attempts, want) in table {
            assert_eq!(failure(&error(fields, attempts)), want);
        }
    }

    #[test]
    fn waits_are_the_least_of_what_was_planned_and_what_was_waited() {
        let fields = json!({ "kind": "rate_limit", "class": "throttled", "message": "" });
        let last = attempt(429, "rate_limit", 5_000, None);
        #[rustfmt::skip]
        let table = [
            // started, planned, want
            (3_900, Some(1_000), ", waits ≥ 1 s"),
            (3_995, Some(1_000), ", waits only 995ms"),
            (3_000, Some(900),   ", waits only 900ms"),
        ];
        for (started, planned, want) in table {
            let attempts = json!([attempt(429, "rate_limit", started, planned), last]);
            let error = error(fields.clone(), attempts);
            assert_eq!(waits(error.attempts(), Duration::from_secs(1)), want);
        }
        let once = error(fields, json!([last]));
        assert_eq!(waits(once.attempts(), Duration::from_secs(1)), ", waits for nothing");
    }

    #[test]
    fn log_adds_compression_and_numbers_that_do_not_fit() {
        let table = [
            (&["/a 200 -"][..], 1, ""),
            (&["/a 404 gzip", "/a 404 gzip"], 2, ", gzip"),
            (&["/a 200 gzip", "/a 200 -"], 2, ", gzip in 1 of 2"),
            (&["/a 200 -"], 3, ", of 3 requests nginx saw 1"),
        ];
        for (lines, arrived, want) in table {
            let lines: Vec<_> = lines.iter().map(|&line| line.to_owned()).collect();
            assert_eq!(logged(&lines, arrived), want);
        }
    }
}
