//! One cell of the demo: a row of the table, a scenario and a client.

use flow_errors::table::{Row, TABLE};
use flow_errors::{Attempt, Attempts, Error, Kind};
use flow_sim::Sim;
use serde::Serialize;
use tokio::runtime::Runtime;

use crate::table::is_retried;

/// The header that tells the cells apart in the server's log.
pub(super) const CELL_HEADER: &str = "x-demo-cell";

/// The model that answers where the first one does not.
const FALLBACK: &str = "gpt-4o-mini";

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Scenario {
    /// The service fails for ever.
    Always,
    /// The service fails twice, then recovers.
    Recovers,
    /// The service fails for ever with this model, and another one answers.
    Switches,
    /// The service takes too long for one piece, and answers with a stream.
    Streams,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Client {
    Async,
    Blocking,
}

/// One call of the demo.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cell {
    row: &'static Row,
    scenario: Scenario,
    client: Client,
}

/// What came of it.
#[derive(Debug, Serialize)]
pub(crate) struct Finding {
    pub(crate) row: u16,
    pub(crate) status: Option<u16>,
    pub(crate) attempts: usize,
    pub(crate) waits_ms: Vec<u128>,
    pub(crate) models: Vec<String>,
    /// Which attempts asked for a stream.
    pub(crate) streamed: Vec<bool>,
    pub(crate) scenario: Scenario,
    pub(crate) client: Client,
    pub(crate) outcome: &'static str,
    pub(crate) kind: Option<&'static str>,
    pub(crate) request_id: Option<String>,
    pub(crate) stopped_because: Option<&'static str>,
    pub(crate) recommendation: Option<String>,
    #[serde(skip)]
    pub(crate) server: Vec<String>,
}

impl Scenario {
    const ALL: [Self; 4] = [Self::Always, Self::Recovers, Self::Switches, Self::Streams];
}

impl Cell {
    /// Every row, failing for ever and, where a retry, another model or a stream can help, recovering,
    /// switching or streaming, in both clients.
    pub(crate) fn all() -> Vec<Self> {
        let mut cells = Vec::new();
        for row in &TABLE {
            for scenario in Scenario::ALL {
                let is_shown = match scenario {
                    Scenario::Always => true,
                    Scenario::Recovers => is_retried(row),
                    // The rows whose advice it is.
                    Scenario::Switches => row.kind == Kind::ServiceUnavailable,
                    Scenario::Streams => row.kind == Kind::GatewayTimeout,
                };
                if !is_shown {
                    continue;
                }
                for client in [Client::Async, Client::Blocking] {
                    cells.push(Self { row, scenario, client });
                }
            }
        }
        cells
    }

    /// Makes the call with a client of its own and the default policy.
    pub(crate) fn run(&self, sim: &Sim, runtime: &Runtime) -> Finding {
        let (model, name, others) = (self.model(), format!("{self:?}"), self.fallback_models());
        let (key, url) = ("sk-demo", sim.base_url());
        let call = match self.client {
            Client::Async => runtime.block_on(async {
                let client = flow_async::Client::builder().api_key(key).base_url(url).build()?;
                let call = client.chat(model).user("Hello").header(CELL_HEADER, &name);
                call.fallback_models(others.iter().copied()).send().await
            }),
            Client::Blocking => {
                flow_blocking::Client::builder().api_key(key).base_url(url).build().and_then(
                    |client| {
                        let call = client.chat(model).user("Hello").header(CELL_HEADER, &name);
                        call.fallback_models(others.iter().copied()).send()
                    },
                )
            }
        };
        let finding = match &call {
            Ok(reply) => Finding {
                status: Some(reply.status().as_u16()),
                outcome: "ok",
                request_id: reply.request_id().map(str::to_owned),
                ..self.finding(reply.attempts(), None)
            },
            Err(error) => self.finding(error.attempts(), Some(error)),
        };
        Finding { server: answers(sim, &name), ..finding }
    }

    fn model(&self) -> String {
        let status = self.row.status.as_u16();
        match self.scenario {
            Scenario::Always | Scenario::Switches => format!("sim-{status}"),
            // Each id recovers on its own account.
            Scenario::Recovers => format!("sim-{status}-x2-{:?}", self.client).to_lowercase(),
            Scenario::Streams => "sim-slow-unary".to_owned(),
        }
    }

    const fn fallback_models(&self) -> &'static [&'static str] {
        match self.scenario {
            Scenario::Always | Scenario::Recovers | Scenario::Streams => &[],
            Scenario::Switches => &[FALLBACK],
        }
    }

    fn finding(&self, attempts: &Attempts, error: Option<&Error>) -> Finding {
        Finding {
            row: self.row.status.as_u16(),
            status: error.and_then(Error::status).map(|status| status.as_u16()),
            attempts: attempts.len(),
            waits_ms: attempts
                .iter()
                .filter_map(Attempt::wait)
                .map(|wait| wait.as_millis())
                .collect(),
            models: attempts.models().map(str::to_owned).collect(),
            streamed: attempts.iter().map(Attempt::is_streamed).collect(),
            scenario: self.scenario,
            client: self.client,
            outcome: "error",
            kind: error.map(|error| error.kind().as_str()),
            request_id: error.and_then(Error::request_id).map(str::to_owned),
            stopped_because: error
                .and_then(Error::stopped_because)
                .map(flow_errors::StoppedBecause::as_str),
            recommendation: error.map(|error| error.recommendation().into_owned()),
            server: Vec::new(),
        }
    }
}

/// Returns what the server answered to the requests of the cell with this name.
pub(super) fn answers(sim: &Sim, name: &str) -> Vec<String> {
    let log = sim.log().into_iter();
    let mine = log.filter(|seen| seen.headers.get(CELL_HEADER).is_some_and(|value| *value == name));
    mine.map(|seen| seen.answer).collect()
}
