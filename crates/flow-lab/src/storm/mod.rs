//! `cargo xtask storm`: our calls and the usual policies in the same storms, in virtual time.
//!
//! The real state machine is driven, and everything else is simulated: clock, chance, service. So a
//! run takes no time, and is the same each time.

mod answer;
mod case;
mod draw;
mod events;
mod job;
mod numbers;
mod plots;
mod policies;
mod policy;
mod record;
mod scenarios;
mod service;
mod services;
mod show;
mod trial;
mod world;

use std::error::Error;
use std::path::PathBuf;

use clap::ValueEnum as _;
use indicatif::{ProgressBar, ProgressStyle};

use self::case::Case;
use self::policies::Kind;
use self::scenarios::{Batch, Scenario};
use self::trial::Outcome;
use crate::Result;

/// What to run, and how to print it.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The scenarios to run; all of them unless some are named.
    #[arg(long, value_enum, value_delimiter = ',', value_name = "S1,...")]
    scenario: Vec<Scenario>,
    /// The policies to run; all of them unless some are named.
    #[arg(long, value_enum, value_delimiter = ',', value_name = "NAME,...")]
    policy: Vec<Kind>,
    /// How many seeds to run each with.
    #[arg(long, default_value_t = 20, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    seeds: u64,
    /// Print one JSON object a line instead of tables.
    #[arg(long)]
    json: bool,
    /// Write pictures of the first scenarios into a folder, as SVG and as PNG.
    #[arg(long, value_name = "DIR")]
    plots: Option<PathBuf>,
    #[command(flatten)]
    own: Own,
}

/// A batch and a limit of one's own; any of them makes it the only scenario.
#[derive(clap::Args)]
struct Own {
    /// The requests per second of a limit of your own.
    #[arg(long, value_name = "N")]
    rate: Option<f64>,
    /// How many of them it lets pass at once; as many as in a second unless said.
    #[arg(long, value_name = "N")]
    burst: Option<u64>,
    /// How many jobs the batch has.
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
    /// How many of them are under way at once, in all processes.
    #[arg(long, value_name = "N")]
    workers: Option<usize>,
    /// How many processes share the key.
    #[arg(long, value_name = "N")]
    processes: Option<usize>,
}

/// Runs, prints what came of it, and fails where a limit of ours is missed.
pub(crate) fn run(arguments: &Arguments) -> Result {
    if let Some(folder) = &arguments.plots {
        plots::write(folder, &arguments.policy)?;
    }
    let cases = cases(arguments)?;
    let count = u64::try_from(cases.len()).unwrap_or(u64::MAX).saturating_mul(arguments.seeds);
    let bar = ProgressBar::new(count);
    bar.set_style(ProgressStyle::with_template("{wide_bar} {pos} of {len} seeds, {eta} to go")?);
    if bar.is_hidden() {
        // No terminal: one line instead of one that changes.
        eprintln!("running {} cases with {} seeds", cases.len(), arguments.seeds);
    }
    let outcomes = trial::run(&cases, &arguments.policy, arguments.seeds, || bar.inc(1));
    bar.finish_and_clear();
    if arguments.json {
        show::lines(&cases, &outcomes)?;
    } else {
        show::tables(&cases, &outcomes)?;
    }
    verdict(&cases, &outcomes)
}

fn cases(arguments: &Arguments) -> Result<Vec<Box<dyn Case>>> {
    if let Some(own) = arguments.own.cases()? {
        return Ok(own);
    }
    let all = Scenario::value_variants().iter();
    let is_asked =
        |one: &&Scenario| arguments.scenario.is_empty() || arguments.scenario.contains(one);
    Ok(all.filter(is_asked).flat_map(|scenario| scenario.cases()).collect())
}

impl Own {
    /// Returns the user's batch, told of the limit in each way, or nothing if there is none.
    fn cases(&self) -> Result<Option<Vec<Box<dyn Case>>>> {
        let is_none = self.rate.is_none()
            && self.burst.is_none()
            && [self.jobs, self.workers, self.processes].iter().all(Option::is_none);
        if is_none {
            return Ok(None);
        }
        let per_second = self.rate.unwrap_or(Batch::S1.per_second);
        if !(1e-3..=1e6).contains(&per_second) {
            return Err(misuse("--rate: from 0.001 to 1000000 requests per second"));
        }
        let processes = self.processes.unwrap_or(1);
        let workers = self.workers.unwrap_or(Batch::S1.workers);
        if !(1..=workers).contains(&processes) {
            return Err(misuse("--processes: from 1 to as many as there are workers"));
        }
        let batch = Batch {
            name: "a batch of your own",
            per_second,
            burst: self.burst.unwrap_or_else(|| whole(per_second)).max(1),
            jobs: self.jobs.unwrap_or(Batch::S1.jobs).max(1),
            workers,
            processes,
            ..Batch::S1
        };
        Ok(Some(batch.told_in_each_way()))
    }
}

/// Returns what clap would say of a flag.
fn misuse(problem: &str) -> Box<dyn Error> {
    let kind = clap::error::ErrorKind::ValueValidation;
    clap::Error::raw(kind, format!("{problem}\n")).into()
}

/// Returns a rate as a whole number.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is from 0.001 to 1e6"
)]
fn whole(rate: f64) -> u64 {
    rate.round() as u64
}

/// Fails where a limit is missed, and says which.
fn verdict(cases: &[Box<dyn Case>], outcomes: &[Outcome]) -> Result {
    let missed: Vec<_> = outcomes
        .iter()
        .flat_map(|outcome| outcome.limits.iter().map(move |limit| (outcome, limit.measure)))
        .filter(|(outcome, measure)| !outcome.is_ok(measure))
        .filter_map(|(outcome, measure)| {
            let case = cases.get(outcome.case)?;
            let (scenario, policy) = (case.scenario(), outcome.kind.name());
            Some(format!("{scenario}, {}, {policy}: {measure}", case.name()))
        })
        .collect();
    if missed.is_empty() { Ok(()) } else { Err(format!("missed:\n{}", missed.join("\n")).into()) }
}
