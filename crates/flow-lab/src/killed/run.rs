//! A run of the program, from its start to its end.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

use flow_sim::Sim;
use rustix::process::{Pid, Signal, kill_process};

use crate::Result;

/// How long a run may take to get anywhere.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long to wait between two looks at the program.
const LOOK: Duration = Duration::from_millis(20);

/// A run of the program; it is killed when this is dropped.
pub(super) struct Run {
    child: Child,
    log: PathBuf,
}

impl Run {
    pub(super) fn start(command: &mut Command, log: &Path) -> Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(File::create(log)?);
        Ok(Self { child: command.spawn()?, log: log.to_owned() })
    }

    /// Waits until the service has been asked so often, and then for `more`.
    pub(super) fn wait_for(&mut self, sim: &Sim, requests: usize, more: Duration) -> Result {
        let mut waited = Duration::ZERO;
        while !sim.wait_for_requests(requests, LOOK) {
            waited = waited.saturating_add(LOOK);
            if waited > PATIENCE {
                return Err(self.problem("makes no requests").into());
            }
            if let Some(status) = self.child.try_wait()? {
                return Err(self.problem(&format!("ended by itself: {status}")).into());
            }
        }
        thread::sleep(more);
        Ok(())
    }

    /// Kills the program as nothing can prevent: SIGKILL.
    pub(super) fn kill(mut self) -> Result {
        self.child.kill()?;
        let status = self.child.wait()?;
        let is_killed = status.code().is_none();
        if is_killed { Ok(()) } else { Err(self.problem(&format!("ended: {status}")).into()) }
    }

    /// Sends what Ctrl-C sends, and waits for the end.
    pub(super) fn interrupt(mut self) -> Result {
        kill_process(Pid::from_child(&self.child), Signal::INT)?;
        let status = self.child.wait()?;
        self.expect(status, 130)
    }

    /// Waits for the end.
    pub(super) fn finish(mut self) -> Result {
        let status = self.child.wait()?;
        self.expect(status, 0)
    }

    fn expect(&self, status: ExitStatus, code: i32) -> Result {
        if status.code() == Some(code) {
            return Ok(());
        }
        Err(self.problem(&format!("ended with {status} in place of {code}")).into())
    }

    fn problem(&self, what: &str) -> String {
        let said = fs::read_to_string(&self.log).unwrap_or_default();
        format!("the program {what}\n{said}")
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        // It fails where the program has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
