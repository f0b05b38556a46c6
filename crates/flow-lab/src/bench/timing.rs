//! Timing of small things: many in a row, by the clock.

use std::hint::black_box;
use std::time::Instant;

/// Returns the nanoseconds that `work` takes for one of `inputs`, results dropped.
pub(super) fn nanos_each<I, T>(
    inputs: impl IntoIterator<Item = I>,
    mut work: impl FnMut(I) -> T,
) -> f64 {
    let mut count = 0_u32;
    let started = Instant::now();
    for input in inputs {
        black_box(work(black_box(input)));
        count += 1;
    }
    started.elapsed().as_secs_f64() * 1e9 / f64::from(count)
}
