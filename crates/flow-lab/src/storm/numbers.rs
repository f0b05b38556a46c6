//! Order statistics, and counts as numbers.

/// Turns a count into a number; what is lost of it, beyond 2^53, no run reaches.
#[expect(clippy::cast_precision_loss, reason = "counts of a run are far below 2^53")]
pub(super) const fn number(count: usize) -> f64 {
    count as f64
}

/// Values in their order.
#[derive(Clone, Debug)]
pub(super) struct Sorted(Vec<f64>);

impl Sorted {
    pub(super) fn new(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<_> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        Self(values)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn largest(&self) -> f64 {
        self.0.last().copied().unwrap_or(f64::NAN)
    }

    /// Returns the smallest value that so many percent of them are not above.
    pub(super) fn percentile(&self, percent: usize) -> f64 {
        let rank = (self.0.len() * percent).div_ceil(100).max(1) - 1;
        self.0.get(rank).copied().unwrap_or(f64::NAN)
    }

    pub(super) fn median(&self) -> f64 {
        self.percentile(50)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_occur() {
        let sorted = Sorted::new((1..=20).rev().map(f64::from));
        let got = [0, 5, 50, 95, 99, 100].map(|percent| sorted.percentile(percent));
        assert_eq!(got.map(|value| format!("{value}")), ["1", "1", "10", "19", "20", "20"]);
        assert!(Sorted::new([]).median().is_nan());
    }
}
