//! Building a client: settings are collected here and checked all at once.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use flow_errors::call::Lease;
use flow_errors::{Error, Result};

use crate::connection::Connection;
use crate::gates::Gates;
use crate::options::{Checked, Options, option_setters};
use crate::settings::Settings;
use crate::stream_options::stream_setters;
use crate::{BaseUrl, Proxy};

/// What a client crate provides so that its clients can be built.
pub trait Build: Sized {
    /// The trait object that sends this client's requests.
    type Transport: ?Sized;

    /// What the client calls itself in `User-Agent`.
    const USER_AGENT: &'static str;

    /// Reads an environment variable.
    fn env(name: &str) -> Option<String>;

    /// Creates the transport that is used unless the caller brings one.
    ///
    /// # Errors
    ///
    /// Returns an error of kind `config` if `connection` cannot work, as without any TLS roots.
    fn connect(connection: &Connection) -> Result<Arc<Self::Transport>>;

    /// Puts the client together.
    fn assemble(settings: Settings, transport: Arc<Self::Transport>) -> Self;
}

/// Collects the settings of a client; see its `build`.
#[must_use = "a builder does nothing until `build` is called"]
pub struct ClientBuilder<C: Build> {
    options: Options,
    base_url: Option<String>,
    allow_plain_http: bool,
    connect_timeout: Duration,
    proxy: ProxyChoice,
    extra_roots: Vec<Vec<u8>>,
    transport: Option<Arc<C::Transport>>,
    gates: Gates,
}

enum ProxyChoice {
    Environment,
    None,
    Url(String),
}

impl<C: Build> ClientBuilder<C> {
    option_setters!();

    /// Starts from the documented defaults; nothing is read from the environment but the proxy.
    pub fn new() -> Self {
        Self {
            options: Options::default(),
            base_url: None,
            allow_plain_http: false,
            connect_timeout: Connection::DEFAULT_CONNECT_TIMEOUT,
            proxy: ProxyChoice::Environment,
            extra_roots: Vec::new(),
            transport: None,
            gates: Gates::default(),
        }
    }

    /// Takes the key from `FLOW_API_KEY` and the base URL from `FLOW_BASE_URL`, where they are set.
    pub fn from_env(mut self) -> Self {
        self.options.api_key = C::env("FLOW_API_KEY").or(self.options.api_key);
        self.base_url = C::env("FLOW_BASE_URL").or(self.base_url);
        self
    }

    /// Sets the models that a chat call asks when its own is no good just now, the next one first.
    ///
    /// The next model is asked at once, with the same request, when one is overloaded, or throttled
    /// for longer than the policy's [`switch_after`](flow_errors::RetryPolicy::switch_after), or
    /// unknown to the service. The deadline bounds them all, and so does `max_attempts`, which is at
    /// least one more than there are models unless it was set. Each attempt says which model it
    /// asked, and a reply who answered ([`Reply::asked_model`](crate::Reply::asked_model)).
    ///
    /// Only chats use them: vectors of another model would not fit the ones before, and what
    /// `post()` sends is the caller's. A call's list takes the place of this one.
    pub fn fallback_models(mut self, models: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.options.fallback_models = Some(models.into_iter().map(Into::into).collect());
        self
    }

    stream_setters!();

    /// Sets where the API is; default `https://api.flowapi.net/v1`.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = Some(url.into());
        self
    }

    /// Permits a base URL with plain `http` to a host that is not loopback.
    ///
    /// Everyone on the way can then read the key and the prompts.
    pub fn allow_plain_http(mut self) -> Self {
        self.allow_plain_http = true;
        self
    }

    /// Sets how long connecting (DNS, TCP and TLS together) may take; default 5 s.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Trusts the certificates in `pem` besides the system's.
    pub fn add_root_certificate(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.extra_roots.push(pem.into());
        self
    }

    /// Goes through the proxy at `url` instead of the one that the environment names.
    pub fn proxy(mut self, url: impl Into<String>) -> Self {
        self.proxy = ProxyChoice::Url(url.into());
        self
    }

    /// Goes through no proxy, whatever the environment says.
    pub fn no_proxy(mut self) -> Self {
        self.proxy = ProxyChoice::None;
        self
    }

    /// Sends through `transport` instead of the built-in HTTP stack; proxy, root certificates and
    /// connect timeout are then the transport's business.
    pub fn transport(mut self, transport: Arc<C::Transport>) -> Self {
        self.transport = Some(transport);
        self
    }

    /// Sets what lends this process its part of the service's limits: a store that several processes with
    /// one key have in common. Without it, the part is the policy's `share`.
    ///
    /// `lend` is called with the name of each model, fallback models too, once, when the first call comes
    /// that may ask it; the name is empty for calls that name none. What it returns is heeded from when
    /// a limit is known, and the `share` has no effect then. Where it returns `None`, the `share` stays; so
    /// it does for calls with a key of their own. A client that has asked more than 1,024 models may
    /// forget those that no call is about, and call `lend` for them again.
    ///
    /// Both `lend` and the lease are called under locks for which other calls wait: they must not block,
    /// do I/O or use this client. See [`Lease`] for one that does not.
    pub fn lease<L: Lease + 'static>(
        mut self,
        lend: impl Fn(&str) -> Option<L> + Send + Sync + 'static,
    ) -> Self {
        self.gates = Gates::lending(lend);
        self
    }

    /// Checks the settings and builds the client.
    ///
    /// # Errors
    ///
    /// Returns an error of kind `config` that names the setting and the remedy: no usable key or
    /// base URL, a limit of zero, a bad header, proxy or certificate, a fallback model that is blank
    /// or there twice, no TLS roots.
    pub fn build(self) -> Result<C> {
        let url = self.base_url.as_deref().unwrap_or(BaseUrl::DEFAULT);
        let base_url = BaseUrl::new(url, self.allow_plain_http)?;
        let defaults = Checked::new(self.options, C::USER_AGENT)?;
        if self.connect_timeout.is_zero() {
            return Err(Error::config(
                "the connect timeout is 0, so nothing could connect; raise it",
            ));
        }
        let proxy = match self.proxy {
            ProxyChoice::Url(url) => Some(Proxy::new(&url)?),
            ProxyChoice::Environment if self.transport.is_none() => {
                Proxy::from_env(&base_url, C::env)?
            }
            ProxyChoice::Environment | ProxyChoice::None => None,
        };
        let transport = match self.transport {
            Some(transport) => transport,
            None => {
                let mut connection = Connection::new(base_url.is_https());
                connection.connect_timeout = self.connect_timeout;
                connection.extra_roots = self.extra_roots;
                connection.proxy = proxy;
                C::connect(&connection)?
            }
        };
        let settings = Settings::new(base_url, defaults, self.gates);
        Ok(C::assemble(settings, transport))
    }
}

impl<C: Build> Default for ClientBuilder<C> {
    fn default() -> Self {
        Self::new()
    }
}

impl<C: Build> fmt::Debug for ClientBuilder<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Keys, header values and credentials in URLs stay out.
        f.debug_struct("ClientBuilder").field("options", &self.options).finish_non_exhaustive()
    }
}
