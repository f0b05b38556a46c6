//! The cases, for people and for programs.

use comfy_table::presets::NOTHING;
use comfy_table::{ContentArrangement, Table};

use super::case::Case;
use crate::Result;

/// Prints the cases: a table, or one JSON object a line.
pub(crate) fn cases(cases: &[Case], json: bool) -> Result {
    if json {
        let lines: Result<Vec<_>, _> = cases.iter().map(serde_json::to_string).collect();
        return crate::print(&(lines?.join("\n") + "\n"));
    }
    let mut table = Table::new();
    table.load_preset(NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(["", "program", "client", "case", "expected", "seen"]);
    for case in cases {
        let (mark, seen) = match case.is_as_expected() {
            true => ("ok", "the same"),
            false => ("DIFFERS", &*case.seen),
        };
        table.add_row([mark, &case.program, &case.client, &case.name, &case.expected, seen]);
    }
    crate::print(&format!("{table}\n"))
}
