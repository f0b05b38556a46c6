//! The part of a limit that one of several processes may use.

use std::time::Duration;

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

    /// Returns the share of a limit; of less than one unit, one in a longer window.
    pub(crate) fn of_limit(self, whole: Rate) -> Rate {
        let limit = self.of(whole.limit);
        if limit > 0 {
            return Rate { limit, ..whole };
        }
        let parts = whole.limit.saturating_mul(self.part.into()).max(1);
        let longer = Rate { limit: parts, ..whole }.span(self.of.into());
        Rate { limit: 1, window: Duration::from_nanos(longer) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn share_is_less_at_once_but_never_nothing() {
        let minute = Duration::from_secs(60);
        let table = [
            // name, part, of, limit, its limit, its window in seconds
            ("all", 1, 1, 60, 60, 60),
            ("a third", 1, 3, 60, 20, 60),
            ("two thirds", 2, 3, 60, 40, 60),
            ("less than one", 1, 120, 60, 1, 120),
            ("rounded down", 1, 7, 60, 8, 60),
            ("nothing to share", 1, 2, 0, 1, 120),
        ];
        for (name, part, of, limit, want, seconds) in table {
            let share = Share::new(part, of).unwrap();
            let rate = share.of_limit(Rate { limit, window: minute });
            assert_eq!((rate.limit, rate.window.as_secs()), (want, seconds), "{name}");
        }
    }
}
