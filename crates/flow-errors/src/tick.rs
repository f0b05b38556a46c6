//! Instants and spans for code that may not read a clock.

use std::time::Duration;

/// An instant, in nanoseconds since an origin that the driver chose.
///
/// All arithmetic saturates: 584 years after the origin time stands still, and nothing panics.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use flow_errors::call::Tick;
///
/// let later = Tick::ORIGIN + Duration::from_secs(2);
/// assert_eq!(later.since(Tick::ORIGIN), Duration::from_secs(2));
/// assert_eq!(Tick::ORIGIN.since(later), Duration::ZERO);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tick(u64);

impl Tick {
    /// The driver's origin.
    pub const ORIGIN: Self = Self(0);

    /// The last instant there is.
    pub const MAX: Self = Self(u64::MAX);

    /// Creates the instant `nanos` nanoseconds after the origin.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Returns the nanoseconds since the origin.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Returns the time from `earlier` to `self`, zero if `earlier` is the later one.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    pub(crate) fn minus(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(nanos(span)))
    }

    pub(crate) const fn plus_nanos(self, nanos: u64) -> Self {
        Self(self.0.saturating_add(nanos))
    }
}

impl std::ops::Add<Duration> for Tick {
    type Output = Self;

    fn add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(nanos(span)))
    }
}

/// Returns `span` in nanoseconds, `u64::MAX` if it is longer.
pub(crate) fn nanos(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}
