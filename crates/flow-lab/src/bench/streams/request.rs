//! What a bare program sends to ask for a stream: the bytes that ours sends.

use serde::Serialize;

use crate::Result;
use crate::bench::calls::same::PROMPT;

#[derive(Serialize)]
struct Chat<'a> {
    model: &'a str,
    messages: [Message; 1],
    stream: bool,
    stream_options: Options,
}

#[derive(Serialize)]
struct Message {
    role: &'static str,
    content: &'static str,
}

#[derive(Serialize)]
struct Options {
    include_usage: bool,
}

/// Writes a request for a stream.
pub(super) fn body(model: &str) -> Result<Vec<u8>> {
    let messages = [Message { role: "user", content: PROMPT }];
    let stream_options = Options { include_usage: true };
    Ok(serde_json::to_vec(&Chat { model, messages, stream: true, stream_options })?)
}
