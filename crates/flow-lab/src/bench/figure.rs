//! One measured figure, and whether it keeps to its limit.

use serde::Serialize;

use super::paired::Pairs;

/// One figure.
#[derive(Debug, Serialize)]
pub(super) struct Figure {
    pub(super) name: String,
    pub(super) unit: &'static str,
    pub(super) ours: f64,
    pub(super) floor: Option<f64>,
    /// What is held against the limit.
    pub(super) value: f64,
    pub(super) of: Of,
    /// The quartiles of `value`, where it was measured more than once.
    pub(super) spread: Option<[f64; 2]>,
    /// How many pairs, or rounds, there were.
    pub(super) rounds: usize,
    /// `value` may be as large as this; none where the figure only informs.
    pub(super) limit: Option<f64>,
    /// What else there is to say, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) note: Option<String>,
}

/// What a figure's `value` is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Of {
    /// Ours divided by the floor.
    Ratio,
    /// Ours less the floor.
    Difference,
    /// Ours alone.
    Ours,
}

impl Figure {
    /// Makes a figure of what a paired runner has measured.
    pub(super) fn of_pairs(
        name: impl Into<String>,
        unit: &'static str,
        pairs: &Pairs,
        limit: Option<f64>,
    ) -> Self {
        let ratios = pairs.ratios();
        Self {
            name: name.into(),
            unit,
            ours: pairs.ours(),
            floor: Some(pairs.floor()),
            value: ratios.median(),
            of: Of::Ratio,
            spread: Some(ratios.quartiles()),
            rounds: pairs.len(),
            limit,
            note: None,
        }
    }

    /// The same, of how much more ours is instead of how many times as much.
    pub(super) fn of_differences(
        name: impl Into<String>,
        unit: &'static str,
        pairs: &Pairs,
        limit: f64,
    ) -> Self {
        let differences = pairs.differences();
        let (value, spread) = (differences.median(), Some(differences.quartiles()));
        let figure = Self::of_pairs(name, unit, pairs, Some(limit));
        Self { value, of: Of::Difference, spread, ..figure }
    }

    /// The same, of ours alone.
    pub(super) fn of_ours(
        name: impl Into<String>,
        unit: &'static str,
        pairs: &Pairs,
        limit: f64,
    ) -> Self {
        let each = pairs.each_ours();
        let (value, spread) = (each.median(), Some(each.quartiles()));
        let figure = Self::of_pairs(name, unit, pairs, Some(limit));
        Self { floor: None, value, of: Of::Ours, spread, ..figure }
    }

    /// Makes a figure of something that is counted, so that once is enough.
    pub(super) fn counted(
        name: impl Into<String>,
        unit: &'static str,
        (ours, floor): (f64, Option<f64>),
        limit: f64,
    ) -> Self {
        let (value, of) = match floor {
            Some(floor) => (ours - floor, Of::Difference),
            None => (ours, Of::Ours),
        };
        let (limit, rounds) = (Some(limit), 1);
        let (name, spread, note) = (name.into(), None, None);
        Self { name, unit, ours, floor, value, of, spread, rounds, limit, note }
    }

    /// Returns whether the limit, if there is one, is kept. What is no number keeps to none.
    pub(super) fn is_ok(&self) -> bool {
        self.limit.is_none_or(|limit| self.value <= limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figure_is_held_against_its_limit() {
        #[rustfmt::skip]
        let table = [
            // name           ours, floor           limit  value  want
            ("below",         (7.0, None),          8.0,   7.0,   true),
            ("at the limit",  (8.0, None),          8.0,   8.0,   true),
            ("above",         (8.5, None),          8.0,   8.5,   false),
            ("difference",    (30.0, Some(23.0)),   8.0,   7.0,   true),
            ("too much more", (30.0, Some(21.0)),   8.0,   9.0,   false),
        ];
        for (name, counts, limit, value, want) in table {
            let figure = Figure::counted(name, "x", counts, limit);
            assert!((figure.value - value).abs() < 1e-12, "{name}");
            assert_eq!(figure.is_ok(), want, "{name}");
        }
        assert!(!Figure::counted("nothing measured", "x", (f64::NAN, None), 1.0).is_ok());
    }
}
