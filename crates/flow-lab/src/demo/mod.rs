//! `cargo xtask demo`: every row of the error table through both clients, over real sockets.

mod cell;
mod real;
mod show;

use std::thread;
use std::time::{Duration, Instant};

use flow_sim::Sim;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::runtime::Runtime;

use self::cell::Cell;
use crate::Result;

/// What the demo is to do.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Print one JSON object a line instead of a table.
    #[arg(long, conflicts_with = "Server")]
    json: bool,
    #[command(flatten)]
    server: Option<real::Server>,
}

/// Runs the demo.
pub(crate) fn run(arguments: &Arguments) -> Result {
    match &arguments.server {
        Some(server) => real::run(server),
        None => rows(arguments.json),
    }
}

fn rows(json: bool) -> Result {
    let started = Instant::now();
    let sim = Sim::start()?;
    let cells = Cell::all();
    let progress =
        ProgressBar::new(cells.len().try_into()?).with_style(ProgressStyle::with_template(
            "{bar:30} {pos}/{len} calls over, {elapsed} (waiting as a real client would)",
        )?);
    progress.enable_steady_tick(Duration::from_millis(100));
    let runtime = Runtime::new()?;
    let findings: Result<Vec<_>, _> = thread::scope(|scope| {
        let running: Vec<_> = cells
            .iter()
            .map(|cell| {
                let (sim, runtime, progress) = (&sim, &runtime, &progress);
                scope.spawn(move || {
                    let finding = cell.run(sim, runtime);
                    progress.inc(1);
                    finding
                })
            })
            .collect();
        running.into_iter().map(|cell| cell.join().map_err(|_| "a call panicked")).collect()
    });
    progress.finish_and_clear();
    let findings = findings?;
    if json { show::json(&findings) } else { show::table(&findings, started.elapsed()) }
}
