//! An adaptive rate as the SDKs of AWS have it in their mode of that name, from the published description:
//! a token bucket in the client whose rate falls to seven tenths when the service throttles and grows
//! back along a cubic curve, held to twice what is measured.

use std::time::Duration;

use flow_errors::call::Tick;
use http::StatusCode;

use super::backoff::Backoff;
use super::rule::Rule;
use crate::storm::answer::Seen;

/// What is left of the rate when throttled.
const BETA: f64 = 0.7;

/// How steep the curve is.
const SCALE: f64 = 0.4;

/// How much a new measurement counts.
const SMOOTH: f64 = 0.8;

/// The least rate, and the least that the bucket holds.
const LEAST_RATE: f64 = 0.5;
const LEAST_CAPACITY: f64 = 1.0;

/// Sends are measured in halves of a second.
const BIN: f64 = 0.5;

/// The bucket and the curve; instants are seconds since the origin.
#[derive(Debug)]
pub(super) struct Adaptive {
    is_enabled: bool,
    rate: f64,
    capacity: f64,
    tokens: f64,
    filled_at: f64,
    measured: f64,
    bin: f64,
    sends_in_bin: f64,
    last_max: f64,
    throttled_at: f64,
    backoff: Backoff,
}

impl Adaptive {
    pub(super) const fn new() -> Self {
        Self {
            is_enabled: false,
            rate: 0.0,
            capacity: 0.0,
            tokens: 0.0,
            filled_at: 0.0,
            measured: 0.0,
            bin: 0.0,
            sends_in_bin: 0.0,
            last_max: 0.0,
            throttled_at: 0.0,
            backoff: Backoff::ADAPTIVE,
        }
    }

    fn fill(&mut self, now: f64) {
        self.tokens = (self.tokens + (now - self.filled_at) * self.rate).min(self.capacity);
        self.filled_at = now;
    }

    fn measure(&mut self, now: f64) {
        let bin = (now / BIN).floor() * BIN;
        self.sends_in_bin += 1.0;
        if bin > self.bin {
            let current = self.sends_in_bin / (bin - self.bin);
            self.measured = current * SMOOTH + self.measured * (1.0 - SMOOTH);
            (self.sends_in_bin, self.bin) = (0.0, bin);
        }
    }

    fn set_rate(&mut self, now: f64, rate: f64) {
        self.fill(now);
        self.rate = rate.max(LEAST_RATE);
        self.capacity = rate.max(LEAST_CAPACITY);
        self.tokens = self.tokens.min(self.capacity);
    }

    /// Returns how long after being throttled the curve is where it was before.
    fn window(&self) -> f64 {
        (self.last_max * (1.0 - BETA) / SCALE).cbrt()
    }
}

impl Rule for Adaptive {
    fn admit(&mut self, now: Tick, _tokens: u64) -> Result<(), Tick> {
        if !self.is_enabled {
            return Ok(());
        }
        self.fill(seconds(now));
        if self.tokens < 1.0 {
            return Err(now + Duration::from_secs_f64((1.0 - self.tokens) / self.rate));
        }
        self.tokens -= 1.0;
        Ok(())
    }

    fn learn(&mut self, now: Tick, seen: &Seen) {
        let now = seconds(now);
        self.measure(now);
        let rate = if seen.status() == Some(StatusCode::TOO_MANY_REQUESTS) {
            let used = if self.is_enabled { self.measured.min(self.rate) } else { self.measured };
            self.last_max = used;
            self.throttled_at = now;
            self.is_enabled = true;
            used * BETA
        } else {
            let past = now - self.throttled_at - self.window();
            SCALE * past.powi(3) + self.last_max
        };
        self.set_rate(now, rate.min(2.0 * self.measured));
    }

    fn retry(&mut self, number: u32, entropy: u64, seen: &Seen) -> Option<Duration> {
        self.backoff.retry(number, entropy, seen)
    }
}

fn seconds(at: Tick) -> f64 {
    at.since(Tick::ORIGIN).as_secs_f64()
}
