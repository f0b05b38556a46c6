//! The decoder, held against tables, against itself and against the reference.

use std::time::Duration;

use flow_api::sse::{Decoder, InvalidStream};
use proptest::prelude::*;

use crate::reference::{self, Seen};

/// Everything that comes out of a stream: its events, and how it ends.
fn decode(mut decoder: Decoder, chunks: &[&[u8]]) -> (Vec<Seen>, Result<(), InvalidStream>) {
    let mut seen = Vec::new();
    let mut drain = |decoder: &mut Decoder| {
        while let Some(event) = decoder.next_event()? {
            seen.push((event.name().into(), event.data().into(), event.id().into()));
        }
        Ok(())
    };
    let mut end = Ok(());
    for chunk in chunks {
        decoder.push(chunk.to_vec());
        end = end.and_then(|()| drain(&mut decoder));
    }
    decoder.finish();
    end = end.and_then(|()| drain(&mut decoder));
    assert_eq!(drain(&mut decoder), Ok(()), "there is nothing after the end");
    (seen, end)
}

fn whole(body: &[u8]) -> (Vec<Seen>, Result<(), InvalidStream>) {
    decode(Decoder::new(), &[body])
}

fn bytes(body: &[u8]) -> Vec<&[u8]> {
    body.chunks(1).collect()
}

fn one_by_one(body: &[u8]) -> (Vec<Seen>, Result<(), InvalidStream>) {
    decode(Decoder::new(), &bytes(body))
}

/// Names and data of the events of a stream.
type Want = &'static [(&'static str, &'static str)];

#[test]
fn streams_are_read_as_other_clients_read_them_or_for_a_reason() {
    let cut: Want = &[("", "cut")];
    #[rustfmt::skip]
    let table: [(&str, &str, Want); 27] = [
        ("named",               "event: completion\ndata: {\"foo\":true}\n\n",      &[("completion", "{\"foo\":true}")]),
        ("unnamed",             "data: {\"foo\":true}\n\n",                         &[("", "{\"foo\":true}")]),
        ("name alone",          "event: ping\n\n",                                  &[("ping", "")]),
        ("names alone",         "event: ping\n\nevent: completion\n\n",             &[("ping", ""), ("completion", "")]),
        ("several lines",       "event: ping\ndata: {\ndata: \"foo\":\ndata: \ndata:\ndata: true}\n\n\n", &[("ping", "{\n\"foo\":\n\n\ntrue}")]),
        ("no line end",         "data: {\"content\":\" \u{2028}\u{85}\"}\n\n",      &[("", "{\"content\":\" \u{2028}\u{85}\"}")]),
        ("CR LF",               "data:ok\r\n\r\n",                                  &[("", "ok")]),
        ("CR",                  "data:ok\r\r",                                      &[("", "ok")]),
        ("mixed",               "id:one\r\ndata:A\r\n\ndata:two\n\rdata:{}",        &[("", "A"), ("", "two"), ("", "{}")]),
        ("comments alone",      ":x\n:x\n:x\n\n:\n\n",                              &[]),
        ("comments between",    ": a\ndata: 1\n: b\ndata: 2\n\n",                   &[("", "1\n2")]),
        ("never a blank line",  "data:x\ndata:x\ndata:x\n",                         cut),
        ("byte order mark",     "\u{feff}data: 1\n\n\u{feff}data: 2\n\n",           &[("", "1")]),
        ("one space goes",      "data:  two\n\ndata:\tthree\n\n",                   &[("", " two"), ("", "\tthree")]),
        ("no colon",            "data\n\ndata\ndata\n\n",                           &[("", ""), ("", "\n")]),
        ("unknown fields",      "foo: 1\nDATA: 2\n data: 3\n\n",                    &[]),
        ("last name wins",      "event: a\nevent: b\ndata: 1\n\n",                  &[("b", "1")]),
        ("end without blank line", "data: {\"flushed\":true}\n",                    &[("", "{\"flushed\":true}")]),
        ("end in a CR",         "data: {\"flushed\":true}\r",                       &[("", "{\"flushed\":true}")]),
        ("end in a CR LF",      "data: {\"flushed\":true}\r\n",                     &[("", "{\"flushed\":true}")]),
        ("end in a line",       "data: {\"flushed\":true}",                         &[("", "{\"flushed\":true}")]),
        ("end after done",      "data: [DONE]",                                     &[("", "[DONE]")]),
        ("end in an object",    "data: {\"flushed\":tr",                            cut),
        ("end in a word",       "data: [DON",                                       cut),
        ("end in a name",       "event: erro",                                      cut),
        ("end in a comment",    "data: 1\n\n: keep-ali",                            &[("", "1")]),
        ("nothing",             "",                                                 &[]),
    ];
    for (name, body, want) in table {
        for (events, end) in [whole(body.as_bytes()), one_by_one(body.as_bytes())] {
            let got: Vec<_> =
                events.iter().map(|(name, data, _)| (name.as_str(), data.as_str())).collect();
            if want == cut {
                assert_eq!((&*got, end), (&[][..], Err(InvalidStream::Cut)), "{name}");
            } else {
                assert_eq!((&*got, end), (want, Ok(())), "{name}");
            }
        }
    }
}

#[test]
fn done_is_done_only_if_nothing_else_is_said() {
    for (data, want) in [
        ("[DONE]", true),
        ("[DONE]malicious", false),
        ("[DONE] ", false),
        ("[DONE]\t", false),
        ("[DONE]\ndata: {}", false),
        ("[done]", false),
    ] {
        let mut decoder = Decoder::new();
        decoder.push(format!("data: {data}\n\n"));
        assert_eq!(
            decoder.next_event().unwrap().map(|event| event.is_done()),
            Some(want),
            "{data}"
        );
    }
}

#[test]
fn characters_split_over_chunks_are_whole_and_broken_ones_are_marked() {
    let mut decoder = Decoder::new();
    let chunks: [&[u8]; 5] = [
        b"data: {\"content\":\"",
        b"\xd0",
        b"\xb8\xd0\xb7\xd0",
        b"\xb2\xd0\xb5\xd1\x81\xd1\x82\xd0\xbd\xd0\xb8",
        b"\"}\n\n",
    ];
    for chunk in chunks {
        decoder.push(chunk);
    }
    let event = decoder.next_event().unwrap().unwrap();
    assert_eq!((event.data(), event.is_repaired()), ("{\"content\":\"известни\"}", false));

    decoder.push(&b"event: a\xff\ndata: \xe2\x82\n\n"[..]);
    let event = decoder.next_event().unwrap().unwrap();
    assert_eq!((event.name(), event.data()), ("a\u{fffd}", "\u{fffd}"));
    assert!(event.is_repaired());
}

#[test]
fn ids_last_until_the_next_and_waits_are_whole_milliseconds() {
    let body = "id: 1\ndata: a\n\ndata: b\n\nid: x\0y\ndata: c\n\nid\ndata: d\n\n";
    let ids: Vec<_> = whole(body.as_bytes()).0.into_iter().map(|(_, _, id)| id).collect();
    assert_eq!(ids, ["1", "1", "1", ""]);

    let mut decoder = Decoder::new();
    for (line, want) in
        [("retry: 2000", 2_000), ("retry: 2s", 2_000), ("retry: -1", 2_000), ("retry:7", 7)]
    {
        decoder.push(format!("{line}\n"));
        assert_eq!(decoder.next_event(), Ok(None));
        assert_eq!(decoder.retry(), Some(Duration::from_millis(want)), "{line}");
    }
}

#[test]
fn event_above_the_maximum_is_an_error_and_comments_do_not_count() {
    let decoder = || Decoder::new().with_max_event_bytes(10);
    let error = InvalidStream::EventTooLarge { max_bytes: 10 };
    let too_large = Err(error);
    for (body, want) in [
        ("data: 1234\n\n", Ok(())),
        ("data: 12345\n\n", too_large),
        ("data: 12345", too_large),
        ("data:1\ndata:2\n\n", too_large),
        (": a long comment, and then\ndata: 1\n\n", Ok(())),
        ("\u{feff}: a long comment, and then\ndata: 1\n\n", Ok(())),
        ("id: 1\n\nid: 2\n\nid: 3\n\nid: 4\n\n", Ok(())),
    ] {
        assert_eq!(decode(decoder(), &[body.as_bytes()]).1, want, "{body:?}");
        assert_eq!(decode(decoder(), &bytes(body.as_bytes())).1, want, "{body:?} by bytes");
    }
    let told = error.to_string();
    assert_eq!(told, "an event of the stream has more than 10 bytes; raise the maximum");
    let told = InvalidStream::Cut.to_string();
    assert_eq!(told, "the stream broke off inside an event; ask again");
}

#[test]
fn chunk_that_was_not_read_is_not_lost() {
    let mut decoder = Decoder::new();
    for chunk in ["data: 1\n\ndata: 2\n", "", "\ndata: 3\n\n"] {
        decoder.push(chunk);
    }
    let mut seen = Vec::new();
    while let Some(event) = decoder.next_event().unwrap() {
        seen.push(event.data().to_owned());
    }
    assert_eq!(seen, ["1", "2", "3"]);
}

#[test]
fn debug_shows_no_data() {
    let mut decoder = Decoder::new();
    decoder.push("data: planted\n\ndata: planted");
    let event = format!("{:?}", decoder.next_event().unwrap().unwrap());
    assert!(!format!("{event} {decoder:?}").contains("planted"), "{event}");
}

/// Pieces of streams, and any bytes.
fn bodies() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        8 => proptest::sample::select(vec![
            "data: ", "data:", "data", "event: error", "event:", "id: ", "id:1", "retry: 9", ": x", ":",
            "\n", "\n", "\r", "\r\n", "\n\n", "[DONE]", "{\"a\":1}", "{", "\u{feff}", "\u{2028}", " ", "é",
        ]).prop_map(|piece| piece.as_bytes().to_vec()),
        1 => proptest::collection::vec(any::<u8>(), 0..4),
    ];
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

/// Splits a body at the given places, each taken modulo what is left.
fn split<'a>(body: &'a [u8], places: &[usize]) -> Vec<&'a [u8]> {
    let mut rest = body;
    let mut chunks = Vec::new();
    for place in places {
        let (chunk, tail) = rest.split_at(place % (rest.len() + 1));
        chunks.push(chunk);
        rest = tail;
    }
    chunks.push(rest);
    chunks
}

proptest! {
    #[test]
    fn prop_any_split_gives_the_events_of_the_whole(
        body in bodies(), places: Vec<usize>, max in 3..60_usize,
    ) {
        let decoder = || Decoder::new().with_max_event_bytes(max);
        let want = decode(decoder(), &[&body]);
        prop_assert_eq!(&decode(decoder(), &split(&body, &places)), &want);
        prop_assert_eq!(&decode(decoder(), &bytes(&body)), &want);
    }

    #[test]
    fn prop_events_are_those_of_the_reference(body in bodies(), places: Vec<usize>) {
        let (events, end) = decode(Decoder::new(), &split(&body, &places));
        let (want, is_cut) = reference::read(&body);
        prop_assert_eq!(events, want);
        prop_assert_eq!(end.is_err(), is_cut);
    }

    #[test]
    fn prop_any_bytes_are_read_without_panic(body: Vec<u8>, places: Vec<usize>) {
        let _ = decode(Decoder::new(), &split(&body, &places));
    }
}
