//! The demo's findings, for people and for programs.

use comfy_table::presets::NOTHING;
use comfy_table::{ColumnConstraint, ContentArrangement, Table};
use serde::Serialize;

use super::cell::{Client, Finding, Scenario};
use super::stream::{Fate, StreamFinding};
use crate::Result;
use crate::output::width;

const ROWS: [&str; 6] = ["row", "client", "the server did", "waits (s)", "outcome", "request id"];

/// In less, the last column of each table would make syllables of the others.
const FOR_ALL: u16 = 118;

const STREAMS: [&str; 6] =
    ["stream", "client", "the server did", "events, text", "the end", "expected"];

/// Prints one JSON object a line.
pub(crate) fn json(findings: &[impl Serialize]) -> Result {
    let lines: Result<Vec<_>, _> = findings.iter().map(serde_json::to_string).collect();
    crate::print(&(lines?.join("\n") + "\n"))
}

/// Prints the table of the rows, and what the service recommends.
pub(crate) fn rows(findings: &[Finding]) -> Result {
    table("THE ERROR TABLE", ROWS, findings.iter().map(row))?;
    let advice = findings.iter().filter_map(|finding| {
        let is_first =
            matches!((finding.scenario, finding.client), (Scenario::Always, Client::Async));
        let recommendation = finding.recommendation.as_deref().filter(|_| is_first)?;
        Some(format!(" {}  {recommendation}\n", finding.row))
    });
    crate::print(&format!("\nRECOMMENDED\n{}", advice.collect::<String>()))
}

/// Prints the table of the streams.
pub(crate) fn streams(findings: &[StreamFinding]) -> Result {
    table("\nSTREAMS: COMPLETE, OR AN ERROR", STREAMS, findings.iter().map(stream))
}

fn table<const N: usize>(
    title: &str,
    header: [&str; N],
    rows: impl Iterator<Item = [String; N]>,
) -> Result {
    let (mut table, width) = (Table::new(), width());
    table.load_preset(NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(width).set_header(header).add_rows(rows);
    if let Some(last) = table.column_mut(N.saturating_sub(1)).filter(|_| width < FOR_ALL) {
        last.set_constraint(ColumnConstraint::Hidden);
    }
    let lines: Vec<_> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    crate::print(&format!("{title}\n{}\n", lines.join("\n")))
}

fn row(finding: &Finding) -> [String; 6] {
    let scenario = match finding.scenario {
        Scenario::Always => "always",
        Scenario::Recovers => "recovers",
        Scenario::Switches => "switches",
        Scenario::Streams => "streams",
    };
    let waits: Vec<_> = finding
        .waits_ms
        .iter()
        .map(|ms| format!("{}.{:02}", ms / 1_000, ms % 1_000 / 10))
        .collect();
    let outcome = match (finding.kind, finding.models.as_slice(), finding.streamed.last()) {
        (Some(kind), ..) => format!("{kind}, {}", finding.stopped_because.unwrap_or("-")),
        (None, [_, .., last], _) => format!("ok by {last}"),
        (None, _, Some(true)) => "ok, streamed".to_owned(),
        (None, ..) => "ok".to_owned(),
    };
    [
        format!("{} {scenario}", finding.row),
        client(finding.client),
        finding.server.join(" "),
        waits.join(" "),
        outcome,
        finding.request_id.clone().unwrap_or_default(),
    ]
}

fn stream(finding: &StreamFinding) -> [String; 6] {
    let fate = match finding.stream {
        Fate::Complete => "complete",
        Fate::CutEarly => "cut at once",
        Fate::ErrorEvent => "error event",
        Fate::Truncated => "truncated",
        Fate::DoneAfterCut => "cut, [DONE]",
        Fate::Stalled => "stalled",
    };
    // That it began as a stream goes without saying where something came of it.
    let server = finding.server.iter().map(|answer| answer.trim_start_matches("200 stream, "));
    let server: Vec<_> = server.collect();
    [
        fate.to_owned(),
        client(finding.client),
        server.join(", then "),
        format!("{}, {}", finding.events, finding.text),
        format!("{}{}", finding.end, if finding.is_as_expected() { "" } else { ", NOT EXPECTED" }),
        finding.expected.to_owned(),
    ]
}

fn client(client: Client) -> String {
    match client {
        Client::Async => "async",
        Client::Blocking => "blocking",
    }
    .to_owned()
}
