//! DNS and TCP, within a limit and ended by a cancel.
//!
//! The system can neither bound nor interrupt a name lookup, nor interrupt a connection attempt,
//! so both run on a thread of their own, which is left behind when it is too late. Only a new
//! connection pays for that; it is next to nothing beside a handshake.

use std::io;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs as _};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use flow_errors::Result;

use crate::call::Call;
use crate::wait::{Dialled, WaitsFor};

/// Connects to `host`, trying all its addresses.
///
/// # Errors
///
/// Returns an error of kind `connect`, or the error of a call that is over.
pub(crate) fn dial(call: &Call, host: &str, port: u16) -> Result<TcpStream> {
    let (done, waiter) = mpsc::channel();
    let left = call.begin_wait(WaitsFor::Dial(done.clone()))?;
    let until = left.and_then(|left| Instant::now().checked_add(left));
    let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    let work = move || {
        // Nobody waits any longer where this fails.
        let _ = done.send(Dialled::Done(connect(&host, port, until)));
    };
    thread::Builder::new()
        .name("flow-dial".to_owned())
        .spawn(work)
        .map_err(|error| call.broke(error))?;
    let dialled = loop {
        match waiter.recv_timeout(call.left()?.unwrap_or(Duration::MAX)) {
            Ok(Dialled::Done(dialled)) => break dialled,
            // Why, the call knows: it is asked again.
            Ok(Dialled::Interrupted) | Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break Err(io::ErrorKind::BrokenPipe.into()),
        }
    };
    call.end_wait();
    // Both clocks may strike together; then it was the limit.
    dialled.or_else(|error| call.left().and_then(|_| Err(call.broke(error))))
}

fn connect(host: &str, port: u16, until: Option<Instant>) -> io::Result<TcpStream> {
    let addresses: Vec<SocketAddr> = (host, port).to_socket_addrs()?.collect();
    let mut failed = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
    for (tried, address) in addresses.iter().enumerate() {
        match connect_one(address, until, addresses.len().saturating_sub(tried)) {
            Ok(stream) => return Ok(stream),
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

/// Connects to one of several addresses, which share the time that is left.
fn connect_one(
    address: &SocketAddr,
    until: Option<Instant>,
    untried: usize,
) -> io::Result<TcpStream> {
    let Some(until) = until else {
        return TcpStream::connect(address);
    };
    let share = u32::try_from(untried).unwrap_or(u32::MAX).max(1);
    let left = until.saturating_duration_since(Instant::now()) / share;
    if left.is_zero() {
        return Err(io::ErrorKind::TimedOut.into());
    }
    TcpStream::connect_timeout(address, left)
}
