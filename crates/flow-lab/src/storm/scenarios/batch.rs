//! S1: a batch of jobs runs into a limit.

use std::time::Duration;

use crate::storm::case::{Case, Limit, Measure};
use crate::storm::draw::Draw;
use crate::storm::job::{HOUR, Job, Plan};
use crate::storm::numbers::{Sorted, number};
use crate::storm::policies::{Kind, Truth};
use crate::storm::record::Record;
use crate::storm::services::{Limiter, Tells};
use crate::storm::world;

/// A batch and the limit that it meets.
#[derive(Clone, Copy, Debug)]
pub(in crate::storm) struct Batch {
    pub(in crate::storm) name: &'static str,
    pub(in crate::storm) jobs: usize,
    /// In all processes together.
    pub(in crate::storm) workers: usize,
    pub(in crate::storm) processes: usize,
    pub(in crate::storm) per_second: f64,
    pub(in crate::storm) burst: u64,
    pub(in crate::storm) work: Duration,
    pub(in crate::storm) tells: Tells,
    pub(in crate::storm) charge: u64,
}

const ONE: [Kind; 9] = [
    Kind::Oracle,
    Kind::Ours,
    Kind::OursBatch,
    Kind::Page,
    Kind::None,
    Kind::Sdk,
    Kind::Jitter,
    Kind::Budget,
    Kind::Adaptive,
];

const SEVERAL: [Kind; 10] = [
    Kind::Oracle,
    Kind::Ours,
    Kind::OursBatch,
    Kind::OursShare,
    Kind::Page,
    Kind::None,
    Kind::Sdk,
    Kind::Jitter,
    Kind::Budget,
    Kind::Adaptive,
];

impl Batch {
    pub(in crate::storm) const S1: Self = Self {
        name: "S1 a batch at a limit",
        jobs: 1_000,
        workers: 64,
        processes: 1,
        per_second: 10.0,
        burst: 10,
        work: Duration::from_secs(2),
        tells: Tells::State,
        charge: 0,
    };

    pub(super) fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for processes in [1, 8] {
            for tells in [Tells::State, Tells::RetryAfter, Tells::Nothing] {
                for charge in [0, 50] {
                    all.push(Self { processes, tells, charge, ..Self::S1 });
                }
            }
        }
        all
    }

    /// Returns it with each way to tell of the limit.
    pub(in crate::storm) fn told_in_each_way(self) -> Vec<Box<dyn Case>> {
        let ways = [Tells::State, Tells::RetryAfter, Tells::Nothing].into_iter();
        ways.map(|tells| Box::new(Self { tells, ..self }) as Box<dyn Case>).collect()
    }

    /// Returns the least time that the limit leaves: all jobs but the first burst at its rate, and the
    /// work of the last.
    pub(in crate::storm) fn least(&self) -> Duration {
        let burst = usize::try_from(self.burst).unwrap_or(usize::MAX);
        let paced = number(self.jobs.saturating_sub(burst));
        Duration::from_secs_f64(paced / self.per_second) + self.work
    }

    fn plan(&self, seed: u64) -> Plan {
        let mut draw = Draw::new(seed, 0);
        let jobs = (0..self.jobs).map(|index| Job {
            process: index % self.processes,
            arrives: None,
            work: draw.log_normal(self.work, 0.5),
            tokens: 0,
            deadline: None,
            luck: 0,
        });
        Plan {
            workers: self.workers / self.processes,
            jobs: jobs.collect(),
            round_trip: Duration::from_millis(50),
            timeout: None,
            until: HOUR,
        }
    }
}

impl Case for Batch {
    fn scenario(&self) -> &'static str {
        self.name
    }

    fn name(&self) -> String {
        let tells = match self.tells {
            Tells::State => "limit headers",
            Tells::RetryAfter => "Retry-After",
            Tells::Nothing => "told nothing",
        };
        let charge = if self.charge > 0 { ", charged" } else { "" };
        format!("K={}, {tells}{charge}", self.processes)
    }

    fn policies(&self) -> &'static [Kind] {
        if self.processes > 1 { &SEVERAL } else { &ONE }
    }

    fn reference(&self) -> Option<Kind> {
        Some(Kind::Oracle)
    }

    fn run(&self, kind: Kind, seed: u64) -> Record {
        let limiter = Limiter::of_requests(self.per_second, self.burst, self.tells);
        let limiter = Limiter { charge: self.charge, ..limiter };
        let truth = Truth { per_second: self.per_second, burst: self.burst, is_of_tokens: false };
        let policies = kind.of_processes(self.processes, Some(truth));
        world::run(&self.plan(seed), Box::new(limiter), policies, seed)
    }

    fn measure(&self, record: &Record, reference: Option<&Record>) -> Vec<Measure> {
        let times = times_of(record);
        let (p99, oracle) = (times.percentile(99), reference.map(times_of));
        let ends = (0..self.processes).map(|process| {
            let ended = record.ended().filter(|job| job.process == process).map(|job| job.ended);
            ended.max().unwrap_or_default().since(flow_errors::call::Tick::ORIGIN).as_secs_f64()
        });
        let ends = Sorted::new(ends);
        let succeeded = number(times.len());
        vec![
            ("time ÷ limit", record.makespan().as_secs_f64() / self.least().as_secs_f64()),
            ("sends per success", number(record.sends.len()) / succeeded),
            ("lost", number(record.lost())),
            ("p50 s", times.median()),
            ("p99 s", p99),
            ("p99 ÷ oracle", p99 / oracle.map_or(f64::NAN, |times| times.percentile(99))),
            ("first ÷ last to end", ends.percentile(0) / ends.largest()),
            ("early", number(record.violations)),
        ]
    }

    fn limits(&self, kind: Kind) -> Vec<Limit> {
        let [time, sends, p99] =
            if self.processes == 1 { [1.03, 1.06, 1.1] } else { [1.06, 1.35, 1.6] };
        // A share of a limit that nobody tells is a share of nothing.
        let knows_its_share = kind != Kind::OursShare || self.tells == Tells::State;
        if !kind.is_ours() || !knows_its_share {
            return Vec::new();
        }
        let mut limits = vec![
            Limit::of_median("time ÷ limit", time),
            Limit::of_median("sends per success", sends),
            Limit::of_median("p99 ÷ oracle", p99),
            Limit::of_every_seed("early", 0.0),
        ];
        // Among others, refusals are chance: three in a row come now and then.
        if self.processes == 1 {
            limits.push(Limit::of_every_seed("lost", 0.0));
        } else if kind != Kind::Ours {
            limits.push(Limit::of_median("lost", 0.0));
        }
        limits
    }
}

fn times_of(record: &Record) -> Sorted {
    Sorted::new(record.succeeded().map(|job| job.took().as_secs_f64()))
}
