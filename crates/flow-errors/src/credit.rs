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

/// What a success adds to the capacity while calls wait for it, in thousandths of a send.
///
/// Settled in the laboratory's brown-out (S2, 40 seeds): with 20 it loses 0.3 % of the calls and is back
/// within 3 s in every seed; with 100 it loses 0.4 % and relapses in some; with nothing at all a client
/// of a large service would be held to 50 for as long as its backlog lasts.
const GROWTH: u64 = 20;

/// What is owed to the service, and what is on its way.
///
/// The credit is what is left of the capacity. Until the service begins to fail nothing ever waits,
/// however many sends are in flight: concurrency is no failure. From then on there is a bound on
/// what is in flight too, until nothing is owed and nobody waits: those who waited through an outage
/// would bring the service down again if they all went at once.
#[derive(Debug)]
pub(crate) struct Credit {
    capacity: u64,
    debt: u64,
    in_flight: u64,
    /// About how many were in flight with those that went well.
    well: u64,
    /// Whether there is a bound.
    is_strained: bool,
    /// Until when time has paid.
    paid: Tick,
}

impl Credit {
    pub(crate) const fn new() -> Self {
        Self {
            capacity: CAPACITY,
            debt: 0,
            in_flight: 0,
            well: 0,
            is_strained: false,
            paid: Tick::ORIGIN,
        }
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

    /// Returns how much is missing for another send.
    const fn missing(&self) -> u64 {
        if self.is_strained {
            self.taken().saturating_add(SEND).saturating_sub(self.capacity)
        } else {
            0
        }
    }

    /// Returns from when there is credit for a send, if no outcome is known before.
    pub(crate) fn ready_at(&self) -> Tick {
        match self.missing() {
            0 => Tick::ORIGIN,
            millis => self.paid.plus_nanos(millis.saturating_mul(NANOS_PER_MILLI)),
        }
    }

    /// Lets the time until `now` pay: a thousandth each millisecond.
    ///
    /// What is left of it when nothing is owed lets one more in flight, if that is what is missing:
    /// there is always a probe.
    pub(crate) fn advance(&mut self, now: Tick) {
        let missing = self.missing();
        if self.debt == 0 && missing == 0 {
            return self.paid = now;
        }
        let millis = now.as_nanos().saturating_sub(self.paid.as_nanos()) / NANOS_PER_MILLI;
        let more = missing.min(millis).saturating_sub(self.debt);
        self.debt = self.debt.saturating_sub(millis);
        self.capacity = self.capacity.saturating_add(more);
        self.paid = self.paid.plus_nanos(millis.saturating_mul(NANOS_PER_MILLI));
    }

    /// Takes one send; returns how many are in flight with it.
    pub(crate) const fn take(&mut self) -> u64 {
        self.in_flight = self.in_flight.saturating_add(1);
        self.in_flight
    }

    /// Ends a send that gives `back` so much, and that was made with so many `beside` it.
    pub(crate) fn settle(&mut self, back: u64, beside: u64, is_waited_for: bool) {
        if back > SEND {
            self.well = beside.max(self.well.saturating_sub(self.well.div_ceil(64)));
            if self.debt == 0 && is_waited_for {
                self.capacity = self.capacity.saturating_add(GROWTH);
            }
        }
        if back < SEND && !self.is_strained {
            self.is_strained = true;
            // A quarter more than what went well until now: so many must be able to go on where
            // only some of them fail.
            let well = if back == 0 && self.well > 0 { self.well } else { self.in_flight };
            self.capacity = well.saturating_mul(SEND / 4 * 5).max(CAPACITY);
        }
        self.in_flight = self.in_flight.saturating_sub(1);
        let debt = self.debt.saturating_add(SEND).saturating_sub(back);
        // What was sent before anybody knew is not held against those who come later.
        let most = self.capacity.saturating_sub(self.in_flight.saturating_mul(SEND));
        self.debt = debt.min(most.max(self.debt.saturating_sub(back)));
    }

    /// Lifts the bound when nobody waits, if nothing is owed.
    pub(crate) const fn relax(&mut self) {
        self.is_strained = self.is_strained && self.debt > 0;
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

    fn at(millis: u64) -> Tick {
        Tick::ORIGIN + Duration::from_millis(millis)
    }

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
            credit.settle(0, 1, false);
            credit.take();
            assert_eq!(credit.left(), CAPACITY - 2 * SEND, "{name}");
            credit.settle(Ending::Failed(error).back(), 1, false);
            assert_eq!(credit.left(), CAPACITY - 2 * SEND + back, "{name}");
        }
        let limits = RateLimits::default();
        assert_eq!(Ending::Succeeded { limits: &limits, tokens: None }.back(), 1_100);
        assert_eq!([Ending::Broken, Ending::Cancelled].map(Ending::back), [1_000, 1_000]);
    }

    #[test]
    fn those_who_waited_through_an_outage_do_not_all_go_at_once() {
        let mut credit = Credit::new();
        credit.take();
        credit.settle(REFUSAL, 1, true);
        credit.advance(at(1_000));
        // Nothing is owed any more, but calls wait.
        (0..50).for_each(|_| assert!(credit.take() <= 50));
        assert_eq!(credit.ready_at(), at(2_000));
        // There is a probe, whatever the others do, and more when they succeed.
        credit.advance(at(2_000));
        assert_eq!(credit.ready_at(), Tick::ORIGIN);
        credit.take();
        (0..50).for_each(|_| credit.settle(SUCCESS, 50, true));
        assert_eq!(credit.left(), CAPACITY + 50 * GROWTH);
        credit.relax();
        (0..1_000).for_each(|_| assert!(credit.take() > 0));
        assert_eq!(credit.ready_at(), Tick::ORIGIN);
    }

    #[test]
    fn so_many_as_went_well_may_go_on_when_some_of_them_fail() {
        let mut credit = Credit::new();
        (1..=1_000).for_each(|sends| assert_eq!(credit.take(), sends));
        assert_eq!(credit.ready_at(), Tick::ORIGIN);
        credit.settle(REFUSAL, 1_000, false);
        assert_eq!(credit.left(), (1_250 - 999) * SEND - 300);
        assert_eq!(credit.ready_at(), Tick::ORIGIN);
        // When all is paid for and nobody waits it is as before.
        (0..999).for_each(|_| credit.settle(SUCCESS, 1, false));
        credit.relax();
        credit.take();
        credit.settle(REFUSAL, 1, false);
        assert_eq!(credit.left(), CAPACITY - 300);
    }
}
