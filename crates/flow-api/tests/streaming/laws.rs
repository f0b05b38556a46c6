//! Laws of streams: nothing is lost, nothing depends on how the bytes were cut, and one end.

use flow_api::ChatCompletion;
use flow_api::chat::{Assembler, Chunk, Completeness};
use flow_errors::Kind;
use proptest::prelude::*;
use proptest::sample::select;

use crate::pieces;
use crate::support::{End, read, split, stream};

/// Pieces of streams, and any bytes.
fn bodies() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        12 => select(vec![
            "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\n",
            "data: {\"choices\":[{\"index\":1,\"delta\":{\"content\":\"b\"}}]}\r\n\r\n",
            "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n",
            "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"function\":{\"arguments\":\"{\"}}]}}]}\n\n",
            "data: {\"choices\":[{\"index\":0,\"finish_reason\":\"stop\"}]}\n\n",
            "data: {\"choices\":[{\"index\":1,\"finish_reason\":\"stop\"}]}\n\n",
            "data: {\"choices\":[],\"usage\":{\"total_tokens\":3}}\n\n",
            "data: {\"error\":{\"message\":\"m\",\"code\":429}}\n\n",
            "event: error\ndata: oops\n\n",
            "event: ping\n\n", ": x\n\n", "data: [DONE]\n\n", "data: oops\n\n", "data: 7\n\n",
        ]).prop_map(|piece| piece.as_bytes().to_vec()),
        4 => select(vec![
            "data: ", "data", "event: error", ":", "\n", "\r", "\r\n", "\n\n", "[DONE]", "{\"choices\":[",
            "{\"choices\":[{\"message\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}]}", "{", "[", "<",
            "\"delta\":", "}", "]", "\u{feff}", "é", "\x1f\x0b",
        ]).prop_map(|piece| piece.as_bytes().to_vec()),
        1 => proptest::collection::vec(any::<u8>(), 0..4),
    ];
    proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

fn rules() -> impl Strategy<Value = (u64, Completeness, usize)> {
    let rules = vec![Completeness::FinishReason, Completeness::Done, Completeness::Eof];
    (1..3_u64, select(rules), select(&[64 << 20, 400][..]))
}

fn ends() -> impl Strategy<Value = End> {
    select(&[End::Well, End::Reset][..])
}

proptest! {
    #[test]
    fn prop_reply_in_pieces_is_the_reply(
        reply in pieces::reply(),
        naming in pieces::naming(),
        mut dice in pieces::dice(),
        places: Vec<usize>,
    ) {
        let want: ChatCompletion = serde_json::from_value(reply.clone()).unwrap();
        let events = pieces::stream(&reply, naming, &mut dice);
        let body: String = events.iter().map(|data| format!("data: {data}\n\n")).collect();
        let stream = stream(&[]).with_choices(want.choices().len() as u64);
        let mut got = read(stream, &split(body.as_bytes(), &places), End::Well);
        prop_assert!(got.error.is_none(), "{:?}", got.error);
        let sent: Vec<Chunk> =
            events.into_iter().map(|data| serde_json::from_value(data).unwrap()).collect();
        prop_assert_eq!(&got.chunks, &sent, "every piece is given out as it came");
        prop_assert_eq!(got.stream.usage(), want.usage());
        let assembled = serde_json::to_value(got.stream.take_reply()).unwrap();
        prop_assert_eq!(&assembled, &serde_json::to_value(&want).unwrap());
        prop_assert_eq!(assembled, reply);
    }

    #[test]
    fn prop_reply_in_one_piece_is_the_reply(reply in pieces::reply(), places: Vec<usize>) {
        let want: ChatCompletion = serde_json::from_value(reply.clone()).unwrap();
        let body = reply.to_string();
        let stream = stream(&[]).with_choices(want.choices().len() as u64);
        let mut got = read(stream, &split(body.as_bytes(), &places), End::Well);
        prop_assert!(got.error.is_none(), "{:?}", got.error);
        // The one piece that stands for it says the same.
        let mut assembler = Assembler::new();
        got.chunks.iter().for_each(|chunk| assembler.push(chunk));
        prop_assert_eq!(&assembler.finish(), &want);
        prop_assert_eq!(got.stream.take_reply(), want);
    }

    #[test]
    fn prop_any_split_gives_the_same(
        body in bodies(),
        places: Vec<usize>,
        (n, completeness, most) in rules(),
        end in ends(),
    ) {
        let stream = || {
            let stream = stream(&[("content-type", "text/event-stream")]);
            stream.with_choices(n).with_completeness(completeness).with_max_reply_bytes(most)
        };
        let whole = read(stream(), &[&body], end);
        let bytes: Vec<_> = body.chunks(1).collect();
        for mut got in [read(stream(), &split(&body, &places), end), read(stream(), &bytes, end)] {
            prop_assert_eq!(got.facts(), whole.facts());
            prop_assert_eq!(got.stream.contents(), whole.stream.contents());
            // `read` has seen to it that nothing comes after an error.
            let events = got.chunks.len() as u64;
            prop_assert_eq!(got.stream.delivered().events(), events);
            let text = got.stream.delivered().text_bytes();
            let first = got.text().len() as u64;
            prop_assert!(text >= first, "{text} bytes are less than {first}");
            if let Some(error) = &got.error {
                prop_assert_eq!(error.delivered(), Some(got.stream.delivered()));
                prop_assert!(error.kind() != Kind::StreamTruncated || error.is_retryable());
            }
            let reply = got.stream.take_reply();
            prop_assert!(reply.text().starts_with(&got.text()));
        }
    }

    #[test]
    fn prop_any_chunk_is_kept_and_assembled(pieces in proptest::collection::vec(chunk(), 0..6)) {
        let mut assembler = Assembler::new();
        for json in pieces {
            let chunk: Chunk = serde_json::from_value(json.clone()).unwrap();
            prop_assert_eq!(&serde_json::to_value(&chunk).unwrap(), &json);
            prop_assert_eq!(&serde_json::from_str::<Chunk>(&json.to_string()).unwrap(), &chunk);
            let _ = (chunk.text(), chunk.has_content(), format!("{chunk:?}"));
            assembler.push(&chunk);
        }
        let reply = assembler.finish();
        let again: ChatCompletion =
            serde_json::from_value(serde_json::to_value(&reply).unwrap()).unwrap();
        prop_assert_eq!(again, reply);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100_000))]

    #[test]
    fn prop_any_bytes_are_read_without_panic(
        body in prop_oneof![bodies(), proptest::collection::vec(any::<u8>(), 0..60)],
        places in proptest::collection::vec(any::<usize>(), 0..3),
        end in ends(),
    ) {
        let _ = read(stream(&[]), &split(&body, &places), end);
    }
}

/// Any object, of the names that mean something in a piece.
fn chunk() -> impl Strategy<Value = serde_json::Value> {
    use serde_json::Value;
    #[rustfmt::skip]
    const NAMES: [&str; 22] = [
        "arguments", "audio", "choices", "choices", "content", "data", "delta", "delta", "finish_reason",
        "function", "id", "index", "logprobs", "message", "model", "name", "object", "reasoning", "text",
        "tool_calls", "type", "usage",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (0..3_u64).prop_map(Value::from),
        select(&["", "a", "stop", "text", "0", "AA=="][..]).prop_map(Value::from),
    ];
    let object = |inner| {
        let fields = proptest::collection::btree_map(select(&NAMES[..]), inner, 0..5);
        fields.prop_map(|fields| {
            fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Value>()
        })
    };
    let value = leaf.prop_recursive(5, 40, 4, move |inner| {
        prop_oneof![
            2 => object(inner.clone()),
            1 => proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            1 => proptest::collection::vec(object(inner), 0..3).prop_map(Value::from),
        ]
    });
    object(value.boxed())
}
