//! A server that runs as long as it is needed, and is ended by its process id.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpStream};
use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::process::Process;
use crate::Result;

/// How much of a server's output an error shows.
const SHOWN_LINES: usize = 15;

/// How often a server is asked again.
const PAUSE: Duration = Duration::from_millis(10);

/// A running server; it is killed, with all that it has started, when this is dropped.
pub(crate) struct Daemon {
    name: &'static str,
    process: Process,
    log: PathBuf,
}

impl Daemon {
    /// Starts `command` with its output in the file `log`, and waits until it takes connections on
    /// `port`.
    pub(crate) fn start(
        name: &'static str,
        command: Command,
        log: PathBuf,
        port: u16,
        within: Duration,
    ) -> Result<Self> {
        let mut daemon = Self::spawn(name, command, log)?;
        daemon.wait_for("take connections", within, |_| {
            Ok(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok())
        })?;
        Ok(daemon)
    }

    /// Starts `command` with its output in the file `log`, and does not wait for it.
    pub(crate) fn spawn(name: &'static str, mut command: Command, log: PathBuf) -> Result<Self> {
        let output = File::create(&log)?;
        let process = Process::spawn(command.stdout(output.try_clone()?).stderr(output))
            .map_err(|error| format!("{name} does not start: {error}"))?;
        Ok(Self { name, process, log })
    }

    /// Waits until `is_done`, which is given the output so far, says so; fails if the server ends first, or `within` passes.
    pub(crate) fn wait_for(
        &mut self,
        what: &str,
        within: Duration,
        is_done: impl Fn(&str) -> Result<bool>,
    ) -> Result {
        let until = Instant::now() + within;
        loop {
            if let Some(status) = self.process.try_wait()? {
                return Err(self.failure(&format!("ended with {status}")));
            }
            if is_done(&self.output())? {
                return Ok(());
            }
            if Instant::now() > until {
                return Err(self.failure(&format!("did not {what} within {within:?}")));
            }
            thread::sleep(PAUSE);
        }
    }

    /// Sends the server a signal.
    pub(crate) fn signal(&self, signal: Signal) -> Result {
        Ok(kill_process(self.id(), signal)?)
    }

    /// Returns the server's process id.
    pub(crate) fn id(&self) -> Pid {
        self.process.id()
    }

    /// Returns what the server has written.
    pub(crate) fn output(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    fn failure(&self, what: &str) -> Box<dyn std::error::Error> {
        let output = self.output();
        let lines: Vec<_> = output.lines().collect();
        let tail = lines.split_at(lines.len().saturating_sub(SHOWN_LINES)).1;
        format!("{} {what}; its last words:\n{}", self.name, tail.join("\n")).into()
    }
}
