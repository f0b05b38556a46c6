//! `cargo xtask goodput`: what both clients make of a service that has limits, over real sockets.
//!
//! The service is a flow-sim in this process, the time is real. Beside ours runs the loop that the
//! service's page prints: it is shown, not judged.

mod client;
mod faults;
mod job;
mod limits;
mod load;
mod outage;
mod row;
mod show;
mod tally;

use clap::ValueEnum;

use self::row::Row;
use crate::Result;
use crate::progress::Progress;

/// What to run, and how to print it.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The parts to run; all of them unless some are named.
    #[arg(value_enum)]
    parts: Vec<Part>,
    /// Print one JSON object a line instead of a table.
    #[arg(long)]
    json: bool,
}

/// A part of the runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// A batch at a rate limit, told in three ways.
    Limits,
    /// An outage of five seconds under a steady load.
    Outage,
    /// Independent failures of 30 %.
    Faults,
}

/// Runs, prints what came of it, and fails where a limit is missed.
pub(crate) fn run(arguments: &Arguments) -> Result {
    let progress = Progress::new();
    let asked = |part: &Part| arguments.parts.is_empty() || arguments.parts.contains(part);
    let mut rows = Vec::new();
    for part in Part::value_variants().iter().filter(|part| asked(part)) {
        rows.extend(match part {
            Part::Limits => limits::run(&progress)?,
            Part::Outage => outage::run(&progress)?,
            Part::Faults => faults::run(&progress)?,
        });
    }
    drop(progress);
    show::rows(&rows, arguments.json)?;
    verdict(&rows)
}

/// Fails where a limit is missed, and says which.
fn verdict(rows: &[Row]) -> Result {
    let missed: Vec<_> = rows.iter().flat_map(Row::missed).collect();
    if missed.is_empty() { Ok(()) } else { Err(format!("missed: {}", missed.join("; ")).into()) }
}
