//! S7: everything fails for 5 seconds; then the service has room for 100 a second, and 60 come.

use std::time::Duration;

use flow_errors::call::Tick;
use http::StatusCode;

use crate::storm::case::{Case, Limit, Measure};
use crate::storm::draw::Draw;
use crate::storm::job::{HOUR, Job, Plan};
use crate::storm::numbers::{Sorted, number};
use crate::storm::policies::Kind;
use crate::storm::record::Record;
use crate::storm::services::{Closed, Limiter, Tells};
use crate::storm::world;

/// The outage.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outage;

const JOBS: usize = 1_800;
const PER_SECOND: f64 = 60.0;
const CAPACITY: f64 = 100.0;
const END: Duration = Duration::from_secs(5);

const POLICIES: [Kind; 8] = [
    Kind::Ours,
    Kind::OursBatch,
    Kind::Page,
    Kind::None,
    Kind::Sdk,
    Kind::Jitter,
    Kind::Budget,
    Kind::Adaptive,
];

impl Outage {
    fn plan(seed: u64) -> Plan {
        let (mut draw, mut at) = (Draw::new(seed, 0), Tick::ORIGIN);
        let jobs = (0..JOBS).map(|_| {
            at = at + draw.exponential(Duration::from_secs_f64(1.0 / PER_SECOND));
            let work = Duration::from_millis(50);
            Job { process: 0, arrives: Some(at), work, tokens: 0, deadline: None, luck: 0 }
        });
        let (jobs, round_trip) = (jobs.collect(), Duration::from_millis(50));
        Plan { workers: 0, jobs, round_trip, timeout: None, until: HOUR }
    }
}

impl Case for Outage {
    fn scenario(&self) -> &'static str {
        "S7 an outage, then little room"
    }

    fn name(&self) -> String {
        "503 for 5 s, then 100/s of which 60/s come".to_owned()
    }

    fn policies(&self) -> &'static [Kind] {
        &POLICIES
    }

    fn run(&self, kind: Kind, seed: u64) -> Record {
        let status = StatusCode::SERVICE_UNAVAILABLE;
        let then = Limiter { status, ..Limiter::of_requests(CAPACITY, 20, Tells::Nothing) };
        let service = Closed { until: Tick::ORIGIN + END, status, is_told: false, then };
        world::run(&Self::plan(seed), Box::new(service), kind.of_processes(1, None), seed)
    }

    fn measure(&self, record: &Record, _reference: Option<&Record>) -> Vec<Measure> {
        let jobs = number(record.jobs.len());
        let first = Tick::ORIGIN + END..Tick::ORIGIN + END + Duration::from_secs(1);
        let in_first = record.sends.iter().filter(|send| first.contains(&send.at)).count();
        let times = Sorted::new(record.succeeded().map(|job| job.took().as_secs_f64()));
        vec![
            ("lost %", 100.0 * number(record.lost()) / jobs),
            ("sends per call", number(record.sends.len()) / jobs),
            ("first second ÷ capacity", number(in_first) / CAPACITY),
            ("p50 s", times.median()),
            ("p99 s", times.percentile(99)),
        ]
    }

    fn limits(&self, kind: Kind) -> Vec<Limit> {
        let lost = match kind {
            Kind::Ours => 2.0,
            Kind::OursBatch => 0.0,
            _ => return Vec::new(),
        };
        vec![
            Limit::of_every_seed("lost %", lost),
            Limit::of_median("sends per call", 1.5),
            Limit::of_every_seed("first second ÷ capacity", 1.2),
        ]
    }
}
