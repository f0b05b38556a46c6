//! Send credit: what keeps an outage from being multiplied, without failing calls for it.
//!
//! A send takes 1 and its outcome gives back what its row says; 1 comes back each second, so that
//! there is always a probe. What successes give back beyond their own send is what sending grows from
//! after an outage. Everything is counted in thousandths of a send.

use crate::span::NANOS_PER_MILLI;
use crate::tick::Tick;

/// One send.
pub(crate) const SEND: u64 = 1_000;

/// The most credit there is, unless more sends are in flight when the service begins to fail.
pub(crate) const CAPACITY: u64 = 50 * SEND;

/// What is owed to the service, and what is on its way.
///
/// The credit is what is left of the capacity. As long as nothing is owed nothing ever waits,
/// however many sends are in flight: concurrency is no failure.
#[derive(Debug)]
pub(crate) struct Credit {
    capacity: u64,
    debt: u64,
    in_flight: u64,
    /// Until when time has paid for the debt.
    paid: Tick,
}

impl Credit {
    pub(crate) const fn new() -> Self {
        Self { capacity: CAPACITY, debt: 0, in_flight: 0, paid: Tick::ORIGIN }
    }

    pub(crate) const fn in_flight(&self) -> u64 {
        self.in_flight
    }

    /// Returns the thousandths of sends that may be made now.
    pub(crate) const fn left(&self) -> u64 {
        self.capacity.saturating_sub(self.taken())
    }

    const fn taken(&self) -> u64 {
        self.debt.saturating_add(self.in_flight.saturating_mul(SEND))
    }

    /// Returns from when there is credit for a send, if no outcome is known before.
    pub(crate) fn ready_at(&self) -> Tick {
        let missing = self.taken().saturating_add(SEND).saturating_sub(self.capacity);
        // Once nothing is owed, a send may be one more than the capacity.
        match missing.min(self.debt) {
            0 => Tick::ORIGIN,
            millis => self.paid.plus_nanos(millis.saturating_mul(NANOS_PER_MILLI)),
        }
    }

    /// Lets the time until `now` pay: a thousandth each millisecond.
    pub(crate) fn advance(&mut self, now: Tick) {
        if self.debt == 0 {
            return self.paid = now;
        }
        let millis = now.as_nanos().saturating_sub(self.paid.as_nanos()) / NANOS_PER_MILLI;
        self.debt = self.debt.saturating_sub(millis);
        self.paid = self.paid.plus_nanos(millis.saturating_mul(NANOS_PER_MILLI));
    }

    /// Takes one send.
    pub(crate) const fn take(&mut self) {
        self.in_flight = self.in_flight.saturating_add(1);
    }

    /// Ends a send that gives `back` so much.
    pub(crate) fn settle(&mut self, back: u64) {
        if self.debt == 0 && back < SEND {
            // A quarter more than what went well until now: so many must be able to go on where
            // only some of them fail.
            let well = self.in_flight.saturating_mul(SEND / 4 * 5);
            self.capacity = well.max(CAPACITY);
        }
        self.in_flight = self.in_flight.saturating_sub(1);
        self.debt = self.debt.saturating_add(SEND).saturating_sub(back);
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use http::{HeaderMap, StatusCode};

    use super::*;
    use crate::ending::Ending;
    use crate::rate_limits::RateLimits;
    use crate::{Body, Class, Error, Sent};

    const SUCCESS: u64 = 1_100;
    const REFUSAL: u64 = 700;

    fn refused(status: u16) -> Error {
        let status = StatusCode::from_u16(status).unwrap();
        Error::from_response(status, &HeaderMap::new(), Body::default(), SystemTime::UNIX_EPOCH)
    }

    #[test]
    fn send_takes_one_and_its_outcome_gives_back_its_row() {
        let table = [
            ("throttled", Error::new(crate::Kind::RateLimit, Class::Throttled, ""), 1_000),
            ("quota", refused(402), 1_000),
            ("overloaded", refused(503), 700),
            ("overloaded, Anthropic", refused(529), 700),
            ("transient", refused(500), 700),
            ("bad gateway", refused(502), 700),
            ("gateway timeout", refused(504), 0),
            ("request timeout", refused(408), 0),
            ("no connection", Error::connect("refused"), 700),
            ("not sent in time", Error::timeout(Sent::No, Duration::MAX), 700),
            ("reset", Error::transport(Sent::Perhaps, "reset"), 0),
            ("no reply in time", Error::timeout(Sent::Perhaps, Duration::MAX), 0),
            ("conflict", refused(409), 1_000),
            ("too early", refused(425), 1_000),
            ("bad request", refused(400), 1_000),
            ("not implemented", refused(501), 1_000),
        ];
        for (name, error, back) in &table {
            let mut credit = Credit::new();
            // Something is owed, so that nothing is lost at the brim.
            credit.take();
            credit.settle(0);
            credit.take();
            assert_eq!(credit.left(), CAPACITY - 2 * SEND, "{name}");
            credit.settle(Ending::Failed(error).back());
            assert_eq!(credit.left(), CAPACITY - 2 * SEND + back, "{name}");
        }
        let limits = RateLimits::default();
        assert_eq!(Ending::Succeeded { limits: &limits, tokens: None }.back(), 1_100);
        assert_eq!([Ending::Broken, Ending::Cancelled].map(Ending::back), [1_000, 1_000]);
    }

    #[test]
    fn so_many_as_went_well_may_go_on_when_some_of_them_fail() {
        let mut credit = Credit::new();
        (0..1_000).for_each(|_| credit.take());
        assert_eq!(credit.ready_at(), Tick::ORIGIN);
        credit.settle(REFUSAL);
        assert_eq!(credit.left(), (1_250 - 999) * SEND - 300);
        assert_eq!(credit.ready_at(), Tick::ORIGIN);
        // When all is paid for it is as before.
        (0..999).for_each(|_| credit.settle(SUCCESS));
        credit.take();
        credit.settle(REFUSAL);
        assert_eq!(credit.left(), CAPACITY - 300);
    }
}
