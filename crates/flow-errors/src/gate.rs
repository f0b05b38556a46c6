//! What the calls of one client to one model share.

/// The state that every call of a client to one model passes on its way to a send.
///
/// A driver keeps one per base URL, credential and model behind a lock, and never holds that lock
/// across I/O or a sleep. What a call takes here it gives back when its outcome is known, or when
/// it is cancelled.
#[derive(Debug, Default)]
pub struct Gate {
    in_flight: usize,
}

impl Gate {
    /// Creates the gate of a client that has sent nothing yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { in_flight: 0 }
    }

    /// Returns how many attempts are being sent or waiting for their reply.
    #[must_use]
    pub const fn in_flight(&self) -> usize {
        self.in_flight
    }

    pub(crate) const fn enter(&mut self) {
        self.in_flight = self.in_flight.saturating_add(1);
    }

    pub(crate) const fn leave(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
    }
}
