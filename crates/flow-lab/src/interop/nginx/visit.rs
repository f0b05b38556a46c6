//! One client at one trial: the calls that trials are made of.

use std::cell::Cell;

use flow_async::flow_api::ChatRequest;
use flow_async::{ChatCompletion, Reply};
use flow_errors::{Attempts, Error, Kind};

use super::caller::{Caller, Which};
use super::site::{Site, To};
use super::stage::Stage;
use super::words;
use crate::Result;

/// One client at one trial.
pub(super) struct Visit<'a> {
    pub(super) stage: &'a Stage<'a>,
    pub(super) which: Which,
    pub(super) id: &'a str,
    pub(super) site: Site,
    caller: Caller<'a>,
    /// How many requests nginx must have seen.
    arrived: Cell<usize>,
}

impl<'a> Visit<'a> {
    pub(super) fn new(stage: &'a Stage<'a>, site: Site, which: Which, id: &'a str) -> Result<Self> {
        let (scheme, port) = match site.to {
            To::Plain => ("http", stage.port),
            To::Tls | To::UntrustedTls => ("https", stage.tls_port),
            To::PlainAtTlsPort => ("http", stage.tls_port),
        };
        let root = (site.to == To::Tls).then_some(&*stage.root);
        let url = format!("{scheme}://127.0.0.1:{port}/{id}/v1");
        let caller = Caller::new(which, &stage.runtime, &url, root)?;
        Ok(Self { stage, which, id, site, caller, arrived: Cell::new(0) })
    }

    /// Gets a path so long that nginx does not read it, and logs the request without a name.
    pub(super) fn get_unlogged(&self, path: &str) -> String {
        words::any(&self.caller.get(path))
    }

    /// Makes a chat call with a prompt, and with one header more.
    pub(super) fn send(
        &self,
        prompt: &str,
        header: Option<(&str, &str)>,
    ) -> Result<Reply<ChatCompletion>, Error> {
        let call = self.caller.chat(ChatRequest::new(self.site.model).user(prompt), header);
        self.count(attempts(&call));
        call
    }

    /// Creates another client of the same kind, for another nginx.
    pub(super) fn caller(&self, base_url: &str) -> Result<Caller<'a>> {
        Caller::new(self.which, &self.stage.runtime, base_url, None)
    }

    /// Says how many requests nginx must have seen, where that is not the number of attempts.
    pub(super) fn expect_logged(&self, requests: usize) {
        self.arrived.set(requests);
    }

    /// Counts the attempts that must have come as far as nginx's log.
    fn count(&self, attempts: &Attempts) {
        let arrived = attempts.iter().filter(|attempt| attempt.kind() != Some(Kind::Connect));
        self.arrived.set(self.arrived.get().saturating_add(arrived.count()));
    }

    /// Adds what nginx logged: whether replies were compressed, and whether it saw another number
    /// of requests than it must have.
    pub(super) fn logged(&self) -> Result<String> {
        let arrived = self.arrived.get();
        let lines = self.stage.server.logged(self.id, arrived)?;
        Ok(words::logged(&lines, arrived))
    }
}

/// Makes a chat call.
pub(super) fn chat(visit: &Visit<'_>) -> Result<String> {
    Ok(words::chat(&visit.send("Hello", None)))
}

/// Makes two chat calls, of which the first must succeed.
pub(super) fn second_chat(visit: &Visit<'_>) -> Result<String> {
    visit.send("Hello", None)?;
    chat(visit)
}

/// Lists the models.
pub(super) fn models(visit: &Visit<'_>) -> Result<String> {
    let call = visit.caller.models();
    visit.count(attempts(&call));
    Ok(words::models(&call))
}

/// The attempts of a call, however it ended.
pub(super) fn attempts<T>(call: &Result<Reply<T>, Error>) -> &Attempts {
    call.as_ref().map_or_else(Error::attempts, Reply::attempts)
}
