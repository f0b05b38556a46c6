//! Connections that nginx closes while a client keeps them for its next call.

use std::thread;
use std::time::Duration;

use flow_async::flow_api::ChatRequest;
use rustix::process::Signal;

use super::server::{PATIENCE, Server, Workers};
use super::trial::Trial;
use super::visit::{Visit, attempts, second_chat};
use super::{config, words};
use crate::Result;
use crate::interop::place::free_port;

/// How many calls race against nginx's closing.
const RACES: u8 = 200;

pub(super) static TRIALS: &[Trial] = &[
    Trial {
        name: "keepalive_requests 1: second call",
        location: "keepalive_requests 1; proxy_pass http://{sim}/;",
        go: second_chat,
        expected: "200, \"Hello from flow-sim\"",
        ..Trial::CHAT
    },
    Trial {
        name: "second request on a connection is dropped unanswered",
        location: "if ($connection_requests = 2) { return 444; }
                   proxy_pass http://{sim}/;",
        go: second_chat,
        expected: "transport → 200, \"Hello from flow-sim\", perhaps billed twice",
        ..Trial::CHAT
    },
    Trial {
        name: "nginx is started anew between two calls",
        go: across_a_restart,
        expected: "200, \"Hello from flow-sim\"",
        ..Trial::CHAT
    },
    Trial {
        name: "nginx reloads its configuration between two calls",
        go: across_a_reload,
        expected: "200, \"Hello from flow-sim\"",
        ..Trial::CHAT
    },
    Trial {
        name: "keepalive_timeout 3ms: 200 calls, many as nginx closes",
        location: "keepalive_timeout 3ms; proxy_pass http://{sim}/;",
        go: races,
        expected: "200 calls answered, each run once",
        ..Trial::CHAT
    },
];

fn across_a_restart(visit: &Visit<'_>) -> Result<String> {
    let workers = Workers::InOneProcess;
    between_two_calls(visit, workers, |server, restart| {
        drop(server);
        restart()
    })
}

/// A reload replaces the workers; the old ones close their idle connections and end.
fn across_a_reload(visit: &Visit<'_>) -> Result<String> {
    between_two_calls(visit, Workers::Separate, |mut server, _| {
        server.daemon.signal(Signal::HUP)?;
        server.daemon.wait_for("replace its workers", PATIENCE, |log| {
            Ok(log.contains("exited with code 0"))
        })?;
        Ok(server)
    })
}

/// Makes two calls with one client to an nginx of the visit's own, and something in between.
fn between_two_calls(
    visit: &Visit<'_>,
    workers: Workers,
    between: impl FnOnce(Server, &dyn Fn() -> Result<Server>) -> Result<Server>,
) -> Result<String> {
    let (port, id) = (free_port()?, config::id(0, visit.which));
    let start = || visit.stage.second(visit.id, port, visit.site, workers);
    let server = start()?;
    let caller = visit.caller(&format!("http://127.0.0.1:{port}/{id}/v1"))?;
    let request = ChatRequest::new(visit.site.model).user("Hello");
    caller.chat(request.clone(), None)?;
    // Only then is nginx through with it.
    server.logged(&id, 1)?;
    let server = between(server, &start)?;
    let call = caller.chat(request, None);
    let expected = attempts(&call).len().saturating_add(1);
    Ok(words::chat(&call) + &words::logged(&server.logged(&id, expected)?, expected))
}

/// Makes calls with pauses around the time after which nginx closes, so that some are written
/// just then. Which ones is left to chance; that each is answered is not.
fn races(visit: &Visit<'_>) -> Result<String> {
    for number in 0..RACES {
        let call = visit.send("Hello", None);
        if call.is_err() {
            return Ok(format!("call {number}: {}", words::chat(&call)));
        }
        thread::sleep(Duration::from_micros(2_000 + u64::from(number % 20) * 100));
    }
    // What is sent again had not arrived.
    visit.expect_logged(RACES.into());
    Ok(format!("{RACES} calls answered, each run once"))
}
