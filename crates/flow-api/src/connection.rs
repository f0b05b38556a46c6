//! What a transport is built from: how to connect, whom to trust, which proxy to use.

use std::time::Duration;

use crate::Proxy;

/// How a client's default transport connects.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct Connection {
    /// Whether the base URL is `https`; only then must trusted roots be found.
    pub is_https: bool,
    /// How long DNS, TCP and TLS together may take.
    pub connect_timeout: Duration,
    /// The proxy to go through.
    pub proxy: Option<Proxy>,
    /// PEM certificates to trust besides the system's.
    pub extra_roots: Vec<Vec<u8>>,
}

impl Connection {
    /// How long connecting may take unless the caller says otherwise: 5 s.
    pub const DEFAULT_CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

    /// How many connections to one host may wait for their next request: 100.
    pub const MAX_IDLE_PER_HOST: usize = 100;

    /// How long a connection may wait for its next request: 50 s.
    ///
    /// Load balancers commonly close after 60 s; sending into a connection that is just being
    /// closed looks like a request that may have been run, so ours are given up earlier.
    pub const MAX_IDLE_AGE: Duration = Duration::from_secs(50);

    /// Creates the settings of a direct connection that trusts the system's roots.
    #[must_use]
    pub const fn new(is_https: bool) -> Self {
        Self {
            is_https,
            connect_timeout: Self::DEFAULT_CONNECT_TIMEOUT,
            proxy: None,
            extra_roots: Vec::new(),
        }
    }
}
