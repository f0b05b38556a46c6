//! Whether others send to the same limit, and how fast to go on among them.
//!
//! Nobody tells, but refusals do. Who is alone is refused only when its own rate has grown beyond the
//! limit, and that takes a while after each decrease. Who is refused sooner, and again and again, has
//! company. Alone, a rate had best stay where it is; among others it had best go up and down by much,
//! for that makes rates alike, and what one leaves another has to find before its jobs are done.

use std::time::Duration;

use crate::tick::nanos;

/// How many refusals in a row have to come too soon.
const SEVERAL: u32 = 3;

/// Too soon is before the rate of one that is alone has grown by a tenth.
const SOON: u64 = 10;

/// So many sends without a refusal, and the others are done.
const ALONE: u64 = 64;

/// So many refusals in a row at the same rate, to an eighth, and there never were any: among others it is
/// chance at which rate one is refused, alone it is the limit.
const SAME: u32 = 10;
const SAMENESS: u64 = 8;

/// By how much the rate grows a second, in thousandths of the square root of itself.
///
/// It is less than in proportion: the slower of two gains on the faster, whatever both were at first.
const A_SECOND: u64 = 170;

/// By what part of itself it grows with a send at most. Below a send a second, time alone would have it
/// double from one send to the next.
const A_SEND: u64 = 4;

/// What refusals tell of others.
#[derive(Debug, Default)]
pub(crate) struct Crowd {
    /// How many came in a row that tell of them.
    refusals: u32,
    /// The rate of a refusal, and how many in a row came at that rate since then.
    rate: u64,
    same: u32,
}

/// For how long calls were held back since the last decrease, in nanoseconds, and how many sends.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Held {
    pub(crate) nanos: u64,
    pub(crate) sends: u64,
}

impl Crowd {
    pub(crate) const fn is_here(&self) -> bool {
        self.refusals >= SEVERAL
    }

    /// Notes a refusal at a `rate` that, of a `scale`, had grown by so much since the last one if alone.
    pub(crate) fn refused(&mut self, rate: u64, scale: u64, growth: u128, held: Held) {
        if rate.abs_diff(self.rate) > self.rate / SAMENESS {
            (self.rate, self.same) = (rate, 0);
        }
        self.same = self.same.saturating_add(1);
        let tells_of_others = if self.is_here() {
            held.sends < ALONE && self.same < SAME
        } else {
            growth < u128::from(scale / SOON)
        };
        self.refusals = if tells_of_others { self.refusals.saturating_add(1) } else { 0 };
    }

    /// Returns by how much a rate grows among others, in millionths of a send per second as it is.
    pub(crate) fn growth(&self, rate: u64, held: Held) -> u128 {
        if !self.is_here() {
            return 0;
        }
        // The root of a millionth is a thousandth.
        let a_second = u128::from(rate.isqrt()) * u128::from(A_SECOND);
        let by_time = a_second.saturating_mul(held.nanos.into()) / u128::from(nanos(SECOND));
        let by_sends = u128::from(rate).saturating_mul(held.sends.into()) / u128::from(A_SEND);
        by_time.min(by_sends)
    }
}

const SECOND: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    const SCALE: u64 = 1_000_000;
    const NONE: Held = Held { nanos: 0, sends: 0 };

    /// Refuses a rate that had grown by so much alone; each rate is another one.
    fn crowd(growths: impl IntoIterator<Item = u64>) -> Crowd {
        let mut crowd = Crowd::default();
        for (growth, rate) in growths.into_iter().zip([SCALE, SCALE * 2].into_iter().cycle()) {
            crowd.refused(rate, SCALE, growth.into(), NONE);
        }
        crowd
    }

    #[test]
    fn others_are_noticed_by_refusals_that_come_too_soon_in_a_row() {
        let (soon, late) = (SCALE / 10 - 1, SCALE / 10);
        assert!(!crowd([soon, soon]).is_here());
        assert!(!crowd([soon, soon, late, soon, soon]).is_here());
        assert!(crowd([soon, soon, soon]).is_here());
        assert!(crowd([soon, soon, soon, late, late]).is_here());
        assert!(crowd(vec![soon; 1_000]).is_here());
    }

    #[test]
    fn others_are_gone_when_there_is_room_for_many_sends() {
        let mut crowd = crowd([0; 3]);
        crowd.refused(SCALE, SCALE, 0, Held { nanos: 0, sends: ALONE - 1 });
        assert!(crowd.is_here());
        crowd.refused(SCALE * 2, SCALE, 0, Held { nanos: 0, sends: ALONE });
        assert!(!crowd.is_here());
    }

    #[test]
    fn who_is_always_refused_at_the_same_rate_is_alone() {
        let mut crowd = crowd([0; 3]);
        let refusals = (1..100).take_while(|refusal| {
            crowd.refused(SCALE * 3 + refusal % 3 * SCALE / 10, SCALE, 0, NONE);
            crowd.is_here()
        });
        assert_eq!(refusals.count(), 9);
    }

    #[test]
    fn slower_one_gains_on_the_faster() {
        let crowd = crowd([0; 3]);
        let grown =
            |rate: u64| crowd.growth(rate, Held { nanos: nanos(SECOND), sends: rate / SCALE });
        assert_eq!([4, 16].map(|rate| grown(rate * SCALE)), [340_000, 680_000]);
        // A send in ten seconds: a quarter with each, and nothing before it.
        let held = |sends| Held { nanos: 10 * nanos(SECOND), sends };
        assert_eq!([0, 1].map(|sends| crowd.growth(100_000, held(sends))), [0, 25_000]);
    }

    #[test]
    fn alone_it_adds_nothing() {
        let held = Held { nanos: u64::MAX, sends: u64::MAX };
        assert_eq!(crowd([0, 0]).growth(u64::MAX, held), 0);
        assert!(crowd([0; 3]).growth(u64::MAX, held) > 0);
    }
}
