//! One cell of the demo: a row of the table, a scenario and a client.

use flow_errors::table::{Row, TABLE};
use flow_errors::{Attempts, Error, Kind};
use flow_sim::Sim;
use serde::Serialize;
use tokio::runtime::Runtime;

use crate::table::is_retried;

/// The header that tells the cells apart in the server's log.
const CELL_HEADER: &str = "x-demo-cell";

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

impl Cell {
    /// Every row, failing for ever and, where a retry or another model can help, recovering or
    /// switching, in both clients.
    pub(crate) fn all() -> Vec<Self> {
        let mut cells = Vec::new();
        for row in &TABLE {
            for scenario in [Scenario::Always, Scenario::Recovers, Scenario::Switches] {
                let is_shown = match scenario {
                    Scenario::Always => true,
                    Scenario::Recovers => is_retried(row),
                    // The row whose advice it is.
                    Scenario::Switches => row.kind == Kind::ServiceUnavailable,
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
        let log = sim.log().into_iter();
        let mine = log.filter(|seen| seen.headers.get(CELL_HEADER).is_some_and(|v| *v == name));
        Finding { server: mine.map(|seen| seen.answer).collect(), ..finding }
    }

    fn model(&self) -> String {
        let status = self.row.status.as_u16();
        match self.scenario {
            Scenario::Always | Scenario::Switches => format!("sim-{status}"),
            // Each id recovers on its own account.
            Scenario::Recovers => format!("sim-{status}-x2-{:?}", self.client).to_lowercase(),
        }
    }

    const fn fallback_models(&self) -> &'static [&'static str] {
        match self.scenario {
            Scenario::Always | Scenario::Recovers => &[],
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
                .filter_map(flow_errors::Attempt::wait)
                .map(|wait| wait.as_millis())
                .collect(),
            models: attempts.models().map(str::to_owned).collect(),
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
