//! What failures are called, what is known of them, and how they read.

use std::error::Error as _;
use std::time::{Duration, SystemTime};

use flow_errors::{Body, Error, Kind};
use flow_tests::{Fake, Scene, TestClient, VirtualClock, both};
use http::StatusCode;

use super::differences::check_one;
use super::{attempts, headers, reply};

both! {
    statuses_have_the_kinds_of_the_table
    messages_are_those_of_the_table
    failures_without_a_reply_are_told_apart
    hints_and_body_of_a_refusal_are_readable
}

/// What one attempt comes to when it is answered so.
pub(super) fn failure<C: TestClient>(scene: Scene) -> Error {
    let clock = VirtualClock::new(0);
    let fake = Fake::new(clock.clone(), [scene]);
    let client = C::faked(fake).retry(attempts(1)).build().unwrap().on_clock(clock);
    let call = client.hello("gpt-4o").attempt_timeout(Duration::from_secs(1));
    C::wait(call.send()).unwrap_err()
}

pub(super) fn decode(status: u16, pairs: &[(&str, &str)], body: &str) -> Error {
    let status = StatusCode::from_u16(status).unwrap();
    Error::from_response(status, &headers(pairs), Body::new(body), SystemTime::UNIX_EPOCH)
}

const ID: (&str, &str) = ("x-request-id", "req_123");
const ENVELOPE: &str = r#"{"error":{"message":"request failed","code":"bad_request","param":"model","type":"invalid_request"}}"#;

const SAME_REMEDY: &str = "422 says what 400 does, and what to do about it is the same";
const OVERLOAD: &str = "the page has a row of its own for 503: another model is the way out of it";
const BY_RANGE: &str = "a 4xx without a name is a request that will not pass as it is";

/// openai-node, `tests/lib/core-error.test.ts`: the status, its class, our kind and the reason.
/// The class names the kind that means the same; `APIError` is what has no class.
#[rustfmt::skip]
const KINDS: &[(u16, &str, Option<Kind>, Kind, &str)] = &[
    (400, "BadRequestError",          Some(Kind::InvalidRequest), Kind::InvalidRequest,     ""),
    (401, "AuthenticationError",      Some(Kind::InvalidApiKey),  Kind::InvalidApiKey,      ""),
    (403, "PermissionDeniedError",    Some(Kind::Permission),     Kind::Permission,         ""),
    (404, "NotFoundError",            Some(Kind::NotFound),       Kind::NotFound,           ""),
    (409, "ConflictError",            Some(Kind::Conflict),       Kind::Conflict,           ""),
    (422, "UnprocessableEntityError", None,                       Kind::InvalidRequest,     SAME_REMEDY),
    (429, "RateLimitError",           Some(Kind::RateLimit),      Kind::RateLimit,          ""),
    (500, "InternalServerError",      Some(Kind::Server),         Kind::Server,             ""),
    (503, "InternalServerError",      Some(Kind::Server),         Kind::ServiceUnavailable, OVERLOAD),
    (418, "APIError",                 None,                       Kind::InvalidRequest,     BY_RANGE),
];

const KIND_IN_TEXT: &str = "the line goes on with the kind, the call and the remedy; message() is \
                            what the service said and no more";

fn statuses_have_the_kinds_of_the_table<C: TestClient>() {
    for (status, class, theirs, ours, why) in KINDS {
        let name = format!("{status} {class}");
        check_one(&name, theirs, &Some(*ours), why);
        let in_call = failure::<C>(reply(*status, &[ID], ENVELOPE));
        for error in [decode(*status, &[ID], ENVELOPE), in_call] {
            assert_eq!(error.kind(), *ours, "{name}");
            assert_eq!(error.status().map(|status| status.as_u16()), Some(*status), "{name}");
            assert_eq!(error.message(), "request failed", "{name}");
            assert_eq!(error.request_id(), Some("req_123"), "{name}");
            assert_eq!(error.code(), Some("bad_request"), "{name}");
            assert_eq!(error.param(), Some("model"), "{name}");
            assert_eq!(error.api_type(), Some("invalid_request"), "{name}");
            let text = error.to_string();
            assert!(text.starts_with(&format!("{status} {ours}: request failed")), "{text}");
            check_one(&name, &format!("{status} request failed"), &text, KIND_IN_TEXT);
        }
    }
}

/// The status, the body, the peers' text and the start of ours; all differ, as above.
struct Text(Option<u16>, &'static str, &'static str, &'static str, &'static str);

const NO_TEXT: &str = "an object is no text for people, and what is not known may be the prompt: it \
                       stays in body() and envelope()";
const NO_BODY: &str =
    "nothing was said, so nothing is made up: the kind says what the status means";
const NO_REPLY: &str =
    "it says what happened and the root cause; the rest of the chain is the source";

#[rustfmt::skip]
const TEXTS: &[Text] = &[
    Text(Some(418), r#"{"message":{"reason":"structured"}}"#, r#"418 {"reason":"structured"}"#, "418 invalid_request (POST ", NO_TEXT),
    Text(Some(418), r#"{"reason":"body only"}"#,              r#"418 {"reason":"body only"}"#,  "418 invalid_request (POST ", NO_TEXT),
    Text(Some(418), "",                                       "418 status code (no body)",      "418 invalid_request (POST ", NO_BODY),
    Text(None,      "",                                       "(no status code or body)",       "connect: could not connect: refused (POST ", NO_REPLY),
];

fn messages_are_those_of_the_table<C: TestClient>() {
    for Text(status, body, theirs, ours, why) in TEXTS {
        let error = match status {
            Some(status) => failure::<C>(reply(*status, &[], *body)),
            None => failure::<C>(Scene::Refuse),
        };
        let text = error.to_string();
        check_one(theirs, theirs, &text.as_str(), why);
        assert!(text.starts_with(ours), "{theirs}: {text}");
        assert_eq!(error.body(), body.as_bytes(), "{theirs}");
    }
}

/// What failed, the peers' class, our kind, and whether the transport's own error is the source.
fn failures_without_a_reply_are_told_apart<C: TestClient>() {
    let reset = Scene::Reset { takes: Duration::ZERO };
    let billed = "whether the request had left decides if it may be billed twice";
    #[rustfmt::skip]
    let cases = [
        ("network unavailable",  Scene::Refuse, Some(Kind::Connect), Kind::Connect,   Some("refused"), ""),
        ("connection timed out", Scene::Stall,  Some(Kind::Timeout), Kind::Timeout,   None,            ""),
        ("connection reset",     reset,         Some(Kind::Connect), Kind::Transport, Some("reset"),   billed),
    ];
    for (name, scene, theirs, ours, source, why) in cases {
        check_one(name, &theirs, &Some(ours), why);
        let error = failure::<C>(scene);
        assert_eq!((error.kind(), error.status()), (ours, None), "{name}: {error}");
        assert_eq!(error.source().map(ToString::to_string).as_deref(), source, "{name}");
    }
}

/// genai, `src/webc/web_stream_tests.rs`: three headers and the body of a 429, verbatim.
fn hints_and_body_of_a_refusal_are_readable<C: TestClient>() {
    let pairs = [("retry-after", "2"), ("retry-after-ms", "1500"), ("x-should-retry", "true")];
    let body = "{ \"error\" : {\"message\":\"slow down\"} }\n";
    let in_call = failure::<C>(reply(429, &pairs, body));
    for error in [decode(429, &pairs, body), in_call] {
        assert_eq!(error.kind(), Kind::RateLimit);
        for (name, value) in pairs {
            assert_eq!(error.headers()[name], value, "{name}");
        }
        assert_eq!(error.retry_after(), Some(Duration::from_millis(1_500)));
        assert!(error.is_retryable());
        assert_eq!(error.body(), body.as_bytes());
    }
}

/// anthropic, `tests/test_client.py`: its two clients agree over these; so do ours, in everything.
#[test]
fn both_clients_give_the_same_error_for_the_same_reply() {
    for status in [400, 401, 403, 404, 409, 413, 422, 429, 500, 503, 529] {
        for body in [ENVELOPE, "", "no JSON", "<html><title>Oops</title>"] {
            let scene = || reply(status, &[ID, ("retry-after", "7")], body);
            let asynchronous = failure::<flow_async::Client>(scene());
            let blocking = failure::<flow_blocking::Client>(scene());
            let json = |error: &Error| serde_json::to_string_pretty(error).unwrap();
            assert_eq!(json(&asynchronous), json(&blocking), "{status} {body:?}");
            assert_eq!(format!("{asynchronous:?}"), format!("{blocking:?}"), "{status} {body:?}");
            assert_eq!(asynchronous.to_string(), blocking.to_string(), "{status} {body:?}");
            assert_eq!(asynchronous.body(), blocking.body(), "{status} {body:?}");
        }
    }
}
