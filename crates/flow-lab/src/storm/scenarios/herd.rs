//! S4: many processes are told one instant to come back at.

use std::time::Duration;

use flow_errors::call::Tick;
use http::StatusCode;

use crate::storm::case::{Case, Limit, Measure};
use crate::storm::draw::Draw;
use crate::storm::job::{HOUR, Job, Plan};
use crate::storm::numbers::{Sorted, number};
use crate::storm::policies::Kind;
use crate::storm::record::{Fate, Record};
use crate::storm::services::{Closed, Limiter, Tells};
use crate::storm::world;

/// The herd.
#[derive(Clone, Copy, Debug)]
pub(super) struct Herd;

const PROCESSES: usize = 20;
const WORKERS: usize = 10;
const WAIT: Duration = Duration::from_secs(60);

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

impl Herd {
    fn plan(seed: u64) -> Plan {
        let mut draw = Draw::new(seed, 0);
        let jobs = (0..PROCESSES * WORKERS).map(|index| Job {
            process: index % PROCESSES,
            arrives: None,
            work: draw.log_normal(Duration::from_secs(2), 0.5),
            tokens: 0,
            deadline: None,
            luck: 0,
        });
        Plan {
            workers: WORKERS,
            jobs: jobs.collect(),
            round_trip: Duration::from_millis(50),
            timeout: None,
            until: HOUR,
        }
    }
}

impl Case for Herd {
    fn scenario(&self) -> &'static str {
        "S4 a herd with one hint"
    }

    fn name(&self) -> String {
        "20 processes of 10, Retry-After: 60, then 50/s".to_owned()
    }

    fn policies(&self) -> &'static [Kind] {
        &POLICIES
    }

    fn run(&self, kind: Kind, seed: u64) -> Record {
        let limiter = Limiter::of_requests(50.0, 50, Tells::RetryAfter);
        let (until, status) = (Tick::ORIGIN + WAIT, StatusCode::TOO_MANY_REQUESTS);
        let service = Closed { until, status, is_told: true, then: limiter };
        let policies = kind.of_processes(PROCESSES, None);
        world::run(&Self::plan(seed), Box::new(service), policies, seed)
    }

    fn measure(&self, record: &Record, _reference: Option<&Record>) -> Vec<Measure> {
        let open = Tick::ORIGIN + WAIT;
        let within = |send: &&_, from: Tick, until: Tick| {
            let send: &crate::storm::record::Sent = send;
            (from..until).contains(&send.at)
        };
        let first = open + Duration::from_secs(1);
        let in_first = record.sends.iter().filter(|send| within(send, open, first));
        let is_refused = |send: &&crate::storm::record::Sent| send.fate == Fate::Refused;
        let early = record
            .sends
            .iter()
            .filter(|send| within(send, Tick::ORIGIN + Duration::from_millis(500), open));
        let end = record.makespan().saturating_sub(WAIT).as_secs_f64();
        let times = Sorted::new(record.succeeded().map(|job| job.took().as_secs_f64()));
        vec![
            ("sent before 60 s", number(early.count())),
            ("sent in the first second", number(in_first.clone().count())),
            ("refused in it", number(in_first.filter(is_refused).count())),
            ("lost", number(record.lost())),
            ("sends per call", number(record.sends.len()) / number(record.jobs.len())),
            ("done after s", end),
            ("p50 s", times.median()),
        ]
    }

    fn limits(&self, kind: Kind) -> Vec<Limit> {
        if kind.is_ours() {
            vec![Limit::of_every_seed("sent before 60 s", 0.0)]
        } else {
            Vec::new()
        }
    }
}
