//! Keeps the sends to one model to the service's limit, which it learns from refusals and headers.
//!
//! It is off until the first 429 or the first header that adds up: who is not limited waits for
//! nothing. From then on the slowest of four decides: the service's hint, its limits as told, this
//! process's part of them, and the rate that refusals have taught.

use std::time::Duration;

use crate::aimd::{Aimd, PER_SECOND, Refusal};
use crate::bucket::Rate;
use crate::ending::Ending;
use crate::lease::{Dimension, FixedPart, Lease};
use crate::limit::Limit;
use crate::meter::{Mark, Meter, Moment};
use crate::queue::Needs;
use crate::rate_limits::RateLimits;
use crate::recent::Recent;
use crate::share::Share;
use crate::tick::{Tick, nanos};
use crate::{Class, Error, span};

/// The least that a limit is guessed to be per second: one call alone must not wait for a guess.
const LEAST_GUESS: u64 = 10;

#[derive(Debug)]
pub(crate) struct Pacer {
    sends: u64,
    refused: u64,
    recent: Recent,
    /// Nobody is welcome before.
    welcome: Tick,
    requests: Meter,
    tokens: Meter,
    rate: Option<Aimd>,
    part: FixedPart,
    lease: Option<Box<dyn Lease>>,
}

/// A send that was let through.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Pass {
    moment: Moment,
    requests: Mark,
    tokens: Mark,
    reserved: u64,
    is_leased: bool,
}

impl Pacer {
    pub(crate) const fn new() -> Self {
        Self {
            sends: 0,
            refused: 0,
            recent: Recent::new(),
            welcome: Tick::ORIGIN,
            requests: Meter::new(),
            tokens: Meter::new(),
            rate: None,
            part: FixedPart::new(Share::WHOLE),
            lease: None,
        }
    }

    pub(crate) fn set_share(&mut self, share: Share) {
        self.part.set(share);
    }

    pub(crate) fn set_lease(&mut self, lease: Box<dyn Lease>) {
        self.lease = Some(lease);
    }

    /// Returns the instant before which the service wants to be left alone.
    pub(crate) const fn welcome(&self) -> Tick {
        self.welcome
    }

    /// Returns from when a send with such needs keeps to all that is known.
    pub(crate) fn ready_at(&self, now: Tick, needs: Needs) -> Tick {
        let Needs { tokens, is_last, .. } = needs;
        let rate = self.rate.as_ref().map_or(Tick::ORIGIN, |rate| rate.ready_at(is_last));
        if !self.knows_a_limit() {
            return self.welcome.max(rate);
        }
        let told = self.requests.ready_at(1).max(self.tokens.ready_at(tokens));
        let lent = match &self.lease {
            Some(lease) => lease.ready_at(now, tokens),
            None => self.part.ready_at(now, tokens),
        };
        self.welcome.max(rate).max(told).max(lent)
    }

    /// Notes that a call came.
    pub(crate) fn note_call(&mut self, now: Tick) {
        self.recent.note(now);
        if let Some(rate) = self.rate.as_mut().filter(|_| !self.requests.is_known()) {
            rate.guess(guess(self.recent));
        }
    }

    /// Takes a send that was, or was not, held back until now.
    pub(crate) fn take(&mut self, now: Tick, tokens: u64, is_held_back: bool) -> Pass {
        let moment = Moment { send: self.sends, at: now };
        self.sends = self.sends.saturating_add(1);
        if let Some(rate) = &mut self.rate {
            rate.take(now, is_held_back);
        }
        let is_leased = self.knows_a_limit();
        if is_leased {
            self.lease().take(now, tokens);
        }
        let (requests, meter) = (self.requests.take(now, 1), &mut self.tokens);
        Pass { moment, requests, tokens: meter.take(now, tokens), reserved: tokens, is_leased }
    }

    /// Learns what came of a send.
    pub(crate) fn settle(&mut self, now: Tick, pass: &Pass, ending: Ending<'_>) {
        match ending {
            Ending::Succeeded { limits, tokens } => {
                if !limits.is_empty() {
                    self.hear(limits, pass);
                    self.look_ahead(pass.moment.at, limits);
                }
                self.correct(now, pass, true, tokens.unwrap_or(pass.reserved));
            }
            Ending::Failed(error) => {
                if !error.rate_limits().is_empty() {
                    self.hear(error.rate_limits(), pass);
                }
                self.obey(now, error, pass);
                let (counts, runs) = costs(error.class());
                self.correct(now, pass, counts, if runs { pass.reserved } else { 0 });
            }
            // The service may have counted all of it.
            Ending::Broken | Ending::Cancelled => self.correct(now, pass, true, pass.reserved),
        }
    }

    /// Returns the rate of requests that is kept to, in millionths of one per second.
    pub(crate) fn requests_per_second(&self) -> Option<u64> {
        let told = self.requests.rate().map(|rate| self.part_of(rate));
        let learned = self.rate.as_ref().map(Aimd::rate);
        told.into_iter().chain(learned).min()
    }

    /// Returns the rate of tokens that is kept to, in millionths of one per second.
    pub(crate) fn tokens_per_second(&self) -> Option<u64> {
        self.tokens.rate().map(|rate| self.part_of(rate))
    }

    /// Returns how soon the rate has room again for a send that was just refused, once it was learned.
    pub(crate) fn again_in(&self) -> Option<Duration> {
        self.rate.as_ref().and_then(Aimd::again_in)
    }

    const fn knows_a_limit(&self) -> bool {
        self.requests.is_known() || self.tokens.is_known()
    }

    fn lease(&mut self) -> &mut dyn Lease {
        match &mut self.lease {
            Some(lease) => &mut **lease,
            None => &mut self.part,
        }
    }

    /// Learns the limits that a reply tells.
    fn hear(&mut self, limits: &RateLimits, pass: &Pass) {
        let Pass { moment, requests, tokens, .. } = *pass;
        let is_first = !self.requests.is_known();
        let news = |meter: &mut Meter, limit: Option<&Limit>, mark| {
            meter.hear(limit?, moment, mark).then(|| meter.rate())?
        };
        let told = [
            (Dimension::Requests, news(&mut self.requests, limits.requests(), requests)),
            (Dimension::Tokens, news(&mut self.tokens, limits.tokens(), tokens)),
        ];
        for (dimension, rate) in told {
            if let Some(Rate { limit, window }) = rate {
                self.lease().learn(dimension, limit, window);
            }
        }
        let told = self.requests.rate().map(|rate| self.part_of(rate));
        if let (Some(aimd), Some(told)) = (&mut self.rate, told) {
            aimd.know(told);
            if is_first {
                aimd.expect(told);
            }
        }
    }

    /// Spares the next call a refusal that a success already tells of: that its window is used up.
    fn look_ahead(&mut self, sent: Tick, limits: &RateLimits) {
        let told = [(&mut self.requests, limits.requests()), (&mut self.tokens, limits.tokens())];
        for (meter, limit) in told {
            let end = limit.and_then(|limit| meter.window_end(sent, limit));
            self.welcome = self.welcome.max(end.unwrap_or_default());
        }
    }

    /// Does what a failure asks of all calls: keep away for a while, go slower.
    fn obey(&mut self, now: Tick, error: &Error, pass: &Pass) {
        let hint = error.retry_after().filter(|hint| !hint.is_zero() && is_for_all(error.class()));
        let hint = hint.filter(|hint| !self.knows_better(error, *hint));
        self.welcome = self.welcome.max(hint.map_or(Tick::ORIGIN, |hint| now + hint));
        if error.class() != Class::Throttled {
            return;
        }
        let Pass { moment, .. } = *pass;
        let granted = moment.send.saturating_sub(self.refused);
        let refusal = Refusal { moment, granted, sends: self.sends };
        self.refused = self.refused.saturating_add(1);
        if let Some(rate) = &mut self.rate {
            rate.refused(&refusal);
            return;
        }
        let told = self.requests.rate().map(|rate| self.part_of(rate));
        let mut rate = Aimd::new(told.unwrap_or_else(|| guess(self.recent)), &refusal);
        if let Some(told) = told {
            rate.know(told);
        }
        self.rate = Some(rate);
    }

    /// Returns whether the hint is when all of a limit will be back that is known to spread: one send fits
    /// sooner, and the meter knows when.
    fn knows_better(&self, error: &Error, hint: Duration) -> bool {
        let reset = error.rate_limits().requests().and_then(Limit::reset);
        self.requests.is_known() && reset.is_some_and(|reset| span::round_up(reset) == hint)
    }

    /// Corrects what a send took of the limits.
    fn correct(&mut self, now: Tick, pass: &Pass, counts: bool, used: u64) {
        let Pass { moment, requests, tokens, reserved, is_leased } = *pass;
        self.requests.settle(moment, requests, [1, u64::from(counts)]);
        self.tokens.settle(moment, tokens, [reserved, used]);
        if is_leased {
            self.lease().settle(now, reserved, counts, used);
        }
    }

    /// Returns this process's part of a rate.
    fn part_of(&self, rate: Rate) -> u64 {
        let whole = per_second(rate);
        if self.lease.is_some() { whole } else { self.part.of(whole) }
    }
}

/// Guesses at a limit that was just met: as many as came in a second, while nobody held anything back.
fn guess(recent: Recent) -> u64 {
    recent.most().max(LEAST_GUESS).saturating_mul(PER_SECOND)
}

/// Returns whether the service counts a failed request, and its tokens.
const fn costs(class: Class) -> (bool, bool) {
    match class {
        Class::Throttled | Class::NotSent => (false, false),
        Class::Overloaded => (true, false),
        _ => (true, true),
    }
}

/// Returns whether a hint that comes with such a failure is meant for other requests too.
const fn is_for_all(class: Class) -> bool {
    matches!(class, Class::Throttled | Class::Overloaded | Class::Transient | Class::GatewayTimeout)
}

/// Returns a rate in millionths per second.
fn per_second(rate: Rate) -> u64 {
    let limit = rate.limit.saturating_mul(PER_SECOND);
    Rate { limit: nanos(rate.window), window: Duration::from_secs(1) }.span(limit)
}
