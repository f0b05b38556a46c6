//! What a scenario's case is: something to run with a policy and a seed, and what to measure of it.

use super::policies::Kind;
use super::record::Record;

/// A scenario in one of its variants.
pub(super) trait Case: Sync {
    /// Returns the scenario's name.
    fn scenario(&self) -> &'static str;

    /// Returns the variant's name.
    fn name(&self) -> String;

    /// Returns the policies that it is for.
    fn policies(&self) -> &'static [Kind];

    /// Returns the policy whose run is measured against.
    fn reference(&self) -> Option<Kind> {
        None
    }

    fn run(&self, kind: Kind, seed: u64) -> Record;

    /// Measures a run, beside that of the reference with the same seed.
    fn measure(&self, record: &Record, reference: Option<&Record>) -> Vec<Measure>;

    /// Returns what a policy has to keep to.
    fn limits(&self, kind: Kind) -> Vec<Limit>;
}

/// A number by its name.
pub(super) type Measure = (&'static str, f64);

/// The most that a measure may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Limit {
    pub(super) measure: &'static str,
    pub(super) most: f64,
    pub(super) of: Of,
}

/// What of a measure is held against its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    Median,
    EverySeed,
}

impl Limit {
    pub(super) const fn of_median(measure: &'static str, most: f64) -> Self {
        Self { measure, most, of: Of::Median }
    }

    pub(super) const fn of_every_seed(measure: &'static str, most: f64) -> Self {
        Self { measure, most, of: Of::EverySeed }
    }
}
