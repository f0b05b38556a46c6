//! What a call may be waiting for, and how a cancel from another thread wakes it up.

use std::io;
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::Sender;

/// What a cancel must wake up.
#[derive(Default)]
pub(crate) enum WaitsFor {
    #[default]
    Nothing,
    Dial(Sender<Dialled>),
    Wire(Arc<Wire>),
}

impl WaitsFor {
    /// Ends the wait; why, the call knows.
    pub(crate) fn wake_up(&self) {
        match self {
            Self::Nothing => {}
            // Whoever waited may be gone; then nobody needs to be woken.
            Self::Dial(waiter) => drop(waiter.send(Dialled::Interrupted)),
            Self::Wire(wire) => wire.shut_down(),
        }
    }
}

/// What a thread that waits for a connection is told.
pub(crate) enum Dialled {
    Done(io::Result<TcpStream>),
    Interrupted,
}

/// The part of a connection that another thread may shut down.
#[derive(Debug)]
pub(crate) struct Wire(pub(crate) TcpStream);

impl Wire {
    /// Ends reads and writes that are blocked on it.
    fn shut_down(&self) {
        // It fails on a connection that is closed already, which is as good.
        let _ = self.0.shutdown(Shutdown::Both);
    }
}
