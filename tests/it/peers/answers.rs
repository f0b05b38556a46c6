//! How long a client waits, as a table can say it, and what ours makes of a reply.

use std::time::Duration;

use flow_errors::call::Tick;
use flow_errors::{Error, StoppedBecause};
use flow_tests::{Fake, TestClient, VirtualClock};

use super::{attempts, reply, success};

/// `Fri, 29 Sep 2023 16:26:37 GMT`, the instant that the peers' tests mock, since 1970.
pub(super) const NOW: Duration = Duration::from_secs(1_696_004_797);
pub(super) const DATE: (&str, &str) = ("date", "Fri, 29 Sep 2023 16:26:37 GMT");

/// What a client does after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wait {
    /// Waits for so many milliseconds, and somewhat longer.
    After(u64),
    /// Waits by its own schedule.
    Backoff,
    /// Sends nothing any more.
    Stop,
    /// Fails with an error of its own making.
    Raise,
}

impl Wait {
    /// Checks what was seen between two sends against the word in the table.
    pub(super) fn check(self, name: &str, seen: Option<Duration>) {
        let millis = Duration::from_millis;
        let range = match self {
            Self::After(hint) => {
                let hint = millis(hint);
                let spread = (hint / 5).clamp(millis(50), Duration::from_secs(5));
                Some(hint..=hint + spread)
            }
            Self::Backoff => Some(millis(500)..=millis(1_000)),
            Self::Stop => None,
            Self::Raise => panic!("{name}: no answer is a reason to fail otherwise"),
        };
        match (&range, seen) {
            (Some(range), Some(wait)) => assert!(range.contains(&wait), "{name}: {wait:?}"),
            (range, seen) => assert_eq!(range.is_some(), seen.is_some(), "{name}: {seen:?}"),
        }
    }
}

/// The clock of a machine, which is right or, with a `Date` from the service, does not matter.
#[derive(Clone, Copy, Debug)]
pub(super) enum Wall {
    Right,
    InReply,
}

/// One failure and a success after it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Failure<'a> {
    pub(super) status: u16,
    pub(super) headers: &'a [(&'a str, &'a str)],
    pub(super) wall: Wall,
    pub(super) seed: u64,
}

impl Failure<'_> {
    /// Returns how long the client waited before it sent again, `None` if it did not.
    ///
    /// What it did, and not what it says it did: the instants at which the transport was called.
    pub(super) fn wait<C: TestClient>(&self) -> Option<Duration> {
        let (clock, mut headers) = (VirtualClock::new(self.seed), self.headers.to_vec());
        let clock = match self.wall {
            Wall::Right => clock.at_wall(NOW),
            Wall::InReply => {
                headers.push(DATE);
                clock
            }
        };
        let fake = Fake::new(clock.clone(), [reply(self.status, &headers, ""), success()]);
        let client = C::faked(fake.clone()).retry(attempts(3)).build().unwrap().on_clock(clock);
        let result = C::wait(client.hello("gpt-4o").send());
        let sends: Vec<Tick> = fake.seen().iter().map(|seen| seen.at).collect();
        match (&*sends, result) {
            ([first, second], Ok(_)) => Some(second.since(*first)),
            ([_], Err(error)) => {
                self.check_stopped(&error);
                None
            }
            (sends, result) => panic!("{self:?}: sends at {sends:?}, {result:?}"),
        }
    }

    /// Whoever stops says which failure it was, and how long the service asked to wait.
    fn check_stopped(&self, error: &Error) {
        assert_eq!(error.status().map(|status| status.as_u16()), Some(self.status), "{self:?}");
        if error.stopped_because() == Some(StoppedBecause::RetryAfterTooLong) {
            let asked = error.retry_after().unwrap_or_default();
            assert!(asked > Duration::from_secs(120), "{self:?}: {asked:?}");
        }
    }
}
