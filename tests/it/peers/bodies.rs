//! Bodies in every shape that has been met: successes that are none, and envelopes of all sorts.

use flow_api::Post;
use flow_errors::Kind;
use flow_tests::{Fake, TestClient, VirtualClock, both};
use serde_json::Value;

use super::differences::check_one;
use super::messages::{decode, failure};
use super::reply;

both! {
    successes_without_content_are_those_of_the_table
    texts_are_found_where_rig_finds_them
    envelopes_met_in_the_wild_are_read
}

/// What a caller gets for a success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Got {
    Nothing,
    Text,
    Error,
}

struct Success(
    &'static str,
    u16,
    &'static [(&'static str, &'static str)],
    &'static str,
    Got,
    Got,
    &'static str,
);

const BILLED: &str = "200 is no proof of success: a reply that was asked for, and billed, is not \
                      there, and the caller must learn of it";
const NOT_LAX: &str = "a reply is the type that was asked for or an error; the text is in body()";

/// openai-node, `tests/client-behavior.test.ts`, and openai-python for plain text: the status, the
/// headers, the body, what the caller gets of theirs and of ours, and the reason.
#[rustfmt::skip]
const SUCCESSES: &[Success] = &[
    Success("empty",              200, &[("content-type", "application/json")],                          "",         Got::Nothing, Got::Error,   BILLED),
    Success("empty with length",  200, &[("content-type", "application/json"), ("content-length", "0")], "",         Got::Nothing, Got::Error,   BILLED),
    Success("empty, charset",     200, &[("content-type", "application/json; charset=utf-8")],           "",         Got::Nothing, Got::Error,   BILLED),
    Success("empty, +json",       200, &[("content-type", "application/vnd.api+json")],                  "",         Got::Nothing, Got::Error,   BILLED),
    Success("invalid",            200, &[("content-type", "application/json")],                          "{invalid", Got::Error,   Got::Error,   ""),
    Success("blanks",             200, &[("content-type", "application/json")],                          "   ",      Got::Error,   Got::Error,   ""),
    Success("white space",        200, &[("content-type", "application/json")],                          "\n\t",     Got::Error,   Got::Error,   ""),
    Success("no content",         204, &[],                                                              "",         Got::Nothing, Got::Nothing, ""),
    Success("text, strict",       200, &[("content-type", "text/plain")],                                "my-text",  Got::Error,   Got::Error,   ""),
    Success("text, lax",          200, &[("content-type", "text/plain")],                                "my-text",  Got::Text,    Got::Error,   NOT_LAX),
];

fn successes_without_content_are_those_of_the_table<C: TestClient>() {
    for Success(name, status, headers, body, theirs, ours, why) in SUCCESSES {
        check_one(name, theirs, ours, why);
        let clock = VirtualClock::new(0);
        let fake = Fake::new(clock.clone(), [reply(*status, headers, *body)]);
        let client = C::faked(fake.clone()).build().unwrap().on_clock(clock);
        // Nothing is a value of this type, so it is not the type that makes it an error.
        match C::wait(Post::new(&client, "/any").send::<Option<Value>>()) {
            Ok(reply) => assert_eq!((reply.into_inner(), *ours), (None, Got::Nothing), "{name}"),
            Err(error) => {
                assert_eq!((error.kind(), *ours), (Kind::Decode, Got::Error), "{name}");
                assert_eq!(error.body(), body.as_bytes(), "{name}");
                assert_eq!(error.status().map(|status| status.as_u16()), Some(*status), "{name}");
            }
        }
        assert_eq!(fake.seen().len(), 1, "{name}");
    }
}

const OUTSIDE: &str =
    "the text for people stands outside the error's object; its code is in code()";

/// rig, `providers/internal/envelope.rs`: the body, what it takes for the text, and the reason.
#[rustfmt::skip]
const RIG: &[(u16, &str, &str, &str, &str)] = &[
    (429, r#"{"message":"quota exceeded","error":{"code":"429"}}"#, r#"{"code":"429"}"#, "quota exceeded", OUTSIDE),
    (503, r#"{"error":null,"message":"over capacity"}"#,            "over capacity",     "over capacity",  ""),
    (400, "not json",                                               "not json",          "not json",       ""),
];

fn texts_are_found_where_rig_finds_them<C: TestClient>() {
    for (status, body, theirs, ours, why) in RIG {
        check_one(body, theirs, ours, why);
        let error = failure::<C>(reply(*status, &[], *body));
        assert_eq!((error.message(), error.body()), (*ours, body.as_bytes()), "{body}");
        assert_eq!(error.envelope().is_some(), body.starts_with('{'), "{body}");
    }
}

/// A reply that somebody met: status and body, and what we read in it.
struct Envelope {
    name: &'static str,
    status: u16,
    body: &'static str,
    kind: Kind,
    message: &'static str,
    code: Option<&'static str>,
    api_type: Option<&'static str>,
}

const fn read(
    (name, status, body): (&'static str, u16, &'static str),
    kind: Kind,
    message: &'static str,
    (code, api_type): (Option<&'static str>, Option<&'static str>),
) -> Envelope {
    Envelope { name, status, body, kind, message, code, api_type }
}

const OPENRESTY_502: &str = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>openresty</center>\r\n</body>\r\n</html>\r\n";
const OPENRESTY_504: &str = "<html>\r\n<head><title>504 Gateway Time-out</title></head>\r\n<body>\r\n<center><h1>504 Gateway Time-out</h1></center>\r\n<hr><center>openresty</center>\r\n</body>\r\n</html>\r\n";

#[rustfmt::skip]
const ENVELOPES: &[Envelope] = &[
    read(("integer code", 400, r#"{"error":{"message":"bad","type":"invalid_request_error","param":null,"code":400}}"#), Kind::InvalidRequest, "bad", (Some("400"), Some("invalid_request_error"))),
    read(("bare string", 500, r#"{"error":"server error"}"#), Kind::Server, "server error", (None, None)),
    read(("empty error", 400, r#"{"error":{}}"#), Kind::InvalidRequest, "", (None, None)),
    read(("flat, under 200", 200, r#"{"object":"error","message":"The model does not exist.","type":"NotFoundError","param":null,"code":404}"#), Kind::NotFound, "The model does not exist.", (Some("404"), Some("NotFoundError"))),
    read(("flat, under 400", 400, r#"{"object":"error","message":"Bad max_tokens.","type":"BadRequestError","param":null,"code":400}"#), Kind::InvalidRequest, "Bad max_tokens.", (Some("400"), Some("BadRequestError"))),
    read(("detail", 404, r#"{"detail":"Not Found"}"#), Kind::NotFound, "Not Found", (None, None)),
    read(("list of details", 422, r#"{"detail":[{"loc":["body","model"],"msg":"field required","type":"value_error.missing"}]}"#), Kind::InvalidRequest, "field required", (None, None)),
    read(("Portkey", 400, r#"{"status":"failure","message":"no config"}"#), Kind::InvalidRequest, "no config", (None, None)),
    read(("Portkey: null type", 401, r#"{"error":{"message":"no key","type":null,"param":null,"code":null},"provider":"openai"}"#), Kind::InvalidApiKey, "no key", (None, None)),
    read(("one-api: empty message", 500, r#"{"error":{"message":"","type":"one_api_error","param":"","code":null}}"#), Kind::Server, "", (None, Some("one_api_error"))),
    read(("one-api: its limiter", 429, ""), Kind::RateLimit, "", (None, None)),
    read(("openresty 502", 502, OPENRESTY_502), Kind::Server, "502 Bad Gateway", (None, None)),
    read(("openresty 504", 504, OPENRESTY_504), Kind::GatewayTimeout, "504 Gateway Time-out", (None, None)),
    read(("quota on an overload", 429, r#"{"error":{"message":"busy","localized_message":"忙","type":"insufficient_quota","param":null,"code":null}}"#), Kind::InsufficientBalance, "busy", (None, Some("insufficient_quota"))),
    read(("headers in the body", 429, r#"{"error":{"message":"Rate limit exceeded","code":429,"metadata":{"headers":{"X-RateLimit-Limit":"20","X-RateLimit-Remaining":"0"}}}}"#), Kind::RateLimit, "Rate limit exceeded", (Some("429"), None)),
    read(("Portkey: text 500", 500, "fetch failed"), Kind::Server, "fetch failed", (None, None)),
    read(("Portkey: text 503", 503, "upstream is down"), Kind::ServiceUnavailable, "upstream is down", (None, None)),
];

fn envelopes_met_in_the_wild_are_read<C: TestClient>() {
    const ID: (&str, &str) = ("x-oneapi-request-id", "20261122");
    for Envelope { name, status, body, kind, message, code, api_type } in ENVELOPES {
        let mut errors = vec![failure::<C>(reply(*status, &[ID], *body))];
        if *status != 200 {
            errors.push(decode(*status, &[ID], body));
        }
        for error in errors {
            assert_eq!((error.kind(), error.message()), (*kind, *message), "{name}");
            assert_eq!((error.code(), error.api_type()), (*code, *api_type), "{name}");
            assert_eq!(error.request_id(), Some("20261122"), "{name}");
            assert_eq!(error.body(), body.as_bytes(), "{name}");
            let again = error.envelope().map(flow_errors::Envelope::into_value);
            assert_eq!(again, serde_json::from_str::<Value>(body).ok(), "{name}");
        }
    }
}
