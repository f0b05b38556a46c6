//! The services that policies are tried against.

mod closed;
mod faulty;
mod limiter;
mod slots;
mod stubborn;

pub(super) use self::closed::Closed;
pub(super) use self::faulty::Faulty;
pub(super) use self::limiter::{Limiter, Tells, Unit};
pub(super) use self::slots::Slots;
pub(super) use self::stubborn::{Stubborn, Whim};
