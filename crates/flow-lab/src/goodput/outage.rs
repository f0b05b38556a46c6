//! An outage under a steady load, and what comes after it.

use std::time::Duration;

use flow_errors::RetryPolicy;
use flow_sim::{Capacity, Sim};

use super::client::Client;
use super::limits::page;
use super::load::{Load, Pattern};
use super::row::{Row, Title, at_least, at_most};
use super::tally::{Tally, in_second};
use crate::Result;
use crate::progress::Progress;

/// How long nobody is served.
const OUTAGE: Duration = Duration::from_secs(5);

/// How many calls come per second, and for how long.
const ARRIVALS: u32 = 60;
const SECONDS: u32 = 20;

/// What the service does at once, how long each takes, and how many may wait: 100 a second.
const SLOTS: u16 = 20;
const SERVICE: Duration = Duration::from_millis(200);
const QUEUE: usize = 20;
const CAPACITY: u32 = 100;

/// Runs both clients with the default attempts, with ten, and with the page's loop.
pub(super) fn run(progress: &Progress) -> Result<Vec<Row>> {
    let ten = RetryPolicy::builder().max_attempts(10).build()?;
    let policies = [
        ("default", RetryPolicy::default(), Some(0.98)),
        ("10 attempts", ten, Some(1.0)),
        ("page's loop", page()?, None),
    ];
    let mut rows = Vec::new();
    for client in Client::BOTH {
        for (policy, retry, least) in policies {
            let title = Title { service: "outage", client, policy };
            let sim = Sim::builder()
                .outage(Duration::ZERO..OUTAGE)
                .capacity(Capacity::new(SLOTS.into(), SERVICE).queue(QUEUE))
                .start()?;
            let (jobs, pattern) = (ARRIVALS * SECONDS, Pattern::Arrivals(ARRIVALS));
            // The page's loop knows no credit: where each job asks a model of its own, none counts.
            let load = Load { jobs, pattern, policy: retry, is_apart: least.is_none() };
            let step = progress.jobs(&title.to_string());
            let jobs = client.run(&load, sim.base_url(), &step)?;
            let log = sim.log();
            let tally = Tally::of(&jobs, &log);
            let (share, each) = (tally.succeeded_share(), tally.calls_per_job());
            let arrived = load.starts().last().copied().unwrap_or_default();
            let mut row = Row::new(title, tally, arrived.saturating_add(SERVICE));
            let first = f64::from(in_second(&log, OUTAGE)) / f64::from(CAPACITY);
            row.first_second = Some(first);
            if let Some(least) = least {
                row.checks = vec![
                    at_least("succeeded", share, least),
                    at_most("calls each", each, 1.5),
                    at_most("first second", first, 1.2),
                ];
            }
            rows.push(row);
        }
    }
    Ok(rows)
}
