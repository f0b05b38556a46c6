//! S2: a service has a fifth of its capacity for half a minute, and goes on with abandoned work.

use std::time::Duration;

use flow_errors::call::Tick;

use crate::storm::case::{Case, Limit, Measure};
use crate::storm::draw::Draw;
use crate::storm::job::{Job, Plan};
use crate::storm::numbers::{Sorted, number};
use crate::storm::policies::Kind;
use crate::storm::record::{Fate, Record};
use crate::storm::services::Slots;
use crate::storm::world;

/// The brown-out; all instants are in seconds.
#[derive(Clone, Copy, Debug)]
pub(in crate::storm) struct BrownOut {
    /// How many times as large the service and the demand are.
    size: u32,
}

const PER_SECOND: f64 = 14.0;
const SLOTS: usize = 20;
const QUEUE: usize = 400;
const LAST_ARRIVAL: u64 = 600;

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

impl BrownOut {
    pub(in crate::storm) const BEGIN: u64 = 60;
    pub(in crate::storm) const END: u64 = 90;
    pub(in crate::storm) const SMALL: Self = Self { size: 1 };

    pub(super) fn all() -> Vec<Self> {
        [1, 10].into_iter().map(|size| Self { size }).collect()
    }

    fn per_second(self) -> f64 {
        PER_SECOND * f64::from(self.size)
    }

    fn plan(self, seed: u64) -> Plan {
        let mut draw = Draw::new(seed, 0);
        let (mut jobs, mut at) = (Vec::new(), Tick::ORIGIN);
        loop {
            at = at + draw.exponential(Duration::from_secs_f64(1.0 / self.per_second()));
            if at > second(LAST_ARRIVAL) {
                break;
            }
            let (arrives, work, luck) = (Some(at), Duration::from_secs(1), draw.word());
            jobs.push(Job { process: 0, arrives, work, tokens: 0, deadline: None, luck });
        }
        let (timeout, until) = (Some(Duration::from_secs(5)), second(LAST_ARRIVAL + 120));
        Plan { workers: 0, jobs, round_trip: Duration::from_millis(50), timeout, until }
    }
}

impl Case for BrownOut {
    fn scenario(&self) -> &'static str {
        "S2 a brown-out"
    }

    fn name(&self) -> String {
        format!("{}/s, a fifth of the capacity for 30 s", self.per_second())
    }

    fn policies(&self) -> &'static [Kind] {
        &POLICIES
    }

    fn run(&self, kind: Kind, seed: u64) -> Record {
        let size = usize::try_from(self.size).unwrap_or(1);
        let brown_out = (second(Self::BEGIN), second(Self::END), SLOTS * size / 5);
        let slots = Slots::new(SLOTS * size, QUEUE * size, brown_out);
        world::run(&self.plan(seed), Box::new(slots), kind.of_processes(1, None), seed)
    }

    fn measure(&self, record: &Record, _reference: Option<&Record>) -> Vec<Measure> {
        let arrivals = record.begun.iter().copied();
        let sends = record.sends.iter().map(|send| send.at);
        let load = number(count(sends, Self::BEGIN, Self::END))
            / number(count(arrivals, Self::BEGIN, Self::END));
        let times = Sorted::new(record.succeeded().map(|job| job.took().as_secs_f64()));
        let jobs = number(record.jobs.len());
        vec![
            ("lost %", 100.0 * number(record.lost()) / jobs),
            ("load ÷ arrivals", load),
            ("recovered s", recovery(record, self.per_second())),
            ("sends per call", number(record.sends.len()) / jobs),
            (
                "wasted",
                number(record.sends.iter().filter(|send| send.fate == Fate::TimedOut).count()),
            ),
            ("p50 s", times.median()),
            ("p99 s", times.percentile(99)),
        ]
    }

    fn limits(&self, kind: Kind) -> Vec<Limit> {
        if !kind.is_ours() {
            return Vec::new();
        }
        vec![
            Limit::of_every_seed("lost %", 1.0),
            Limit::of_every_seed("load ÷ arrivals", 1.0),
            Limit::of_every_seed("recovered s", 10.0),
        ]
    }
}

fn second(second: u64) -> Tick {
    Tick::ORIGIN + Duration::from_secs(second)
}

/// Counts the instants from one second to another.
fn count(instants: impl Iterator<Item = Tick>, from: u64, until: u64) -> usize {
    instants.filter(|at| (second(from)..second(until)).contains(at)).count()
}

/// Returns how many seconds after the brown-out goodput is back to 95 % of the demand, for good.
///
/// It is back in the first second from which 10 s see so many successes. Chance alone takes that from
/// some stretches of a healthy run, so only one of 20 s with less than 85 % counts as a relapse.
fn recovery(record: &Record, per_second: f64) -> f64 {
    let successes =
        |from: u64, until: u64| number(count(record.succeeded().map(|job| job.ended), from, until));
    let is_relapse = |from: u64| {
        let arrivals = record.begun.iter().copied();
        successes(from, from + 20) < 0.85 * number(count(arrivals, from, from + 20))
    };
    let relapse = (BrownOut::END..LAST_ARRIVAL - 20).rev().find(|from| is_relapse(*from));
    let from = relapse.map_or(BrownOut::END, |from| from + 1);
    let is_back = |from: &u64| successes(*from, from + 10) >= 0.95 * 10.0 * per_second;
    let back = (from..LAST_ARRIVAL - 10).find(is_back);
    back.map_or(f64::INFINITY, |back| Duration::from_secs(back - BrownOut::END).as_secs_f64())
}
