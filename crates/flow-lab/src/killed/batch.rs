//! A batch that is killed again and again, then interrupted, then finished.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use flow_sim::{Capacity, Sim};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::RngCore as _;
use tempfile::TempDir;

use super::judge::{Ending, Round};
use super::requests::{self, CONCURRENCY};
use super::run::Run;
use crate::Result;

/// How many requests there are for each time that the batch is ended early: more than a run gets
/// through before its end, so that there is always something left.
const REQUESTS_A_RUN: usize = 60;

/// How many requests a run makes at most before it is to end, and how long it then has, in
/// milliseconds: as long as a few replies take.
const MOST_REQUESTS: u64 = 40;
const MOST_MILLISECONDS: u64 = 15;

/// How often a batch is interrupted after all kills.
const INTERRUPTS: usize = 2;

/// A batch with its files and its service.
pub(super) struct Batch {
    client: &'static str,
    program: PathBuf,
    kills: usize,
    folder: TempDir,
    sim: Sim,
}

impl Batch {
    pub(super) fn new(client: &'static str, program: PathBuf, kills: usize) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let capacity = Capacity::new(CONCURRENCY, Duration::from_millis(2));
        let capacity = capacity.spread(Duration::from_millis(30)).queue(usize::MAX);
        let sim = Sim::builder().capacity(capacity).log_limit(usize::MAX).start()?;
        let batch = Self { client, program, kills, folder, sim };
        requests::write(&batch.file("requests.jsonl"), &batch.keys())?;
        Ok(batch)
    }

    /// Returns the keys of all requests.
    pub(super) fn keys(&self) -> BTreeSet<String> {
        requests::keys(self.kills.saturating_add(INTERRUPTS).saturating_mul(REQUESTS_A_RUN))
    }

    /// Runs the batch to its end.
    pub(super) fn run(&self, chance: &mut ChaCha8Rng, tell: impl Fn(usize)) -> Result<Vec<Round>> {
        let killed = std::iter::repeat_n(Ending::Killed, self.kills);
        let interrupted = std::iter::repeat_n(Ending::Interrupted, INTERRUPTS);
        let endings = killed.chain(interrupted).chain([Ending::Finished]);
        let mut rounds = Vec::new();
        for (number, ending) in endings.enumerate() {
            tell(number);
            self.round(number, ending, chance)?;
            let (recorded, is_torn) = requests::recorded(&self.file("replies.jsonl"))?;
            rounds.push(Round { ending, asked: Vec::new(), recorded, is_torn });
        }
        // Only now: of a killed run the service may have something to read after its end.
        if !self.sim.wait_until_idle(Duration::from_secs(60)) {
            return Err("the service still works on requests".into());
        }
        for seen in self.sim.log() {
            let header = |name| seen.headers.get(name).and_then(|value| value.to_str().ok());
            if !header("user-agent").is_some_and(|agent| agent.starts_with(self.client)) {
                return Err(format!("this is not the example of {}", self.client).into());
            }
            let key = header("authorization");
            let number = key.and_then(|key| key.rsplit('-').next()?.parse::<usize>().ok());
            let round = number.and_then(|number| rounds.get_mut(number));
            let round = round.ok_or("a request without the key of a run")?;
            round.asked.extend(requests::asked(&seen));
        }
        Ok(rounds)
    }

    fn round(&self, number: usize, ending: Ending, chance: &mut ChaCha8Rng) -> Result {
        let mut run = Run::start(&mut self.command(number), &self.file("log"))?;
        let least = u64::from(ending == Ending::Interrupted);
        let more = usize::try_from(below(chance, MOST_REQUESTS).max(least))?;
        let requests = self.sim.log().len().saturating_add(more);
        let moment = Duration::from_millis(below(chance, MOST_MILLISECONDS));
        match ending {
            Ending::Killed => {
                run.wait_for(&self.sim, requests, moment)?;
                run.kill()
            }
            Ending::Interrupted => {
                run.wait_for(&self.sim, requests, moment)?;
                run.interrupt()
            }
            Ending::Finished => run.finish(),
        }
    }

    fn command(&self, number: usize) -> Command {
        let mut command = Command::new(&self.program);
        command.arg(self.file("requests.jsonl")).arg(self.file("replies.jsonl"));
        command.args(["--resume", "--concurrency", &CONCURRENCY.to_string()]);
        command.env("FLOW_BASE_URL", self.sim.base_url());
        command.env("FLOW_API_KEY", format!("sk-run-{number}"));
        command
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// Draws from `0..=most`; that some are drawn a little more often does not matter here.
fn below(chance: &mut ChaCha8Rng, most: u64) -> u64 {
    chance.next_u64() % most.saturating_add(1)
}
