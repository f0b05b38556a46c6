//! An official OpenAI SDK as a client of flow-sim: its script runs, and its words are judged.
//!
//! What was sent is read from the server's log, never from the script.

pub(crate) mod openai_node;
pub(crate) mod openai_python;
mod trial;

use std::process::Command;

use flow_sim::{Seen, Sim};
use serde::Deserialize;
use serde_json::Value;

use self::trial::Classes;
use crate::Result;
use crate::interop::case::Case;
use crate::interop::command::printed;
use crate::interop::place::Place;

/// The header that tells the calls apart in the server's log.
const CASE_HEADER: &str = "x-interop-case";

/// The first line of a script: what it runs on.
#[derive(Deserialize)]
struct Opening {
    program: String,
}

/// What a script says of one call. Of a call that succeeds there is no class; the text of one that fails
/// is what it had said before.
#[derive(Default, Deserialize)]
struct Facts {
    name: String,
    class: Option<String>,
    status: Option<u16>,
    #[serde(rename = "type")]
    api_type: Option<String>,
    code: Option<String>,
    request_id: Option<String>,
    text: Option<String>,
}

/// Runs a script with a server of its own; `command` lacks only the server and the calls.
pub(crate) fn cases(
    client: &str,
    place: &Place,
    mut command: Command,
    classes: &Classes,
) -> Result<Vec<Case>> {
    let sim = Sim::builder().script(trial::script()).start()?;
    let trials = trial::all(classes);
    let file = place.write("trials.json", &serde_json::to_string(&trials)?)?;
    let printed = printed(client, command.arg(sim.base_url()).arg(file))?;
    let mut lines = printed.lines();
    let Opening { program } = serde_json::from_str(lines.next().unwrap_or_default())?;
    let facts: Result<Vec<Facts>, _> = lines.map(serde_json::from_str).collect();
    let (facts, log) = (facts?, sim.log());
    let cases = trials.into_iter().map(|trial| {
        let facts = facts.iter().find(|facts| facts.name == trial.name);
        let seen =
            facts.map_or_else(|| "nothing".to_owned(), |facts| seen(facts, &sent(&log, facts)));
        let (program, client) = (program.clone(), client.to_owned());
        Case { program, client, name: trial.name, expected: trial.expected, seen }
    });
    Ok(cases.collect())
}

/// The requests that were sent for a call.
fn sent<'a>(log: &'a [Seen], facts: &Facts) -> Vec<&'a Seen> {
    let is_of = |seen: &&Seen| {
        seen.headers.get(CASE_HEADER).is_some_and(|value| value.as_bytes() == facts.name.as_bytes())
    };
    log.iter().filter(is_of).collect()
}

/// What was seen of a call, in the words of the expectations.
fn seen(facts: &Facts, sent: &[&Seen]) -> String {
    let text = facts.text.as_deref();
    let mut parts = vec![match (&facts.class, facts.status) {
        (None, _) => format!("ok: {}", text.unwrap_or("nothing")),
        (Some(class), Some(status)) => format!("{class} {status}"),
        (Some(class), None) => {
            text.map_or_else(|| class.clone(), |text| format!("{class} after {text}"))
        }
    }];
    parts.extend(words(facts));
    let last = sent.last();
    if let Some(format) = last.and_then(|last| encoding(last)) {
        parts.push(format!("asked for as {format}"));
    }
    parts.push(match (&facts.request_id, last) {
        (None, _) => "no request id".to_owned(),
        (Some(id), Some(last)) if *id == last.request_id => "request id as sent".to_owned(),
        (Some(id), _) => format!("request id {id}"),
    });
    parts.push(format!("×{}", sent.len()));
    parts.join(", ")
}

fn words(facts: &Facts) -> Option<String> {
    match (&facts.api_type, &facts.code) {
        (Some(one), Some(other)) if one == other => Some(format!("type and code {one}")),
        (Some(one), Some(other)) => Some(format!("type {one}, code {other}")),
        (Some(one), None) => Some(format!("type {one}, no code")),
        (None, Some(other)) => Some(format!("no type, code {other}")),
        (None, None) => None,
    }
}

/// The form in which an embeddings call asks for its vectors.
fn encoding(request: &Seen) -> Option<String> {
    let body: Value = serde_json::from_slice(&request.body).ok()?;
    Some(body.get("encoding_format")?.as_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_seen_of_a_call_is_said_in_the_words_of_the_expectations() {
        let text = |text: &str| Some(text.to_owned());
        let failed = Facts { class: text("RateLimitError"), status: Some(429), ..Facts::default() };
        let lost = Facts { class: text("APIConnectionError"), ..Facts::default() };
        let torn = Facts { class: text("APIError"), text: text("Hel"), ..Facts::default() };
        let cases = [
            (torn, "APIError after Hel, no request id, ×0"),
            (Facts { text: text("Hello"), ..Facts::default() }, "ok: Hello, no request id, ×0"),
            (lost, "APIConnectionError, no request id, ×0"),
            (
                Facts { api_type: text("a"), code: text("a"), request_id: text("r"), ..failed },
                "RateLimitError 429, type and code a, request id r, ×0",
            ),
        ];
        for (facts, want) in cases {
            assert_eq!(seen(&facts, &[]), want);
        }
    }

    #[test]
    fn type_and_code_are_told_apart() {
        let cases = [
            (Some("a"), Some("a"), Some("type and code a")),
            (Some("a"), Some("b"), Some("type a, code b")),
            (Some("a"), None, Some("type a, no code")),
            (None, Some("b"), Some("no type, code b")),
            (None, None, None),
        ];
        for (api_type, code, want) in cases {
            let own = |word: Option<&str>| word.map(str::to_owned);
            let facts = Facts { api_type: own(api_type), code: own(code), ..Facts::default() };
            assert_eq!(words(&facts).as_deref(), want);
        }
    }
}
