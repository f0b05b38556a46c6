//! S5: deadlines against hints and against services that stall.

use std::time::Duration;

use crate::storm::case::{Case, Limit, Measure};
use crate::storm::job::{HOUR, Job, Plan};
use crate::storm::numbers::{Sorted, number};
use crate::storm::policies::Kind;
use crate::storm::policy::End;
use crate::storm::record::{Ended, Record};
use crate::storm::services::{Stubborn, Whim};
use crate::storm::world;

/// All combinations at once, each in a process of its own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadlines;

const POLICIES: [Kind; 5] = [Kind::Ours, Kind::Page, Kind::Sdk, Kind::Jitter, Kind::Adaptive];

const ROUND_TRIP: Duration = Duration::from_millis(50);

/// Returns each deadline with what a call of it meets.
fn combinations() -> Vec<(Duration, Whim)> {
    let (millisecond, day) = (Duration::from_millis(1), Duration::from_secs(86_400));
    let mut all = Vec::new();
    for deadline in [1, 5, 30].map(Duration::from_secs) {
        let hints = [Duration::ZERO, deadline - millisecond, deadline, deadline + millisecond, day];
        for hint in hints {
            all.push((deadline, Whim::Refuses(hint)));
            all.push((deadline, Whim::RefusesThenStalls(hint)));
        }
        all.push((deadline, Whim::Stalls));
    }
    all
}

/// Returns whether the first reply says that no other one will come in time.
fn is_hopeless(whim: Whim) -> bool {
    match whim {
        Whim::Refuses(hint) | Whim::RefusesThenStalls(hint) => !hint.is_zero(),
        Whim::Stalls => false,
    }
}

impl Case for Deadlines {
    fn scenario(&self) -> &'static str {
        "S5 deadlines"
    }

    fn name(&self) -> String {
        "1, 5, 30 s against hints and stalls".to_owned()
    }

    fn policies(&self) -> &'static [Kind] {
        &POLICIES
    }

    fn run(&self, kind: Kind, seed: u64) -> Record {
        let jobs = combinations().into_iter().zip(0_u64..).zip(0..).map(
            |(((deadline, _), luck), process)| Job {
                process,
                arrives: None,
                work: Duration::ZERO,
                tokens: 0,
                deadline: Some(deadline),
                luck,
            },
        );
        let jobs: Vec<_> = jobs.collect();
        let policies = kind.of_processes(jobs.len(), None);
        let service = Stubborn(combinations().into_iter().map(|(_, whim)| whim).collect());
        let plan = Plan { workers: 1, jobs, round_trip: ROUND_TRIP, timeout: None, until: HOUR };
        world::run(&plan, Box::new(service), policies, seed)
    }

    fn measure(&self, record: &Record, _reference: Option<&Record>) -> Vec<Measure> {
        let calls: Vec<(Duration, Whim, Ended)> = combinations()
            .into_iter()
            .zip(record.ended())
            .map(|((deadline, whim), ended)| (deadline, whim, *ended))
            .collect();
        let overrun = |(deadline, _, ended): &(Duration, Whim, Ended)| {
            ended.took().saturating_sub(*deadline).as_secs_f64() * 1e3
        };
        let hopeless = calls.iter().filter(|(_, whim, _)| is_hopeless(*whim));
        let late = hopeless
            .map(|(_, _, ended)| ended.took().saturating_sub(ROUND_TRIP).as_secs_f64() * 1e3);
        // Where nothing ever came there is no error of the service's to return.
        let answered = calls.iter().filter(|(_, whim, _)| *whim != Whim::Stalls);
        let real = answered.clone().filter(|(_, _, ended)| ended.end == End::Failed).count();
        vec![
            ("largest overrun ms", Sorted::new(calls.iter().map(overrun)).largest()),
            ("hopeless known after ms", Sorted::new(late).largest()),
            ("no real error %", 100.0 - 100.0 * number(real) / number(answered.count())),
            ("sends", number(record.sends.len())),
        ]
    }

    fn limits(&self, kind: Kind) -> Vec<Limit> {
        if !kind.is_ours() {
            return Vec::new();
        }
        vec![
            Limit::of_every_seed("largest overrun ms", 1.0),
            Limit::of_every_seed("hopeless known after ms", 1.0),
            Limit::of_every_seed("no real error %", 0.0),
        ]
    }
}
