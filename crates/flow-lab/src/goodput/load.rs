//! When jobs are wanted, and how they are called.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::Duration;

use flow_errors::RetryPolicy;

/// What is asked of a client.
#[derive(Clone, Debug)]
pub(super) struct Load {
    pub(super) jobs: u32,
    pub(super) pattern: Pattern,
    pub(super) policy: RetryPolicy,
    /// Whether each job asks a model of its own, and so passes a gate of its own.
    pub(super) is_apart: bool,
}

/// When jobs are wanted.
#[derive(Clone, Copy, Debug)]
pub(super) enum Pattern {
    /// So many workers, each of which does one job after the other.
    Workers(u32),
    /// By chance, so many per second on average, however many are under way.
    Arrivals(u32),
}

impl Load {
    /// Returns when the workers begin, in order.
    pub(super) fn starts(&self) -> Vec<Duration> {
        match self.pattern {
            Pattern::Workers(workers) => (0..workers).map(|_| Duration::ZERO).collect(),
            Pattern::Arrivals(per_second) => {
                let gap = |n| Duration::from_secs_f64(-unit(n).ln() / f64::from(per_second));
                let arrivals = (0..self.jobs).scan(Duration::ZERO, |at, n| {
                    *at += gap(n);
                    Some(*at)
                });
                arrivals.collect()
            }
        }
    }

    /// Returns how many jobs a worker does at most.
    pub(super) const fn jobs_each(&self) -> u32 {
        match self.pattern {
            Pattern::Workers(_) => self.jobs,
            Pattern::Arrivals(_) => 1,
        }
    }

    pub(super) fn model(&self, job: u32) -> String {
        if self.is_apart { format!("model-{job}") } else { "gpt-4o".to_owned() }
    }
}

/// Returns a number above 0 and up to 1, the same one every time.
fn unit(n: u32) -> f64 {
    let mut hasher = DefaultHasher::new();
    n.hash(&mut hasher);
    let word = u32::try_from(hasher.finish() >> 32).unwrap_or(u32::MAX);
    (f64::from(word) + 1.0) / 4_294_967_296.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(pattern: Pattern) -> Load {
        Load { jobs: 6_000, pattern, policy: RetryPolicy::default(), is_apart: false }
    }

    #[test]
    fn arrivals_come_at_their_rate_and_in_order() {
        let starts = load(Pattern::Arrivals(60)).starts();
        assert!(starts.is_sorted());
        let last = starts.last().unwrap().as_secs_f64();
        assert!((95.0..105.0).contains(&last), "{last}");
        assert_eq!(load(Pattern::Workers(64)).starts(), vec![Duration::ZERO; 64]);
    }
}
