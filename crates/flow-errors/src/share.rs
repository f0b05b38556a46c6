//! The part of a limit that one of several processes may use.

use crate::InvalidPolicy;
use crate::bucket::Rate;

/// `part` of so many parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Share {
    part: u32,
    of: u32,
}

impl Share {
    pub(crate) const WHOLE: Self = Self { part: 1, of: 1 };

    pub(crate) const fn new(part: u32, of: u32) -> Result<Self, InvalidPolicy> {
        if part == 0 || part > of {
            return Err(InvalidPolicy::NoShare { part, of });
        }
        Ok(Self { part, of })
    }

    pub(crate) const fn parts(self) -> (u32, u32) {
        (self.part, self.of)
    }

    /// Returns the share of a number.
    pub(crate) fn of(self, whole: u64) -> u64 {
        let part = u128::from(whole).saturating_mul(self.part.into());
        let part = part.checked_div(self.of.into()).unwrap_or_default();
        u64::try_from(part).unwrap_or(u64::MAX)
    }

    /// Returns the share of a limit, and how much of that may be taken at once: whole units, one at least.
    pub(crate) fn of_limit(self, whole: Rate) -> (Rate, u64) {
        let limit = whole.limit.saturating_mul(self.part.into());
        let window = whole.window.saturating_mul(self.of);
        (Rate { limit, window }, self.of(whole.limit).max(1))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn share_is_less_at_once_but_never_nothing() {
        let table = [
            // name, part, of, limit, its burst, how long one takes in milliseconds
            ("all", 1, 1, 60, 60, 1_000),
            ("a third", 1, 3, 60, 20, 3_000),
            ("two thirds", 2, 3, 60, 40, 1_500),
            ("less than one", 1, 120, 60, 1, 120_000),
            ("no whole number", 1, 8, 60, 7, 8_000),
        ];
        for (name, part, of, limit, want, millis) in table {
            let share = Share::new(part, of).unwrap();
            let whole = Rate { limit, window: Duration::from_secs(60) };
            let (rate, burst) = share.of_limit(whole);
            assert_eq!((burst, rate.span(1)), (want, millis * 1_000_000), "{name}");
        }
    }

    #[test]
    fn share_is_neither_nothing_nor_more_than_all() {
        for (part, of) in [(0, 1), (0, 0), (2, 1), (u32::MAX, 1)] {
            assert_eq!(Share::new(part, of), Err(InvalidPolicy::NoShare { part, of }));
        }
    }
}
