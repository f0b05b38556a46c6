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
