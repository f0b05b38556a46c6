//! `cargo xtask bench`: what the clients cost, held against limits.
//!
//! Machines differ and are shared, so almost every figure is a ratio of two things measured in
//! turns within the same minute.

mod build;
mod calls;
mod cpu;
mod decode;
mod figure;
mod machine;
mod paired;
pub(crate) mod server;
mod show;
mod streams;
mod timing;
mod waiting;

use clap::ValueEnum;

use self::figure::Figure;
use crate::Result;
use crate::progress::Progress;

/// What to measure, and how to print it.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The parts to measure; all of them unless some are named.
    #[arg(value_enum)]
    parts: Vec<Part>,
    /// Print one JSON object a line instead of a table.
    #[arg(long)]
    json: bool,
    /// Build so many times instead of twice.
    #[arg(long, value_name = "N")]
    builds: Option<usize>,
}

/// A part of the figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Whole chat calls, against bare reqwest and bare ureq.
    Calls,
    /// Error replies, against serde alone.
    Decode,
    /// Decisions of the retry machine.
    Machine,
    /// Streams: events, pieces, the first content, many at once.
    Streams,
    /// Thousands of calls that wait for their turn.
    Waiting,
    /// What the clients add to a program: crates, build time, size. Takes minutes.
    Build,
}

/// Measures, prints what came of it, and fails where a limit is missed.
pub(crate) fn run(arguments: &Arguments) -> Result {
    let progress = Progress::new();
    let asked = |part: &Part| arguments.parts.is_empty() || arguments.parts.contains(part);
    let mut figures = Vec::new();
    for part in Part::value_variants().iter().filter(|part| asked(part)) {
        figures.extend(match part {
            Part::Calls => calls::measure(&progress)?,
            Part::Decode => decode::measure(&progress)?,
            Part::Build => build::measure(&progress, arguments.builds)?,
            Part::Machine => machine::measure(&progress)?,
            Part::Waiting => waiting::measure(&progress)?,
            Part::Streams => streams::measure(&progress)?,
        });
    }
    drop(progress);
    show::figures(&figures, arguments.json)?;
    verdict(&figures)
}

/// Fails where a limit is missed, and says which.
fn verdict(figures: &[Figure]) -> Result {
    let missed: Vec<_> =
        figures.iter().filter(|figure| !figure.is_ok()).map(|figure| &*figure.name).collect();
    if missed.is_empty() { Ok(()) } else { Err(format!("missed: {}", missed.join("; ")).into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missed_limit_fails_the_run_and_is_named() {
        let kept = || Figure::counted("kept", "x", (1.0, None), 1.0);
        let missed = Figure::counted("missed it", "x", (2.0, None), 1.0);
        assert!(verdict(&[kept()]).is_ok());
        let error = verdict(&[kept(), missed]).unwrap_err();
        assert_eq!(error.to_string(), "missed: missed it");
    }
}
