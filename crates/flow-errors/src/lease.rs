//! Several processes that share one key: who of them may send how much.

use std::fmt;
use std::time::Duration;

use crate::bucket::{Bucket, Rate};
use crate::share::Share;
use crate::tick::Tick;

/// What a limit is on.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dimension {
    /// Requests, one for each send.
    Requests,
    /// Tokens, of the prompt and of the answer.
    Tokens,
}

/// The part of the service's limits that this process may use.
///
/// The pacer asks it before each send, once it knows a limit, and keeps to the service's own state
/// beside it. The one that a [`Gate`](crate::call::Gate) has by itself is in memory: the policy's
/// [share](crate::RetryPolicy::share) of the limit. One that is backed by a store must not reach
/// for that store here, under the gate's lock: it lends some sends in advance, in the background, and
/// spends them here.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
/// use std::time::Duration;
///
/// use flow_errors::call::{Dimension, Gate, Lease, Tick};
///
/// /// Sends that a task in the background has taken from the store for this process.
/// #[derive(Clone, Debug, Default)]
/// struct Lent(Arc<AtomicU64>);
///
/// impl Lease for Lent {
///     fn learn(&mut self, _dimension: Dimension, _limit: u64, _window: Duration) {
///         // How much there is to take: what the task wants to know.
///     }
///
///     fn ready_at(&self, now: Tick, _tokens: u64) -> Tick {
///         let is_empty = self.0.load(Relaxed) == 0;
///         if is_empty { now + Duration::from_millis(50) } else { Tick::ORIGIN }
///     }
///
///     fn take(&mut self, _now: Tick, _tokens: u64) {
///         // There may be none: not every call keeps to limits.
///         let _ = self.0.fetch_update(Relaxed, Relaxed, |lent| lent.checked_sub(1));
///     }
///
///     fn settle(&mut self, _now: Tick, _taken: u64, counts: bool, _used: u64) {
///         self.0.fetch_add(u64::from(!counts), Relaxed);
///     }
/// }
///
/// let lent = Lent::default();
/// let gate = Gate::new().with_lease(lent.clone());
/// lent.0.fetch_add(10, Relaxed);
/// # assert_eq!(gate.in_flight(), 0);
/// ```
pub trait Lease: fmt::Debug + Send {
    /// Learns that the service gives so much of something in a window; every reply that tells it is told
    /// on, so most say the same again.
    fn learn(&mut self, dimension: Dimension, limit: u64, window: Duration);

    /// Returns from when a send that needs so many tokens is within this process's part:
    /// [`Tick::ORIGIN`] if it may go at once, and where nothing is lent, when to ask again.
    ///
    /// It may be asked often for one send, and takes nothing. What comes in before that instant is seen
    /// then, or as soon as another call or reply passes the gate.
    fn ready_at(&self, now: Tick, tokens: u64) -> Tick;

    /// Takes a send with so many tokens.
    ///
    /// Sends that were made before a limit was known are not taken, nor settled. Those of a policy without
    /// [pacing](crate::RetryPolicy::pacing) are, though nobody asked whether they may go.
    fn take(&mut self, now: Tick, tokens: u64);

    /// Corrects what a send took: whether it counts, and how many tokens it used in place of those taken.
    ///
    /// It follows once on each [`take`](Self::take). A send of which nobody knows what it used, because
    /// it was cancelled or broke off after content had reached the caller, is settled as it was taken:
    /// the service may have counted all of it.
    fn settle(&mut self, now: Tick, taken: u64, counts: bool, used: u64);
}

/// A fixed part of each limit.
#[derive(Debug)]
pub(crate) struct FixedPart {
    share: Share,
    requests: Option<Bucket>,
    tokens: Option<Bucket>,
}

impl FixedPart {
    pub(crate) const fn new(share: Share) -> Self {
        Self { share, requests: None, tokens: None }
    }

    /// Changes the part; what was learned is learned again.
    pub(crate) fn set(&mut self, share: Share) {
        if self.share != share {
            *self = Self::new(share);
        }
    }

    /// Returns this process's part of a rate, in whatever unit that is.
    pub(crate) fn of(&self, rate: u64) -> u64 {
        self.share.of(rate)
    }
}

impl Lease for FixedPart {
    fn learn(&mut self, dimension: Dimension, limit: u64, window: Duration) {
        let (rate, burst) = self.share.of_limit(Rate { limit, window });
        let bucket = match dimension {
            Dimension::Requests => &mut self.requests,
            Dimension::Tokens => &mut self.tokens,
        };
        if bucket.is_none_or(|bucket| bucket.rate != rate) {
            *bucket = Some(Bucket::new(rate, burst, Tick::ORIGIN));
        }
    }

    fn ready_at(&self, _now: Tick, tokens: u64) -> Tick {
        let requests = self.requests.map_or(Tick::ORIGIN, |bucket| bucket.ready_at(1));
        let tokens = self.tokens.map_or(Tick::ORIGIN, |bucket| bucket.ready_at(tokens));
        requests.max(tokens)
    }

    fn take(&mut self, now: Tick, tokens: u64) {
        if let Some(bucket) = &mut self.requests {
            bucket.take(now, 1);
        }
        if let Some(bucket) = &mut self.tokens {
            bucket.take(now, tokens);
        }
    }

    fn settle(&mut self, _now: Tick, taken: u64, counts: bool, used: u64) {
        if let Some(bucket) = self.requests.as_mut().filter(|_| !counts) {
            bucket.correct(1, 0);
        }
        if let Some(bucket) = &mut self.tokens {
            bucket.correct(taken, used);
        }
    }
}
