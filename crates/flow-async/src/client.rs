//! The client: what is called, where the environment is read, what clones share.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use flow_api::batch::{Batch, Request};
use flow_api::client::{Build, Connection, Settings};
use flow_api::embeddings::{EmbeddingRequest, Embeddings};
use flow_api::{Chat, ChatRequest, ClientBuilder, Get, Models, Post};
use flow_errors::Result;
use flow_errors::call::Health;

use crate::clock::{Clock, SystemClock};
use crate::http::HttpTransport;
use crate::transport::Transport;

/// An async client for FlowAPI and any other OpenAI-compatible service.
///
/// Cloning is cheap; clones share connections and state. Calls are futures that do nothing until
/// they are awaited; dropping one ends the call, closes its connection and gives back what it held.
///
/// # Examples
///
/// ```no_run
/// # async fn example() -> flow_async::Result<()> {
/// let client = flow_async::Client::from_env()?;
/// let reply = client.chat("gpt-4o").user("Hello").send().await?;
/// println!("{}", reply.text());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client {
    settings: Arc<Settings>,
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
}

impl Client {
    /// Creates a client from `FLOW_API_KEY` and, where it is set, `FLOW_BASE_URL`.
    ///
    /// # Errors
    ///
    /// Returns an error of kind `config` if the key is missing or either is malformed.
    pub fn from_env() -> Result<Self> {
        Self::builder().from_env().build()
    }

    /// Starts from the documented defaults.
    pub fn builder() -> ClientBuilder<Self> {
        ClientBuilder::new()
    }

    /// Starts a chat completion: by the model of that name, or of a [`ChatRequest`] made before.
    pub fn chat(&self, model: impl Into<ChatRequest>) -> Chat<'_, Self> {
        Chat::new(self, model)
    }

    /// Starts an embeddings call: by the model of that name, or of an [`EmbeddingRequest`] made before.
    pub fn embeddings(&self, model: impl Into<EmbeddingRequest>) -> Embeddings<'_, Self> {
        Embeddings::new(self, model)
    }

    /// Starts a batch of chats, of which 64 are under way at once unless it is told otherwise: of
    /// [`ChatRequest`]s, or of pairs of a key and one.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use flow_async::ChatRequest;
    ///
    /// # async fn example() -> flow_async::Result<()> {
    /// let client = flow_async::Client::from_env()?;
    /// let cities = ["Oslo", "Rome"];
    /// let requests = cities.map(|city| ChatRequest::new("gpt-4o").user(format!("Where is {city}?")));
    /// for (city, result) in cities.iter().zip(client.batch(requests).run().await) {
    ///     match result {
    ///         Ok(reply) => println!("{city}: {}", reply.text()),
    ///         Err(error) => println!("{city}: {error}"),
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn batch<I: IntoIterator<Item: Request>>(
        &self,
        requests: I,
    ) -> Batch<'_, Self, I::IntoIter> {
        Batch::new(self, requests)
    }

    /// Gives access to the calls about models.
    pub fn models(&self) -> Models<'_, Self> {
        Models::new(self)
    }

    /// Starts a POST request to any `path` below the base URL, with the same errors and retries.
    pub fn post(&self, path: impl Into<String>) -> Post<'_, Self> {
        Post::new(self, path)
    }

    /// Starts a GET request to any `path` below the base URL, with the same errors and retries.
    pub fn get(&self, path: impl Into<String>) -> Get<'_, Self> {
        Get::new(self, path)
    }

    /// Returns how many attempts are being sent or waiting for their reply, over all clones and with
    /// whatever key.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.settings.in_flight()
    }

    /// Returns how the client, with all its clones, stands with each model that it has asked: the rate
    /// that it keeps to, its credit, who waits for their turn.
    ///
    /// It tells of the client's own key. Calls with a key of their own keep to that key's limits, and are
    /// not in it.
    #[must_use]
    pub fn health(&self) -> BTreeMap<String, Health> {
        self.settings.health(self.clock.now())
    }

    #[doc(hidden)]
    #[must_use]
    pub fn with_clock(self, clock: Arc<dyn Clock>) -> Self {
        Self { clock, ..self }
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    pub(crate) fn transport(&self) -> &dyn Transport {
        &*self.transport
    }

    pub(crate) const fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Build for Client {
    type Transport = dyn Transport;

    const USER_AGENT: &'static str = concat!("flow-async/", env!("CARGO_PKG_VERSION"));

    fn env(name: &str) -> Option<String> {
        // What is not UTF-8 must be refused by name, not passed over for a default.
        std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
    }

    fn connect(connection: &Connection) -> Result<Arc<dyn Transport>> {
        Ok(Arc::new(HttpTransport::new(connection)?))
    }

    fn assemble(settings: Settings, transport: Arc<dyn Transport>) -> Self {
        Self { settings: Arc::new(settings), transport, clock: Arc::new(SystemClock::new()) }
    }
}
