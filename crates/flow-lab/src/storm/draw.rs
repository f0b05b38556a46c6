//! Chance, the same for the same seed.

use std::time::Duration;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore as _, SeedableRng as _};
use rand_distr::{Distribution as _, StandardNormal};

/// A source of draws for one purpose: others may draw more or less without changing these.
#[derive(Debug)]
pub(super) struct Draw(ChaCha8Rng);

impl Draw {
    /// Returns the source for a purpose, by its number, in the run of a seed.
    pub(super) fn new(seed: u64, purpose: u64) -> Self {
        let mut source = ChaCha8Rng::seed_from_u64(seed);
        source.set_stream(purpose);
        Self(source)
    }

    pub(super) fn word(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Draws from `0..below`, evenly.
    pub(super) fn below(&mut self, below: u64) -> u64 {
        let product = u128::from(self.word()) * u128::from(below);
        u64::try_from(product >> 64).unwrap_or(u64::MAX)
    }

    /// Draws a span whose logarithm is normal.
    pub(super) fn log_normal(&mut self, median: Duration, sigma: f64) -> Duration {
        let normal: f64 = StandardNormal.sample(&mut self.0);
        median.mul_f64((normal * sigma).exp())
    }

    /// Draws the time between two of many events that know nothing of each other.
    pub(super) fn exponential(&mut self, mean: Duration) -> Duration {
        exponential(self.word(), mean)
    }
}

/// Returns whether something happens that does so with a chance in millionths, by 64 random bits.
pub(super) fn happens(word: u64, millionths: u32) -> bool {
    (u128::from(word) * 1_000_000) >> 64 < u128::from(millionths)
}

/// Returns a time between two of many events that know nothing of each other, by 64 random bits.
pub(super) fn exponential(word: u64, mean: Duration) -> Duration {
    // One of 2^32 even parts; the last is not zero, whose logarithm there is none of.
    let part = f64::from(u32::try_from(word >> 32).unwrap_or(0)) + 0.5;
    mean.mul_f64(-(part / 4_294_967_296.0).ln())
}

/// Mixes two numbers into 64 bits that look random: `SplitMix64`.
pub(super) const fn mix(word: u64, other: u64) -> u64 {
    let word = word.wrapping_add(other.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chance_keeps_to_its_millionths() {
        let mut draw = Draw::new(1, 0);
        for millionths in [0, 1_000, 300_000, 1_000_000] {
            let count = (0..100_000).filter(|_| happens(draw.word(), millionths)).count();
            let want = usize::try_from(millionths / 10).unwrap();
            assert!(count.abs_diff(want) <= 500, "{count} of {want}");
        }
    }

    #[test]
    fn purposes_do_not_disturb_each_other() {
        let words = |purpose| {
            let mut draw = Draw::new(7, purpose);
            [draw.word(), draw.word()]
        };
        assert_eq!(words(1), words(1));
        assert_ne!(words(1), words(2));
    }
}
