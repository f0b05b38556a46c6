//! Failures that are no request's fault: outages, and chance.

use std::ops::Range;
use std::time::Duration;

/// When, and how often, the server is unavailable to all.
#[derive(Clone, Debug, Default)]
pub(crate) struct Weather {
    /// Since the server's start.
    pub(crate) outages: Vec<Range<Duration>>,
    /// The share of requests that fail by chance.
    pub(crate) failing: f64,
}

impl Weather {
    /// Says whether a request fails that came at this time and drew this number.
    pub(crate) fn is_bad(&self, at: Duration, random: u64) -> bool {
        // The upper half, which a float holds exactly.
        let drawn = f64::from(u32::try_from(random >> 32).unwrap_or(u32::MAX));
        let is_unlucky = drawn < self.failing * 4_294_967_296.0;
        is_unlucky || self.outages.iter().any(|outage| outage.contains(&at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Ids;

    #[test]
    fn outages_end_when_they_end() {
        let seconds = Duration::from_secs;
        let weather =
            Weather { outages: vec![seconds(0)..seconds(5), seconds(7)..seconds(8)], failing: 0.0 };
        let table = [
            (0, true),
            (4_999, true),
            (5_000, false),
            (6_999, false),
            (7_000, true),
            (8_000, false),
        ];
        for (at, want) in table {
            assert_eq!(weather.is_bad(Duration::from_millis(at), 0), want, "{at}");
        }
    }

    #[test]
    fn chance_keeps_to_its_share() {
        let ids = Ids::new(7);
        let failed = |failing| {
            let weather = Weather { outages: Vec::new(), failing };
            (0..100_000).filter(|seq| weather.is_bad(Duration::ZERO, ids.chance(*seq))).count()
        };
        assert_eq!([0.0, -1.0, f64::NAN, 1.0, 9.0].map(failed), [0, 0, 0, 100_000, 100_000]);
        assert!((29_500..30_500).contains(&failed(0.3)), "{}", failed(0.3));
        assert!((50..150).contains(&failed(0.001)), "{}", failed(0.001));
    }
}
