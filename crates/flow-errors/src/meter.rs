//! One limit of the service, as its headers tell of it.
//!
//! A header tells the state as of the send whose reply it came with; sends after that one are added.
//! Where they were made when there was nothing left to come back, their own count knows better.

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::bucket::{Bucket, Rate};
use crate::gcra::{self, Reading};
use crate::limit::Limit;
use crate::tick::Tick;

/// Two replies that tell of one instant may differ by what their requests were under way.
const SAME: Duration = Duration::from_millis(50);

/// How far away the end of a window may be to be believed.
const WINDOW: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(60);

/// What is known of one limit, and what was taken of it.
#[derive(Debug)]
pub(crate) struct Meter {
    taken: u64,
    returned: u64,
    told: Option<Told>,
    /// What was told that proved nothing by itself, and of which limit.
    unproven: Option<(u64, Reading)>,
    /// The smallest unit in which the service told a span.
    unit: Duration,
    /// When what is no such limiter will be back, as told last.
    window_end: Tick,
}

#[derive(Debug)]
struct Told {
    bucket: Bucket,
    /// The send that it was told of.
    send: u64,
    /// What was taken here, for certain, since the limit is known.
    own: Bucket,
}

/// How the meter stood at a send.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Mark {
    taken: u64,
    returned: u64,
    /// Whether the limit was known.
    is_counted: bool,
}

/// One send: its number and its instant.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Moment {
    pub(crate) send: u64,
    pub(crate) at: Tick,
}

impl Meter {
    pub(crate) const fn new() -> Self {
        Self {
            taken: 0,
            returned: 0,
            told: None,
            unproven: None,
            unit: Duration::MAX,
            window_end: Tick::ORIGIN,
        }
    }

    pub(crate) const fn is_known(&self) -> bool {
        self.told.is_some()
    }

    /// Returns the limit, if it is known.
    pub(crate) fn rate(&self) -> Option<Rate> {
        self.told.as_ref().map(|told| told.bucket.rate)
    }

    /// Returns from when the service will let so much pass.
    pub(crate) fn ready_at(&self, cost: u64) -> Tick {
        self.told
            .as_ref()
            .map_or(Tick::ORIGIN, |told| told.bucket.ready_at(cost).max(told.own.ready_at(cost)))
    }

    pub(crate) fn take(&mut self, now: Tick, cost: u64) -> Mark {
        self.taken = self.taken.saturating_add(cost);
        if let Some(told) = &mut self.told {
            told.bucket.take(now, cost);
            told.own.take(now, cost);
        }
        let is_counted = self.told.is_some();
        Mark { taken: self.taken, returned: self.returned, is_counted }
    }

    /// Corrects what a send took.
    pub(crate) fn settle(&mut self, moment: Moment, mark: Mark, [taken, used]: [u64; 2]) {
        self.taken = self.taken.saturating_add(used.saturating_sub(taken));
        self.returned = self.returned.saturating_add(taken.saturating_sub(used));
        let Some(told) = &mut self.told else { return };
        // The send that was told of, and those before, are part of what was told.
        if told.send < moment.send {
            told.bucket.correct(taken, used);
        }
        if mark.is_counted {
            told.own.correct(taken, used);
        }
    }

    /// Believes what the reply to a send says of the limit if it adds up; returns whether it does.
    pub(crate) fn hear(&mut self, limit: &Limit, moment: Moment, mark: Mark) -> bool {
        let Some((rate, reset)) = self.read(limit) else { return false };
        if self.told.as_ref().is_none_or(|told| told.send <= moment.send) {
            let later = self.taken.saturating_sub(mark.taken);
            let returned = self.returned.saturating_sub(mark.returned);
            let mut bucket = Bucket::new(rate, rate.limit, moment.at + reset);
            bucket.correct(0, later.saturating_sub(returned));
            let own = self.told.as_ref().map(|told| told.own).filter(|own| own.rate == rate);
            let own = own.unwrap_or_else(|| Bucket::new(rate, rate.limit, Tick::ORIGIN));
            self.told = Some(Told { bucket, send: moment.send, own });
        }
        true
    }

    /// Returns when a window ends that is used up, if this reply is not the first to say so.
    ///
    /// The end of a window stays where it is; the state of a limiter that spreads, in an odd window,
    /// moves on with each send. What is more than a minute away the service may refuse itself.
    pub(crate) fn window_end(&mut self, sent: Tick, limit: &Limit) -> Option<Tick> {
        let reset = limit.reset.filter(|_| self.told.is_none())?;
        let end = sent + reset;
        let before = std::mem::replace(&mut self.window_end, end);
        let off = end.since(before).max(before.since(end));
        let is_same = off <= gcra::resolution(reset).saturating_add(SAME);
        let is_used_up = limit.remaining == Some(0);
        (is_used_up && is_same && WINDOW.contains(&reset)).then_some(end)
    }

    /// Reads a limit with its window: the one that is known, or one that the numbers prove.
    fn read(&mut self, limit: &Limit) -> Option<(Rate, Duration)> {
        let (whole, left, reset) = (limit.limit?, limit.remaining?, limit.reset?);
        let reading = Reading { taken: whole.checked_sub(left)?, reset };
        self.unit = self.unit.min(gcra::resolution(reset));
        let known = self.rate().filter(|rate| rate.limit == whole);
        let known = known.filter(|rate| gcra::fits(*rate, reading.taken, reset));
        let rate = match known {
            Some(rate) => Some(self.refine(rate, reading)),
            None => self.proven(whole, reading),
        };
        if rate.is_none() {
            // Two replies that agreed by chance are no reason against a third.
            self.told = self.told.take().filter(|told| gcra::is_usual(told.bucket.rate.window));
        }
        Some((rate?, reset))
    }

    /// Lengthens a window that was only reckoned, if this reply shows that it is longer.
    fn refine(&mut self, rate: Rate, reading: Reading) -> Rate {
        let least = reading.least_window(rate.limit, self.unit);
        if gcra::is_usual(rate.window) || least <= rate.window {
            return rate;
        }
        let longer = Rate { window: least, ..rate };
        if let Some(told) = &mut self.told {
            (told.bucket.rate, told.own.rate) = (longer, longer);
        }
        longer
    }

    /// Returns the rate that the reply proves, by itself or together with an earlier one.
    fn proven(&mut self, limit: u64, reading: Reading) -> Option<Rate> {
        if let Some(window) = gcra::proven_window(limit, reading.taken, reading.reset) {
            return Some(Rate { limit, window });
        }
        let before = self.unproven.filter(|(same, _)| *same == limit).map(|(_, before)| before);
        if before.is_some_and(|before| !gcra::is_far_apart(before, reading)) {
            return None;
        }
        self.unproven = Some((limit, reading));
        let window = gcra::agreed_window(limit, [before?, reading], self.unit)?;
        Some(Rate { limit, window })
    }
}
