//! S3: failures that have nothing to do with each other must cost no more than their own retries.

use std::time::Duration;

use flow_errors::call::Tick;

use crate::storm::case::{Case, Limit, Measure};
use crate::storm::draw::Draw;
use crate::storm::job::{HOUR, Job, Plan};
use crate::storm::numbers::number;
use crate::storm::policies::Kind;
use crate::storm::record::{Fate, Record};
use crate::storm::services::Faulty;
use crate::storm::world;

/// A share of failures, in millionths.
#[derive(Clone, Copy, Debug)]
pub(super) struct Faults {
    millionths: u32,
}

const POLICIES: [Kind; 6] =
    [Kind::Alone, Kind::Ours, Kind::Page, Kind::None, Kind::Sdk, Kind::Budget];

/// Up to here the limits hold.
const FEW: u32 = 300_000;

impl Faults {
    pub(super) fn all() -> Vec<Self> {
        let shares = [1_000, 10_000, 50_000, 200_000, 300_000, 500_000];
        shares.into_iter().map(|millionths| Self { millionths }).collect()
    }

    fn plan(seed: u64) -> Plan {
        let mut draw = Draw::new(seed, 0);
        let jobs = (0..1_000).map(|_| Job {
            process: 0,
            arrives: None,
            work: draw.log_normal(Duration::from_secs(2), 0.5),
            tokens: 0,
            deadline: None,
            luck: draw.word(),
        });
        let (jobs, round_trip) = (jobs.collect(), Duration::from_millis(50));
        Plan { workers: 64, jobs, round_trip, timeout: None, until: HOUR }
    }
}

impl Case for Faults {
    fn scenario(&self) -> &'static str {
        "S3 isolated faults"
    }

    fn name(&self) -> String {
        format!("{} %", f64::from(self.millionths) / 10_000.0)
    }

    fn policies(&self) -> &'static [Kind] {
        &POLICIES
    }

    fn reference(&self) -> Option<Kind> {
        Some(Kind::Alone)
    }

    fn run(&self, kind: Kind, seed: u64) -> Record {
        let service = Faulty { millionths: self.millionths };
        world::run(&Self::plan(seed), Box::new(service), kind.of_processes(1, None), seed)
    }

    fn measure(&self, record: &Record, reference: Option<&Record>) -> Vec<Measure> {
        let lost = |record: &Record| 100.0 * number(record.lost()) / number(record.jobs.len());
        let alone = reference.map_or(f64::NAN, lost);
        let time = reference.map_or(f64::NAN, |alone| alone.makespan().as_secs_f64());
        vec![
            ("lost %", lost(record)),
            ("more lost, points", lost(record) - alone),
            ("time ÷ alone", record.makespan().as_secs_f64() / time),
            ("sends per call", number(record.sends.len()) / number(record.jobs.len())),
            ("sends ÷ law", law(record)),
        ]
    }

    fn limits(&self, kind: Kind) -> Vec<Limit> {
        if !kind.is_ours() {
            return Vec::new();
        }
        let law = Limit::of_every_seed("sends ÷ law", 1.0);
        if self.millionths > FEW {
            return vec![law];
        }
        let success = Limit::of_every_seed("more lost, points", 0.5);
        vec![law, success, Limit::of_median("time ÷ alone", 1.1)]
    }
}

/// Returns the largest part of what the law of the credit allows that any prefix of the run has sent.
fn law(record: &Record) -> f64 {
    let mut ends: Vec<_> = record.sends.iter().map(|send| (send.known, back(send.fate))).collect();
    ends.sort_by_key(|(known, _)| *known);
    // As many may go on as were in flight when the first one failed, and a quarter more.
    let capacity = (1.25 * number(record.most_in_flight)).max(50.0);
    let (mut ends, mut given, mut most) = (ends.into_iter().peekable(), 0.0, 0.0_f64);
    for (before, send) in record.sends.iter().enumerate() {
        while let Some((_, back)) = ends.next_if(|(known, _)| *known <= send.at) {
            given += back;
        }
        let passed = send.at.since(Tick::ORIGIN).as_secs_f64();
        most = most.max(number(before + 1) / (capacity + passed + given));
    }
    most
}

/// Returns what an outcome gives back of a send.
const fn back(fate: Fate) -> f64 {
    match fate {
        Fate::Succeeded => 1.1,
        Fate::Refused => 0.7,
        Fate::TimedOut | Fate::UnderWay => 0.0,
    }
}
