//! A listener that plays a script on each connection.

use std::iter;
use std::mem;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use rustls::{ServerConfig, ServerConnection, StreamOwned};
use socket2::{Domain, Socket, Type};

use crate::{Peer, Seen};

/// A server on a port of its own, which lives until the test process ends.
#[derive(Clone, Debug)]
pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    connections: AtomicUsize,
    seen: Mutex<Vec<Seen>>,
    gate: Gate,
}

/// Something that a script waits for and a test lets happen.
#[derive(Clone, Debug, Default)]
pub struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Server {
    /// Starts a server that plays `script` on each connection.
    pub fn start(script: impl Fn(Peer, &Self) + Send + Sync + 'static) -> Self {
        Self::listen(None, script)
    }

    /// Starts a server that speaks TLS.
    pub fn tls(
        config: Arc<ServerConfig>,
        script: impl Fn(Peer, &Self) + Send + Sync + 'static,
    ) -> Self {
        Self::listen(Some(config), script)
    }

    fn listen(
        tls: Option<Arc<ServerConfig>>,
        script: impl Fn(Peer, &Self) + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self { address: listener.local_addr().unwrap(), shared: Arc::default() };
        let (script, this) = (Arc::new(script), server.clone());
        thread::spawn(move || {
            for tcp in listener.incoming().map_while(Result::ok) {
                this.shared.connections.fetch_add(1, Ordering::SeqCst);
                let (script, this, tls) = (Arc::clone(&script), this.clone(), tls.clone());
                thread::spawn(move || script(accept(tcp, tls), &this));
            }
        });
        server
    }

    /// Returns the port that the server listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the `http://` URL of the server, by its address.
    #[must_use]
    pub fn http(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns the `https://` URL of the server, as `localhost`.
    #[must_use]
    pub fn https(&self) -> String {
        format!("https://localhost:{}", self.address.port())
    }

    /// Returns how many connections there have been.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// Keeps a request for [`seen`](Self::seen).
    pub fn note(&self, seen: Seen) {
        self.shared.seen.lock().unwrap().push(seen);
    }

    /// Returns the requests that were noted.
    #[must_use]
    pub fn seen(&self) -> Vec<Seen> {
        self.shared.seen.lock().unwrap().clone()
    }

    /// Returns what the script may wait for: the test opens it.
    #[must_use]
    pub fn gate(&self) -> &Gate {
        &self.shared.gate
    }
}

/// Returns an address on loopback where connecting is refused.
///
/// The port stays taken, without anybody listening, so that no other test gets it.
#[must_use]
pub fn closed() -> SocketAddr {
    let (address, port) = reserved();
    mem::forget(port);
    address
}

/// Returns an address on loopback where connecting is refused until a server listens there.
///
/// As long as the guard lives, the port is only given to those who ask for it by its number.
#[must_use]
pub fn reserved() -> (SocketAddr, impl Sized) {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    // What a server sets as well; without it the port could not be shared with one.
    socket.set_reuse_address(true).unwrap();
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    (socket.local_addr().unwrap().as_socket().unwrap(), socket)
}

/// Returns an address on loopback where connecting takes for ever, as long as the guard lives.
///
/// The queue of connections that nobody accepts is full, so the system drops every further one.
#[must_use]
pub fn deaf() -> (SocketAddr, impl Sized) {
    let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    listener.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    listener.listen(0).unwrap();
    let address = listener.local_addr().unwrap().as_socket().unwrap();
    let patience = Duration::from_millis(200);
    let queue: Vec<_> =
        iter::from_fn(|| TcpStream::connect_timeout(&address, patience).ok()).collect();
    (address, (listener, queue))
}

impl Gate {
    /// Lets everyone pass, from now on.
    pub fn open(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }

    /// Waits until the gate is open.
    pub fn wait(&self) {
        let is_open = self.0.0.lock().unwrap();
        drop(self.0.1.wait_while(is_open, |is_open| !*is_open).unwrap());
    }
}

fn accept(tcp: TcpStream, tls: Option<Arc<ServerConfig>>) -> Peer {
    tcp.set_nodelay(true).unwrap();
    let io = tcp.try_clone().unwrap();
    match tls {
        None => Peer::new(Box::new(io), tcp),
        Some(tls) => {
            let connection = ServerConnection::new(tls).unwrap();
            Peer::new(Box::new(StreamOwned::new(connection, io)), tcp)
        }
    }
}
