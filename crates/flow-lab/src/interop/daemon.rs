//! A server that runs as long as it is needed, and is ended by its process id.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::Result;

/// How much of a server's output an error shows.
const SHOWN_LINES: usize = 15;

/// A running server; it is killed when this is dropped.
pub(crate) struct Daemon {
    name: &'static str,
    child: Child,
    log: PathBuf,
}

impl Daemon {
    /// Starts `command` with its output in the file `log`, and waits until it takes connections on
    /// `port`.
    pub(crate) fn start(
        name: &'static str,
        mut command: Command,
        log: PathBuf,
        port: u16,
        within: Duration,
    ) -> Result<Self> {
        let output = File::create(&log)?;
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        let child = command.spawn().map_err(|error| format!("{name} does not start: {error}"))?;
        let mut daemon = Self { name, child, log };
        let until = Instant::now() + within;
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            if let Some(status) = daemon.child.try_wait()? {
                return Err(daemon.failure(&format!("ended with {status}")));
            }
            if Instant::now() > until {
                return Err(daemon.failure(&format!("took no connection within {within:?}")));
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(daemon)
    }

    fn failure(&self, what: &str) -> Box<dyn std::error::Error> {
        let output = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<_> = output.lines().collect();
        let tail = lines.split_at(lines.len().saturating_sub(SHOWN_LINES)).1;
        format!("{} {what}; its last words:\n{}", self.name, tail.join("\n")).into()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // Either fails only if it has ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
