//! A service that streams: it cuts a reply into random pieces, as services do.

use std::borrow::BorrowMut;

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

/// How the pieces of tool calls say which call they belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Naming {
    /// By an index, in pieces that may be interleaved.
    Index,
    /// By the id in every piece, also interleaved.
    Id,
    /// Not at all after the first piece, so one comes after the other.
    Order,
    /// By index, id and name in every piece.
    Everything,
}

/// Random numbers from a list, which proptest can shrink; then zeros.
#[derive(Clone, Debug)]
pub(crate) struct Dice(std::vec::IntoIter<u8>);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        usize::from(self.0.next().unwrap_or(0)) % end.max(1)
    }

    /// Cuts a text into pieces, between characters; together they are the text.
    fn cut(&mut self, text: &str) -> Vec<String> {
        let mut pieces = vec![String::new()];
        for c in text.chars() {
            if self.below(3) == 1 {
                pieces.push(String::new());
            }
            pieces.last_mut().unwrap().push(c);
        }
        pieces
    }
}

pub(crate) fn dice() -> impl Strategy<Value = Dice> {
    vec(any::<u8>(), 0..400).prop_map(|rolls| Dice(rolls.into_iter()))
}

pub(crate) fn naming() -> impl Strategy<Value = Naming> {
    select(&[Naming::Index, Naming::Id, Naming::Order, Naming::Everything][..])
}

fn text() -> impl Strategy<Value = String> {
    "\\PC{0,12}"
}

/// What no version of these crates knows: the fields that vendors add.
fn extra() -> impl Strategy<Value = Map<String, Value>> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u32>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    let value = leaf.prop_recursive(2, 6, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(Value::from),
            btree_map("[a-z]{1,4}", inner, 0..3).prop_map(|map| map.into_iter().collect()),
        ]
    });
    btree_map("x_[a-z]{1,4}", value, 0..3).prop_map(|map| map.into_iter().collect())
}

fn token() -> impl Strategy<Value = Value> {
    (text(), any::<i16>()).prop_map(|(token, logprob)| {
        json!({ "token": token, "logprob": f64::from(logprob) / 8.0, "bytes": token.as_bytes(),
            "top_logprobs": [{ "token": token, "logprob": -1.0 }] })
    })
}

fn message() -> impl Strategy<Value = Value> {
    let content = prop_oneof![Just(Value::Null), text().prop_map(Value::from)];
    let call = (text(), "[a-z_]{1,6}").prop_map(|(arguments, name)| (name, arguments));
    let maybe = || proptest::option::of(text());
    let notes = vec(extra().prop_map(Value::Object), 0..3);
    (content, vec(call, 0..4), maybe(), maybe(), notes, extra()).prop_map(
        |(content, calls, refusal, thought, notes, extra)| {
            let mut message =
                json!({ "role": "assistant", "content": content, "refusal": refusal });
            if let Some(thought) = thought {
                message["reasoning_content"] = thought.into();
            }
            if !calls.is_empty() {
                let call = |(n, (name, arguments)): (usize, (String, String))| {
                    json!({ "id": format!("call_{n}"), "type": "function",
                        "function": { "name": name, "arguments": arguments } })
                };
                message["tool_calls"] = calls.into_iter().enumerate().map(call).collect();
            }
            if !notes.is_empty() {
                message["annotations"] = notes.into();
            }
            message.as_object_mut().unwrap().extend(extra);
            message
        },
    )
}

fn choice() -> impl Strategy<Value = Value> {
    let reason = select(&["stop", "length", "tool_calls", "content_filter", "eos"][..]);
    let logprobs = prop_oneof![
        Just(None),
        Just(Some(Value::Null)),
        (vec(token(), 0..5), vec(token(), 0..3))
            .prop_map(|(content, refusal)| Some(json!({ "content": content, "refusal": refusal }))),
    ];
    (message(), reason, logprobs, extra()).prop_map(|(message, reason, logprobs, extra)| {
        let mut choice = json!({ "message": message, "finish_reason": reason });
        if let Some(logprobs) = logprobs {
            choice["logprobs"] = logprobs;
        }
        choice.as_object_mut().unwrap().extend(extra);
        choice
    })
}

/// A reply as services send it in one piece.
pub(crate) fn reply() -> impl Strategy<Value = Value> {
    let usage = (any::<u32>(), any::<u32>(), extra()).prop_map(|(prompt, completion, extra)| {
        let mut usage = json!({ "prompt_tokens": prompt, "completion_tokens": completion });
        usage.as_object_mut().unwrap().extend(extra);
        usage
    });
    let usage = proptest::option::of(usage);
    (vec(choice(), 1..4), usage, "[a-z0-9-]{1,8}", extra()).prop_map(
        |(mut choices, usage, model, extra)| {
            for (index, choice) in choices.iter_mut().enumerate() {
                choice["index"] = index.into();
            }
            let mut reply = json!({ "id": "chatcmpl-1", "object": "chat.completion",
                "created": 1_700_000_000, "model": model, "choices": choices });
            if let Some(usage) = usage {
                reply["usage"] = usage;
            }
            reply.as_object_mut().unwrap().extend(extra);
            reply
        },
    )
}

/// Cuts a reply into the data of events.
pub(crate) fn stream(reply: &Value, naming: Naming, dice: &mut Dice) -> Vec<Value> {
    let mut queues: Vec<Vec<Value>> = reply["choices"]
        .as_array()
        .unwrap()
        .iter()
        .map(|choice| choice_pieces(choice, naming, dice))
        .collect();
    let mut events = Vec::new();
    while let Some(next) = deal(&mut queues, dice) {
        let mut chunk = head(reply);
        if dice.below(4) == 1 {
            chunk["obfuscation"] = "padding".into();
        }
        // Now and then one piece is about two answers.
        let mut others: Vec<_> =
            queues.iter_mut().filter(|queue| !is_about(queue, &next["index"])).collect();
        let other = if dice.below(4) == 1 { deal(&mut others, dice) } else { None };
        chunk["choices"] = std::iter::once(next).chain(other).collect();
        events.push(chunk);
    }
    if let Some(usage) = reply.get("usage") {
        let mut chunk = head(reply);
        chunk["choices"] = json!([]);
        chunk["usage"] = usage.clone();
        events.push(chunk);
    }
    events
}

/// What every piece repeats.
fn head(reply: &Value) -> Value {
    let mut chunk = reply.clone();
    chunk["object"] = "chat.completion.chunk".into();
    if reply.get("usage").is_some() {
        chunk["usage"] = Value::Null;
    }
    chunk
}

/// Whether what is left of an answer is that of this index.
fn is_about(queue: &[Value], index: &Value) -> bool {
    queue.first().is_some_and(|piece| piece["index"] == *index)
}

/// Takes the first of a random queue that is not empty.
fn deal(queues: &mut [impl BorrowMut<Vec<Value>>], dice: &mut Dice) -> Option<Value> {
    let queues = queues.iter_mut().map(BorrowMut::borrow_mut);
    let mut filled: Vec<&mut Vec<Value>> = queues.filter(|queue| !queue.is_empty()).collect();
    let at = dice.below(filled.len());
    filled.get_mut(at).map(|queue| queue.remove(0))
}

/// The pieces of one answer, each as an entry of `choices`.
fn choice_pieces(choice: &Value, naming: Naming, dice: &mut Dice) -> Vec<Value> {
    let index = choice["index"].clone();
    let mut deltas = delta_pieces(&choice["message"], naming, dice).into_iter();
    let mut logprobs = logprob_pieces(choice.get("logprobs"), dice).into_iter();
    let mut pieces = Vec::new();
    loop {
        let (delta, logprobs) = (deltas.next(), logprobs.next());
        if delta.is_none() && logprobs.is_none() {
            break;
        }
        let mut piece = json!({ "index": index, "delta": delta.unwrap_or_else(|| json!({})) });
        if let Some(logprobs) = logprobs {
            piece["logprobs"] = logprobs;
        }
        if dice.below(2) == 1 {
            piece["finish_reason"] = Value::Null;
        }
        pieces.push(piece);
    }
    let mut last = choice.clone();
    let fields = last.as_object_mut().unwrap();
    fields.remove("message");
    fields.remove("logprobs");
    fields.insert("delta".to_owned(), json!({}));
    pieces.push(last);
    pieces
}

fn logprob_pieces(logprobs: Option<&Value>, dice: &mut Dice) -> Vec<Value> {
    let Some(logprobs) = logprobs else { return Vec::new() };
    let Some(fields) = logprobs.as_object() else { return vec![logprobs.clone()] };
    let mut pieces = vec![json!({ "content": [], "refusal": [] })];
    for (name, list) in fields {
        for entry in list.as_array().unwrap() {
            if dice.below(2) == 1 {
                pieces.push(json!({ "content": [], "refusal": null }));
            }
            let piece = pieces.last_mut().unwrap();
            if piece[name].is_null() {
                piece[name] = json!([]);
            }
            piece[name].as_array_mut().unwrap().push(entry.clone());
        }
    }
    pieces
}

fn delta_pieces(message: &Value, naming: Naming, dice: &mut Dice) -> Vec<Value> {
    let mut first = json!({});
    let mut queues = Vec::new();
    for (name, value) in message.as_object().unwrap() {
        match value {
            Value::String(text) if name != "role" => {
                let pieces = dice.cut(text).into_iter();
                queues.push(pieces.map(|piece| json!({ name.as_str(): piece })).collect());
            }
            Value::Array(calls) if name == "tool_calls" => {
                let calls = calls.iter().enumerate();
                let pieces = calls.map(|(n, call)| call_pieces(n, call, naming, dice));
                let pieces = pieces.collect::<Vec<_>>().into_iter();
                match naming {
                    Naming::Order => queues.push(pieces.flatten().collect()),
                    Naming::Id => queues.push(begun_in_order(pieces.collect(), dice)),
                    Naming::Index | Naming::Everything => queues.extend(pieces),
                }
            }
            // Lists come entry by entry.
            Value::Array(list) => {
                let whole = dice.below(2) == 1 || list.is_empty();
                let pieces = if whole {
                    vec![value.clone()]
                } else {
                    list.iter().map(|entry| json!([entry])).collect()
                };
                queues.push(
                    pieces.into_iter().map(|piece| json!({ name.as_str(): piece })).collect(),
                );
            }
            _ => first[name] = value.clone(),
        }
    }
    let mut pieces = vec![first];
    while let Some(next) = deal(&mut queues, dice) {
        pieces.push(next);
    }
    pieces
}

/// Interleaves calls without an index: their order is that in which they begin.
fn begun_in_order(mut calls: Vec<Vec<Value>>, dice: &mut Dice) -> Vec<Value> {
    let mut pieces: Vec<_> = calls.iter_mut().map(|call| call.remove(0)).collect();
    while let Some(next) = deal(&mut calls, dice) {
        pieces.push(next);
    }
    pieces
}

/// The pieces of one tool call, each as a delta.
fn call_pieces(n: usize, call: &Value, naming: Naming, dice: &mut Dice) -> Vec<Value> {
    let pieces = dice.cut(call["function"]["arguments"].as_str().unwrap());
    let delta = |(at, arguments): (usize, String)| {
        let mut piece = json!({ "function": { "arguments": arguments } });
        let is_whole = at == 0 || naming == Naming::Everything;
        if is_whole || naming == Naming::Id {
            piece["id"] = call["id"].clone();
        }
        if is_whole {
            piece["type"] = call["type"].clone();
            piece["function"]["name"] = call["function"]["name"].clone();
        }
        if matches!(naming, Naming::Index | Naming::Everything) {
            piece["index"] = n.into();
        }
        json!({ "tool_calls": [piece] })
    };
    pieces.into_iter().enumerate().map(delta).collect()
}
