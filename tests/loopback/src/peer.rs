//! The server's end of one connection.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::thread;
use std::time::Duration;

use socket2::SockRef;

/// The server's end of one connection. Dropping it closes the connection in good order.
pub struct Peer {
    io: Box<dyn ReadWrite>,
    tcp: TcpStream,
}

/// A request, as it came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// The request line.
    pub line: String,
    /// The header lines, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

pub(crate) trait ReadWrite: Read + Write + Send {}

impl<T: Read + Write + Send> ReadWrite for T {}

impl Peer {
    pub(crate) fn new(io: Box<dyn ReadWrite>, tcp: TcpStream) -> Self {
        Self { io, tcp }
    }

    /// Reads a request; `None` when the client has gone.
    pub fn request(&mut self) -> Option<Seen> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            self.io.read_exact(&mut byte).ok()?;
            head.extend(byte);
        }
        let head = String::from_utf8(head).ok()?;
        let mut lines = head.lines().filter(|line| !line.is_empty());
        let mut seen = Seen { line: lines.next()?.to_owned(), ..Seen::default() };
        for line in lines {
            let (name, value) = line.split_once(": ")?;
            seen.headers.push((name.to_ascii_lowercase(), value.to_owned()));
        }
        let length = seen.header("content-length").and_then(|length| length.parse().ok());
        seen.body = vec![0; length.unwrap_or(0)];
        self.io.read_exact(&mut seen.body).ok()?;
        Some(seen)
    }

    /// Writes bytes, at once.
    pub fn write(&mut self, bytes: impl AsRef<[u8]>) {
        // The client may have gone, which is its own affair.
        let _ = self.io.write_all(bytes.as_ref()).and_then(|()| self.io.flush());
    }

    /// Writes `bytes` one by one, with `pause` after each, until the client has gone.
    pub fn drip(&mut self, bytes: impl AsRef<[u8]>, pause: Duration) {
        for byte in bytes.as_ref() {
            if self.io.write_all(&[*byte]).and_then(|()| self.io.flush()).is_err() {
                return;
            }
            thread::sleep(pause);
        }
    }

    /// Breaks the connection off with a reset.
    pub fn reset(self) {
        SockRef::from(&self.tcp).set_linger(Some(Duration::ZERO)).unwrap();
    }

    /// Ends the TCP connection without a word of TLS.
    pub fn cut(self) {
        self.tcp.shutdown(Shutdown::Both).unwrap();
    }

    /// Says nothing until the client has gone.
    pub fn hang(mut self) {
        let _ = io::copy(&mut self.io, &mut io::sink());
    }

    /// Carries bytes between the client and `target` until either has gone.
    pub fn relay(self, target: SocketAddr) {
        let target = TcpStream::connect(target).unwrap();
        let (mut up, mut down) = (self.tcp.try_clone().unwrap(), target.try_clone().unwrap());
        let upward = thread::spawn(move || {
            let _ = io::copy(&mut up, &mut down);
            let _ = down.shutdown(Shutdown::Both);
        });
        let (mut up, mut down) = (&self.tcp, &target);
        let _ = io::copy(&mut down, &mut up);
        let _ = up.shutdown(Shutdown::Both);
        let _ = upward.join();
    }
}

impl Seen {
    /// Returns the value of a header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// Panics unless both transports' request is the one they are to send, and nothing is added.
pub fn check_request(seen: &Seen, host: &str, extra: &[(&str, &str)]) {
    let mut headers = seen.headers.clone();
    headers.sort();
    let mut want = vec![("accept", "*/*"), ("content-length", "11"), ("host", host)];
    want.extend(extra);
    want.sort_unstable();
    let want: Vec<_> =
        want.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    assert_eq!(headers, want);
    assert_eq!(seen.body, b"{\"hush\": 1}");
}

impl fmt::Debug for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Peer").field(&self.tcp).finish()
    }
}
