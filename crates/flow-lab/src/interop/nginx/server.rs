//! A running nginx, and what it logs.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use super::binary::Binary;
use crate::Result;
use crate::interop::daemon::Daemon;
use crate::interop::place::Place;

/// How long nginx may take to start, to reload and to write a line of its log.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// A running nginx.
pub(super) struct Server {
    pub(super) daemon: Daemon,
    access_log: PathBuf,
}

/// Whether workers run beside the master, as they do in earnest.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Workers {
    InOneProcess,
    Separate,
}

impl Server {
    /// Starts nginx in the folder `name` of the place.
    pub(super) fn start(
        place: &Place,
        binary: &Binary,
        (name, config): (&str, &str),
        port: u16,
        workers: Workers,
    ) -> Result<Self> {
        let dir = place.path(name);
        fs::create_dir_all(&dir)?;
        let path = place.write(&format!("{name}/nginx.conf"), config)?;
        let mut command = Command::new(binary.path());
        command.args(["-e", "stderr"]).arg("-p").arg(&dir).arg("-c").arg(&path);
        if workers == Workers::InOneProcess {
            command.args(["-g", "master_process off;"]);
        }
        let daemon = Daemon::start("nginx", command, dir.join("error.log"), port, PATIENCE)?;
        Ok(Self { daemon, access_log: dir.join("access.log") })
    }

    /// Returns what was logged of requests below `/{id}/v1`, once there are `count` of them or
    /// time is up; nginx writes a line when it is through with a request, after the client.
    pub(super) fn logged(&self, id: &str, count: usize) -> Result<Vec<String>> {
        let prefix = format!("/{id}/v1");
        let until = Instant::now() + PATIENCE;
        loop {
            let log = fs::read_to_string(&self.access_log)?;
            let lines: Vec<_> =
                log.lines().filter(|line| line.starts_with(&prefix)).map(str::to_owned).collect();
            if lines.len() >= count || Instant::now() > until {
                return Ok(lines);
            }
            thread::sleep(Duration::from_millis(5));
        }
    }
}
