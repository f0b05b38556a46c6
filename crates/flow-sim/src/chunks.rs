//! A chat completion taken apart into the chunks of its stream.
//!
//! The chunks are made from the completion that a request without `stream` gets, so that both say the
//! same: put together again, every field of it is there.

use std::collections::VecDeque;

use serde_json::{Map, Value, json};

use crate::chat::tokens;
use crate::event::Event;
use crate::logprobs::pieces;

/// The most chunks that the text of one choice comes in: a long one has longer pieces.
const MOST_PIECES: usize = 256;

/// What a chunk is for. Streams have them in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Section {
    /// The role of a choice, and no content.
    Opening,
    Content,
    /// The finish reason of a choice.
    Finish,
    Usage,
    /// `[DONE]`.
    Done,
}

/// One event of the service's own.
#[derive(Debug)]
pub(crate) struct Own {
    pub(crate) section: Section,
    pub(crate) event: Event,
}

/// A completion as a stream.
#[derive(Debug)]
pub(crate) struct Chunks {
    pub(crate) own: VecDeque<Own>,
    /// A chunk of the same completion that says nothing.
    pub(crate) idle: Value,
}

/// Takes apart the completion that answers `request`.
pub(crate) fn chunks(completion: &Value, request: &Value) -> Chunks {
    let has_usage = request.pointer("/stream_options/include_usage") == Some(&Value::Bool(true));
    let frame = Frame::new(completion, has_usage);
    let choices = completion.get("choices").and_then(Value::as_array);
    let choices: Vec<_> = choices.into_iter().flatten().collect();
    let lanes: Vec<_> = choices.iter().map(|choice| contents(choice)).collect();
    let longest = lanes.iter().map(Vec::len).max().unwrap_or(0);

    let openings = choices.iter().map(|choice| (Section::Opening, opening(choice)));
    // Choice by choice in turn, as services that work on all of them at once.
    let contents = (0..longest).flat_map(|at| lanes.iter().filter_map(move |lane| lane.get(at)));
    let contents = contents.map(|content| (Section::Content, content.clone()));
    let finishes = choices.iter().map(|choice| (Section::Finish, finish(choice)));
    let own = openings.chain(contents).chain(finishes).map(|(section, choice)| Own {
        section,
        event: Event::data(frame.chunk(&[choice]).to_string()),
    });
    let usage = has_usage.then(|| Own {
        section: Section::Usage,
        event: Event::data(frame.usage(completion).to_string()),
    });
    Chunks { own: own.chain(usage).chain([done()]).collect(), idle: frame.chunk(&[idle()]) }
}

/// The event that ends a stream.
pub(crate) fn done() -> Own {
    Own { section: Section::Done, event: Event::data("[DONE]") }
}

/// The fields that all chunks of a stream share.
struct Frame(Map<String, Value>);

impl Frame {
    fn new(completion: &Value, has_usage: bool) -> Self {
        let mut fields = completion.as_object().cloned().unwrap_or_default();
        fields.remove("choices");
        fields.remove("usage");
        fields.insert("object".to_owned(), "chat.completion.chunk".into());
        if has_usage {
            fields.insert("usage".to_owned(), Value::Null);
        }
        Self(fields)
    }

    fn chunk(&self, choices: &[Value]) -> Value {
        let mut fields = self.0.clone();
        fields.insert("choices".to_owned(), choices.into());
        Value::Object(fields)
    }

    fn usage(&self, completion: &Value) -> Value {
        let mut chunk = self.chunk(&[]);
        if let (Some(chunk), Some(usage)) = (chunk.as_object_mut(), completion.get("usage")) {
            chunk.insert("usage".to_owned(), usage.clone());
        }
        chunk
    }
}

fn opening(choice: &Value) -> Value {
    let field = |name: &str| choice.pointer("/message").and_then(|message| message.get(name));
    // Of a text the opening has the empty beginning.
    let content = field("content").filter(|content| content.is_string()).map(|_| "");
    let delta = json!({ "role": field("role"), "content": content, "refusal": field("refusal") });
    part(choice, &delta, &Value::Null, &Value::Null)
}

fn finish(choice: &Value) -> Value {
    let reason = choice.get("finish_reason").unwrap_or(&Value::Null);
    part(choice, &json!({}), &Value::Null, reason)
}

fn idle() -> Value {
    part(&json!({ "index": 0 }), &json!({ "content": "" }), &Value::Null, &Value::Null)
}

/// The content of a choice, piece by piece.
fn contents(choice: &Value) -> Vec<Value> {
    let text = choice.pointer("/message/content").and_then(Value::as_str);
    let calls = choice.pointer("/message/tool_calls").and_then(Value::as_array);
    let mut all: Vec<_> = text.map(|text| texts(choice, text)).unwrap_or_default();
    for (index, call) in calls.into_iter().flatten().enumerate() {
        all.extend(call_deltas(index, call).map(|delta| {
            let delta = json!({ "tool_calls": [delta] });
            part(choice, &delta, &Value::Null, &Value::Null)
        }));
    }
    all
}

/// A text in its tokens, each with its log probability where the choice has them.
fn texts(choice: &Value, text: &str) -> Vec<Value> {
    let tokens = pieces(text, usize::try_from(tokens(&json!(text))).unwrap_or(1));
    let likely = choice.pointer("/logprobs/content").and_then(Value::as_array);
    let size = tokens.len().div_ceil(MOST_PIECES).max(1);
    let likely: Vec<_> = likely.map_or_else(Vec::new, |all| all.chunks(size).collect());
    let piece = |(at, tokens): (usize, &[String])| {
        let logprobs = likely.get(at).map(|all| json!({ "content": all, "refusal": null }));
        let delta = json!({ "content": tokens.concat() });
        part(choice, &delta, &logprobs.unwrap_or_default(), &Value::Null)
    };
    tokens.chunks(size).enumerate().map(piece).collect()
}

/// A call: first what is called, then the arguments in at least two pieces.
fn call_deltas(index: usize, call: &Value) -> impl Iterator<Item = Value> {
    let field = |path: &str| call.pointer(path).and_then(Value::as_str).unwrap_or_default();
    let arguments = field("/function/arguments");
    let count = usize::try_from(tokens(&json!(arguments))).unwrap_or(2);
    let function = json!({ "name": field("/function/name"), "arguments": "" });
    let first = json!({
        "index": index, "id": field("/id"), "type": field("/type"), "function": function,
    });
    let rest = pieces(arguments, count.clamp(2, MOST_PIECES)).into_iter();
    let rest = rest.map(move |piece| json!({ "index": index, "function": { "arguments": piece } }));
    [first].into_iter().chain(rest)
}

/// One choice of a chunk.
fn part(choice: &Value, delta: &Value, logprobs: &Value, finish_reason: &Value) -> Value {
    json!({
        "index": choice.get("index"),
        "delta": delta,
        "logprobs": logprobs,
        "finish_reason": finish_reason,
    })
}
