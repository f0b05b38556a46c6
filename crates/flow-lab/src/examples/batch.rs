//! The example `batch_file`: what it records when nobody listens, and what Ctrl-C ends.

use std::fs::{self, File};
use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use flow_sim::{Action, Sim};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::said::{Output, command, failed, run};
use crate::Result;

const REQUESTS: usize = 5;

/// How long the program may take to get anywhere.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long the service has calls wait: longer than that, and not so long that they give up at once.
const WAIT_SECONDS: &str = "100";

/// How long to wait between two looks at it.
const LOOK: Duration = Duration::from_millis(20);

/// Returns what is wrong with the example.
pub(super) fn problems(program: &Path) -> Result<Vec<String>> {
    Ok(failed(&[
        ("failures into a closed pipe are not recorded", records_what_nobody_sees(program)?),
        ("Ctrl-C does not end at once what waits, or loses what was sent", is_stopped(program)?),
    ]))
}

fn records_what_nobody_sees(program: &Path) -> Result<bool> {
    let (sim, place) = (Sim::start()?, Place::new()?);
    let (requests, replies) = (place.file("requests"), place.file("replies"));
    let arguments = [&*requests, &*replies, "--model", "sim-400"];
    let said = run(program, &arguments, Some(&sim), Output::AllClosed)?;
    Ok(said.code == Some(1) && place.lines()? == REQUESTS)
}

/// All but one wait, after a send or for their turn, when the batch is stopped, and are sent when it
/// goes on.
fn is_stopped(program: &Path) -> Result<bool> {
    let mut script = vec![Action::row(429).header("retry-after", WAIT_SECONDS); REQUESTS];
    script.insert(0, Action::normal());
    let (sim, place) = (Sim::builder().script(script).start()?, Place::new()?);
    let mut command = command(program, Some(&sim));
    command.args([place.file("requests"), place.file("replies"), "--resume".to_owned()]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(File::create(place.file("log"))?);
    let mut child = command.spawn()?;
    let has_asked = sim.wait_for_requests(2, PATIENCE) && sim.wait_until_idle(PATIENCE);
    kill_process(Pid::from_child(&child), Signal::INT)?;
    let mut waited = Duration::ZERO;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if waited > PATIENCE {
            child.kill()?;
        }
        thread::sleep(LOOK);
        waited = waited.saturating_add(LOOK);
    };
    let is_one_done = has_asked && status.code() == Some(130) && place.lines()? == 1;
    let asked = sim.log().len();
    sim.set_script([] as [Action; 0])?;
    let is_done = command.status()?.success() && place.lines()? == REQUESTS;
    Ok(is_one_done && is_done && sim.log().len() == asked + REQUESTS - 1)
}

/// A folder with the files of a batch.
struct Place(TempDir);

impl Place {
    fn new() -> Result<Self> {
        let place = Self(tempfile::tempdir()?);
        let line = |number| format!("{{\"custom_id\":\"{number}\",\"prompt\":\"Hello\"}}\n");
        fs::write(place.file("requests"), (0..REQUESTS).map(line).collect::<String>())?;
        Ok(place)
    }

    fn file(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    /// Returns how many replies there are.
    fn lines(&self) -> Result<usize> {
        Ok(fs::read_to_string(self.file("replies"))?.lines().count())
    }
}
