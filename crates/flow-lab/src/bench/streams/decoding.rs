//! From bytes to pieces of an answer: against `serde_json` alone, which is given the JSON already.
//!
//! Ours finds the events, and keeps every field whatever its type. `serde_json` keeps the fields as
//! well; how ours compares to a program that drops them is told beside it, and so is what a client
//! does with a stream in all: it tells errors from pieces, and puts the reply together.

use std::hint::black_box;
use std::time::SystemTime;

use bytes::Bytes;
use flow_api::chat::Chunk;
use flow_api::client::Streaming;
use flow_api::sse::Decoder;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::piece::{Keeping, Plain};
use super::reads::{body, reads};
use crate::Result;
use crate::bench::cpu;
use crate::bench::figure::Figure;
use crate::bench::paired::Pairs;
use crate::progress::Progress;

/// The most that ours may take of what `serde_json` takes alone.
const LIMIT: f64 = 1.15;

/// The streams of one round.
const STREAMS: usize = 40;

/// The pieces of text in a stream.
const TEXTS: usize = 400;

/// Measures the decoding of pieces, and all that is done with a stream.
pub(super) fn measure(progress: &Progress) -> Result<Vec<Figure>> {
    let data = data();
    let reads = reads(&body(&data));
    let pieces = data.get(..data.len() - 1).unwrap_or_default();
    let (framed, read) = (|| framed(&reads), || streamed(&reads));
    let (keeping, plain) = (|| alone::<Keeping>(pieces), || alone::<Plain>(pieces));
    let figure =
        |name: &str, ours: &dyn Fn() -> Result<usize>, floor: &dyn Fn() -> Result<usize>, limit| {
            let each = |work: &dyn Fn() -> Result<usize>| per_piece(pieces.len(), work);
            let pairs = Pairs::measure(|| each(ours), || each(floor), progress.of(name))?;
            Ok(Figure::of_pairs(name, "ns", &pairs, limit))
        };
    [
        figure("decoding, events and JSON against keeping fields", &framed, &keeping, Some(LIMIT)),
        figure("decoding, events and JSON against dropping fields", &framed, &plain, None),
        figure("decoding, all of a stream against keeping fields", &read, &keeping, None),
        figure("decoding, all of a stream against dropping fields", &read, &plain, None),
    ]
    .into_iter()
    .collect()
}

/// What a stream says: who speaks, a text, a tool call, its ends, what it cost.
fn data() -> Vec<String> {
    let delta = |delta: Value| piece(&json!([choice(&delta, &Value::Null)]), &Value::Null);
    let call = |call: Value| delta(json!({ "tool_calls": [call] }));
    let mut data = vec![delta(json!({ "role": "assistant", "content": "", "refusal": null }))];
    data.extend((0..TEXTS).map(|at| delta(json!({ "content": WORDS.get(at % WORDS.len()) }))));
    let function = json!({ "name": "get_weather", "arguments": "" });
    data.push(call(json!({ "index": 0, "id": "call_9hGTvQ2mXe7LsYc1KbNdRw4P", "type": "function", "function": function })));
    data.extend((0..TEXTS / 10).map(|at| {
        call(json!({ "index": 0, "function": { "arguments": WORDS.get(at % WORDS.len()) } }))
    }));
    data.push(piece(&json!([choice(&json!({}), &"tool_calls".into())]), &Value::Null));
    data.push(piece(&json!([]), &usage()));
    data.push("[DONE]".to_owned());
    data
}

const WORDS: [&str; 8] =
    [" the", " weather", " in", " Lisbon", ",", " \"sunny\"", "\n\n", " caf\u{e9}"];

/// Written out, since a map would put the fields into another order than the service does.
fn piece(choices: &Value, usage: &Value) -> String {
    format!(
        r#"{{"id":"chatcmpl-B9MHDbslfkBeAs8l4bebGdFOJ6PeG","object":"chat.completion.chunk","created":1741570283,"model":"gpt-4o-2024-08-06","service_tier":"default","system_fingerprint":"fp_50cad350e4","choices":{choices},"usage":{usage}}}"#
    )
}

fn choice(delta: &Value, finish_reason: &Value) -> Value {
    json!({ "index": 0, "delta": delta, "logprobs": null, "finish_reason": finish_reason })
}

fn usage() -> Value {
    json!({
        "prompt_tokens": 19, "completion_tokens": 440, "total_tokens": 459,
        "prompt_tokens_details": { "cached_tokens": 0, "audio_tokens": 0 },
        "completion_tokens_details": { "reasoning_tokens": 0, "audio_tokens": 0 },
    })
}

fn per_piece(pieces: usize, work: impl Fn() -> Result<usize>) -> Result<f64> {
    let spent = cpu::spent(|| {
        for _ in 0..STREAMS {
            let seen = work()?;
            if seen != pieces {
                return Err(format!("{seen} pieces came out of {pieces}").into());
            }
        }
        Ok(())
    })?;
    Ok(spent.as_secs_f64() * 1e9 / f64::from(u32::try_from(STREAMS * pieces)?))
}

/// Finds the events and decodes what is in them.
fn framed(reads: &[Bytes]) -> Result<usize> {
    let mut decoder = Decoder::new();
    let mut seen = 0;
    for read in reads {
        decoder.push(read.clone());
        while let Some(event) = decoder.next_event()? {
            if !event.is_done() {
                black_box(Chunk::from_json(event.data())?);
                seen += 1;
            }
        }
    }
    Ok(seen)
}

/// Does all that a client does with the bytes of a stream, the reply that is put together included.
fn streamed(reads: &[Bytes]) -> Result<usize> {
    let (head, ()) = http::Response::new(()).into_parts();
    let mut stream = Streaming::new(head, SystemTime::UNIX_EPOCH);
    let mut seen = 0;
    for read in reads {
        stream.push(read.clone());
        while let Some(chunk) = stream.next_chunk() {
            black_box(chunk?);
            seen += 1;
        }
    }
    black_box(stream.take_reply());
    Ok(seen)
}

fn alone<T: DeserializeOwned>(data: &[String]) -> Result<usize> {
    for json in data {
        black_box(serde_json::from_str::<T>(json)?);
    }
    Ok(data.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_ways_see_every_piece() {
        let data = data();
        let (pieces, reads) = (&data[..data.len() - 1], reads(&body(&data)));
        let all =
            [framed(&reads), streamed(&reads), alone::<Plain>(pieces), alone::<Keeping>(pieces)];
        assert_eq!(all.map(|seen| seen.unwrap()), [pieces.len(); 4]);
    }
}
