//! The demo's findings, for people and for programs.

use std::time::Duration;

use comfy_table::presets::NOTHING;
use comfy_table::{ContentArrangement, Table};

use super::cell::{Client, Finding, Scenario};
use crate::Result;

const HEADER: [&str; 9] = [
    "row",
    "client",
    "the server did",
    "attempts",
    "waits (s)",
    "outcome",
    "kind, stopped by",
    "request id",
    "recommendation",
];

/// Prints one JSON object a line.
pub(crate) fn json(findings: &[Finding]) -> Result {
    let lines: Result<Vec<_>, _> = findings.iter().map(serde_json::to_string).collect();
    crate::print(&(lines?.join("\n") + "\n"))
}

/// Prints the table.
pub(crate) fn table(findings: &[Finding], took: Duration) -> Result {
    let mut table = Table::new();
    table.load_preset(NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(HEADER);
    for finding in findings {
        table.add_row(row(finding));
    }
    let (calls, seconds) = (findings.len(), took.as_secs_f64());
    crate::print(&format!("{table}\n{calls} calls over real sockets in {seconds:.1} s\n"))
}

fn row(finding: &Finding) -> [String; 9] {
    let scenario = match finding.scenario {
        Scenario::Always => "always",
        Scenario::Recovers => "recovers",
        Scenario::Switches => "switches",
    };
    let client = match finding.client {
        Client::Async => "async",
        Client::Blocking => "blocking",
    };
    let waits: Vec<_> = finding
        .waits_ms
        .iter()
        .map(|ms| format!("{}.{:02}", ms / 1_000, ms % 1_000 / 10))
        .collect();
    let reason = |kind| format!("{kind}, {}", finding.stopped_because.unwrap_or("-"));
    [
        format!("{} {scenario}", finding.row),
        client.to_owned(),
        finding.server.join(" "),
        finding.attempts.to_string(),
        waits.join(" "),
        match finding.models.as_slice() {
            [_, .., last] => format!("{} by {last}", finding.outcome),
            _ => finding.outcome.to_owned(),
        },
        finding.kind.map_or_else(String::new, reason),
        finding.request_id.clone().unwrap_or_default(),
        finding.recommendation.clone().unwrap_or_default(),
    ]
}
