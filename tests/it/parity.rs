//! Both drivers do the same: the same requests, timeouts and instants for the same events.

mod sockets;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use flow_errors::RetryPolicy;
use flow_tests::{BodyFault, Fake, Scene, TestClient, VirtualClock};
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
}

const REPLY: &str = r#"{"choices":[{"message":{"role":"assistant","content":"Hi"}}]}"#;
const BODIES: [&str; 7] = [
    REPLY,
    "",
    "{}",
    "<html><title>502 Bad Gateway</title></html>",
    r#"{"choices":[{"mess"#,
    r#"{"error":{"message":"no","type":"rate_limit_error","code":null}}"#,
    r#"{"error":{"message":"no","param":"model"}}"#,
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

fn scripts() -> impl Strategy<Value = Script> {
    // A stalled attempt needs a limit, or the call would rightly wait for ever.
    let limits = prop_oneof![
        (1..20_000_u64).prop_map(|deadline| (Some(deadline), None)),
        (1..5_000_u64).prop_map(|attempt| (None, Some(attempt))),
        (1..20_000_u64, 1..5_000_u64)
            .prop_map(|(deadline, attempt)| (Some(deadline), Some(attempt))),
    ];
    let scenes = proptest::collection::vec(scenes(), 1..8);
    (scenes, any::<u64>(), 1..7_u32, limits, 10..200_usize, fallbacks()).prop_map(
        |(scenes, seed, max_attempts, (deadline_ms, attempt_ms), max_reply_bytes, fallbacks)| {
            Script {
                scenes,
                seed,
                max_attempts,
                deadline_ms,
                attempt_ms,
                max_reply_bytes,
                fallbacks,
            }
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
    let result = match C::wait(call.send()) {
        Ok(reply) => format!("{reply:?}"),
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
