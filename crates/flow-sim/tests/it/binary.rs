//! The `flow-sim` command.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Output, Stdio};

use crate::wire::LONG;

fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flow-sim"));
    command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Starts the command and reads the base URL that it prints.
fn start(args: &[&str]) -> (Child, String) {
    let mut child = command(args).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let url = line.strip_prefix("listening on ").unwrap_or_else(|| panic!("{line:?}"));
    (child, url.trim().to_owned())
}

/// A file that is gone when the test is.
struct Script(std::path::PathBuf);

impl Script {
    fn new(name: &str, text: &str) -> Self {
        let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::write(&path, text).unwrap();
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn status(url: &str, model: &str) -> u16 {
    let config = ureq::Agent::config_builder().http_status_as_error(false);
    let agent = ureq::Agent::from(config.timeout_global(Some(LONG)).build());
    let body =
        format!(r#"{{"model":"{model}","messages":[{{"role":"user","content":"PROMPT"}}]}}"#);
    let request = agent.post(format!("{url}/chat/completions"));
    request.header("authorization", "Bearer sk-SECRET").send(body).unwrap().status().as_u16()
}

fn fails(args: &[&str]) -> (Option<i32>, String) {
    let Output { status, stderr, .. } = command(args).output().unwrap();
    (status.code(), String::from_utf8(stderr).unwrap())
}

#[cfg(unix)]
#[test]
fn command_serves_until_a_signal_and_logs_no_secrets() {
    for signal in ["-INT", "-TERM"] {
        let script = Script::new(&format!("signal{signal}.json"), r#"[{ "row": 503 }]"#);
        let (mut child, url) = start(&["--port", "0", "--log", "--script", script.path()]);
        assert_eq!((status(&url, "gpt-4o"), status(&url, "gpt-4o")), (503, 200));
        let killed = Command::new("kill").args([signal, &child.id().to_string()]).status();
        assert!(killed.unwrap().success());
        assert_eq!(child.wait().unwrap().code(), Some(0), "{signal}");

        let mut log = String::new();
        child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        assert_eq!(log.lines().count(), 2, "{log}");
        assert!(log.contains("POST /v1/chat/completions model=gpt-4o -> 503 (req_sim_"), "{log}");
        assert!(!log.contains("SECRET") && !log.contains("PROMPT"), "{log}");
    }
}

#[test]
fn help_names_every_model_id_and_the_script_format() {
    let output = command(&["--help"]).output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    for (id, what) in flow_sim::model_ids() {
        assert!(help.contains(&id) && help.contains(&what), "{id}");
    }
    for word in ["curl", "openai", "truncate_chunked", "repeat_last", "--seed", "after_ms"] {
        assert!(help.contains(word), "{word}");
    }
    assert!(help.lines().all(|line| line.trim() != "```"));
}

#[test]
fn limits_and_outages_are_options() {
    let models = |args: &[&str], models: &[&str]| {
        let (mut child, url) = start(&[&["--port", "0"], args].concat());
        let statuses: Vec<_> = models.iter().map(|model| status(&url, model)).collect();
        child.kill().unwrap();
        child.wait().unwrap();
        statuses
    };
    let limit = ["--limit", "60/h", "--burst", "1", "--limit-tells", "nothing"];
    assert_eq!(models(&limit, &["m", "m", "n"]), [200, 429, 200]);
    let tokens = ["--limit", "60/h", "--limit-tokens", "15"];
    assert_eq!(models(&tokens, &["m", "m"]), [200, 429]);
    assert_eq!(models(&["--outage", "0..3600"], &["m", "m"]), [503, 503]);
    assert_eq!(models(&["--failing", "1"], &["m"]), [503]);
    assert_eq!(
        models(&["--slots", "1", "--service-ms", "5..10", "--queue", "1"], &["m", "m"]),
        [200; 2]
    );
}

#[test]
fn bad_limit_says_how_to_write_one() {
    let table: [(&[&str], &str); 6] = [
        (&["--limit", "100"], "write it as 100/s, 60/min or 500/h, not `100`"),
        (&["--limit", "0/s"], "write it as 100/s"),
        (&["--burst", "5"], "--limit <N/UNIT>"),
        (&["--outage", "5"], "write it as 0..5"),
        (&["--failing", "30"], "a share is a number from 0 to 1"),
        (&["--slots", "1", "--service-ms", "9..5"], "write it as 300, or as 50..450"),
    ];
    for (args, want) in table {
        let (code, text) = fails(args);
        assert_eq!(code, Some(2), "{args:?}");
        assert!(text.contains(want), "{args:?}: {text}");
    }
    let (code, text) = fails(&["--port", "0", "--slots", "0"]);
    assert_eq!((code, text.as_str()), (Some(1), "flow-sim: a server needs at least one slot\n"));
}

#[test]
fn port_in_use_says_how_to_go_on() {
    let sim = flow_sim::Sim::start().unwrap();
    let port = sim.addr().port().to_string();
    let (code, text) = fails(&["--port", &port]);
    let want = format!(
        "flow-sim: port {port} on 127.0.0.1 is in use: choose another with --port, or --port 0 for any\n"
    );
    assert_eq!((code, text), (Some(1), want));
}

#[test]
fn bad_script_says_what_where_and_how_to_go_on() {
    let script = Script::new("bad.json", "[\n  { \"stats\": 500 }\n]");
    let (code, text) = fails(&["--port", "0", "--script", script.path()]);
    assert_eq!(code, Some(1));
    for word in [script.path(), "unknown field `stats`", "line 2", "flow-sim --help"] {
        assert!(text.contains(word), "{word}: {text}");
    }
    let (code, text) = fails(&["--port", "0", "--script", "no-such-file.json"]);
    assert_eq!(code, Some(1));
    assert!(text.contains("no-such-file.json cannot be read"), "{text}");
}
