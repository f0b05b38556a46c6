//! Independent failures, of which no number says anything of the next call: nothing is to wait for them.

use std::time::Duration;

use flow_errors::RetryPolicy;
use flow_sim::{Capacity, Sim};

use super::client::Client;
use super::load::{Load, Pattern};
use super::row::{Row, Title, at_least, at_most};
use super::tally::Tally;
use crate::Result;
use crate::progress::Progress;

const JOBS: u32 = 400;
const WORKERS: u32 = 64;
const FAILING: f64 = 0.3;
const SERVICE: Duration = Duration::from_millis(250);

/// Each with other failures: where the slowest job decides, one run says little.
const SEEDS: u32 = 5;

/// Runs both clients, with one gate for all calls and with one for each.
pub(super) fn run(progress: &Progress) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for client in Client::BOTH {
        let title = |policy| Title { service: "30 % fail", client, policy };
        let apart = measure(title("no gate in the way"), true, progress)?;
        let ours = measure(title("default"), false, progress)?;
        let mut row = Row::new(title("default"), ours, apart.makespan);
        row.checks = vec![
            at_least("succeeded", f64::from(row.succeeded), least()),
            at_most("time to that without a gate", row.time_to_bound, 1.1),
        ];
        let bound = apart.makespan;
        rows.extend([row, Row::new(title("no gate in the way"), apart, bound)]);
    }
    Ok(rows)
}

/// Adds up the runs of all seeds; where each job asks a model of its own, no gate is in the way.
fn measure(title: Title, is_apart: bool, progress: &Progress) -> Result<Tally> {
    let mut all = Tally::default();
    for seed in 0..SEEDS {
        let capacity = Capacity::new(1_000, SERVICE);
        let sim = Sim::builder().seed(seed.into()).failing(FAILING).capacity(capacity).start()?;
        let (pattern, policy) = (Pattern::Workers(WORKERS), RetryPolicy::default());
        let load = Load { jobs: JOBS, pattern, policy, is_apart };
        let step = progress.jobs(&format!("{title}, seed {seed}"));
        let jobs = title.client.run(&load, sim.base_url(), &step)?;
        all.add(Tally::of(&jobs, &sim.log()));
    }
    Ok(all)
}

/// Returns how many jobs succeed in the end where all failures are independent, less three standard
/// deviations.
fn least() -> f64 {
    let jobs = f64::from(JOBS * SEEDS);
    let lost = FAILING.powi(3);
    jobs * (1.0 - lost) - 3.0 * (jobs * lost * (1.0 - lost)).sqrt()
}
