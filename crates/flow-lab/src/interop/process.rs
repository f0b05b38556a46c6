//! A process that does not outlive this one.

use std::io::{self, Read};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::thread;

use rustix::process::Pid;

use super::interrupt::left;

/// A running process with all that it starts in its turn; they are killed when this is dropped.
///
/// They are a process group of their own: a terminal's Ctrl-C reaches only us, who end them.
pub(crate) struct Process {
    child: Child,
    group: Pid,
}

impl Process {
    /// Starts a command, with nothing to read.
    pub(crate) fn spawn(command: &mut Command) -> io::Result<Self> {
        // Held over the start: a signal finds either no process or one that is in the list.
        let mut left = left();
        let child = command.process_group(0).stdin(Stdio::null()).spawn()?;
        let group = Pid::from_child(&child);
        left.add_group(group);
        Ok(Self { child, group })
    }

    /// Returns the process id.
    pub(crate) fn id(&self) -> Pid {
        self.group
    }

    /// Returns how it ended, if it has.
    pub(crate) fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        self.child.try_wait()
    }

    /// Waits until it ends.
    pub(crate) fn wait(&mut self) -> io::Result<ExitStatus> {
        self.child.wait()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        left().kill(self.group);
        // Fails only if it has been waited for already.
        let _ = self.child.wait();
    }
}

/// Runs a command to its end, and returns what it wrote.
pub(crate) fn output(command: &mut Command) -> io::Result<Output> {
    let mut process = Process::spawn(command.stdout(Stdio::piped()).stderr(Stdio::piped()))?;
    let (stdout, stderr) = (process.child.stdout.take(), process.child.stderr.take());
    thread::scope(|scope| {
        let stderr = scope.spawn(|| all(stderr));
        let stdout = all(stdout)?;
        let stderr = stderr.join().map_err(|_| io::Error::other("the reader panicked"))??;
        Ok(Output { status: process.wait()?, stdout, stderr })
    })
}

fn all(pipe: Option<impl Read>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(mut pipe) = pipe {
        pipe.read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dropped_process_takes_its_children_along() {
        let mut command = Command::new("sh");
        let mut process =
            Process::spawn(command.args(["-c", "sleep 600 & echo; wait"]).stdout(Stdio::piped()))
                .unwrap();
        let mut stdout = process.child.stdout.take().unwrap();
        // A line comes once the child is there.
        stdout.read_exact(&mut [0]).unwrap();
        drop(process);
        // The pipe ends when nobody is left who could write into it.
        assert_eq!(stdout.read(&mut [0]).unwrap(), 0);
    }

    #[test]
    fn output_has_both_streams_and_the_status() {
        let mut command = Command::new("sh");
        let output = output(command.args(["-c", "echo out; echo err >&2; exit 3"])).unwrap();
        assert_eq!((&*output.stdout, &*output.stderr), (&b"out\n"[..], &b"err\n"[..]));
        assert_eq!(output.status.code(), Some(3));
    }
}
