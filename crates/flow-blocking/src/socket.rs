//! A TCP connection that keeps to the current call: its time, its cancel, its first write.
//!
//! Every wait of a connection happens here, below TLS and tunnels, so the call's limits hold for
//! handshakes, heads and bodies alike. A failed read is an error that ureq does not know: it would
//! take a reset inside a body that ends with its connection for the end of the body.

use std::io::{self, Read, Write};
#[cfg(unix)]
use std::mem::MaybeUninit;
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};

use crate::call::Call;
use crate::wait::{WaitsFor, Wire};

/// How long a connection is silent before the system asks whether the peer is still there.
///
/// A completion may take minutes before its first byte; without this a router forgets the
/// connection. The numbers are reqwest's, so that both clients notice a dead peer alike.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// A TCP connection.
#[derive(Debug)]
pub(crate) struct Socket {
    wire: Arc<Wire>,
    /// What the system was told last, to spare calls that are alike the telling.
    read_limit: Option<Duration>,
    write_limit: Option<Duration>,
}

impl Socket {
    pub(crate) fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        // A system without it still serves.
        let _ = notice_dead_peers(&SockRef::from(&stream));
        Ok(Self { wire: Arc::new(Wire(stream)), read_limit: None, write_limit: None })
    }

    /// Returns whether nothing has arrived and the peer is there: fit for another request.
    ///
    /// From here on a cancel of the current call leaves the connection alone. ureq asks before it
    /// puts a connection back, so no call can shut down what another one has taken up.
    pub(crate) fn is_idle(&self) -> bool {
        if let Some(call) = Call::current() {
            call.end_wait();
        }
        peek(&self.wire.0).is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
    }
}

impl Read for Socket {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let act = |mut stream: &TcpStream| stream.read(buf);
        wait(&self.wire, &mut self.read_limit, TcpStream::set_read_timeout, act)
    }
}

impl Write for Socket {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let act = |mut stream: &TcpStream| stream.write(buf);
        wait(&self.wire, &mut self.write_limit, TcpStream::set_write_timeout, act)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Looks for what has arrived, without waiting for it.
#[cfg(unix)]
fn peek(stream: &TcpStream) -> io::Result<usize> {
    // In one system call: it is asked before and after each request.
    let flags = libc::MSG_PEEK | libc::MSG_DONTWAIT;
    SockRef::from(stream).recv_with_flags(&mut [MaybeUninit::uninit()], flags)
}

/// Looks for what has arrived, without waiting for it.
#[cfg(not(unix))]
fn peek(stream: &TcpStream) -> io::Result<usize> {
    stream.set_nonblocking(true)?;
    let peeked = stream.peek(&mut [0]);
    stream.set_nonblocking(false)?;
    peeked
}

fn notice_dead_peers(socket: &SockRef<'_>) -> io::Result<()> {
    let keep_alive = TcpKeepalive::new().with_time(KEEP_ALIVE);
    // The other systems keep their own intervals.
    #[cfg(any(target_os = "android", target_os = "linux", target_vendor = "apple", windows))]
    let keep_alive = keep_alive.with_interval(KEEP_ALIVE).with_retries(3);
    #[cfg(any(target_os = "android", target_os = "linux"))]
    socket.set_tcp_user_timeout(Some(2 * KEEP_ALIVE))?;
    socket.set_tcp_keepalive(&keep_alive)
}

/// Reads or writes once, for as long as the current call may, and says why it may no longer.
fn wait(
    wire: &Arc<Wire>,
    limit: &mut Option<Duration>,
    set_limit: fn(&TcpStream, Option<Duration>) -> io::Result<()>,
    mut act: impl FnMut(&TcpStream) -> io::Result<usize>,
) -> io::Result<usize> {
    let call = Call::current().ok_or(io::ErrorKind::NotConnected)?;
    loop {
        let left = call.begin_wait(WaitsFor::Wire(Arc::clone(wire))).map_err(io::Error::other)?;
        let wanted = left.map(slice);
        if !is_as_good(*limit, wanted) {
            match set_limit(&wire.0, wanted) {
                // macOS refuses once the peer has closed; what it sent can still be read.
                Err(error) if error.kind() == io::ErrorKind::InvalidInput => {}
                set => set.map_err(|error| io::Error::other(call.broke(error)))?,
            }
            *limit = wanted;
        }
        match act(&wire.0) {
            // A shutdown by a cancel looks like the peer's end.
            Ok(0) => return call.left().map(|_| 0).map_err(io::Error::other),
            Ok(count) => return Ok(count),
            Err(error) if is_wakeup(&error) => {}
            Err(error) => return Err(io::Error::other(call.broke(error))),
        }
    }
}

/// Returns how much of a wait to ask the system for.
///
/// Linux may end a socket's wait late by an eighth of it, minutes on a long deadline. Asking for
/// seven eighths and then again for what is left is late by milliseconds, after a few wakeups.
fn slice(left: Duration) -> Duration {
    const EXACT: Duration = Duration::from_millis(200);
    if left > EXACT { left.saturating_sub(left / 8) } else { left }
}

/// Returns whether a limit that the system knows already will do: it may end the wait early, since
/// waking up to wait again does no harm, but not late.
fn is_as_good(known: Option<Duration>, wanted: Option<Duration>) -> bool {
    match (known, wanted) {
        (Some(known), Some(wanted)) => {
            known <= wanted && known >= wanted.saturating_sub(wanted / 8)
        }
        (known, wanted) => known == wanted,
    }
}

/// Tells our own limit, and a signal, from a failure of the connection.
fn is_wakeup(error: &io::Error) -> bool {
    match error.kind() {
        io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock => true,
        // Elsewhere this is TCP giving up on the peer.
        io::ErrorKind::TimedOut => cfg!(windows),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_limit_is_kept_where_it_ends_the_wait_in_time_and_not_much_too_early() {
        #[rustfmt::skip]
        let cases = [
            // name               known (ms)   wanted (ms)  want
            ("none of either",    None,        None,        true),
            ("the same",          Some(800),   Some(800),   true),
            ("a little early",    Some(700),   Some(800),   true),
            ("much too early",    Some(699),   Some(800),   false),
            ("late",              Some(801),   Some(800),   false),
            ("not known",         None,        Some(800),   false),
            ("no longer wanted",  Some(800),   None,        false),
        ];
        for (name, known, wanted, want) in cases {
            let [known, wanted] = [known, wanted].map(|limit| limit.map(Duration::from_millis));
            assert_eq!(is_as_good(known, wanted), want, "{name}");
        }
    }
}
