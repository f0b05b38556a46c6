//! A batch of jobs at a rate limit, which the service tells of in three ways.

use std::time::Duration;

use flow_errors::{Jitter, RetryPolicy};
use flow_sim::{Capacity, Limit, Sim};

use super::client::Client;
use super::load::{Load, Pattern};
use super::row::{Row, Title, at_least, at_most};
use super::tally::Tally;
use crate::Result;
use crate::progress::Progress;

const JOBS: u32 = 400;
const WORKERS: u32 = 64;
const RATE: u32 = 100;
const BURST: u32 = 20;

/// What each job takes the service, from the first to the sum of both: with a quarter of a second, 64
/// in flight could do 256 a second.
const SERVICE: [Duration; 2] = [Duration::from_millis(200), Duration::from_millis(100)];

/// The most that the makespan may be of its bound.
const MAKESPAN: f64 = 1.05;

/// What the service tells, and the share of calls that may be refused for that beyond the first burst.
const FORMS: [(&str, [bool; 2], f64); 3] = [
    ("limit, told by headers", [true, false], 0.05),
    ("limit, told by Retry-After", [false, true], 0.05),
    ("limit, not told", [false, false], 0.10),
];

/// Runs both clients, ours and the page's loop, for each form.
pub(super) fn run(progress: &Progress) -> Result<Vec<Row>> {
    let policies = [("default", RetryPolicy::default()), ("page's loop", page()?)];
    let mut rows = Vec::new();
    for (service, tells, refused) in FORMS {
        for client in Client::BOTH {
            for (policy, retry) in policies {
                let title = Title { service, client, policy };
                let tally = measure(title, retry, tells, progress)?;
                let mut row = Row::new(title, tally, bound());
                if retry.pacing() {
                    row.checks = vec![
                        at_least("succeeded", f64::from(row.succeeded), f64::from(JOBS)),
                        at_most("time to bound", row.time_to_bound, MAKESPAN),
                        at_most("refused beyond burst", row.refused_beyond_first_burst, refused),
                        at_most("hints broken", f64::from(row.hints_broken), 0.0),
                    ];
                }
                rows.push(row);
            }
        }
    }
    Ok(rows)
}

fn measure(
    title: Title,
    policy: RetryPolicy,
    [headers, retry_after]: [bool; 2],
    progress: &Progress,
) -> Result<Tally> {
    let limit = Limit::per_second(RATE).burst(BURST);
    let limit = limit.tells_limits(headers).tells_retry_after(retry_after);
    let [shortest, spread] = SERVICE;
    // Slots for all: only the limit is in the way.
    let capacity = Capacity::new(1_000, shortest).spread(spread);
    let sim = Sim::builder().limit(limit).capacity(capacity).start()?;
    let load = Load { jobs: JOBS, pattern: Pattern::Workers(WORKERS), policy, is_apart: false };
    let jobs = title.client.run(&load, sim.base_url(), &progress.jobs(&title.to_string()))?;
    Ok(Tally::of(&jobs, &sim.log()))
}

/// Returns the loop that the service's page prints: nothing waits for its turn.
pub(super) fn page() -> Result<RetryPolicy> {
    Ok(RetryPolicy::builder().jitter(Jitter::None).pacing(false).build()?)
}

/// Returns when the last job is done if the limit is used up all the time: its send can leave no
/// sooner, and it takes what jobs take on average.
fn bound() -> Duration {
    let [shortest, spread] = SERVICE;
    Duration::from_secs(u64::from(JOBS - BURST)) / RATE + shortest + spread / 2
}
