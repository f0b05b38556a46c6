//! Errors in streams, in every dialect; and what looks like one and is none.

use flow_errors::call::Delivered;
use flow_errors::{Class, Error, Kind};

use crate::support::{End, event, read, said, stop, stream, whole};

#[test]
fn events_are_errors_where_other_clients_find_them_or_for_a_reason() {
    #[rustfmt::skip]
    let table: [(&str, &str, Option<&str>); 39] = [
        // event  data                                                                   message
        // From the official SDK's tests.
        ("error", r#"{"message":"m","code":"provider_error","param":"input","type":"server_error"}"#, Some("m")),
        ("error", r#"{"error":{"message":"m","code":"provider_error"}}"#,                Some("m")),
        ("",      r#"{"error":{"message":"m","code":"bad_request"}}"#,                   Some("m")),
        ("error", "null",                                                                Some("null")),
        ("error", r#""text""#,                                                           Some("text")),
        ("error", "42",                                                                  Some("42")),
        ("thread.error", r#"{"id":"x"}"#,                                                None),
        ("error", r#"{"credential":"sk-planted"#,                                        Some("")),
        // From rig's.
        ("",      r#"{"error":null}"#,                                                   None),
        ("",      r#"{"error":null,"usage":{"total_tokens":3}}"#,                        None),
        ("",      r#"{"error":""}"#,                                                     None),
        ("",      r#"{"choices":[{"delta":{"content":"hi"}}]}"#,                         None),
        ("",      r#"{"error":"metadata","choices":[{"delta":{"content":"hi"}}]}"#,      None),
        ("",      r#"{"error":{"message":"x"},"choices":[{"delta":{"content":"hi"}}]}"#, None),
        ("",      r#"{"error":"oops"}"#,                                                 Some("oops")),
        ("",      r#"{"error":{"message":"rate limited","type":"rate_limit_error"}}"#,   Some("rate limited")),
        ("",      r#"{"error":{"message":"rate limited"},"choices":[]}"#,                Some("rate limited")),
        ("",      r#"{"error":{"message":"rate limited"},"choices":null}"#,              Some("rate limited")),
        // From trackers.
        ("error", r#"{"code":400,"details":".."}"#,                                      Some("")),
        ("",      r#"{"type":"error","sequence_number":2,"error":{"message":"m"}}"#,     Some("m")),
        ("",      r#"{"type":"error","code":"server_error","message":"m"}"#,             Some("m")),
        ("",      r#"{"type":"keepalive","sequence_number":466}"#,                       None),
        // Ours.
        ("",      r#"{"choices":[{"delta":{},"finish_reason":"error"}],"error":{"code":502,"message":"gone"}}"#, Some("gone")),
        ("",      r#"{"choices":[{"delta":{"content":"b"},"finish_reason":"error"}]}"#,  Some("")),
        ("error", "",                                                                    Some("")),
        ("error", "[DONE]",                                                              Some("")),
        ("",      "",                                                                    None),
        ("",      "   ",                                                                 None),
        ("",      r#""ping""#,                                                           None),
        ("",      "42",                                                                  None),
        ("",      "[]",                                                                  None),
        ("",      r#"{"foo":true}"#,                                                     None),
        ("ping",  "",                                                                    None),
        ("ping",  "2024-01-01T00:00:00Z",                                                None),
        ("ping",  r#"{"half"#,                                                           None),
        ("chunk", r#"{"choices":[{"delta":{"content":"hi"}}]}"#,                         None),
        ("message", r#"{"choices":[]}"#,                                                 None),
        ("",      r#"{"choices":"none","usage":[]}"#,                                    None),
        ("",      r#"{"choices":[7]}"#,                                                  None),
    ];
    for (name, data, want) in table {
        assert_told(name, data, want);
    }
}

#[test]
fn errors_within_an_answer_are_errors() {
    #[rustfmt::skip]
    let table: [(&str, &str, Option<&str>); 13] = [
        // event  data                                                                   message
        // OpenRouter's, within an answer; Azure's is about its filter, not about the answer.
        ("",      r#"{"choices":[{"index":0,"delta":{"content":""},"finish_reason":"error","error":{"code":502,"message":"gone"}}]}"#, Some("gone")),
        ("",      r#"{"choices":[{"delta":{},"error":{"code":502,"message":"gone"}}]}"#, Some("gone")),
        ("",      r#"{"choices":[{"error":"gone"}]}"#,                                   Some("gone")),
        ("",      r#"{"choices":[{"delta":{"content":"b"},"finish_reason":"stop","error":{"message":"gone"}}]}"#, Some("gone")),
        ("",      r#"{"choices":[{"index":1,"delta":{}},{"index":0,"error":{"message":"gone"}}]}"#, Some("gone")),
        ("chunk", r#"{"choices":[{"error":{"message":"gone"}}]}"#,                       Some("gone")),
        ("",      r#"{"choices":[7,{"error":{"message":"gone"}}]}"#,                     Some("gone")),
        ("",      r#"{"choices":[{"delta":{"content":"hi"},"error":null}]}"#,            None),
        ("",      r#"{"choices":[{"delta":{"content":"hi"},"error":{}}]}"#,              None),
        ("",      r#"{"choices":[{"delta":{"content":"hi"},"error":""}]}"#,              None),
        ("",      r#"{"choices":[{"delta":{"content":"hi"},"error":false}]}"#,           None),
        ("",      r#"{"choices":[7,{"error":null}]}"#,                                   None),
        ("",      r#"{"choices":[{"delta":{"content":"hi"},"content_filter_results":{"error":{"code":"content_filter_error"}}}]}"#, None),
    ];
    for (name, data, want) in table {
        assert_told(name, data, want);
    }
}

/// Whether an event after content, and before any, is an error with this message.
fn assert_told(name: &str, data: &str, want: Option<&str>) {
    let bare = format!("event: {name}\ndata: {data}\n\n");
    let body = format!("{}{bare}{}", said("a"), stop(0));
    let got = read(stream(&[("x-request-id", "req-1")]), &[body.as_bytes()], End::Well);
    assert!(got.text().starts_with('a'), "{name}: {data}");
    assert_eq!(got.error.as_ref().map(Error::message), want, "{name}: {data}");
    let Some(error) = got.error else { return };
    assert_eq!((error.request_id(), got.chunks.len()), (Some("req-1"), 1), "{name}: {data}");
    assert_eq!(error.delivered(), Some(Delivered::new(1, 1)), "{name}: {data}");
    assert_eq!(error.body(), data.as_bytes(), "{name}: {data}");
    assert!(!format!("{error} {error:?}").contains("planted"), "{error:?}");

    let first = whole(&bare).error.unwrap();
    assert_eq!(first.delivered(), Some(Delivered::NOTHING), "{name}: {data}");
}

#[test]
fn error_has_everything_that_the_service_said_and_how_far_it_got() {
    let failure = event(
        r#"{"error":{"message":"the model is overloaded","type":"service_unavailable","code":"busy","param":"model"}}"#,
    );
    let body = format!("{}{}{failure}{}", said("Hel"), said("lo"), said("!"));
    let mut got = read(stream(&[("x-request-id", "req-1")]), &[body.as_bytes()], End::Well);
    let error = got.error.unwrap();
    assert_eq!((error.kind(), error.class()), (Kind::ServiceUnavailable, Class::Overloaded));
    assert_eq!((error.api_type(), error.code()), (Some("service_unavailable"), Some("busy")));
    assert_eq!(
        (error.param(), error.status().map(|status| status.as_u16())),
        (Some("model"), Some(200))
    );
    assert_eq!(
        error.to_string(),
        "200 service_unavailable: the model is overloaded, after 2 events with 5 bytes of text. \
         Retry after a short delay or switch models",
    );
    let report = error.support_report().to_string();
    assert!(report.contains("\nStream: failed after 2 events with 5 bytes of text\n"), "{report}");
    let json = serde_json::to_value(&error).unwrap();
    assert_eq!(json["delivered"], serde_json::json!({ "events": 2, "text_bytes": 5 }));
    assert_eq!(got.stream.take_reply().text(), "Hello");
    assert_eq!(got.stream.request_id(), Some("req-1"));
}

#[test]
fn error_in_an_answer_is_that_of_its_code() {
    #[rustfmt::skip]
    let table = [
        (502, Kind::Server,             Class::Transient),
        (503, Kind::ServiceUnavailable, Class::Overloaded),
        (429, Kind::RateLimit,          Class::Throttled),
        (400, Kind::InvalidRequest,     Class::Permanent),
    ];
    for (code, kind, class) in table {
        let failure = event(&format!(
            r#"{{"choices":[{{"index":0,"delta":{{"content":""}},"error":{{"code":{code},"message":"gone"}}}}]}}"#
        ));
        for (before, delivered) in [("", Delivered::NOTHING), (&*said("a"), Delivered::new(1, 1))] {
            let error = whole(&format!("{before}{failure}{}", stop(0))).error.unwrap();
            assert_eq!((error.kind(), error.class()), (kind, class), "{code}");
            assert_eq!((error.message(), error.delivered()), ("gone", Some(delivered)), "{code}");
        }
    }
}

#[test]
fn error_after_the_last_reason_is_still_an_error() {
    let body = format!("{}{}{}", said("a"), stop(0), event(r#"{"error":"billing failed"}"#));
    let got = whole(&body);
    assert_eq!((got.text().as_str(), got.error.unwrap().message()), ("a", "billing failed"));
}

#[test]
fn data_that_are_no_json_are_an_error_and_are_not_quoted() {
    #[rustfmt::skip]
    let table = [
        ("planted",                      Class::Permanent, "expected value at line 1 column 1"),
        ("[DONE]planted",                Class::Permanent, "expected value at line 1 column 2"),
        ("[DONE] ",                      Class::Permanent, "expected value at line 1 column 2"),
        ("[DONE]\t",                     Class::Permanent, "expected value at line 1 column 2"),
        ("[DONE]\ndata: {\"planted\":1}", Class::Permanent, "expected value at line 1 column 2"),
        (r#"{"choices":["planted"#,      Class::Ambiguous, "EOF while parsing a string at line 1 column 20"),
        (r#"{"a":1}{"planted":2}"#,      Class::Permanent, "trailing characters at line 1 column 8"),
    ];
    for (data, class, want) in table {
        let got = whole(&format!("{}{}{}", said("a"), event(data), stop(0)));
        assert_eq!(got.text(), "a", "{data}");
        let error = got.error.unwrap();
        assert_eq!((error.kind(), error.class()), (Kind::Decode, class), "{data}");
        let want = format!("an event of the stream could not be decoded: {want}");
        assert_eq!(error.message(), want, "{data}");
        assert!(!format!("{error} {error:?}").contains("planted"), "{error:?}");
        assert!(error.body().starts_with(&data.as_bytes()[..6]), "{data}");
    }
}

#[test]
fn framing_of_other_clients_tests_does_not_change_what_is_said() {
    let json = r#"{"choices":[{"index":0,"delta":{"content":"x"}}]}"#;
    let (head, tail) = json.split_at(json.find(":[").unwrap() + 1);
    #[rustfmt::skip]
    let table = [
        ("named",            format!("event: completion\ndata: {json}\n\n")),
        ("unnamed",          format!("data: {json}\n\n")),
        ("ping before",      format!("event: ping\n\ndata: {json}\n\n")),
        ("several lines",    format!("event: ping\ndata: {head}\ndata:\ndata: {tail}\n\n\n")),
        ("CR LF",            format!("data: {json}\r\n\r\n")),
        ("CR",               format!("data: {json}\r\r")),
        ("id and retry",     format!("id: one\nretry: 9\ndata: {json}\n\n")),
        ("mixed",            format!("id:one\r\ndata:{json}\n\r\n")),
        ("comments",         format!(":x\n:x\ndata:{json}\n:x\n\n")),
        ("byte order mark",  format!("\u{feff}data: {json}\n\n")),
        ("keep-alive",       format!("data: {{\"type\":\"keepalive\",\"sequence_number\":466}}\n\ndata: {json}\n\n")),
    ];
    for (name, body) in table {
        let body = format!("{body}{}", stop(0));
        let bytes: Vec<_> = body.as_bytes().chunks(1).collect();
        for got in [whole(&body), read(stream(&[]), &bytes, End::Well)] {
            assert_eq!((got.text().as_str(), got.error.is_none()), ("x", true), "{name}");
        }
    }
    // CR and LF of one line end in two chunks, around the name of an error.
    let chunks: [&[u8]; 4] = [b"event: error\r", b"\ndata: {\"message\":\"m\"}\r", b"\n\r", b"\n"];
    let got = read(stream(&[]), &chunks, End::Well);
    assert_eq!(got.error.unwrap().message(), "m");
    // Characters in several chunks, and those that are none.
    let chunks: [&[u8]; 4] = [
        br#"data: {"choices":[{"delta":{"content":""#,
        b"\xd0",
        b"\xb8\xff",
        b"\"},\"finish_reason\":\"stop\"}]}\n\n",
    ];
    assert_eq!(read(stream(&[]), &chunks, End::Well).text(), "и\u{fffd}");
}

#[test]
fn one_reply_in_place_of_a_stream_is_taken_as_it_is() {
    let json = r#"{"object":"chat.completion","id":"c","choices":[{"index":0,"message":{"role":"assistant","content":"Hi",
        "tool_calls":[{"id":"t","function":{"name":"f","arguments":"{}"}}]},"finish_reason":"stop"}],"usage":{"total_tokens":3}}"#;
    let open = r#"{"choices":[{"message":{"content":"Hi"},"finish_reason":null}]}"#;
    let failed = r#"{"choices":[{"message":{"content":""},"finish_reason":"error","error":{"code":502,"message":"m"}}]}"#;
    let half = failed.replace(r#""content":"""#, r#""content":"Hi""#);
    let page = "<html><title>planted</title></html>";
    let stream_instead = format!("{}{}", said("Hi"), stop(0));
    #[rustfmt::skip]
    let table = [
        // name               content type                body                       text  kind and message of the error
        ("reply",             "application/json",         json.to_owned(),           "Hi", None),
        ("reply, unlabelled", "",                         json.to_owned(),           "Hi", None),
        ("reply, mislabelled", "text/event-stream",       format!("\n\n{json}"),     "Hi", None),
        ("reply after blanks", "application/json; charset=utf-8", format!("  {json}"), "Hi", None),
        ("stream, mislabelled", "application/json",       stream_instead,            "Hi", None),
        ("reply without reason", "application/json",      open.to_owned(),           "Hi", None),
        ("envelope",          "application/json",         r#"{"error":{"message":"m","code":429}}"#.to_owned(), "", Some((Kind::RateLimit, "m"))),
        ("envelope, mislabelled", "text/event-stream",    r#"{"error":{"message":"m","type":"server_error"}}"#.to_owned(), "", Some((Kind::Server, "m"))),
        ("failed answer",     "application/json",         failed.to_owned(),         "",   Some((Kind::Server, "m"))),
        ("failed halfway",    "application/json",         half,                      "Hi", None),
        ("half a reply",      "application/json",         json[..60].to_owned(),     "",   Some((Kind::Decode, "response with status 200 and content type application/json could not be decoded: EOF while parsing a string at line 1 column 60"))),
        ("page",              "text/html",                page.to_owned(),           "",   Some((Kind::Decode, "response with status 200 and content type text/html could not be decoded: expected value at line 1 column 1"))),
        ("something else",    "application/json",         r#"{"object":"list"}"#.to_owned(), "", Some((Kind::Decode, "response with status 200 and content type application/json could not be decoded: missing field `choices`"))),
        ("no JSON at all",    "application/json",         "null".to_owned(),         "",   Some((Kind::Decode, "response with status 200 and content type application/json could not be decoded: invalid type, expected an object"))),
    ];
    for (name, label, body, text, want) in table {
        for size in [1, 7, body.len()] {
            let chunks: Vec<_> = body.as_bytes().chunks(size).collect();
            let got = read(stream(&[("content-type", label)]), &chunks, End::Well);
            let told = got.error.as_ref().map(|error| (error.kind(), error.message()));
            assert_eq!((got.text().as_str(), told), (text, want), "{name}");
            if let Some(error) = &got.error {
                assert!(!format!("{error} {error:?}").contains("planted"), "{error:?}");
            }
        }
    }
    let mut got = whole(json);
    assert_eq!(got.stream.usage().unwrap().total_tokens(), 3);
    assert_eq!(got.chunks[0].delta().unwrap().tool_calls()[0].arguments(), "{}");
    assert_eq!(got.stream.take_reply(), serde_json::from_str(json).unwrap());
}

#[test]
fn compressed_stream_that_nobody_asked_for_is_read_at_its_end() {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(format!("{}{}", said("a"), stop(0)).as_bytes()).unwrap();
    let body = encoder.finish().unwrap();
    let labelled = || stream(&[("content-encoding", "gzip")]);
    let got = read(labelled(), &[&body], End::Well);
    assert_eq!((got.text().as_str(), got.error.is_none()), ("a", true));
    let got = read(labelled(), &[&body[..body.len() - 20]], End::Well);
    assert_eq!(got.error.unwrap().kind(), Kind::Transport);
}

#[test]
fn keys_that_a_service_echoes_are_removed() {
    let stream = stream(&[]).with_secret("sk-planted");
    let body = event(r#"{"error":{"message":"sk-planted is not active","code":"sk-planted"}}"#);
    let got = read(stream, &[body.as_bytes()], End::Well);
    let error = got.error.unwrap();
    assert_eq!((error.message(), error.code()), ("[redacted] is not active", Some("[redacted]")));
    assert!(!format!("{:?}", got.stream).contains("planted"));
}
