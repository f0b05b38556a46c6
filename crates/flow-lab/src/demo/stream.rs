//! One stream of the demo: what becomes of it, and what the obvious loop gets of it.

use std::time::Duration;

use flow_async::chat::Chunk;
use flow_errors::{Attempt, Attempts, Error, Kind};
use flow_sim::Sim;
use serde::Serialize;
use tokio::runtime::Runtime;

use super::cell::{CELL_HEADER, Client};

/// How long a stream may say nothing: far less than the default, for those who watch.
const IDLE: Duration = Duration::from_millis(500);

/// What is said for the end of a stream of which nothing is missing.
const COMPLETE: &str = "complete";

/// What becomes of a stream.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Fate {
    /// It comes to its end.
    Complete,
    /// It ends before there is content, and comes to its end when it is sent again.
    CutEarly,
    /// An error is in it, after some content.
    ErrorEvent,
    /// It ends after some content.
    Truncated,
    /// The same, but a gateway adds `[DONE]`.
    DoneAfterCut,
    /// After some content there is nothing but keep-alives.
    Stalled,
}

/// One stream, read with one client.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StreamCell {
    fate: Fate,
    client: Client,
}

/// What came of it.
#[derive(Debug, Serialize)]
pub(crate) struct StreamFinding {
    pub(crate) stream: Fate,
    pub(crate) client: Client,
    pub(crate) attempts: usize,
    pub(crate) events: usize,
    pub(crate) text: String,
    /// The kind of the error that ended it, or that it was complete.
    pub(crate) end: &'static str,
    pub(crate) expected: &'static str,
    pub(crate) request_id: Option<String>,
    pub(crate) message: Option<String>,
    #[serde(skip)]
    pub(crate) server: Vec<String>,
}

/// What the caller has got so far.
#[derive(Default)]
struct Got {
    events: usize,
    text: String,
}

impl Fate {
    const ALL: [Self; 6] = [
        Self::Complete,
        Self::CutEarly,
        Self::ErrorEvent,
        Self::Truncated,
        Self::DoneAfterCut,
        Self::Stalled,
    ];

    const fn expected(self) -> Option<Kind> {
        match self {
            Self::Complete | Self::CutEarly => None,
            Self::ErrorEvent => Some(Kind::ServiceUnavailable),
            Self::Truncated | Self::DoneAfterCut => Some(Kind::StreamTruncated),
            Self::Stalled => Some(Kind::Timeout),
        }
    }
}

impl StreamCell {
    /// Every fate, in both clients.
    pub(crate) fn all() -> Vec<Self> {
        let both = |fate| [Client::Async, Client::Blocking].map(|client| Self { fate, client });
        Fate::ALL.into_iter().flat_map(both).collect()
    }

    /// Reads the stream with a client of its own, and default settings but for the idle timeout.
    pub(crate) fn run(self, sim: &Sim, runtime: &Runtime) -> StreamFinding {
        let mut got = Got::default();
        let result = match self.client {
            Client::Async => runtime.block_on(self.read_async(sim.base_url(), &mut got)),
            Client::Blocking => self.read_blocking(sim.base_url(), &mut got),
        };
        let error = result.as_ref().err();
        let attempts = result.as_ref().unwrap_or_else(|error| error.attempts());
        let word = |kind: Option<Kind>| kind.map_or(COMPLETE, Kind::as_str);
        StreamFinding {
            stream: self.fate,
            client: self.client,
            attempts: attempts.len(),
            events: got.events,
            text: got.text,
            end: word(error.map(Error::kind)),
            expected: word(self.fate.expected()),
            request_id: attempts.last().and_then(Attempt::request_id).map(str::to_owned),
            message: error.map(|error| error.message().to_owned()),
            server: super::cell::answers(sim, &self.name()),
        }
    }

    async fn read_async(self, url: &str, got: &mut Got) -> Result<Attempts, Error> {
        let builder = flow_async::Client::builder().api_key("sk-demo").base_url(url);
        let client = builder.idle_timeout(IDLE).build()?;
        let call = client.chat(self.model()).user("Hello").header(CELL_HEADER, self.name());
        let mut stream = call.stream().await?;
        while let Some(chunk) = stream.next().await {
            got.take(&chunk?);
        }
        Ok(stream.attempts().clone())
    }

    fn read_blocking(self, url: &str, got: &mut Got) -> Result<Attempts, Error> {
        let builder = flow_blocking::Client::builder().api_key("sk-demo").base_url(url);
        let client = builder.idle_timeout(IDLE).build()?;
        let call = client.chat(self.model()).user("Hello").header(CELL_HEADER, self.name());
        let mut stream = call.stream()?;
        for chunk in &mut stream {
            got.take(&chunk?);
        }
        Ok(stream.attempts().clone())
    }

    fn name(self) -> String {
        format!("{self:?}")
    }

    fn model(self) -> String {
        let id = match self.fate {
            Fate::Complete => "gpt-4o",
            // Each id recovers on its own account.
            Fate::CutEarly => {
                return format!("sim-stream-cut-early-x1-{:?}", self.client).to_lowercase();
            }
            Fate::ErrorEvent => "sim-stream-error-nested",
            Fate::Truncated => "sim-stream-cut",
            Fate::DoneAfterCut => "sim-stream-done-after-cut",
            Fate::Stalled => "sim-stream-stall-pings",
        };
        id.to_owned()
    }
}

impl StreamFinding {
    pub(crate) fn is_as_expected(&self) -> bool {
        self.end == self.expected
    }
}

impl Got {
    fn take(&mut self, chunk: &Chunk) {
        self.events = self.events.saturating_add(1);
        self.text.push_str(chunk.text());
    }
}
