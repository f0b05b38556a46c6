//! What all calls of one client share.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use flow_errors::call::{Health, Operation, Tick, Timeouts};
use flow_errors::{Result, RetryPolicy};
use http::Method;

use crate::base_url::{BaseUrl, CHAT};
use crate::gates::{Gates, SharedGate};
use crate::limit::Limit;
use crate::options::{CallOptions, Checked, Options};

/// How long an attempt of a batch may take, where there is no deadline.
const BATCH_ATTEMPT_TIMEOUT: Duration = Duration::from_secs(600);

/// A client's checked settings and the state its calls share.
pub struct Settings {
    pub(crate) base_url: BaseUrl,
    /// What most calls are about, but for their model.
    chat: Operation,
    pub(crate) defaults: Arc<Checked>,
    gates: Gates,
}

impl Settings {
    pub(crate) fn new(base_url: BaseUrl, defaults: Checked, gates: Gates) -> Self {
        let chat = Operation::new(Method::POST, CHAT).with_host(base_url.shared_authority());
        Self { base_url, chat, defaults: Arc::new(defaults), gates }
    }

    /// Returns what a chat with this model is about.
    pub(crate) fn chat(&self, model: &str) -> Operation {
        self.chat.clone().with_model(model)
    }

    /// Returns what another call is about.
    pub(crate) fn operation(&self, method: Method, path: &str) -> Operation {
        Operation::new(method, path).with_host(self.base_url.shared_authority())
    }

    /// Returns the settings of a call with these options, which are the client's as a rule.
    pub(crate) fn with(&self, options: CallOptions) -> Result<Arc<Checked>> {
        match options.into_set() {
            Some(options) => self.defaults.with(options).map(Arc::new),
            None => Ok(self.defaults.clone()),
        }
    }

    /// Returns what the calls of a batch have in place of defaults: nobody waits for one of them.
    pub(crate) fn of_batch(&self) -> CallOptions {
        let mut options = CallOptions::default();
        if self.defaults.policy == RetryPolicy::default() {
            options.retry = Some(RetryPolicy::batch());
        }
        let (told, default) = (self.defaults.timeouts, Timeouts::default());
        if told.deadline() == default.deadline() {
            options.deadline = Some(Limit::Never);
            if told.attempt() == default.attempt() {
                options.attempt_timeout = Some(Limit::After(BATCH_ATTEMPT_TIMEOUT));
            }
        }
        options
    }

    /// Returns whether a chat with these options may send another body than its first.
    pub(crate) fn has_variants(&self, options: &Options, streams: bool) -> bool {
        let recovers = options.stream.recovers.unwrap_or(self.defaults.stream.recovers);
        let falls_back = match &options.fallback_models {
            Some(models) => !models.is_empty(),
            None => self.defaults.fallback_models.is_some(),
        };
        falls_back || (recovers && !streams)
    }

    /// Returns whether streams of a chat with these options are to end with their usage.
    pub(crate) fn asks_for_usage(&self, options: &Options) -> bool {
        options.stream.asks_for_usage.unwrap_or(self.defaults.stream.asks_for_usage)
    }

    /// Returns the gate of `model` for a call with such settings: that of its key.
    pub(crate) fn gate(&self, model: &str, checked: &Checked) -> SharedGate {
        let (key, own) = (&checked.api_key, &self.defaults.api_key);
        if key.is(own) {
            self.gates.gate(model)
        } else {
            self.gates.gate_of_key(key.expose(), model)
        }
    }

    /// Returns how the client, with its own key, stands with each model that it has asked.
    #[must_use]
    pub fn health(&self, now: Tick) -> BTreeMap<String, Health> {
        self.gates.health(now)
    }

    /// Returns how many attempts are under way, with whatever key.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.gates.in_flight()
    }
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings")
            .field("base_url", &self.base_url.as_str())
            .field("api_key", &self.defaults.api_key)
            .field("retry", &self.defaults.policy)
            .field("timeouts", &self.defaults.timeouts)
            .field("fallback_models", &self.defaults.fallback_models)
            .finish_non_exhaustive()
    }
}
