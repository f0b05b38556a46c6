//! What a program said, and how it ended.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use flow_sim::Sim;

use crate::Result;

/// What becomes of what a program prints.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Output {
    Kept,
    /// Nobody reads stdout, as after `| head` has seen enough.
    Closed,
    /// Nor stderr.
    AllClosed,
}

/// What a program said, and how it ended.
pub(super) struct Said {
    pub(super) code: Option<i32>,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

impl Said {
    pub(super) fn is(&self, code: i32, stderr: &str) -> bool {
        self.code == Some(code) && self.stderr == stderr
    }
}

/// Runs a program to its end, with a line of input.
pub(super) fn run(
    program: &Path,
    arguments: &[&str],
    sim: Option<&Sim>,
    output: Output,
) -> Result<Said> {
    let mut command = command(program, sim);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    if output != Output::Kept {
        command.stdout(closed()?);
    }
    if output == Output::AllClosed {
        command.stderr(closed()?);
    }
    let mut child = command.spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        // Most do not read it, and some have ended by now.
        let _ = stdin.write_all(b"Hello\n");
    }
    let output = child.wait_with_output()?;
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    Ok(Said { code: output.status.code(), stdout, stderr })
}

/// Returns a program that asks `sim`, or has no key.
pub(super) fn command(program: &Path, sim: Option<&Sim>) -> Command {
    let mut command = Command::new(program);
    command.env_remove("FLOW_API_KEY").env_remove("FLOW_MODEL");
    if let Some(sim) = sim {
        command.env("FLOW_API_KEY", "sk-any").env("FLOW_BASE_URL", sim.base_url());
    }
    command
}

/// Returns the names of the checks that failed.
pub(super) fn failed(checks: &[(&str, bool)]) -> Vec<String> {
    checks.iter().filter(|(_, is_ok)| !is_ok).map(|(name, _)| (*name).to_owned()).collect()
}

/// Returns a pipe whose reader has gone.
fn closed() -> Result<Stdio> {
    let mut reader = Command::new("true").stdin(Stdio::piped()).spawn()?;
    let writer = reader.stdin.take().ok_or("a pipe without an end to write to")?;
    reader.wait()?;
    Ok(writer.into())
}
