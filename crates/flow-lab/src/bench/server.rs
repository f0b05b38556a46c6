//! The service in a process of its own, so that its CPU time is not ours.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};

use flow_sim::Sim;

use crate::Result;

/// The command that this program answers by being the server.
pub(crate) const COMMAND: &str = "serve-bench";

/// A flow-sim in another process, which ends with this one.
#[derive(Debug)]
pub(super) struct Server {
    child: Child,
    base_url: String,
}

impl Server {
    pub(super) fn start() -> Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg(COMMAND)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        let base_url = line.trim().to_owned();
        let server = Self { child, base_url };
        if server.base_url.is_empty() {
            return Err("the server for the measurements did not start".into());
        }
        Ok(server)
    }

    pub(super) fn base_url(&self) -> &str {
        &self.base_url
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The end of its input is the sign to go.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// Serves until the input ends.
pub(crate) fn serve() -> Result {
    let sim = Sim::builder().log_limit(0).start()?;
    crate::print(&format!("{}\n", sim.base_url()))?;
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
