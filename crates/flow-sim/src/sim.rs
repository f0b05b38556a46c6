//! Starts and stops the server.

use std::collections::HashSet;
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

use crate::accept;
use crate::capacity::{Capacity, Slots};
use crate::check::Keys;
use crate::ids::Ids;
use crate::limit::{Limit, Limiter};
use crate::log::{Log, Seen, Watcher};
use crate::model_id::Failures;
use crate::script::{InvalidScript, Script};
use crate::service::Service;
use crate::weather::Weather;

/// A running server. It stops when it is dropped.
///
/// It works on a thread of its own, so that synchronous and asynchronous tests use it alike.
///
/// # Examples
///
/// ```
/// use flow_sim::Sim;
///
/// let sim = Sim::start()?;
/// let reply = ureq::get(format!("{}/models/gpt-4o", sim.base_url()))
///     .header("authorization", "Bearer sk-test")
///     .call()?;
/// assert_eq!(reply.status(), 200);
///
/// let log = sim.log();
/// assert_eq!(log[0].path, "/v1/models/gpt-4o");
/// assert_eq!(log[0].headers["authorization"], "Bearer sk-test");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Sim {
    addr: SocketAddr,
    base_url: String,
    service: Arc<Service>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Sim {
    /// Starts a server with the defaults of [`builder`](Self::builder).
    ///
    /// # Errors
    ///
    /// Returns the operating system's error if there is no socket or thread to be had.
    pub fn start() -> io::Result<Self> {
        Self::builder().start()
    }

    /// Returns a builder: seed 0, any free port, no script, any key, no limits.
    pub fn builder() -> SimBuilder {
        SimBuilder::default()
    }

    /// Returns what clients take as base URL: `http://127.0.0.1:PORT/v1`.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Returns the address that the server listens on.
    #[must_use]
    pub const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Returns the requests seen, oldest first.
    #[must_use]
    pub fn log(&self) -> Vec<Seen> {
        self.service.log.all()
    }

    /// Forgets the requests seen. Their numbers go on.
    pub fn clear_log(&self) {
        self.service.log.clear();
    }

    /// Puts a script in place of the one that runs.
    ///
    /// # Errors
    ///
    /// Returns [`InvalidScript`] if an action cannot be done; the old script then runs on.
    pub fn set_script(&self, script: impl Into<Script>) -> Result<(), InvalidScript> {
        let plans = script.into().plans()?;
        *self.service.script.lock().unwrap_or_else(PoisonError::into_inner) = plans;
        Ok(())
    }

    /// Returns how many requests have arrived and are not answered to the end.
    ///
    /// A client that disconnects ends its request, also in the middle of a stream.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.service.log.in_flight()
    }

    /// Waits until this many requests have come since the start or the last
    /// [`clear_log`](Self::clear_log); returns false if `within` passes first.
    #[must_use]
    pub fn wait_for_requests(&self, count: usize, within: Duration) -> bool {
        self.service.log.wait_for_requests(count, within)
    }

    /// Waits until no request is [in flight](Self::in_flight); returns false if `within` passes
    /// first.
    #[must_use]
    pub fn wait_until_idle(&self, within: Duration) -> bool {
        self.service.log.wait_until_idle(within)
    }
}

impl Drop for Sim {
    /// Stops at once: requests in flight lose their connection.
    fn drop(&mut self) {
        // Either fails only if the thread has ended by itself.
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Configures a [`Sim`].
#[derive(Clone)]
#[must_use = "a builder does nothing until `start` is called"]
pub struct SimBuilder {
    seed: u64,
    port: u16,
    keys: Keys,
    overloaded: HashSet<String>,
    script: Script,
    weather: Weather,
    limit: Option<Limit>,
    capacity: Option<Capacity>,
    log_limit: usize,
    watcher: Option<Watcher>,
}

impl Default for SimBuilder {
    fn default() -> Self {
        Self {
            seed: 0,
            port: 0,
            keys: Keys::default(),
            overloaded: HashSet::new(),
            script: Script::new(),
            weather: Weather::default(),
            limit: None,
            capacity: None,
            log_limit: usize::MAX,
            watcher: None,
        }
    }
}

impl SimBuilder {
    /// Sets what ids are derived from, and what seems to be chance.
    pub const fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Sets the port; 0, the default, takes any free one.
    pub const fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Sets the script that the first requests follow.
    pub fn script(mut self, script: impl Into<Script>) -> Self {
        self.script = script.into();
        self
    }

    /// Accepts this key, and no others but those accepted likewise.
    pub fn accept_key(mut self, key: impl Into<String>) -> Self {
        self.keys.accepted.push(key.into());
        self
    }

    /// Rejects this key. Keys that begin with `sk-wrong` are rejected anyway.
    pub fn reject_key(mut self, key: impl Into<String>) -> Self {
        self.keys.rejected.push(key.into());
        self
    }

    /// Answers every request for this model with 503; others are answered as ever.
    pub fn overload_model(mut self, model: impl Into<String>) -> Self {
        self.overloaded.insert(model.into());
        self
    }

    /// Limits how often each model may be asked.
    pub const fn limit(mut self, limit: Limit) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Lets answers take time, and no more of them at once than the server has slots.
    pub const fn capacity(mut self, capacity: Capacity) -> Self {
        self.capacity = Some(capacity);
        self
    }

    /// Answers every chat and every request for embeddings with 503 in this time since the start; may be
    /// called several times.
    ///
    /// `Duration::ZERO..Duration::from_secs(5)` are the first five seconds.
    pub fn outage(mut self, time: Range<Duration>) -> Self {
        self.weather.outages.push(time);
        self
    }

    /// Answers this share of chats and requests for embeddings with 503, each by chance: 0.3 are 30 %.
    ///
    /// Which ones depends on the [seed](Self::seed) and on their number in order of arrival.
    pub const fn failing(mut self, share: f64) -> Self {
        self.weather.failing = share;
        self
    }

    /// Keeps only the newest requests in the log; all of them unless this is set.
    pub const fn log_limit(mut self, requests: usize) -> Self {
        self.log_limit = requests;
        self
    }

    /// Calls `watcher` for each request, before it is answered and on the server's own thread.
    pub fn on_request(mut self, watcher: impl Fn(&Seen) + Send + Sync + 'static) -> Self {
        self.watcher = Some(Arc::new(watcher));
        self
    }

    /// Starts the server.
    ///
    /// # Errors
    ///
    /// Returns the operating system's error if the port is taken or there is no socket or thread
    /// to be had, and [`InvalidScript`] as [`io::ErrorKind::InvalidInput`]; so too where a limit or a
    /// capacity is zero.
    pub fn start(self) -> io::Result<Sim> {
        let plans = self.script.plans().map_err(invalid)?;
        self.limit.map_or(Ok(()), |limit| limit.check()).map_err(invalid)?;
        self.capacity.map_or(Ok(()), |capacity| capacity.check()).map_err(invalid)?;
        let service = Arc::new(Service {
            ids: Ids::new(self.seed),
            keys: self.keys,
            overloaded: self.overloaded,
            log: Arc::new(Log::new(self.log_limit, self.watcher)),
            script: Mutex::new(plans),
            failures: Mutex::new(Failures::default()),
            weather: self.weather,
            limiter: self.limit.map(|limit| Mutex::new(Limiter::new(limit))),
            slots: self.capacity.map(|capacity| Mutex::new(Slots::new(capacity))),
        });
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, self.port))?;
        listener.set_nonblocking(true)?;
        let addr = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel();
        let thread = spawn(listener, Arc::clone(&service), stopped)?;
        let base_url = format!("http://{addr}/v1");
        Ok(Sim { addr, base_url, service, stop: Some(stop), thread: Some(thread) })
    }
}

impl fmt::Debug for SimBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimBuilder")
            .field("seed", &self.seed)
            .field("port", &self.port)
            .field("overloaded", &self.overloaded)
            .field("script", &self.script)
            .field("weather", &self.weather)
            .field("limit", &self.limit)
            .field("capacity", &self.capacity)
            .finish_non_exhaustive()
    }
}

fn invalid(why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, why)
}

/// Runs the server on its own thread until `stopped` resolves.
fn spawn(
    listener: std::net::TcpListener,
    service: Arc<Service>,
    stopped: oneshot::Receiver<()>,
) -> io::Result<JoinHandle<()>> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
    let listener = {
        let _inside = runtime.enter();
        TcpListener::from_std(listener)?
    };
    thread::Builder::new().name("flow-sim".to_owned()).spawn(move || {
        run(&runtime, accept::accept(listener, service), stopped);
        // Dropping the runtime here drops every connection, also those that hang.
    })
}

fn run(
    runtime: &Runtime,
    server: impl Future<Output = ()> + Send + 'static,
    stopped: oneshot::Receiver<()>,
) {
    runtime.spawn(server);
    // An error means that the owner is gone without a word: the same.
    let _ = runtime.block_on(stopped);
}
