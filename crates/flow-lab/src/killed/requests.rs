//! What a batch of the trials is made of, and what the file of its replies says.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use flow_sim::Seen;
use serde_json::{Value, json};

use crate::Result;

/// How many calls are under way at once.
pub(super) const CONCURRENCY: usize = 16;

/// Returns the keys of so many requests.
pub(super) fn keys(count: usize) -> BTreeSet<String> {
    (0..count).map(|number| format!("key-{number}")).collect()
}

/// Writes a file of requests; what each one says is its key, so that the service's log tells it.
pub(super) fn write(path: &Path, keys: &BTreeSet<String>) -> Result {
    let mut text = String::new();
    for key in keys {
        writeln!(text, "{}", json!({ "custom_id": key, "prompt": key }))?;
    }
    Ok(fs::write(path, text)?)
}

/// Returns the key of the request that the service has seen.
pub(super) fn asked(seen: &Seen) -> Option<String> {
    let body: Value = serde_json::from_slice(&seen.body).ok()?;
    let message = body.get("messages")?.get(0)?;
    message.get("content")?.as_str().map(str::to_owned)
}

/// Returns the keys in the file of replies, and whether its last line is torn.
pub(super) fn recorded(path: &Path) -> Result<(Vec<String>, bool)> {
    let text = if path.exists() { fs::read_to_string(path)? } else { String::new() };
    let (mut keys, mut is_torn) = (Vec::new(), false);
    for line in text.split_inclusive('\n') {
        match key(line) {
            Some(key) => keys.push(key),
            None if !line.ends_with('\n') => is_torn = true,
            None => return Err(format!("this is no reply: {line}").into()),
        }
    }
    Ok((keys, is_torn))
}

/// Returns the key of a line with a whole reply.
fn key(line: &str) -> Option<String> {
    let line: Value = line.parse().ok()?;
    line.get("response")?.get("body")?.get("choices")?.as_array()?;
    line.get("custom_id")?.as_str().map(str::to_owned)
}
