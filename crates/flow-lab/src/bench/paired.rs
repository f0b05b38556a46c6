//! The paired runner: ours and the floor in turns, A B B A, judged by the median of the ratios.
//!
//! A machine that others use is faster now and slower then. Neighbors in time see the same
//! machine, so their ratio is true where neither of the two figures is; and what drifts within a
//! pair is turned around in the next.

use crate::Result;

/// The fewest pairs that a median is taken of.
pub(super) const LEAST: usize = 15;

/// The most pairs that are waited for until the median is still.
const MOST: usize = 61;

/// The median is still when it is known to this share of itself.
const STILL: f64 = 0.015;

/// What one operation cost, ours and the floor's, in the same unit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pair {
    pub(super) ours: f64,
    pub(super) floor: f64,
}

/// Everything that was measured of one figure.
#[derive(Debug, Default)]
pub(super) struct Pairs(Vec<Pair>);

impl Pairs {
    /// Measures until the median of the ratios is still, or long enough; `step` is told how often.
    pub(super) fn measure(
        mut ours: impl FnMut() -> Result<f64>,
        mut floor: impl FnMut() -> Result<f64>,
        step: impl Fn(usize),
    ) -> Result<Self> {
        let mut pairs = Self::default();
        // Caches, pools and lazy statics: the first round of each is not counted.
        ours()?;
        floor()?;
        while pairs.len() < LEAST || (pairs.len() < MOST && !pairs.is_still()) {
            pairs.add(&mut ours, &mut floor)?;
            step(pairs.len());
        }
        Ok(pairs)
    }

    /// Measures so many pairs of what takes too long for more, and has nothing to warm up.
    pub(super) fn exactly(
        count: usize,
        mut ours: impl FnMut() -> Result<f64>,
        mut floor: impl FnMut() -> Result<f64>,
        step: impl Fn(usize),
    ) -> Result<Self> {
        let mut pairs = Self::default();
        while pairs.len() < count {
            pairs.add(&mut ours, &mut floor)?;
            step(pairs.len());
        }
        Ok(pairs)
    }

    fn add(
        &mut self,
        ours: &mut impl FnMut() -> Result<f64>,
        floor: &mut impl FnMut() -> Result<f64>,
    ) -> Result {
        let pair = if self.len() % 2 == 0 {
            let ours = ours()?;
            Pair { ours, floor: floor()? }
        } else {
            let floor = floor()?;
            Pair { ours: ours()?, floor }
        };
        self.0.push(pair);
        Ok(())
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn ours(&self) -> f64 {
        self.each_ours().median()
    }

    pub(super) fn each_ours(&self) -> Ranked {
        Ranked::new(self.0.iter().map(|pair| pair.ours))
    }

    pub(super) fn floor(&self) -> f64 {
        Ranked::new(self.0.iter().map(|pair| pair.floor)).median()
    }

    pub(super) fn ratios(&self) -> Ranked {
        Ranked::new(self.0.iter().map(|pair| pair.ours / pair.floor))
    }

    pub(super) fn differences(&self) -> Ranked {
        Ranked::new(self.0.iter().map(|pair| pair.ours - pair.floor))
    }

    /// Whether the median's 95 % interval, which reaches a root of the number up and down the
    /// ranks, is narrow enough.
    fn is_still(&self) -> bool {
        let ratios = self.ratios();
        let (half, reach) = (self.len() / 2, self.len().isqrt());
        let [low, high] = [half.saturating_sub(reach), half + reach].map(|rank| ratios.at(rank));
        high - low <= STILL * ratios.median()
    }
}

/// Values in order of size.
#[derive(Debug)]
pub(super) struct Ranked(Vec<f64>);

impl Ranked {
    pub(super) fn new(values: impl Iterator<Item = f64>) -> Self {
        let mut sorted: Vec<f64> = values.collect();
        sorted.sort_by(f64::total_cmp);
        Self(sorted)
    }

    /// Returns the value in the middle; NaN of none.
    pub(super) fn median(&self) -> f64 {
        let half = self.0.len() / 2;
        if self.0.len() % 2 == 1 {
            self.at(half)
        } else {
            (self.before(half) + self.at(half)) / 2.0
        }
    }

    /// Returns the ends of the middle half of the values.
    pub(super) fn quartiles(&self) -> [f64; 2] {
        let quarter = self.0.len() / 4;
        [self.at(quarter), self.before(self.0.len() - quarter)]
    }

    fn before(&self, rank: usize) -> f64 {
        self.at(rank.saturating_sub(1))
    }

    fn at(&self, rank: usize) -> f64 {
        self.0.get(rank).or_else(|| self.0.last()).copied().unwrap_or(f64::NAN)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};

    use super::*;

    #[test]
    #[expect(clippy::float_cmp, reason = "halves and whole numbers, which are exact")]
    fn median_and_quartiles_stand_where_they_should() {
        #[rustfmt::skip]
        let table: [(&[f64], [f64; 3]); 5] = [
            // values                            low, median, high
            (&[3.0],                             [3.0, 3.0, 3.0]),
            (&[2.0, 1.0],                        [1.0, 1.5, 2.0]),
            (&[9.0, 1.0, 2.0],                   [1.0, 2.0, 9.0]),
            (&[4.0, 1.0, 3.0, 2.0],              [2.0, 2.5, 3.0]),
            (&[5.0, 1.0, 4.0, 2.0, 3.0],         [2.0, 3.0, 4.0]),
        ];
        for (values, want) in table {
            let ranked = Ranked::new(values.iter().copied());
            let [low, high] = ranked.quartiles();
            assert_eq!([low, ranked.median(), high], want, "{values:?}");
        }
        assert!(Ranked::new(std::iter::empty()).median().is_nan());
    }

    #[test]
    fn median_of_the_ratios_is_not_the_ratio_of_the_medians() {
        // The machine slows down by the pair; each pair says 2 all the same, but for one outlier.
        let costs = [(2.0, 1.0), (4.0, 2.0), (8.0, 4.0), (90.0, 1.0), (16.0, 8.0)];
        let pairs = Pairs(costs.map(|(ours, floor)| Pair { ours, floor }).to_vec());
        let ratios = pairs.ratios();
        assert_eq!((ratios.median(), ratios.quartiles()), (2.0, [2.0, 2.0]), "{pairs:?}");
    }

    #[test]
    #[expect(clippy::float_cmp, reason = "halves and whole numbers, which are exact")]
    fn order_turns_around_from_pair_to_pair_and_a_still_median_ends_it() {
        let order = RefCell::new(String::new());
        let note = |name, cost| {
            order.borrow_mut().push(name);
            Ok(cost)
        };
        let steps = Cell::new(0);
        let pairs =
            Pairs::measure(|| note('A', 3.0), || note('B', 2.0), |done| steps.set(done)).unwrap();
        assert_eq!((pairs.len(), steps.get()), (LEAST, LEAST));
        assert!(order.borrow().starts_with("ABABBAABBA"), "{}", order.borrow());
        assert_eq!(pairs.ratios().median(), 1.5);
    }

    #[test]
    fn restless_median_is_measured_longer_but_not_for_ever() {
        let costs = RefCell::new((1..).map(|n| f64::from(n % 7 + 1)));
        let next = || Ok(costs.borrow_mut().next().unwrap());
        assert_eq!(Pairs::measure(next, || Ok(1.0), |_| {}).unwrap().len(), MOST);
    }
}
