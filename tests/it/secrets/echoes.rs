//! Services that send the key and the prompt back: the raw body has them, nothing else does.

use bytes::Bytes;
use flow_errors::Kind;
use flow_sim::{Action, Sim};
use flow_tests::{BodyFault, Fake, Scene, TestClient, VirtualClock, both};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use super::search::{HEADER, KEY, Lines, PROMPT, Search, found};
use super::{chat, client, twice};

both! {
    echoes_over_sockets_are_in_the_body_and_nowhere_else
    echoes_of_a_fake_service_are_in_the_body_and_nowhere_else
    keys_in_other_headers_are_not_shown_either
}

/// What a service sends back, and what it is.
struct Echo {
    name: &'static str,
    status: u16,
    content_type: &'static str,
    body: String,
    kind: Kind,
}

const fn echo(
    name: &'static str,
    status: u16,
    content_type: &'static str,
    body: String,
    kind: Kind,
) -> Echo {
    Echo { name, status, content_type, body, kind }
}

const JSON: &str = "application/json";

#[rustfmt::skip]
fn echoes() -> Vec<Echo> {
    let request = json!({ "model": "m", "messages": [{ "role": "user", "content": PROMPT }], "key": KEY });
    let error = |fields: &Value| {
        let mut error = json!({ "message": format!("Incorrect API key provided: {KEY}."), "param": KEY, "input": PROMPT });
        error.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        json!({ "error": error, "request": request }).to_string()
    };
    let half = |text: String| text[..text.len() - 12].to_owned();
    vec![
        echo("key in message and param", 401, JSON,         error(&json!({})), Kind::InvalidApiKey),
        echo("key in code and type",     400, JSON,         error(&json!({ "code": KEY, "type": KEY })), Kind::InvalidRequest),
        echo("key in the id",            500, JSON,         error(&json!({ "request_id": KEY })), Kind::Server),
        echo("list of details",          422, JSON,         json!({ "detail": [{ "msg": "field required", "input": request }] }).to_string(), Kind::InvalidRequest),
        echo("request as the error",     400, JSON,         request.to_string(), Kind::InvalidRequest),
        echo("request after an error",   503, JSON,         format!("{}\n{request}", json!({ "error": "busy" })), Kind::ServiceUnavailable),
        echo("half an envelope",         502, JSON,         half(error(&json!({}))), Kind::Server),
        echo("half a list",              502, JSON,         half(format!("[{}", error(&json!({})))), Kind::Server),
        echo("Python's spelling",        500, "text/plain", request.to_string().replace('"', "'"), Kind::Server),
        echo("event",                    500, "text/event-stream", format!("data: {request}\n\n"), Kind::Server),
        echo("half an event",            500, "text/event-stream", format!("event: error\ndata: {}\n\n", half(request.to_string())), Kind::Server),
        echo("page",                     502, "text/html",  format!("<html><title>Bad Gateway</title><pre>{request}</pre></html>"), Kind::Server),
        echo("envelope in a success",    200, JSON,         error(&json!({ "code": 429 })), Kind::RateLimit),
        echo("wrong type",               200, JSON,         json!({ "choices": PROMPT }).to_string(), Kind::Decode),
        echo("object in place of a list", 200, JSON,        json!({ "choices": { "index": PROMPT } }).to_string(), Kind::Decode),
        echo("wrong key",                200, JSON,         json!({ PROMPT: KEY }).to_string(), Kind::Decode),
        echo("half a reply",             200, JSON,         format!(r#"{{"choices":[],"prompt":"{PROMPT}"#), Kind::Decode),
        echo("no JSON",                  200, JSON,         format!("{PROMPT} {KEY}"), Kind::Decode),
        echo("text",                     200, "text/plain", format!("{PROMPT} {KEY}"), Kind::Decode),
        echo("page in a success",        200, "text/html",  format!("<html><title>{PROMPT}</title></html>"), Kind::Decode),
        echo("nothing but the type",     200, KEY,          String::new(), Kind::Decode),
    ]
}

/// Headers with the key in them: three that an error keeps, and two that it does not.
const ECHOING: [&str; 5] =
    ["x-request-id", "via", "x-error-code", "set-cookie", "www-authenticate"];

fn echoes_over_sockets_are_in_the_body_and_nowhere_else<C: TestClient>() {
    let mut search = Search::default();
    let lines = Lines::default();
    let sim = Sim::start().unwrap();
    let client: C = client(&sim, &lines);
    for Echo { name, status, content_type, body, kind } in echoes() {
        let mut action = Action::status(status).body(body.clone());
        action = action.header("content-type", content_type);
        for name in ECHOING {
            action = action.header(name, KEY);
        }
        sim.set_script([action.clone(), action]).unwrap();
        let error = C::wait(chat(&client, "m").send()).expect_err(name);
        assert_eq!(error.kind(), kind, "{name}: {error}");
        assert_eq!(error.body(), body.as_bytes(), "{name}");
        assert_eq!(found(&String::from_utf8_lossy(error.body())), found(&body), "{name}");
        search.error(name, &error);
    }
    search.text("hook", &lines.text());
    search.finish(21 * 20);
}

fn echoes_of_a_fake_service_are_in_the_body_and_nowhere_else<C: TestClient>() {
    let mut search = Search::default();
    for Echo { name, status, content_type, body, kind } in echoes() {
        let clock = VirtualClock::new(7);
        let lines = Lines::default();
        let mut headers = HeaderMap::new();
        headers.insert("content-type", content_type.parse().unwrap());
        let scene = Scene::Reply {
            takes: std::time::Duration::ZERO,
            status: StatusCode::from_u16(status).unwrap(),
            headers,
            body: Bytes::from(body.clone()),
            // An error is told from what arrives of it, a success needs all of it.
            fault: if status == 200 { BodyFault::None } else { BodyFault::Reset },
        };
        let fake = Fake::new(clock.clone(), [scene.clone(), scene]);
        let client = C::faked(fake).api_key(KEY).retry(twice()).on_attempt(lines.hook());
        let client = client.build().unwrap().on_clock(clock);
        let error = C::wait(chat(&client, "m").send()).expect_err(name);
        assert_eq!(error.kind(), kind, "{name}: {error}");
        assert_eq!(error.is_body_cut(), status != 200, "{name}");
        assert_eq!(found(&String::from_utf8_lossy(error.body())), found(&body), "{name}");
        search.error(name, &error);
        search.text(name, &lines.text());
    }
    search.finish(21 * 20);
}

/// Other services take their key in a header of its own, and quote that.
fn keys_in_other_headers_are_not_shown_either<C: TestClient>() {
    for name in ["api-key", "X-Api-Key", "x-goog-api-key"] {
        let mut search = Search::default();
        let clock = VirtualClock::new(7);
        let mut headers = HeaderMap::new();
        headers.insert("x-request-id", HEADER.parse().unwrap());
        let body = json!({ "error": { "message": format!("bad key {HEADER}"), "code": HEADER } });
        let scene = Scene::Reply {
            takes: std::time::Duration::ZERO,
            status: StatusCode::UNAUTHORIZED,
            headers,
            body: Bytes::from(body.to_string()),
            fault: BodyFault::None,
        };
        let client = C::faked(Fake::new(clock.clone(), [scene])).header(name, HEADER);
        let client = client.build().unwrap().on_clock(clock);
        let error = C::wait(chat(&client, "m").send()).expect_err(name);
        assert_eq!(error.message(), "bad key [redacted]");
        search.error(name, &error);
        search.finish(15);
    }
}

#[test]
fn bodies_of_the_table_hold_what_is_searched_for() {
    let echoes = echoes();
    let holds = |secret| echoes.iter().filter(|echo| found(&echo.body).contains(&secret)).count();
    assert!(holds("key") > 12 && holds("prompt") > 15, "{} {}", holds("key"), holds("prompt"));
}
