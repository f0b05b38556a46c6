//! When a stream is complete, and what is said of one that is not.

use flow_api::chat::Completeness;
use flow_errors::call::Delivered;
use flow_errors::{Class, Error, Kind};

use crate::support::{End, event, read, said, stop, stream, whole};

const DONE: &str = "data: [DONE]\n\n";

/// The head of what is said of a cut stream.
const CUT: &str = "the stream ended ";

#[test]
fn streams_are_complete_or_say_why_not() {
    let (a, b, end) = (said("a"), said("b"), stop(0));
    let usage = event(r#"{"choices":[],"usage":{"total_tokens":3}}"#);
    let empty = event(r#"{"choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}"#);
    let odd =
        |reason: &str| event(&format!(r#"{{"choices":[{{"index":0,"finish_reason":{reason}}}]}}"#));
    let unended = end.trim_end().to_owned();
    let at_once =
        event(r#"{"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":"length"}]}"#);
    #[rustfmt::skip]
    let table: [(&str, String, &str, &str); 24] = [
        // name                       body                               text  what is said of the end, if it is not complete
        ("reason and [DONE]",         format!("{a}{end}{DONE}"),         "a",  ""),
        ("reason alone",              format!("{a}{end}"),               "a",  ""),
        ("reason with the text",      at_once,                           "a",  ""),
        ("reason and usage",          format!("{a}{end}{usage}{DONE}"),  "a",  ""),
        ("reason without blank line", format!("{a}{unended}"),           "a",  ""),
        ("reason, then a cut",        format!("{a}{end}data: {{\"cho"),  "a",  ""),
        ("reason, then no JSON",      format!("{a}{end}data: oops\n\n"), "a",  ""),
        ("unknown reason",            format!("{a}{}", odd("\"eos\"")),  "a",  ""),
        ("[DONE] alone",              format!("{a}{b}{DONE}"),           "ab", "with [DONE] but without a finish reason, after 2 events with 2 bytes of text"),
        ("end of the body alone",     format!("{a}{b}"),                 "ab", "without a finish reason, after 2 events with 2 bytes of text"),
        ("cut inside an event",       format!("{a}data: {{\"cho"),       "a",  "inside an event, after 1 event with 1 byte of text"),
        ("cut inside [DONE]",         format!("{a}data: [DON"),          "a",  "inside an event, after 1 event with 1 byte of text"),
        ("empty reason",              format!("{a}{}", odd("\"\"")),     "a",  "without a finish reason, after 2 events with 1 byte of text"),
        ("null as reason",            format!("{a}{}", odd("null")),     "a",  "without a finish reason, after 2 events with 1 byte of text"),
        ("object as reason",          format!("{a}{}", odd("{}")),       "a",  "without a finish reason, after 2 events with 1 byte of text"),
        ("usage alone",               format!("{a}{usage}"),             "a",  "without a finish reason, after 2 events with 1 byte of text"),
        ("nothing",                   String::new(),                     "",   "without a finish reason, before anything was delivered"),
        ("line ends",                 "\n\r\n".to_owned(),               "",   "without a finish reason, before anything was delivered"),
        ("comments",                  ": a\n\n: b\n\n".to_owned(),       "",   "without a finish reason, before anything was delivered"),
        ("[DONE] and nothing",        DONE.to_owned(),                   "",   "with [DONE] but without a finish reason, before anything was delivered"),
        ("empty deltas",              format!("{empty}{empty}"),         "",   "without a finish reason, before anything was delivered"),
        ("cut in the first event",    "data: {".to_owned(),              "",   "inside an event, before anything was delivered"),
        ("after [DONE]",              format!("{a}{end}{DONE}{b}data: oops\n\n"), "a", ""),
        ("error after [DONE]",        format!("{a}{end}{DONE}{}", event(r#"{"error":"late"}"#)), "a", ""),
    ];
    for (name, body, text, want) in table {
        let got = whole(&body);
        assert_eq!(got.text(), text, "{name}");
        let told = got.error.as_ref().map_or("", |error| error.message());
        assert_eq!(told.strip_prefix(CUT).unwrap_or(told), want, "{name}");
        if let Some(error) = &got.error {
            assert_eq!((error.kind(), error.class()), (Kind::StreamTruncated, Class::Ambiguous));
            assert_eq!(error.delivered(), Some(got.stream.delivered()), "{name}");
        }
    }
}

#[test]
fn every_answer_that_was_asked_for_must_have_its_reason() {
    let (one, two) = (stop(0), stop(1));
    let open = event(r#"{"choices":[{"index":2,"delta":{"content":"c"}}]}"#);
    #[rustfmt::skip]
    let table = [
        (1, one.clone(),                  ""),
        (2, format!("{two}{one}"),        ""),
        (0, one.clone(),                  ""),
        (2, one.clone(),                  "with 1 of 2 answers finished, after 1 event with 0 bytes of text"),
        (2, format!("{one}{one}{DONE}"),  "with [DONE] but with 1 of 2 answers finished, after 2 events with 0 bytes of text"),
        (2, format!("{one}{open}{two}"),  "with 2 of 3 answers finished, after 3 events with 1 byte of text"),
        (u64::MAX, DONE.to_owned(),       "with [DONE] but with 0 of 18446744073709551615 answers finished, before anything was delivered"),
    ];
    for (n, body, want) in table {
        let got = read(stream(&[]).with_choices(n), &[body.as_bytes()], End::Well);
        let told = got.error.as_ref().map_or("", |error| error.message());
        assert_eq!(told.strip_prefix(CUT).unwrap_or(told), want, "{n}: {body}");
    }
}

#[test]
fn other_rules_are_for_servers_that_give_no_reasons() {
    use Completeness::{Done, Eof, FinishReason};
    let (a, end) = (said("a"), stop(0));
    let cut = format!("{a}data: {{\"cho");
    #[rustfmt::skip]
    let table = [
        (FinishReason, format!("{a}{DONE}"), "with [DONE] but without a finish reason, after 1 event with 1 byte of text"),
        (Done,         format!("{a}{DONE}"), ""),
        (Eof,          format!("{a}{DONE}"), ""),
        (Done,         format!("{a}{end}"),  "without [DONE], after 2 events with 1 byte of text"),
        (Eof,          a.clone(),            ""),
        (Done,         cut.clone(),          "inside an event, after 1 event with 1 byte of text"),
        (Eof,          cut,                  "inside an event, after 1 event with 1 byte of text"),
        (Done,         DONE.to_owned(),      "with [DONE] but without any answer, before anything was delivered"),
        (Eof,          String::new(),        "without any answer, before anything was delivered"),
    ];
    for (rule, body, want) in table {
        let stream = stream(&[]).with_completeness(rule);
        let got = read(stream, &[body.as_bytes()], End::Well);
        let told = got.error.as_ref().map_or("", |error| error.message());
        assert_eq!(told.strip_prefix(CUT).unwrap_or(told), want, "{rule:?}: {body}");
    }
}

#[test]
fn done_ends_a_stream_whose_body_goes_on() {
    let mut stream = stream(&[]);
    stream.push(format!("{}{}{DONE}", said("a"), stop(0)));
    while stream.next_chunk().is_some() {}
    assert!(stream.is_over() && stream.is_complete());
    stream.fail(Error::cancelled());
    stream.push(said("b"));
    assert!(stream.next_chunk().is_none() && stream.is_complete());
    assert_eq!(stream.take_reply().text(), "a");
}

#[test]
fn broken_connection_is_an_error_unless_the_answer_is_whole() {
    #[rustfmt::skip]
    let table = [
        // body                                 text   complete
        (format!("{}{}", said("a"), stop(0)),   "a",   true),
        (said("a"),                             "a",   false),
        // What had no end may be half, whatever it looks like.
        (said("a") + said("b").trim_end(),      "a",   false),
        (String::new(),                         "",    false),
        (r#"{"choices":[]}"#.to_owned(),        "",    false),
    ];
    for (body, text, is_complete) in table {
        let stream = stream(&[("x-request-id", "req-1")]);
        let got = read(stream, &[body.as_bytes()], End::Reset);
        assert_eq!((&*got.text(), got.error.is_none()), (text, is_complete), "{body}");
        let Some(error) = got.error else { continue };
        assert_eq!((error.kind(), error.class()), (Kind::Transport, Class::Ambiguous), "{body}");
        assert_eq!(error.request_id(), Some("req-1"), "{body}");
        let events = u64::from(!text.is_empty());
        assert_eq!(error.delivered(), Some(Delivered::new(events, events)), "{body}");
    }
}

#[test]
fn whoever_cancels_hears_of_nothing_else() {
    let mut stream = stream(&[]);
    stream.push(said("a") + &stop(0));
    assert_eq!(stream.next_chunk().unwrap().unwrap().text(), "a");
    stream.fail(Error::cancelled());
    let error = stream.next_chunk().unwrap().unwrap_err();
    assert_eq!((error.kind(), error.delivered()), (Kind::Cancelled, Some(Delivered::new(1, 1))));
    assert!(stream.next_chunk().is_none() && !stream.is_complete());
}

#[test]
fn nothing_is_given_out_before_something_is_said() {
    let role =
        event(r#"{"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}"#);
    let mut stream = stream(&[]);
    stream.push(format!(": hello\n\n{role}{role}"));
    assert!(stream.next_chunk().is_none());
    assert_eq!((stream.contents(), stream.has_delivered(), stream.model()), (0, false, Some("m")));
    stream.push(said("a"));
    let texts: Vec<_> = std::iter::from_fn(|| stream.next_chunk())
        .map(|chunk| chunk.unwrap().text().to_owned())
        .collect();
    assert_eq!(texts, ["", "", "a"]);
    assert_eq!((stream.contents(), stream.delivered()), (1, Delivered::new(3, 1)));
    stream.push(format!(": still here\n\n\n{role}"));
    assert_eq!(stream.next_chunk().unwrap().unwrap().text(), "");
    assert_eq!(stream.contents(), 1, "keep-alives and empty deltas are no progress");
}

#[test]
fn sizes_are_bounded() {
    let long = "x".repeat(3_000);
    let many: String = (0..400).map(|n| said(&format!("{n:07}"))).collect();
    let quiet = event(r#"{"choices":[],"padding":"0123456789"}"#).repeat(100);
    let calls = |n: u64| {
        let call = |n| format!(r#"{{"choices":[{{"delta":{{"tool_calls":[{{"index":{n}}}]}}}}]}}"#);
        (0..n).map(|n| event(&call(n))).collect::<String>()
    };
    let answers = said("a")
        + &(1..100)
            .map(|n| event(&format!(r#"{{"choices":[{{"index":{n}}}]}}"#)))
            .collect::<String>();
    let json = format!(r#"{{"choices":[{{"message":{{"content":"{long}"}}}}]}}"#);
    #[rustfmt::skip]
    let table = [
        ("event",            said(&long),            "an event of the stream is longer than 2000 bytes", 0),
        ("event, unended",   format!("data: {long}"), "an event of the stream is longer than 2000 bytes", 0),
        ("texts",            many,                   "the reply is longer than 2000 bytes", 1),
        ("calls",            calls(40),              "the reply is longer than 2000 bytes", 1),
        ("before anything is said", quiet,           "the reply is longer than 2000 bytes", 0),
        ("pieces of nothing", event(r#"{"choices":[]}"#).repeat(20), "the reply is longer than 2000 bytes", 0),
        ("answers",          answers,                "the reply is longer than 2000 bytes", 1),
        ("whole reply",      json,                   "the reply is longer than 2000 bytes", 0),
    ];
    for (name, body, want, least) in table {
        let got = read(stream(&[]).with_max_reply_bytes(2_000), &[body.as_bytes()], End::Well);
        let error = got.error.unwrap();
        assert_eq!((error.kind(), error.message()), (Kind::ReplyTooLarge, want), "{name}");
        let delivered = error.delivered().unwrap();
        assert!(delivered.events() >= least && (least > 0 || delivered.is_nothing()), "{name}");
    }
    // Keep-alives of any length, and what every piece repeats, are not the reply.
    let body = format!("{}{}{}", ": x\n\n".repeat(2_000), said("a").repeat(100), stop(0));
    let got = read(stream(&[]).with_max_reply_bytes(2_000), &[body.as_bytes()], End::Well);
    assert!(got.error.is_none(), "{:?}", got.error);
}

#[test]
fn who_answers_and_what_it_cost_is_known_after_a_failure_too() {
    let mut stream = stream(&[]);
    stream.push(said("a") + &event(r#"{"model":"m","choices":[],"usage":{"total_tokens":3}}"#));
    stream.finish();
    let error = std::iter::from_fn(|| stream.next_chunk()).find_map(Result::err).unwrap();
    assert_eq!(error.kind(), Kind::StreamTruncated);
    assert_eq!(stream.model(), Some("m"));
    assert_eq!(stream.usage().unwrap().total_tokens(), 3);
}

#[test]
fn cancel_takes_back_what_has_not_been_given_out() {
    let mut stream = stream(&[]);
    stream.push(said("a") + &said("b") + &stop(0));
    assert_eq!(stream.next_chunk().unwrap().unwrap().text(), "a");
    stream.fail(Error::cancelled());
    assert_eq!(stream.next_chunk().unwrap().unwrap_err().kind(), Kind::Cancelled);
    assert!(stream.next_chunk().is_none() && !stream.is_complete());
}
