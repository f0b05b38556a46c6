//! The same over real sockets, for a sample: both clients see the same, and the service does.
//!
//! Waits take no time, and the clock stands still during an attempt; so all that is compared is
//! exact. Only a stall takes real time, up to the attempt's timeout, which is far longer than
//! anything else on loopback takes.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use flow_errors::{Error, Kind, RetryPolicy};
use flow_sim::{Action, Seen, Sim};
use flow_tests::{BodyFault, Scene, TestClient, VirtualClock};
use proptest::prelude::*;

use super::{REPLY, Script, fallbacks, modes, outcome, scenes};

/// How long an attempt of a script with a stall takes at most.
const STALL_MS: u64 = 1_500;

/// And of one without: only a broken test takes this long.
const NEVER_MS: u64 = 60_000;

/// Longer than all backoffs and short hints together, and shorter than any long hint, so that
/// every attempt is left with more time than it needs.
const DEADLINE_MS: u64 = 90_000;

fn scripts() -> impl Strategy<Value = Script> {
    let deadline = proptest::option::of(Just(DEADLINE_MS));
    let scenes = proptest::collection::vec((scenes(), any::<bool>()), 1..8).prop_map(fit);
    let max_reply_bytes = prop_oneof![1 => 10..200_usize, 3 => Just(1_000_usize)];
    (scenes, any::<u64>(), 1..7_u32, deadline, max_reply_bytes, fallbacks(), modes()).prop_map(
        |(scenes, seed, max_attempts, deadline_ms, max_reply_bytes, fallbacks, mode)| {
            let attempt_ms = if scenes.iter().any(stalls) { STALL_MS } else { NEVER_MS };
            let attempt_ms = Some(attempt_ms);
            Script {
                scenes,
                seed,
                max_attempts,
                deadline_ms,
                attempt_ms,
                max_reply_bytes,
                fallbacks,
                mode,
            }
        },
    )
}

const fn stalls(scene: &Scene) -> bool {
    matches!(scene, Scene::Stall | Scene::Reply { fault: BodyFault::Stall, .. })
}

/// Fits scenes for sockets: half of the successes are good ones, each reply has an id of its own,
/// and stalls after the first, which would take real time, are resets.
fn fit(scenes: Vec<(Scene, bool)>) -> Vec<Scene> {
    let mut has_stall = false;
    let fit = |(at, (mut scene, is_good)): (usize, (Scene, bool))| {
        if let Scene::Reply { status, headers, body, fault, .. } = &mut scene {
            headers.insert("x-request-id", format!("req_{at}").parse().unwrap());
            if status.is_success() && is_good {
                (*body, *fault) = (REPLY.into(), BodyFault::None);
            }
        }
        if !stalls(&scene) || !std::mem::replace(&mut has_stall, true) {
            return scene;
        }
        match scene {
            Scene::Reply { takes, status, headers, body, .. } => {
                Scene::Reply { takes, status, headers, body, fault: BodyFault::Reset }
            }
            _ => Scene::Reset { takes: Duration::ZERO },
        }
    };
    scenes.into_iter().enumerate().map(fit).collect()
}

/// A port where a service listens, or nobody does, as the next scene wants it.
struct Stage {
    address: SocketAddr,
    rest: VecDeque<Scene>,
    sim: Option<Sim>,
    seen: Vec<Seen>,
    _port: Box<dyn Send>,
}

impl Stage {
    fn new(scenes: &[Scene]) -> Self {
        let (address, port) = flow_loopback::reserved();
        let rest = scenes.iter().cloned().collect();
        let mut stage = Self { address, rest, sim: None, seen: Vec::new(), _port: Box::new(port) };
        stage.prepare();
        stage
    }

    /// Gets ready for the next attempt.
    fn prepare(&mut self) {
        if matches!(self.rest.front(), Some(Scene::Refuse)) {
            self.clear();
        } else if self.sim.is_none() {
            self.sim = Some(self.open());
        }
        self.rest.pop_front();
    }

    /// Starts a service for all scenes up to one where there is none.
    fn open(&self) -> Sim {
        let scenes = || self.rest.iter().take_while(|scene| !matches!(scene, Scene::Refuse));
        let last = scenes().count().checked_sub(1).filter(|last| last + 1 < self.rest.len());
        let actions = scenes().enumerate().map(|(at, scene)| {
            let action = action(scene);
            // Nobody must keep a connection to a service that is about to go.
            if Some(at) == last { action.header("connection", "close") } else { action }
        });
        let script = actions.collect::<Vec<_>>();
        Sim::builder().port(self.address.port()).script(script).start().unwrap()
    }

    /// Ends the service, if there is one.
    fn clear(&mut self) {
        self.seen.extend(self.sim.take().iter().flat_map(Sim::log));
    }
}

fn action(scene: &Scene) -> Action {
    match scene {
        Scene::Reply { status, headers, body, fault, .. } => {
            let mut action = Action::status(status.as_u16()).body(body.clone());
            for (name, value) in headers {
                action = action.header(name.as_str(), value.as_bytes().to_vec());
            }
            match fault {
                BodyFault::Reset => action.reset_after(body.len()),
                BodyFault::Stall => action.hang_after(body.len()),
                _ => action,
            }
        }
        Scene::Reset { .. } => Action::normal().reset_before_head(),
        _ => Action::normal().hang(),
    }
}

/// Everything that client and service saw of a call, as text.
fn run<C: TestClient>(script: &Script) -> String {
    let clock = VirtualClock::new(script.seed);
    let stage = Arc::new(Mutex::new(Stage::new(&script.scenes)));
    let address = stage.lock().unwrap().address;
    let client = flow_api::ClientBuilder::<C>::new().api_key("sk-test").no_proxy();
    let client = client.base_url(format!("http://{address}/v1")).build().unwrap();
    let client = client.on_socket_clock(clock.clone());
    let told = Arc::new(Mutex::new(String::new()));
    let (hook, next) = (told.clone(), stage.clone());
    let mut call = client
        .hello("gpt-4o")
        .retry(RetryPolicy::builder().max_attempts(script.max_attempts).build().unwrap())
        .max_reply_bytes(script.max_reply_bytes)
        .fallback_models(script.fallbacks.iter().copied())
        .attempt_timeout(Duration::from_millis(script.attempt_ms.unwrap()))
        .on_attempt(move |attempt| {
            writeln!(hook.lock().unwrap(), "{attempt}").unwrap();
            next.lock().unwrap().prepare();
        });
    call = match script.deadline_ms {
        Some(ms) => call.deadline(Duration::from_millis(ms)),
        None => call.no_deadline(),
    };
    let result = match outcome(call, script.mode) {
        Ok(reply) => reply,
        Err(error) => described(&error),
    };
    let mut stage = stage.lock().unwrap();
    stage.clear();
    let mut text = format!("{}{result}\nat {:?}", told.lock().unwrap(), clock.tick());
    stage.seen.iter().for_each(|seen| write!(text, "\n{}", request(seen)).unwrap());
    let in_flight = client.settings().in_flight();
    format!("{text}\n{in_flight} in flight").replace(&address.to_string(), "HOST")
}

/// What there is to know of an error, but for the words of the HTTP stacks, which are their own.
pub(super) fn described(error: &Error) -> String {
    let mut json = serde_json::to_value(error).unwrap();
    let fields = json.as_object_mut().unwrap();
    fields.remove("source");
    if error.kind() == Kind::Transport {
        fields.remove("message");
    }
    let body = String::from_utf8_lossy(error.body());
    let cut = error.is_body_cut();
    format!("{json:#}\nbody {body:?}, cut: {cut}, headers {:?}", error.headers())
}

/// A request as the service saw it, but for the name of the client.
fn request(seen: &Seen) -> String {
    let headers = seen.headers.iter().filter(|(name, _)| *name != http::header::USER_AGENT);
    let mut headers: Vec<_> =
        headers.map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
    headers.sort();
    let body = String::from_utf8_lossy(&seen.body);
    format!("{} {} {headers:?} {body} -> {}", seen.method, seen.path, seen.answer)
}

/// Runs all scripts through both clients at once, because most of the time is spent in stalls.
fn run_all(scripts: &[Script]) -> Vec<(String, String)> {
    thread::scope(|scope| {
        let runs = scripts.iter().map(|script| {
            let asynchronous = scope.spawn(|| run::<flow_async::Client>(script));
            (asynchronous, scope.spawn(|| run::<flow_blocking::Client>(script)))
        });
        let runs: Vec<_> = runs.collect();
        let join =
            |(one, other): (thread::ScopedJoinHandle<'_, _>, thread::ScopedJoinHandle<'_, _>)| {
                (one.join().unwrap(), other.join().unwrap())
            };
        runs.into_iter().map(join).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2, max_shrink_iters: 16, ..ProptestConfig::default() })]

    #[test]
    fn prop_33_async_log_is_the_blocking_log_over_sockets(
        scripts in proptest::collection::vec(scripts(), 16),
    ) {
        for (script, (asynchronous, blocking)) in scripts.iter().zip(run_all(&scripts)) {
            prop_assert_eq!(
                &asynchronous, &blocking, "\n{:#?}\n{}\n{}", script, asynchronous, blocking
            );
            prop_assert!(asynchronous.ends_with("\n0 in flight"), "{}", asynchronous);
        }
    }
}
