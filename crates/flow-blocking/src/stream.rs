//! A connection as bytes: TCP, with TLS on top, or TLS inside a proxy's TLS.

use std::io::{self, Read, Write};
use std::sync::Arc;

use flow_errors::{Error, Result};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};

use crate::call::Call;
use crate::socket::Socket;

/// A connection to the service, or to the proxy on the way.
#[derive(Debug)]
pub(crate) enum Stream {
    Plain(Socket),
    Tls(Box<StreamOwned<ClientConnection, Self>>),
}

impl Stream {
    /// Makes the connection a TLS one, with `host` at its other end.
    ///
    /// # Errors
    ///
    /// Returns an error of kind `connect` if the handshake fails or takes too long.
    pub(crate) fn encrypt(
        mut self,
        call: &Call,
        tls: &Arc<ClientConfig>,
        host: &str,
    ) -> Result<Self> {
        let name = ServerName::try_from(host.to_owned()).map_err(Error::connect)?;
        let mut tls =
            ClientConnection::new(Arc::clone(tls), name).map_err(|source| call.broke(source))?;
        while tls.is_handshaking() {
            tls.complete_io(&mut self).map_err(|error| call.broke_io(error))?;
        }
        Ok(Self::Tls(Box::new(StreamOwned::new(tls, self))))
    }

    pub(crate) const fn is_tls(&self) -> bool {
        matches!(self, Self::Tls(_))
    }

    /// Returns whether nothing has arrived and the peer is there: fit for another request.
    pub(crate) fn is_idle(&mut self) -> bool {
        match self {
            Self::Plain(socket) => socket.is_idle(),
            Self::Tls(tls) => {
                let state = tls.conn.process_new_packets();
                let is_silent = state.is_ok_and(|state| {
                    state.plaintext_bytes_to_read() == 0 && !state.peer_has_closed()
                });
                // The socket is asked in any case, because it also lets go of the call.
                tls.sock.is_idle() && is_silent
            }
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.read(buf),
            Self::Tls(tls) => tls.read(buf),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.write(buf),
            Self::Tls(tls) => tls.write(buf),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(socket) => socket.flush(),
            Self::Tls(tls) => tls.flush(),
        }
    }
}
