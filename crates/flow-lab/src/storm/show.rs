//! The outcomes, for people and for programs.

use comfy_table::presets::NOTHING;
use comfy_table::{ContentArrangement, Table};
use serde::Serialize;

use super::case::{Case, Of};
use super::numbers::Sorted;
use super::trial::Outcome;
use crate::Result;

/// Prints a table for each scenario: medians, and from the 5th to the 95th percentile of the seeds.
pub(super) fn tables(cases: &[Box<dyn Case>], outcomes: &[Outcome]) -> Result {
    let mut text = String::new();
    let mut scenarios: Vec<_> = cases.iter().map(|case| case.scenario()).collect();
    scenarios.dedup();
    for scenario in scenarios {
        let ours = |outcome: &&Outcome| {
            cases.get(outcome.case).is_some_and(|case| case.scenario() == scenario)
        };
        let outcomes: Vec<_> = outcomes.iter().filter(ours).collect();
        text += &format!("{scenario}\n{}\n\n", table(cases, &outcomes));
    }
    crate::print(&text)
}

fn table(cases: &[Box<dyn Case>], outcomes: &[&Outcome]) -> Table {
    let mut table = Table::new();
    table.load_preset(NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    let Some(first) = outcomes.first() else { return table };
    let names = first.measures.iter().map(|(name, _)| *name);
    table.set_header(["case", "policy"].into_iter().chain(names));
    let mut before = None;
    for outcome in outcomes {
        let name = cases.get(outcome.case).map_or_else(String::new, |case| case.name());
        let is_new = before.replace(outcome.case) != Some(outcome.case);
        let cells = outcome.measures.iter().map(|(name, values)| {
            let mark = if outcome.is_ok(name) { "" } else { " MISSED" };
            format!("{}{mark}", cell(values))
        });
        let name = if is_new { name } else { String::new() };
        table.add_row([name, outcome.kind.name()].into_iter().chain(cells));
    }
    table
}

/// The median, and what most seeds lie between, where they differ at all.
fn cell(values: &Sorted) -> String {
    let [low, middle, high] = [5, 50, 95].map(|percent| number(values.percentile(percent)));
    if low == high { middle } else { format!("{middle} ({low}..{high})") }
}

fn number(value: f64) -> String {
    if !value.is_finite() {
        return if value.is_nan() { "-" } else { "never" }.to_owned();
    }
    let digits = match value.abs() {
        // As exact as what it is made of.
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        size if size < 1e-9 => 0,
        _ => 3,
    };
    format!("{value:.digits$}")
}

/// Prints one JSON object a line: a measure of a policy in a case.
pub(super) fn lines(cases: &[Box<dyn Case>], outcomes: &[Outcome]) -> Result {
    let mut text = String::new();
    for outcome in outcomes {
        let Some(case) = cases.get(outcome.case) else { continue };
        for (name, values) in &outcome.measures {
            let limit = outcome.limits.iter().find(|limit| limit.measure == *name);
            let line = Line {
                scenario: case.scenario(),
                case: case.name(),
                policy: outcome.kind.name(),
                measure: name,
                seeds: values.len(),
                median: values.median(),
                p5: values.percentile(5),
                p95: values.percentile(95),
                largest: values.largest(),
                limit: limit.map(|limit| limit.most),
                of: limit.map(|limit| match limit.of {
                    Of::Median => "median",
                    Of::EverySeed => "largest",
                }),
                ok: outcome.is_ok(name),
            };
            text += &serde_json::to_string(&line)?;
            text.push('\n');
        }
    }
    crate::print(&text)
}

#[derive(Serialize)]
struct Line {
    scenario: &'static str,
    case: String,
    policy: String,
    measure: &'static str,
    seeds: usize,
    median: f64,
    p5: f64,
    p95: f64,
    largest: f64,
    limit: Option<f64>,
    of: Option<&'static str>,
    ok: bool,
}
