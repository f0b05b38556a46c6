//! Runs the cases on all cores, seed by seed, and sums up what each policy came to.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::case::{Case, Limit, Measure, Of};
use super::numbers::Sorted;
use super::policies::Kind;

/// What a policy came to in a case.
#[derive(Debug)]
pub(super) struct Outcome {
    /// The place of the case.
    pub(super) case: usize,
    pub(super) kind: Kind,
    /// Each measure of all seeds, in the case's order.
    pub(super) measures: Vec<(&'static str, Sorted)>,
    pub(super) limits: Vec<Limit>,
}

impl Outcome {
    /// Returns the measure of that name.
    pub(super) fn measure(&self, name: &str) -> Option<&Sorted> {
        self.measures.iter().find(|(measure, _)| *measure == name).map(|(_, values)| values)
    }

    /// Returns whether a measure keeps to its limits. What is no number keeps to none.
    pub(super) fn is_ok(&self, name: &str) -> bool {
        let mut limits = self.limits.iter().filter(|limit| limit.measure == name);
        limits.all(|limit| {
            let value = self.measure(name).map_or(f64::NAN, |values| match limit.of {
                Of::Median => values.median(),
                Of::EverySeed => values.largest(),
            });
            value <= limit.most
        })
    }
}

/// Runs every case with each of the `kinds` that it is for; `step` is told of each seed that is done.
pub(super) fn run(
    cases: &[Box<dyn Case>],
    kinds: &[Kind],
    seeds: u64,
    step: impl Fn() + Sync,
) -> Vec<Outcome> {
    let units: Vec<_> =
        (0..cases.len()).flat_map(|case| (0..seeds).map(move |seed| (case, seed))).collect();
    let (next, done) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                while let Some((case, seed)) = units.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let measured = cases.get(*case).map(|case| measure(&**case, kinds, *seed));
                    if let (Some(measured), Ok(mut done)) = (measured, done.lock()) {
                        done.insert((*case, *seed), measured);
                    }
                    step();
                }
            });
        }
    });
    let done = done.into_inner().unwrap_or_default();
    cases.iter().enumerate().flat_map(|(number, case)| sum(number, &**case, &done)).collect()
}

type Measured = Vec<(Kind, Vec<Measure>)>;

/// Runs a case with one seed.
fn measure(case: &dyn Case, kinds: &[Kind], seed: u64) -> Measured {
    let reference = case.reference().map(|kind| case.run(kind, seed));
    let is_wanted = |kind: &&Kind| kinds.is_empty() || kinds.contains(kind);
    let wanted = case.policies().iter().filter(is_wanted);
    let measured = wanted.map(|kind| {
        let record = case.run(*kind, seed);
        (*kind, case.measure(&record, reference.as_ref()))
    });
    measured.collect()
}

/// Puts the seeds of a case together.
fn sum(number: usize, case: &dyn Case, done: &BTreeMap<(usize, u64), Measured>) -> Vec<Outcome> {
    let runs: Vec<_> = done.range((number, 0)..=(number, u64::MAX)).map(|(_, run)| run).collect();
    let Some(first) = runs.first() else { return Vec::new() };
    let outcomes = first.iter().map(|(kind, measures)| {
        let of_kind = || runs.iter().flat_map(|run| run.iter()).filter(|(other, _)| other == kind);
        let values = |name: &str| {
            let all = of_kind().flat_map(|(_, measures)| measures);
            Sorted::new(all.filter(|(other, _)| *other == name).map(|(_, value)| *value))
        };
        let measures = measures.iter().map(|(name, _)| (*name, values(name)));
        Outcome {
            case: number,
            kind: *kind,
            measures: measures.collect(),
            limits: case.limits(*kind),
        }
    });
    outcomes.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storm::scenarios::Batch;

    fn small() -> Vec<Box<dyn Case>> {
        let small = Batch { jobs: 200, workers: 32, ..Batch::S1 };
        let several = Batch { processes: 4, ..small };
        vec![Box::new(small), Box::new(several)]
    }

    fn measured(outcomes: &[Outcome], kind: Kind, name: &str) -> Vec<Sorted> {
        let ours = outcomes.iter().filter(|outcome| outcome.kind == kind);
        ours.map(|outcome| outcome.measure(name).unwrap().clone()).collect()
    }

    #[test]
    fn oracle_takes_as_long_as_the_limit_and_is_never_refused() {
        let outcomes = run(&small(), &[Kind::Oracle], 5, || {});
        for sends in measured(&outcomes, Kind::Oracle, "sends per success") {
            assert!((sends.largest() - 1.0).abs() < 1e-9, "{sends:?}");
        }
        for time in measured(&outcomes, Kind::Oracle, "time ÷ limit") {
            // The last answers take longer than the median, by chance.
            assert!(time.percentile(0) > 0.95 && time.largest() < 1.4, "{time:?}");
        }
    }

    #[test]
    fn same_seeds_come_to_the_same_whatever_else_runs() {
        let text = |kinds: &[Kind]| {
            let outcomes = run(&small(), kinds, 4, || {});
            let ours = outcomes.iter().filter(|outcome| outcome.kind == Kind::Ours);
            ours.map(|outcome| format!("{outcome:?}")).collect::<Vec<_>>()
        };
        assert_eq!(text(&[Kind::Ours]), text(&[Kind::Ours, Kind::Page, Kind::Jitter]));
    }

    #[test]
    fn every_policy_sends_every_job_at_least_once() {
        let kinds = small().iter().flat_map(|case| case.policies().to_vec()).collect::<Vec<_>>();
        for (case, kind) in
            small().iter().flat_map(|case| kinds.iter().map(move |kind| (case, *kind)))
        {
            let record = case.run(kind, 3);
            let mut sent: Vec<_> = record.sends.iter().map(|send| send.job).collect();
            sent.sort_unstable();
            sent.dedup();
            assert_eq!(sent.len(), 200, "{kind:?}");
            assert_eq!(record.ended().count(), 200, "{kind:?}");
        }
    }

    #[test]
    fn limit_that_is_missed_by_one_seed_is_missed() {
        let outcome = |most: f64, of: fn(&'static str, f64) -> Limit| Outcome {
            case: 0,
            kind: Kind::Ours,
            measures: vec![("x", Sorted::new([1.0, 1.0, 3.0]))],
            limits: vec![of("x", most), Limit::of_median("y", 9.0)],
        };
        assert!(outcome(3.0, Limit::of_every_seed).is_ok("x"));
        assert!(!outcome(2.0, Limit::of_every_seed).is_ok("x"));
        assert!(outcome(2.0, Limit::of_median).is_ok("x"));
        // What was not measured is no success.
        assert!(!outcome(2.0, Limit::of_median).is_ok("y"));
    }
}
