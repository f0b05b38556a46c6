//! Whole chat calls: the CPU time of ours against that of the bare HTTP stack below it.
//!
//! Both send the same bytes over connections that stay open, to a server in another process, and
//! decode the reply into the same type. Ours checks, counts, times and keeps a history besides.

pub(super) mod bare;
mod ours;
pub(super) mod same;

use std::thread;
use std::time::Duration;

use tokio::runtime::{self, Runtime};
use tokio::task::JoinSet;

use self::same::DEADLINE;
use super::cpu;
use super::figure::Figure;
use super::paired::Pairs;
use super::server::Server;
use crate::Result;
use crate::progress::Progress;

/// The most that a call of ours may cost of what a bare one does.
const LIMIT: f64 = 1.05;

/// The calls of one round, so many that a round takes tens of milliseconds.
const CALLS: u32 = 1_024;

/// Measures both clients, one call at a time and 64 at once.
pub(super) fn measure(progress: &Progress) -> Result<Vec<Figure>> {
    let server = Server::start()?;
    // One thread: what is compared is the work, not how a scheduler spreads it.
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    let mut figures = Vec::new();
    for in_flight in [1, 64] {
        figures.push(asynchronous(&server, &runtime, in_flight, progress)?);
    }
    for timeout in [None, Some(DEADLINE)] {
        for in_flight in [1, 64] {
            figures.push(blocking(&server, timeout, in_flight, progress)?);
        }
    }
    Ok(figures)
}

fn asynchronous(
    server: &Server,
    runtime: &Runtime,
    in_flight: u32,
    progress: &Progress,
) -> Result<Figure> {
    let name = format!("call, async against reqwest, {in_flight} in flight");
    let ours = ours::Async::new(server.base_url())?;
    let bare = bare::Async::new(server.base_url())?;
    let round = |call: &dyn Fn(u32) -> Tasks| {
        let tasks = (0..in_flight).map(|_| call(CALLS / in_flight));
        per_call(|| runtime.block_on(all(tasks)))
    };
    let pairs = Pairs::measure(
        || round(&|calls| Box::pin(ours.clone().calls(calls))),
        || round(&|calls| Box::pin(bare.clone().calls(calls))),
        progress.of(&name),
    )?;
    Ok(Figure::of_pairs(name, "µs", &pairs, Some(LIMIT)))
}

type Tasks = std::pin::Pin<Box<dyn Future<Output = Result<(), String>> + Send>>;

/// Waits for all tasks, each of which makes its calls one after the other.
async fn all(tasks: impl Iterator<Item = Tasks>) -> Result {
    let mut running: JoinSet<_> = tasks.collect();
    while let Some(done) = running.join_next().await {
        done??;
    }
    Ok(())
}

fn blocking(
    server: &Server,
    timeout: Option<Duration>,
    in_flight: u32,
    progress: &Progress,
) -> Result<Figure> {
    let kind = if timeout.is_some() { "ureq with a timeout" } else { "ureq" };
    let name = format!("call, blocking against {kind}, {in_flight} in flight");
    let ours = ours::Blocking::new(server.base_url())?;
    let bare = bare::Blocking::new(server.base_url(), timeout)?;
    let pairs = Pairs::measure(
        || per_call(|| threads(in_flight, &|calls| ours.calls(calls))),
        || per_call(|| threads(in_flight, &|calls| bare.calls(calls))),
        progress.of(&name),
    )?;
    Ok(Figure::of_pairs(name, "µs", &pairs, Some(LIMIT)))
}

/// Makes the calls of one round on so many threads.
fn threads(in_flight: u32, calls: &(dyn Fn(u32) -> Result<(), String> + Sync)) -> Result {
    let each = CALLS / in_flight;
    thread::scope(|scope| {
        let running: Vec<_> = (0..in_flight).map(|_| scope.spawn(|| calls(each))).collect();
        for thread in running {
            thread.join().map_err(|_| "a call panicked")??;
        }
        Ok(())
    })
}

/// Returns the CPU time of one call of a round, in microseconds.
fn per_call(round: impl FnOnce() -> Result) -> Result<f64> {
    Ok(cpu::spent(round)?.as_secs_f64() * 1e6 / f64::from(CALLS))
}
