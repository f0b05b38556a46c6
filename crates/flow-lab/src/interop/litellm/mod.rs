//! The LiteLLM proxy between both of our clients and flow-sim.

mod call;
mod trial;

use std::process::Command;
use std::time::Duration;

use flow_errors::Error;
use flow_sim::{Seen, Sim};

use self::call::{Answer, Client};
use self::trial::Trial;
use crate::Result;
use crate::interop::case::Case;
use crate::interop::command::printed;
use crate::interop::daemon::Daemon;
use crate::interop::install::python::Python;
use crate::interop::place::Place;

const REQUIREMENTS: &str = include_str!("requirements.txt");
const CONFIG: &str = include_str!("config.yaml");

/// It imports hundreds of modules before it listens.
const START: Duration = Duration::from_secs(90);

/// What keeps it from asking the network for lists that it has brought along.
const LOCAL: [&str; 5] = [
    "LITELLM_LOCAL_MODEL_COST_MAP",
    "LITELLM_LOCAL_BLOG_POSTS",
    "LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS",
    "LITELLM_LOCAL_AUTOROUTER_PRESETS",
    "LITELLM_LOCAL_POLICY_TEMPLATES",
];

/// Starts the proxy and makes each call with both clients.
pub(super) fn run(place: &Place, step: &dyn Fn(&str)) -> Result<Vec<Case>> {
    let python = Python::find(place, "litellm", REQUIREMENTS, step)?;
    let program = version(&python)?;
    let sim = Sim::builder().script(trial::script()).start()?;
    step("starting, which takes some ten seconds");
    let (_daemon, base_url) = start(place, &python, &sim)?;
    let mut cases = Vec::new();
    for (one, other) in trial::all(Client::Async).into_iter().zip(trial::all(Client::Blocking)) {
        for (client, trial) in [(Client::Async, one), (Client::Blocking, other)] {
            step(&trial.name);
            let seen = seen(&base_url, &sim, client, &trial);
            cases.push(Case {
                program: program.clone(),
                client: client.as_str().to_owned(),
                name: trial.name,
                expected: trial.expected,
                seen,
            });
        }
    }
    Ok(cases)
}

/// Starts the proxy and gives its base URL, which its own words name: a port that was chosen for
/// it could be somebody else's by the time it listens.
fn start(place: &Place, python: &Python, sim: &Sim) -> Result<(Daemon, String)> {
    let command = server(place, python, sim)?;
    let mut daemon = Daemon::spawn("litellm", command, place.path("litellm.log"))?;
    daemon.wait_for("listen", START, |output| Ok(address(output).is_some()))?;
    let output = daemon.output();
    let address = address(&output).ok_or("litellm does not say where it listens")?;
    Ok((daemon, format!("{address}/v1")))
}

/// The address in `Uvicorn running on http://127.0.0.1:4000 (Press CTRL+C to quit)`.
fn address(output: &str) -> Option<&str> {
    let (_, rest) = output.split_once("Uvicorn running on ")?;
    Some(rest.split_once(char::is_whitespace)?.0)
}

fn server(place: &Place, python: &Python, sim: &Sim) -> Result<Command> {
    let mut command = python.command("litellm");
    command.arg("--config").arg(place.write("config.yaml", CONFIG)?);
    command.args(["--host", "127.0.0.1", "--port", "0", "--telemetry", "False"]);
    command.envs(LOCAL.map(|name| (name, "True"))).env("SIM_BASE_URL", sim.base_url());
    command.current_dir(place.path(""));
    Ok(command)
}

fn version(python: &Python) -> Result<String> {
    let ask = "import importlib.metadata as m, platform as p; \
        print(f'litellm {m.version(\"litellm\")}, Python {p.python_version()}')";
    Ok(printed("python", python.command("python").args(["-c", ask]))?.trim().to_owned())
}

/// Makes a call, until it fails where it is to be made several times, and says what came of it.
fn seen(base_url: &str, sim: &Sim, client: Client, trial: &Trial) -> String {
    sim.clear_log();
    let mut outcome = client.call(base_url, &trial.call);
    for _ in 1..trial.up_to {
        if outcome.is_ok() {
            outcome = client.call(base_url, &trial.call);
        }
    }
    let mut parts = match &outcome {
        Ok(Answer { text, attempts }) => vec![format!("ok: {text}, ×{attempts}")],
        Err(error) => failure(error, sim),
    };
    let upstream = chats(sim).count();
    if upstream > 0 {
        parts.push(format!("upstream ×{upstream}"));
    }
    parts.join(", ")
}

/// What came upstream; once it runs, LiteLLM asks there for the list of models, too.
fn chats(sim: &Sim) -> impl Iterator<Item = Seen> {
    sim.log().into_iter().filter(|seen| seen.path == "/v1/chat/completions")
}

fn failure(error: &Error, sim: &Sim) -> Vec<String> {
    let status = error.status().map_or_else(|| "no status".to_owned(), |s| s.as_u16().to_string());
    let mut parts = vec![format!("{status} {} ×{}", error.kind(), error.attempts().len())];
    for (name, value) in
        [("type", error.api_type()), ("code", error.code()), ("param", error.param())]
    {
        parts.extend(value.map(|value| format!("{name} {value}")));
    }
    let last = chats(sim).last().map(|seen| seen.request_id);
    parts.push(match error.request_id() {
        None => "no request id".to_owned(),
        Some(id) if last.as_deref() == Some(id) => "the upstream's request id".to_owned(),
        Some(id) => format!("request id {id}"),
    });
    if error.headers().contains_key("x-litellm-call-id") {
        parts.push("call id kept".to_owned());
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn address_is_there_once_its_line_is_whole() {
        let line = "INFO:     Uvicorn running on http://127.0.0.1:33789 (Press CTRL+C to quit)\n";
        let table = [
            ("INFO:     Application startup complete.\n", None),
            ("INFO:     Uvicorn running on http://127.0.0.1:33", None),
            (line, Some("http://127.0.0.1:33789")),
        ];
        for (output, want) in table {
            assert_eq!(address(output), want, "{output}");
        }
    }
}
