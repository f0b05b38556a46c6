//! The connection below the HTTP server, with a plug that a handler can pull.
//!
//! A handler cannot reach the socket that it answers on. It leaves a [`Cut`] in the [`Plug`]
//! instead: once everything written so far has been flushed, the wire reports a failure, the
//! HTTP server lets go of it, and whoever accepted the connection ends it as the cut says.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::TcpStream;

/// How a connection ends before its time.
#[derive(Clone, Debug)]
pub(crate) enum Cut {
    /// With a TCP RST.
    Reset,
    /// With a FIN, as if all had been said.
    Close,
    /// With these bytes and a FIN.
    Raw(Bytes),
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("connection cut on purpose")
    }
}

impl std::error::Error for Cut {}

/// Where a handler says that its connection is to be cut.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plug(Arc<Mutex<Option<Cut>>>);

impl Plug {
    /// Asks for the cut as soon as what was written has left.
    pub(crate) fn pull(&self, cut: Cut) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(cut);
    }

    pub(crate) fn take(&self) -> Option<Cut> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn is_pulled(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }
}

/// A TCP stream that fails when its plug is pulled.
#[derive(Debug)]
pub(crate) struct Wire {
    stream: TcpStream,
    plug: Plug,
}

impl Wire {
    pub(crate) const fn new(stream: TcpStream, plug: Plug) -> Self {
        Self { stream, plug }
    }

    /// Ends the connection as the plug says, cleanly if nobody pulled it.
    pub(crate) async fn end(mut self) {
        // Every failure here means that the client has gone already.
        match self.plug.take() {
            Some(Cut::Reset) => {
                let _ = SockRef::from(&self.stream).set_linger(Some(Duration::ZERO));
            }
            Some(Cut::Raw(bytes)) => {
                let _ = self.stream.write_all(&bytes).await;
                let _ = self.stream.shutdown().await;
            }
            Some(Cut::Close) | None => {
                let _ = self.stream.shutdown().await;
            }
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        // The server flushes after it has written all that the body gave it, so what was to
        // arrive has left by now.
        if self.plug.is_pulled() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
