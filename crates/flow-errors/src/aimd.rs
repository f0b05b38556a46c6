//! A rate for a limit that nobody tells: less after a refusal, more while calls wait for it.
//!
//! A refusal of what was sent before the last decrease says nothing new, so there is one decrease for
//! each epoch, however many calls are refused at once. Between two refusals the service granted
//! exactly what it gives, because its limit was used up at both ends: that is the one measurement of
//! it that does not feed on our own pace, and a decrease goes down to it at once.
//!
//! A refusal of the first send after a decrease says that nothing is granted just now: a fixed window is
//! used up, or the service has other troubles. Then calls go slower and slower, and once they are granted
//! again, back to the rate that was right before.

use std::time::Duration;

use crate::crowd::{Crowd, Held};
use crate::meter::Moment;
use crate::tick::{Tick, nanos};

/// Sends per second are counted in millionths.
pub(crate) const PER_SECOND: u64 = 1_000_000;

/// Two sends a minute: a slower limit that nobody tells is asked now and then.
const LEAST: u64 = PER_SECOND / 30;

/// A million sends a second are no limit.
const MOST: u64 = 1_000_000 * PER_SECOND;

/// What is left of the rate after a refusal, in percent.
const DECREASE: u64 = 85;

/// What is left of it where others send to the same limit, in percent: rates that go up and down by
/// more sooner become alike.
const CROWDED_DECREASE: u64 = 70;

/// What a measurement may leave of the rate: a limit that was idle in between gives less than it has.
const LARGEST_DECREASE: u64 = 4;

/// How long calls are held back until the rate has doubled as long as it is a guess.
const SEARCH: Duration = Duration::from_secs(1);

/// How long it is on its way back to a rate that was proven, until it has doubled.
const RETURN: Duration = Duration::from_millis(125);

/// For how long calls are held back until a guess has grown by enough to say something of the limit.
const GROWTH: Duration = Duration::from_millis(125);

/// How long until it has doubled later, by time alone: what matters for the slowest limits.
const PATIENCE: Duration = Duration::from_secs(100);

/// How many sends are held back until the rate has doubled, by their number alone and by its square:
/// a refusal every few hundred sends is worth it, and a limit that was raised is found in the end.
const SENDS: (u64, u64) = (2_000, 1_000);

/// A pause after which the limit may have been idle, so that nothing is measured across it.
const PAUSE: Duration = Duration::from_secs(1);

/// So late a send may be without losing its slot: timers and schedulers are.
const LATENESS: Duration = Duration::from_millis(20);

/// How many sends are left out before one that must not be refused, because its call would fail. Among
/// others that is no help: they would use what is left.
const CAUTION: u64 = 2;

/// How many sends are left out before one that was refused, if the limit is known: a refusal says that the
/// limit is short of less than one.
const AGAIN: u64 = 2;

/// So many sends are measured with an error of a few percent, and prove a rate.
const MANY: u64 = 32;

/// The rate, and what it was learned from.
#[derive(Debug)]
pub(crate) struct Aimd {
    /// The rate at the start of the epoch.
    base: u64,
    /// What it grows in proportion to: about the limit, or what this process once had of it, so that
    /// who shares it with others and has less than they catches up.
    scale: u64,
    /// What was held back since then.
    held: Held,
    /// Whether the rate is a guess still.
    is_searching: bool,
    /// Whether it is the one that the first refusal was answered with.
    is_first_guess: bool,
    crowd: Crowd,
    /// What was kept to while many sends were granted, less what a refusal takes; zero if there is no such
    /// rate.
    proven: u64,
    /// The first send of the epoch.
    epoch: u64,
    /// The limit, where it is known after all.
    most: u64,
    least_scale: u64,
    /// From when the next send keeps to the rate.
    next: Tick,
    anchor: Option<Anchor>,
}

/// A refusal that is measured from.
#[derive(Clone, Copy, Debug)]
struct Anchor {
    send: u64,
    at: Tick,
    /// How many sends before it were not refused, as far as is known.
    granted: u64,
}

/// A refused send.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Refusal {
    pub(crate) moment: Moment,
    /// How many sends before it were not refused.
    pub(crate) granted: u64,
    /// How many were made until now.
    pub(crate) sends: u64,
}

impl Aimd {
    /// Starts with a guess, when the first send was refused.
    pub(crate) fn new(guess: u64, refusal: &Refusal) -> Self {
        // If most of those who came were granted, it is no mere guess.
        let is_proven = refusal.granted >= guess / PER_SECOND / 2;
        let mut aimd = Self {
            base: guess.clamp(LEAST, MOST),
            scale: LEAST,
            held: Held::default(),
            is_searching: true,
            is_first_guess: true,
            crowd: Crowd::default(),
            proven: if is_proven { guess / 100 * DECREASE } else { 0 },
            epoch: 0,
            most: MOST,
            least_scale: 0,
            next: Tick::ORIGIN,
            anchor: None,
        };
        aimd.begin_epoch(refusal);
        aimd
    }

    /// Returns the rate in millionths of a send per second.
    pub(crate) fn rate(&self) -> u64 {
        let base = u128::from(self.base);
        let rate = if self.is_returning() {
            doubling(base, self.held.nanos, RETURN).min(self.proven.into())
        } else if self.is_searching {
            doubling(base, self.held.nanos, SEARCH)
        } else {
            let among_others = self.crowd.growth(self.base, self.held);
            base.saturating_add(self.growth_alone()).saturating_add(among_others)
        };
        u64::try_from(rate).unwrap_or(u64::MAX).clamp(LEAST, self.most)
    }

    /// Returns whether it is on its way back to the rate that was proven.
    const fn is_returning(&self) -> bool {
        self.base < self.proven
    }

    /// Returns by how much the rate has grown since the epoch began, if nobody else sends.
    fn growth_alone(&self) -> u128 {
        let (linear, square) = SENDS;
        let scale = u128::from(self.scale);
        let squared = self.held.sends.saturating_mul(self.held.sends);
        part(scale, self.held.nanos, nanos(PATIENCE))
            .saturating_add(part(scale, self.held.sends, linear))
            .saturating_add(part(scale, squared, square.saturating_mul(square)))
    }

    /// Returns the time between two sends, in nanoseconds.
    fn interval(&self) -> u64 {
        interval(self.rate())
    }

    /// Returns from when the next send keeps to the rate; one that must not be refused keeps well below
    /// it, so that the limit has room for it even if the rate is above the limit.
    pub(crate) fn ready_at(&self, is_last: bool) -> Tick {
        if is_last && !self.crowd.is_here() {
            self.next.plus_nanos(self.interval().saturating_mul(CAUTION))
        } else {
            self.next
        }
    }

    /// Returns how soon the limit has room again for a send that was just refused, where the rate is no
    /// guess and nobody else would take that room.
    pub(crate) fn again_in(&self) -> Option<Duration> {
        let is_known = !self.is_searching && !self.is_returning() && !self.crowd.is_here();
        is_known.then(|| Duration::from_nanos(self.interval().saturating_mul(AGAIN)))
    }

    /// Keeps the rate near a limit that the service told: below it, where others share it.
    pub(crate) fn know(&mut self, rate: u64) {
        self.most = rate.saturating_mul(2).clamp(LEAST, MOST);
        self.least_scale = rate / 4;
    }

    /// Puts a limit that the service tells for the first time in place of a guess below it.
    pub(crate) fn expect(&mut self, rate: u64) {
        if self.is_searching {
            self.base = self.base.max(rate).clamp(LEAST, MOST);
        }
    }

    /// Guesses again, and more, as the calls of a burst go on coming.
    pub(crate) fn guess(&mut self, rate: u64) {
        if self.is_first_guess && !self.has_grown() {
            self.expect(rate);
        }
    }

    /// Returns whether a guess has grown by enough to say something of the limit.
    fn has_grown(&self) -> bool {
        self.held.nanos >= nanos(GROWTH)
    }

    /// Takes a send that was, or was not, held back until now.
    pub(crate) fn take(&mut self, now: Tick, is_held_back: bool) {
        let interval = self.interval();
        if now.since(self.next) > PAUSE.saturating_add(Duration::from_nanos(interval)) {
            self.anchor = None;
        }
        if is_held_back {
            self.held.nanos = self.held.nanos.saturating_add(interval);
            self.held.sends = self.held.sends.saturating_add(1);
        }
        self.next = self.next.max(now.minus(LATENESS)).plus_nanos(interval);
        if self.is_returning() && self.held.sends >= MANY && self.rate() >= self.proven {
            self.base = self.proven;
            self.held = Held::default();
        }
    }

    /// Goes slower after a refusal that is news.
    pub(crate) fn refused(&mut self, refusal: &Refusal) {
        self.correct_anchor(refusal.moment.send);
        let Some(granted) = refusal.moment.send.checked_sub(self.epoch) else { return };
        self.is_first_guess = false;
        let is_shut = granted == 0 && self.proven > 0;
        if is_shut {
            self.base = (self.base / 100 * DECREASE).max(LEAST);
        } else {
            self.decrease(refusal, granted);
        }
        self.held = Held::default();
        self.begin_epoch(refusal);
        if is_shut {
            // What is granted on the way back is less than the limit.
            self.anchor = None;
        }
    }

    /// Goes down to the limit, or by a part of the rate, after so many sends of this epoch were `granted`.
    fn decrease(&mut self, refusal: &Refusal, granted: u64) {
        let has_grown = self.has_grown();
        let rate = self.rate();
        let left = if self.crowd.is_here() { CROWDED_DECREASE } else { DECREASE };
        let decreased = rate / 100 * left;
        if !self.is_searching {
            self.crowd.refused(rate, self.scale, self.growth_alone(), self.held);
        }
        if self.is_searching && has_grown {
            // It came from below: what was granted since the first refusal is less than the limit.
            self.anchor = None;
        }
        // Among others it is luck how much is granted from one refusal to the next.
        let anchor = self.anchor.filter(|_| !self.crowd.is_here());
        let measured = anchor.and_then(|anchor| anchor.measure(refusal));
        let measured = measured.unwrap_or(decreased).max(rate / LARGEST_DECREASE);
        self.base = measured.min(decreased).clamp(LEAST, MOST);
        self.scale = self.base.max(self.scale / 8 * 7).max(self.least_scale);
        // A refusal of the guess itself is the first burst's: the limit may still be far above it.
        self.is_searching &= !has_grown;
        self.proven = match (self.crowd.is_here(), self.is_searching) {
            (true, _) => 0,
            (false, false) if granted >= MANY => self.base,
            (false, _) => self.proven.min(self.base),
        };
    }

    /// Notes that a send was refused which the anchor may have counted as granted.
    fn correct_anchor(&mut self, refused: u64) {
        if let Some(anchor) = self.anchor.as_mut().filter(|anchor| refused < anchor.send) {
            anchor.granted = anchor.granted.saturating_sub(1);
        }
    }

    fn begin_epoch(&mut self, refusal: &Refusal) {
        let Refusal { moment, granted, sends } = *refusal;
        self.epoch = sends;
        self.next = self.next.max(moment.at.plus_nanos(self.interval()));
        let is_measured = |anchor: Anchor| granted.saturating_sub(anchor.granted) < MANY;
        let anchor = self.anchor.filter(|anchor| is_measured(*anchor));
        self.anchor = anchor.or(Some(Anchor { send: moment.send, at: moment.at, granted }));
    }
}

impl Anchor {
    /// Returns the rate at which sends were granted since then; one more may have been under way.
    fn measure(self, refusal: &Refusal) -> Option<u64> {
        let span = u128::from(nanos(refusal.moment.at.since(self.at)));
        let granted = refusal.granted.saturating_sub(self.granted).saturating_add(1);
        let rate = u128::from(granted).saturating_mul(SECOND_MILLIONTHS).checked_div(span)?;
        Some(u64::try_from(rate).unwrap_or(u64::MAX))
    }
}

/// Nanoseconds in a second, times millionths in a send.
const SECOND_MILLIONTHS: u128 = 1_000_000_000 * PER_SECOND as u128;

/// Returns the nanoseconds from one send to the next.
fn interval(rate: u64) -> u64 {
    let interval = SECOND_MILLIONTHS.checked_div(rate.into()).unwrap_or(u128::MAX);
    u64::try_from(interval).unwrap_or(u64::MAX)
}

/// Returns what a rate has come to that doubles in each `span`.
fn doubling(rate: u128, nanos_held: u64, span: Duration) -> u128 {
    let doublings = u32::try_from(nanos_held / nanos(span)).unwrap_or(u32::MAX);
    let rate = rate.checked_shl(doublings.min(64)).unwrap_or(u128::MAX);
    rate.saturating_add(part(rate, nanos_held % nanos(span), nanos(span)))
}

/// Returns `whole` × `part` / `of`.
fn part(whole: u128, part: u64, of: u64) -> u128 {
    whole.saturating_mul(part.into()).checked_div(of.into()).unwrap_or_default()
}
