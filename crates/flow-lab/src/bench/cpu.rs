//! CPU time, the measure for machines that others use too: waiting for a turn does not count.

use std::time::Duration;

use crate::Result;

/// Whose CPU time to ask for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Of {
    /// All threads of this process.
    Us,
    /// The processes that this one has started and waited for.
    Children,
}

/// Returns the CPU time used so far, by programs and by the system on their behalf.
#[cfg(unix)]
pub(super) fn time(of: Of) -> Result<Duration> {
    use nix::sys::resource::{UsageWho, getrusage};
    use nix::sys::time::TimeValLike as _;

    let who = match of {
        Of::Us => UsageWho::RUSAGE_SELF,
        Of::Children => UsageWho::RUSAGE_CHILDREN,
    };
    let usage = getrusage(who)?;
    let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Ok(Duration::from_micros(micros.try_into()?))
}

#[cfg(not(unix))]
pub(super) fn time(_: Of) -> Result<Duration> {
    Err("CPU time is read with getrusage; run this on Linux, macOS or another Unix".into())
}

/// Returns the CPU time that `work` takes in this process.
pub(super) fn spent(work: impl FnOnce() -> Result) -> Result<Duration> {
    let before = time(Of::Us)?;
    work()?;
    Ok(time(Of::Us)?.saturating_sub(before))
}
