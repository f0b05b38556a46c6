//! `cargo xtask demo`: every row of the error table, and streams, through both clients, over real sockets.

mod cell;
mod live;
mod real;
mod show;
mod stream;

use std::thread;
use std::time::{Duration, Instant};

use flow_sim::Sim;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::runtime::Runtime;

use self::cell::Cell;
use self::stream::StreamCell;
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
        Some(server) if server.stream => live::run(server),
        Some(server) => real::run(server),
        None => tables(arguments.json),
    }
}

fn tables(json: bool) -> Result {
    let started = Instant::now();
    let sim = Sim::start()?;
    let runtime = Runtime::new()?;
    let (cells, streams) = (Cell::all(), StreamCell::all());
    let calls = cells.len().saturating_add(streams.len());
    let progress = ProgressBar::new(calls.try_into()?).with_style(ProgressStyle::with_template(
        "{bar:30} {pos}/{len} calls over, {elapsed} (waiting as a real client would)",
    )?);
    progress.enable_steady_tick(Duration::from_millis(100));
    let rows = at_once(&cells, &progress, |cell| cell.run(&sim, &runtime))?;
    let streams = at_once(&streams, &progress, |cell| cell.run(&sim, &runtime))?;
    progress.finish_and_clear();
    if json {
        show::json(&rows)?;
        show::json(&streams)?;
    } else {
        show::rows(&rows)?;
        show::streams(&streams)?;
        let seconds = started.elapsed().as_secs_f64();
        crate::print(&format!("\n{calls} calls over real sockets in {seconds:.1} s\n"))?;
    }
    match streams.iter().filter(|stream| !stream.is_as_expected()).count() {
        0 => Ok(()),
        count => Err(format!("{count} streams did not end as expected").into()),
    }
}

/// Runs each cell on a thread of its own.
fn at_once<C: Sync, F: Send>(
    cells: &[C],
    progress: &ProgressBar,
    run: impl Fn(&C) -> F + Sync,
) -> Result<Vec<F>> {
    let run = |cell| {
        let finding = run(cell);
        progress.inc(1);
        finding
    };
    thread::scope(|scope| {
        let running: Vec<_> = cells.iter().map(|cell| scope.spawn(move || run(cell))).collect();
        running.into_iter().map(|cell| cell.join().map_err(|_| "a call panicked".into())).collect()
    })
}
