//! The rows, for people and for programs.

use comfy_table::presets::NOTHING;
use comfy_table::{ContentArrangement, Table};
use serde::Serialize;

use super::row::Row;
use crate::Result;
use crate::output::width;

const HEADER: [&str; 12] = [
    "service",
    "client",
    "policy",
    "succeeded",
    "time",
    "to bound",
    "calls per success",
    "refused",
    "beyond first burst",
    "hints broken",
    "peak",
    "ok",
];

const NOTES: &str = "
limit: 400 jobs, 64 workers, 100 a second and 20 at once; a job takes the service 200 to 300 ms. The
  bound is the last send's turn and what a job takes. Refused beyond the first burst are those that
  left when a refusal was known.
outage: 503 for 5 s, then 20 slots of 200 ms and a queue of 20; 60 calls a second, by chance, for 20 s.
30 % fail: 400 jobs, 64 workers, 5 seeds; the bound is the time without a gate in the way, where each
  job asks a model of its own.
";

/// Prints the rows as a table, or as one JSON object a line.
pub(super) fn rows(rows: &[Row], json: bool) -> Result {
    crate::print(&if json { lines(rows)? } else { table(rows) })
}

fn lines(rows: &[Row]) -> Result<String> {
    #[derive(Serialize)]
    struct Line<'a> {
        #[serde(flatten)]
        row: &'a Row,
        ok: Option<bool>,
    }

    let mut text = String::new();
    for row in rows {
        text.push_str(&serde_json::to_string(&Line { row, ok: row.is_ok() })?);
        text.push('\n');
    }
    Ok(text)
}

fn table(rows: &[Row]) -> String {
    let mut table = Table::new();
    table.load_preset(NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(width()).set_header(HEADER).add_rows(rows.iter().map(cells));
    let details = rows.iter().flat_map(|row| {
        let title = format!("{}, {}, {}", row.service, row.client.name(), row.policy);
        let first = row.first_second.map(|first| {
            format!("{title}: {first:.2} of the capacity in the first second after it\n")
        });
        let failures = row.failures.iter().map(move |(why, times)| format!("{times} x {why}"));
        let failures: Vec<_> = failures.collect();
        let title = format!("{}, {}, {}", row.service, row.client.name(), row.policy);
        let failed = (!failures.is_empty()).then(|| format!("{title}: {}\n", failures.join(", ")));
        first.into_iter().chain(failed)
    });
    format!("{table}\n\n{}{NOTES}", details.collect::<String>())
}

fn cells(row: &Row) -> [String; 12] {
    let percent = |share: f64| format!("{:.1} %", share * 100.0);
    [
        row.service.to_owned(),
        row.client.name().to_owned(),
        row.policy.to_owned(),
        format!("{} of {}", row.succeeded, row.jobs),
        format!("{:.2} s", row.seconds),
        format!("{:.3}", row.time_to_bound),
        format!("{:.3}", row.calls_per_success),
        percent(row.refused),
        percent(row.refused_beyond_first_burst),
        row.hints_broken.to_string(),
        row.peak_in_flight.to_string(),
        match row.is_ok() {
            None => "-",
            Some(true) => "yes",
            Some(false) => "NO",
        }
        .to_owned(),
    ]
}
