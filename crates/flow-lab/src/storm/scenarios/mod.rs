//! The scenarios.

mod batch;
mod brown_out;
mod deadlines;
mod faults;
mod herd;
mod outage;
mod sizes;

use clap::ValueEnum;

pub(super) use self::batch::Batch;
pub(super) use self::brown_out::BrownOut;
use self::deadlines::Deadlines;
use self::faults::Faults;
use self::herd::Herd;
use self::outage::Outage;
use self::sizes::Sizes;
use super::case::Case;

/// A scenario by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(super) enum Scenario {
    /// A batch that runs into a limit.
    #[value(name = "s1", alias = "batch")]
    Batch,
    /// A service that slows down, with work that goes on when its client has gone.
    #[value(name = "s2", alias = "brown-out")]
    BrownOut,
    /// Failures that have nothing to do with each other.
    #[value(name = "s3", alias = "faults")]
    Faults,
    /// Many processes that are all told one instant.
    #[value(name = "s4", alias = "herd")]
    Herd,
    /// Deadlines against hints and stalls.
    #[value(name = "s5", alias = "deadlines")]
    Deadlines,
    /// Small and large calls under a limit on tokens.
    #[value(name = "s6", alias = "sizes")]
    Sizes,
    /// A service that fails everything for 5 seconds, and then has little room.
    #[value(name = "s7", alias = "outage")]
    Outage,
}

impl Scenario {
    /// Returns the scenario in all its variants.
    pub(super) fn cases(self) -> Vec<Box<dyn Case>> {
        match self {
            Self::Batch => Batch::all().into_iter().map(boxed).collect(),
            Self::BrownOut => BrownOut::all().into_iter().map(boxed).collect(),
            Self::Faults => Faults::all().into_iter().map(boxed).collect(),
            Self::Herd => vec![boxed(Herd)],
            Self::Deadlines => vec![boxed(Deadlines)],
            Self::Sizes => Sizes::all().into_iter().map(boxed).collect(),
            Self::Outage => vec![boxed(Outage)],
        }
    }
}

fn boxed(case: impl Case + 'static) -> Box<dyn Case> {
    Box::new(case)
}
