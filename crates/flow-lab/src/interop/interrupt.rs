//! What must not outlive this process: the processes it has started, and its temporary folders.
//!
//! A signal ends a process without running any `Drop`, so a thread waits for the signals and does
//! what the `Drop`s would have done.

use std::fs;
use std::future::poll_fn;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::thread;

use rustix::process::{Pid, Signal, WaitOptions, kill_process_group, waitpid};
use tokio::signal::unix::{SignalKind, signal};

use crate::Result;

static LEFT: Mutex<Left> = Mutex::new(Left { groups: Vec::new(), dirs: Vec::new() });

/// What is there now.
pub(super) struct Left {
    groups: Vec<Pid>,
    dirs: Vec<PathBuf>,
}

/// Gives access to what is there; while this is held, no signal ends the process.
pub(super) fn left() -> MutexGuard<'static, Left> {
    // The lists are whole between any two statements, so a panic elsewhere does no harm.
    LEFT.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Left {
    /// Remembers a process group until it is [killed](Self::kill).
    pub(super) fn add_group(&mut self, leader: Pid) {
        self.groups.push(leader);
    }

    /// Kills a process group, and forgets it.
    pub(super) fn kill(&mut self, leader: Pid) {
        // It fails only if nobody of the group is left.
        let _ = kill_process_group(leader, Signal::KILL);
        self.groups.retain(|group| *group != leader);
    }

    /// Remembers a folder until it is [forgotten](Self::forget_dir).
    pub(super) fn add_dir(&mut self, dir: PathBuf) {
        self.dirs.push(dir);
    }

    pub(super) fn forget_dir(&mut self, dir: &Path) {
        self.dirs.retain(|known| known != dir);
    }

    fn end_all(&self) {
        for group in &self.groups {
            let _ = kill_process_group(*group, Signal::KILL);
            // Not everybody runs below a process that reaps what others have left.
            let _ = waitpid(Some(*group), WaitOptions::empty());
        }
        for dir in &self.dirs {
            // A child's child that is just dying may still write into it; then some of it stays.
            let _ = fs::remove_dir_all(dir);
        }
    }
}

/// Starts the thread that ends everything, this process included, on Ctrl-C, on the order to
/// terminate, and when the terminal is closed.
pub(super) fn watch() -> Result {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let mut signals = {
        let _inside = runtime.enter();
        let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
        let signals: Result<Vec<_>, _> =
            kinds.into_iter().map(|kind| signal(kind).map(|signal| (kind, signal))).collect();
        signals?
    };
    thread::Builder::new().name("signals".to_owned()).spawn(move || {
        let number = runtime.block_on(poll_fn(|context| {
            let arrived = signals
                .iter_mut()
                .find_map(|(kind, signal)| signal.poll_recv(context).is_ready().then_some(*kind));
            arrived.map_or(Poll::Pending, |kind| Poll::Ready(kind.as_raw_value()))
        }));
        let left = left();
        left.end_all();
        eprintln!("\ninterrupted");
        // Still holding the lock, so that nothing new is started.
        process::exit(128_i32.saturating_add(number))
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::os::unix::process::CommandExt as _;
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn ending_all_kills_each_group_and_removes_each_folder() {
        let mut left = Left { groups: Vec::new(), dirs: Vec::new() };
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 600 & wait"]).stdout(Stdio::piped()).process_group(0);
        let mut child = command.spawn().unwrap();
        left.add_group(Pid::from_child(&child));
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("log"), "").unwrap();
        left.add_dir(dir.path().to_owned());
        left.end_all();
        // The pipe ends when nobody is left who could write into it.
        assert_eq!(child.stdout.take().unwrap().read(&mut [0]).unwrap(), 0);
        assert!(child.wait().is_err(), "it has been reaped");
        assert!(!dir.path().exists());
    }
}
