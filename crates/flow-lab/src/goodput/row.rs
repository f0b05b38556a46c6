//! The figures of one run, and what they are held against.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use super::client::Client;
use super::tally::Tally;

/// One run.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    /// What the service did.
    pub(super) service: &'static str,
    pub(super) client: Client,
    pub(super) policy: &'static str,
    pub(super) jobs: u32,
    pub(super) succeeded: u32,
    pub(super) seconds: f64,
    /// The time that it cannot be done in less than.
    pub(super) bound_seconds: f64,
    pub(super) time_to_bound: f64,
    pub(super) calls_per_success: f64,
    pub(super) refused: f64,
    pub(super) refused_beyond_first_burst: f64,
    pub(super) hints_broken: u32,
    pub(super) peak_in_flight: u32,
    /// What came in the first second after the outage, of what the service can do in one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) first_second: Option<f64>,
    /// What was let through and what was refused in each tenth of a second.
    pub(super) course: Vec<[u32; 2]>,
    /// Why jobs failed, and how many.
    pub(super) failures: Vec<(String, u32)>,
    /// What is held against a limit; nothing where it is shown for comparison.
    pub(super) checks: Vec<Check>,
}

/// Who did what.
#[derive(Clone, Copy, Debug)]
pub(super) struct Title {
    pub(super) service: &'static str,
    pub(super) client: Client,
    pub(super) policy: &'static str,
}

impl fmt::Display for Title {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { service, client, policy } = self;
        write!(f, "{service}, {}, {policy}", client.name())
    }
}

/// A figure and its limit.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Check {
    pub(super) what: &'static str,
    pub(super) value: f64,
    #[serde(flatten)]
    pub(super) limit: Limit,
}

/// What a figure may be.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Limit {
    AtMost(f64),
    AtLeast(f64),
}

impl Row {
    pub(super) fn new(title: Title, tally: Tally, bound: Duration) -> Self {
        let Title { service, client, policy } = title;
        let seconds = tally.makespan.as_secs_f64();
        let bound_seconds = bound.as_secs_f64();
        Self {
            service,
            client,
            policy,
            jobs: tally.jobs,
            succeeded: tally.succeeded,
            seconds,
            bound_seconds,
            time_to_bound: seconds / bound_seconds,
            calls_per_success: tally.calls_per_success(),
            refused: tally.refused_share(),
            refused_beyond_first_burst: tally.avoidable_share(),
            hints_broken: tally.hints_broken,
            peak_in_flight: tally.peak,
            first_second: None,
            course: tally.course,
            failures: tally.failures,
            checks: Vec::new(),
        }
    }

    /// Returns whether all limits are kept; `None` where there are none.
    pub(super) fn is_ok(&self) -> Option<bool> {
        (!self.checks.is_empty()).then(|| self.checks.iter().all(Check::is_kept))
    }

    /// Names the limits that are missed.
    pub(super) fn missed(&self) -> impl Iterator<Item = String> {
        let missed = self.checks.iter().filter(|check| !check.is_kept());
        missed.map(|check| {
            let limit = match check.limit {
                Limit::AtMost(most) => format!("at most {most}"),
                Limit::AtLeast(least) => format!("at least {least}"),
            };
            let Self { service, client, policy, .. } = self;
            let (client, what, value) = (client.name(), check.what, check.value);
            format!("{service}, {client}, {policy}: {what} {value:.3}, {limit}")
        })
    }
}

impl Check {
    /// What is no number keeps to no limit.
    fn is_kept(&self) -> bool {
        match self.limit {
            Limit::AtMost(most) => self.value <= most,
            Limit::AtLeast(least) => self.value >= least,
        }
    }
}

pub(super) const fn at_most(what: &'static str, value: f64, limit: f64) -> Check {
    Check { what, value, limit: Limit::AtMost(limit) }
}

pub(super) const fn at_least(what: &'static str, value: f64, limit: f64) -> Check {
    Check { what, value, limit: Limit::AtLeast(limit) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(checks: Vec<Check>) -> Row {
        let title = Title { service: "s", client: Client::Async, policy: "p" };
        Row { checks, ..Row::new(title, Tally::default(), Duration::from_secs(1)) }
    }

    #[test]
    fn figures_are_held_against_their_limits() {
        assert_eq!(row(vec![]).is_ok(), None);
        assert_eq!(row(vec![at_most("a", 1.0, 1.0), at_least("b", 1.0, 1.0)]).is_ok(), Some(true));
        let row = row(vec![at_most("a", 1.5, 1.0), at_least("b", f64::NAN, 1.0)]);
        assert_eq!(row.is_ok(), Some(false));
        let missed: Vec<_> = row.missed().collect();
        assert_eq!(missed, ["s, async, p: a 1.500, at most 1", "s, async, p: b NaN, at least 1"]);
    }
}
