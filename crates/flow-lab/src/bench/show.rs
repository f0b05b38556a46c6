//! The figures, for people and for programs.

use comfy_table::presets::NOTHING;
use comfy_table::{ContentArrangement, Table};
use serde::Serialize;

use super::figure::{Figure, Of};
use crate::Result;

const HEADER: [&str; 8] =
    ["figure", "ours", "floor", "judged", "quartiles", "rounds", "limit", "ok"];

/// Prints the figures as a table, or as one JSON object a line.
pub(super) fn figures(figures: &[Figure], json: bool) -> Result {
    let text = if json { lines(figures)? } else { table(figures) };
    crate::print(&text)
}

fn lines(figures: &[Figure]) -> Result<String> {
    #[derive(Serialize)]
    struct Line<'a> {
        #[serde(flatten)]
        figure: &'a Figure,
        ok: bool,
    }

    let mut text = String::new();
    for figure in figures {
        text.push_str(&serde_json::to_string(&Line { figure, ok: figure.is_ok() })?);
        text.push('\n');
    }
    Ok(text)
}

fn table(figures: &[Figure]) -> String {
    let mut table = Table::new();
    table.load_preset(NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(HEADER);
    for figure in figures {
        table.add_row(row(figure));
    }
    let notes: String = figures
        .iter()
        .filter_map(|figure| figure.note.as_deref())
        .fold(String::new(), |notes, note| notes + note + "\n");
    format!("{table}\n{notes}")
}

fn row(figure: &Figure) -> [String; 8] {
    let unit = figure.unit;
    let judged = |value: f64| match figure.of {
        Of::Ratio => format!("{value:.3} x"),
        Of::Difference => format!("{} {unit}", number(value)),
        Of::Ours => format!("{} {unit}", number(value)),
    };
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    [
        figure.name.clone(),
        format!("{} {unit}", number(figure.ours)),
        or_dash(figure.floor.map(|floor| format!("{} {unit}", number(floor)))),
        judged(figure.value),
        or_dash(figure.spread.map(|[low, high]| format!("{low:.3} to {high:.3}"))),
        figure.rounds.to_string(),
        or_dash(figure.limit.map(judged)),
        match figure.limit {
            None => "-",
            Some(_) if figure.is_ok() => "yes",
            Some(_) => "NO",
        }
        .to_owned(),
    ]
}

/// Three digits are more than a shared machine can vouch for.
fn number(value: f64) -> String {
    if value.abs() < 10.0 { format!("{value:.2}") } else { format!("{value:.0}") }
}
