//! S6: small calls and large ones under a limit on tokens.

use std::time::Duration;

use crate::storm::case::{Case, Limit, Measure};
use crate::storm::draw::{Draw, happens};
use crate::storm::job::{HOUR, Job, Plan};
use crate::storm::numbers::{Sorted, number};
use crate::storm::policies::{Kind, Truth};
use crate::storm::record::Record;
use crate::storm::services::{Limiter, Tells, Unit};
use crate::storm::world;

/// The limit, and what is told of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizes {
    tells: Tells,
}

/// Tokens a minute, and how many may be taken at once.
const LIMIT: u64 = 60_000;
const JOBS: usize = 300;
const SMALL: u64 = 200;
const LARGE: u64 = 8_000;

/// How many of a million calls are large.
const LARGE_ONES: u32 = 100_000;

const WORK: Duration = Duration::from_secs(2);

const POLICIES: [Kind; 8] = [
    Kind::Oracle,
    Kind::Ours,
    Kind::OursBatch,
    Kind::Page,
    Kind::Sdk,
    Kind::Jitter,
    Kind::Budget,
    Kind::Adaptive,
];

impl Sizes {
    pub(super) fn all() -> Vec<Self> {
        [Tells::State, Tells::RetryAfter].into_iter().map(|tells| Self { tells }).collect()
    }

    fn plan(seed: u64) -> Plan {
        let mut draw = Draw::new(seed, 0);
        let jobs = (0..JOBS).map(|_| {
            let work = draw.log_normal(WORK, 0.5);
            let luck = draw.word();
            Job {
                process: 0,
                arrives: None,
                work,
                tokens: if happens(luck, LARGE_ONES) { LARGE } else { SMALL },
                deadline: None,
                luck,
            }
        });
        let (jobs, round_trip) = (jobs.collect(), Duration::from_millis(50));
        Plan { workers: 16, jobs, round_trip, timeout: None, until: HOUR }
    }
}

impl Case for Sizes {
    fn scenario(&self) -> &'static str {
        "S6 mixed sizes under a limit on tokens"
    }

    fn name(&self) -> String {
        let tells = if self.tells == Tells::State { "limit headers" } else { "Retry-After" };
        tells.to_owned()
    }

    fn policies(&self) -> &'static [Kind] {
        &POLICIES
    }

    fn reference(&self) -> Option<Kind> {
        Some(Kind::Oracle)
    }

    fn run(&self, kind: Kind, seed: u64) -> Record {
        let limiter =
            Limiter { unit: Unit::Tokens, ..Limiter::of_requests(1_000.0, LIMIT, self.tells) };
        let truth = Truth { per_second: 1_000.0, burst: LIMIT, is_of_tokens: true };
        let policies = kind.of_processes(1, Some(truth));
        world::run(&Self::plan(seed), Box::new(limiter), policies, seed)
    }

    fn measure(&self, record: &Record, reference: Option<&Record>) -> Vec<Measure> {
        let largest = |tokens: u64| {
            let ours = record.succeeded().filter(|job| job.tokens == tokens);
            Sorted::new(ours.map(|job| job.took().as_secs_f64())).largest()
        };
        let oracle = reference.map_or(f64::NAN, |oracle| oracle.makespan().as_secs_f64());
        let succeeded = number(record.succeeded().count());
        vec![
            ("time ÷ oracle", record.makespan().as_secs_f64() / oracle),
            ("sends per success", number(record.sends.len()) / succeeded),
            ("lost", number(record.lost())),
            ("slowest small s", largest(SMALL)),
            ("slowest large s", largest(LARGE)),
            ("large ÷ small", largest(LARGE) / largest(SMALL)),
            ("early", number(record.violations)),
        ]
    }

    fn limits(&self, kind: Kind) -> Vec<Limit> {
        if !kind.is_ours() {
            return Vec::new();
        }
        vec![
            Limit::of_every_seed("lost", 0.0),
            Limit::of_every_seed("large ÷ small", 2.0),
            Limit::of_every_seed("early", 0.0),
        ]
    }
}
