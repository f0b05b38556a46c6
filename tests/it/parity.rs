//! Both drivers do the same: the same requests, timeouts and instants for the same events.

mod sockets;
mod streams;

use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use flow_api::Chat;
use flow_errors::{Result, RetryPolicy};
use flow_tests::{BodyFault, Fake, Scene, TestClient, TestStream as _, VirtualClock};
use http::{HeaderMap, HeaderValue, StatusCode};
use proptest::prelude::*;

#[derive(Clone, Debug)]
struct Script {
    scenes: Vec<Scene>,
    seed: u64,
    max_attempts: u32,
    deadline_ms: Option<u64>,
    attempt_ms: Option<u64>,
    max_reply_bytes: usize,
    fallbacks: Vec<&'static str>,
    mode: Mode,
}

/// How a call is made.
#[derive(Clone, Copy, Debug)]
enum Mode {
    Whole,
    PutTogether,
    Streamed,
}

const REPLY: &str = r#"{"choices":[{"message":{"role":"assistant","content":"Hi"}}]}"#;
const BODIES: [&str; 12] = [
    REPLY,
    "",
    "{}",
    "<html><title>502 Bad Gateway</title></html>",
    r#"{"choices":[{"mess"#,
    r#"{"error":{"message":"no","type":"rate_limit_error","code":null}}"#,
    r#"{"error":{"message":"no","param":"model"}}"#,
    "data: {\"choices\":[{\"delta\":{\"content\":\"Hi\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n",
    "data: {\"choices\":[{\"delta\":{\"content\":\"Hi\"}}]}\n\ndata: [DONE]\n\n",
    "data: {\"choices\":[{\"delta\":{\"content\":\"Hi\"}}]}\n\ndata: {\"error\":{\"code\":503}}\n\n",
    "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\"}}]}\n\n: ping\n\n",
    "data: {\"error\":{\"message\":\"no\",\"type\":\"rate_limit_error\"}}\n\n",
];

fn scenes() -> impl Strategy<Value = Scene> {
    let takes = (0..3_000_u64).prop_map(Duration::from_millis);
    let status = proptest::sample::select(vec![
        200, 200, 400, 401, 402, 404, 429, 429, 500, 502, 503, 504_u16,
    ]);
    let hint = proptest::option::of(prop_oneof![Just(0), 1..4_000_u64, 100_000..200_000_u64]);
    let fault = proptest::sample::select(vec![
        BodyFault::None,
        BodyFault::None,
        BodyFault::None,
        BodyFault::Reset,
        BodyFault::Stall,
        BodyFault::Cancel,
    ]);
    let body = proptest::sample::select(BODIES.to_vec());
    let reply = (takes.clone(), status, hint, body, fault).prop_map(
        |(takes, status, hint, body, fault)| {
            let mut headers = HeaderMap::new();
            if let Some(ms) = hint {
                headers.insert("retry-after-ms", HeaderValue::from(ms));
            }
            headers.insert("x-request-id", HeaderValue::from_static("req_1"));
            let status = StatusCode::from_u16(status).unwrap();
            Scene::Reply { takes, status, headers, body: body.into(), fault }
        },
    );
    prop_oneof![
        8 => reply,
        1 => Just(Scene::Refuse),
        1 => takes.prop_map(|takes| Scene::Reset { takes }),
        1 => Just(Scene::Stall),
    ]
}

/// The models after the first.
fn fallbacks() -> impl Strategy<Value = Vec<&'static str>> {
    proptest::sample::select(vec![vec![], vec![], vec!["two"], vec!["two", "three"]])
}

fn modes() -> impl Strategy<Value = Mode> {
    proptest::sample::select(vec![Mode::Whole, Mode::PutTogether, Mode::Streamed])
}

/// What comes of a call, as text.
fn outcome<C: TestClient>(call: Chat<'_, C>, mode: Mode) -> Result<String> {
    match mode {
        Mode::Whole => C::wait(call.send()).map(|reply| format!("{reply:#?}")),
        Mode::PutTogether => C::wait(call.send_streamed()).map(|reply| format!("{reply:#?}")),
        Mode::Streamed => {
            let mut stream = C::open(call.stream())?;
            let mut text = format!("{:?} {:?}", stream.request_id(), stream.attempts());
            for chunk in &mut stream {
                write!(text, "\n{}", serde_json::to_value(chunk?).unwrap()).unwrap();
            }
            write!(text, "\n{:?}", stream.attempts()).unwrap();
            Ok(format!("{text}\n{:#?}", stream.into_reply()?))
        }
    }
}

fn scripts() -> impl Strategy<Value = Script> {
    // A stalled attempt needs a limit, or the call would rightly wait for ever.
    let limits = prop_oneof![
        (1..20_000_u64).prop_map(|deadline| (Some(deadline), None)),
        (1..5_000_u64).prop_map(|attempt| (None, Some(attempt))),
        (1..20_000_u64, 1..5_000_u64)
            .prop_map(|(deadline, attempt)| (Some(deadline), Some(attempt))),
    ];
    let scenes = proptest::collection::vec(scenes(), 1..8);
    let sizes = prop_oneof![10..200_usize, 200..1_000_usize];
    (scenes, any::<u64>(), 1..7_u32, limits, sizes, fallbacks(), modes()).prop_map(
        |(scenes, seed, max_attempts, limits, max_reply_bytes, fallbacks, mode)| Script {
            scenes,
            seed,
            max_attempts,
            deadline_ms: limits.0,
            attempt_ms: limits.1,
            max_reply_bytes,
            fallbacks,
            mode,
        },
    )
}

/// Everything that can be seen of a call from outside, as text.
fn run<C: TestClient>(script: &Script) -> String {
    let clock = VirtualClock::new(script.seed);
    let fake = Fake::new(clock.clone(), script.scenes.clone());
    let client = C::faked(fake.clone()).build().unwrap().on_clock(clock.clone());
    let told = Arc::new(Mutex::new(Vec::new()));
    let hook = told.clone();
    let mut call = client
        .hello("gpt-4o")
        .retry(RetryPolicy::builder().max_attempts(script.max_attempts).build().unwrap())
        .max_reply_bytes(script.max_reply_bytes)
        .fallback_models(script.fallbacks.iter().copied())
        .on_attempt(move |attempt| hook.lock().unwrap().push(attempt.to_string()));
    call = match script.deadline_ms {
        Some(ms) => call.deadline(Duration::from_millis(ms)),
        None => call.no_deadline(),
    };
    if let Some(ms) = script.attempt_ms {
        call = call.attempt_timeout(Duration::from_millis(ms));
    }
    // Short enough to count now and then.
    let call =
        call.first_content_timeout(Duration::from_secs(2)).idle_timeout(Duration::from_secs(1));
    let result = match outcome(call, script.mode) {
        Ok(reply) => reply,
        Err(error) => serde_json::to_string_pretty(&error).unwrap(),
    };
    let in_flight = flow_api::client::Execute::settings(&client).in_flight();
    let told = told.lock().unwrap().join("\n");
    format!("{:#?}\n{told}\n{result}\n{in_flight} in flight at {:?}", fake.seen(), clock.tick())
}

proptest! {
    #[test]
    fn prop_33_async_log_is_the_blocking_log(script in scripts()) {
        let (asynchronous, blocking) =
            (run::<flow_async::Client>(&script), run::<flow_blocking::Client>(&script));
        prop_assert_eq!(&asynchronous, &blocking, "\n{}\n{}", asynchronous, blocking);
        prop_assert!(asynchronous.contains("\n0 in flight at "));
    }
}
