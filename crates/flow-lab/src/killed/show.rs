//! What came of the batches, for people and for programs.

use comfy_table::presets::NOTHING;
use comfy_table::{ContentArrangement, Table};
use serde::Serialize;

use super::judge::Outcome;
use crate::Result;
use crate::output::width;

const HEADER: [&str; 7] = ["client", "killed", "requests", "calls", "repeated", "torn lines", "ok"];

const NOTES: &str = "
Each key is in the file once; repeated are calls that were under way when their run was killed.
After the kills each batch was interrupted twice (Ctrl-C), which lost nothing, and then finished.
";

/// What came of one client's batch.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    client: &'static str,
    seed: u64,
    killed: usize,
    requests: usize,
    calls: usize,
    repeated: usize,
    torn_lines: usize,
    problems: Vec<String>,
}

impl Row {
    pub(super) fn new(client: &'static str, seed: u64, killed: usize, outcome: Outcome) -> Self {
        let Outcome { requests, asked: calls, repeated, torn: torn_lines, problems } = outcome;
        Self { client, seed, killed, requests, calls, repeated, torn_lines, problems }
    }

    /// Returns what is not as it must be.
    pub(super) fn problems(&self) -> impl Iterator<Item = String> + '_ {
        self.problems
            .iter()
            .map(|problem| format!("{}, seed {}: {problem}", self.client, self.seed))
    }
}

/// Prints the rows as a table, or as one JSON object a line.
pub(super) fn rows(rows: &[Row], json: bool) -> Result {
    if json {
        let lines: Result<Vec<_>, _> = rows.iter().map(serde_json::to_string).collect();
        return crate::print(&(lines?.join("\n") + "\n"));
    }
    let mut table = Table::new();
    table.load_preset(NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(width()).set_header(HEADER).add_rows(rows.iter().map(cells));
    crate::print(&format!("{table}\n{NOTES}"))
}

fn cells(row: &Row) -> [String; 7] {
    [
        row.client.to_owned(),
        row.killed.to_string(),
        row.requests.to_string(),
        row.calls.to_string(),
        row.repeated.to_string(),
        row.torn_lines.to_string(),
        if row.problems.is_empty() { "yes" } else { "NO" }.to_owned(),
    ]
}
