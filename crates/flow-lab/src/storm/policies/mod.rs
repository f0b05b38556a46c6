//! The policies: ours, and those that it is held against.

mod adaptive;
mod backoff;
mod budget;
mod oracle;
mod ours;
mod rule;

use clap::ValueEnum;
use flow_errors::RetryPolicy;

use self::adaptive::Adaptive;
use self::backoff::Backoff;
use self::budget::Budget;
use self::oracle::Oracle;
pub(super) use self::oracle::Truth;
use self::ours::Ours;
use self::rule::Ruled;
use super::policy::Policy;

/// A policy by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(super) enum Kind {
    /// Ours, with the default policy.
    Ours,
    /// Ours, with `RetryPolicy::batch()`.
    OursBatch,
    /// Ours for batches, each process knowing its share of the limit.
    OursShare,
    /// Ours by default, but each call alone: no credit, no pacing.
    Alone,
    /// A static split of the true rate: what cannot be known.
    Oracle,
    /// The loop of the service's page: 3 attempts, 1 s and 2 s.
    Page,
    /// No retries.
    None,
    /// The constants of the official SDKs: 2 retries, 0.5 s doubling to 8 s, hints.
    Sdk,
    /// Full jitter from 1 s to 60 s, without end.
    Jitter,
    /// Full jitter and a retry budget of 10, a tenth back for each success.
    Budget,
    /// An adaptive rate as in the SDKs of AWS, without end.
    Adaptive,
}

impl Kind {
    /// Returns the name by which the command line and the table know it.
    pub(super) fn name(self) -> String {
        let value = self.to_possible_value();
        value.map_or_else(String::new, |value| value.get_name().to_owned())
    }

    /// Creates the policies of so many processes.
    pub(super) fn of_processes(
        self,
        processes: usize,
        truth: Option<Truth>,
    ) -> Vec<Box<dyn Policy>> {
        (0..processes).map(|process| self.of_process((process, processes), truth)).collect()
    }

    /// Creates the policy of one process of so many.
    fn of_process(self, process: (usize, usize), truth: Option<Truth>) -> Box<dyn Policy> {
        match self {
            Self::Ours => Box::new(Ours::new(RetryPolicy::default())),
            Self::OursBatch => Box::new(Ours::new(RetryPolicy::batch())),
            Self::OursShare => Box::new(Ours::sharing(process.1)),
            Self::Alone => Box::new(Ours::alone(RetryPolicy::default())),
            Self::Oracle => Box::new(Ruled::new(Oracle::new(truth, process))),
            Self::Page => Box::new(Ruled::new(Backoff::PAGE)),
            Self::None => Box::new(Ruled::new(Backoff::NONE)),
            Self::Sdk => Box::new(Ruled::new(Backoff::SDK)),
            Self::Jitter => Box::new(Ruled::new(Backoff::JITTER)),
            Self::Budget => Box::new(Ruled::new(Budget::new())),
            Self::Adaptive => Box::new(Ruled::new(Adaptive::new())),
        }
    }

    pub(super) const fn is_ours(self) -> bool {
        matches!(self, Self::Ours | Self::OursBatch | Self::OursShare)
    }
}
