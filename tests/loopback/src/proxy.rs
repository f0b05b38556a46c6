//! An HTTP proxy, as small as one can be.

use std::net::SocketAddr;

use crate::{Peer, Server};

/// Starts a proxy that takes every request, and connects every tunnel, to `target`.
///
/// It notes each request that it can read: those with the whole URL, and each `CONNECT`.
#[must_use]
pub fn proxy(target: SocketAddr) -> Server {
    Server::start(move |mut peer: Peer, server| {
        while let Some(seen) = peer.request() {
            let is_tunnel = seen.line.starts_with("CONNECT ");
            server.note(seen);
            if is_tunnel {
                peer.write("HTTP/1.1 200 Connection established\r\nvia: test\r\n\r\n");
                return peer.relay(target);
            }
            peer.write("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nproxy");
        }
    })
}
