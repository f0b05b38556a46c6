//! The cases, for people and for programs.

use comfy_table::presets::NOTHING;
use comfy_table::{ContentArrangement, Table};

use super::case::Case;
use crate::Result;
use crate::output::width;

/// Prints the cases as one JSON object a line.
pub(crate) fn json(cases: &[Case]) -> Result {
    for case in cases {
        crate::print(&(serde_json::to_string(case)? + "\n"))?;
    }
    Ok(())
}

/// Prints the cases as a table for each program.
pub(crate) fn table(cases: &[Case]) -> Result {
    let width = width();
    for of_one in cases.chunk_by(|one, next| one.program == next.program) {
        let program = of_one.first().map_or("", |case| &case.program);
        crate::print(&format!("== {program}\n{}\n\n", rendered(of_one, width)))?;
    }
    Ok(())
}

/// The table of one program: a row for each case, or for several clients that saw the same.
fn rendered(cases: &[Case], width: u16) -> String {
    let mut table = Table::new();
    table.load_preset(NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(width).set_header(["", "case", "client", "expected", "seen"]);
    for alike in cases.chunk_by(is_alike) {
        let Some(case) = alike.first() else { continue };
        let clients: Vec<_> = alike.iter().map(|case| &*case.client).collect();
        let (mark, seen) = match case.is_as_expected() {
            true => ("ok", "the same"),
            false => ("DIFFERS", &*case.seen),
        };
        table.add_row([mark, &case.name, &clients.join(", "), &case.expected, seen]);
    }
    let lines: Vec<_> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    lines.join("\n")
}

fn is_alike(one: &Case, next: &Case) -> bool {
    one.name == next.name && one.expected == next.expected && one.seen == next.seen
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(client: &str, name: &str, expected: &str, seen: &str) -> Case {
        Case {
            program: "nginx 1".to_owned(),
            client: client.to_owned(),
            name: name.to_owned(),
            expected: expected.to_owned(),
            seen: seen.to_owned(),
        }
    }

    #[test]
    fn clients_that_saw_the_same_share_a_row_and_a_difference_shows_both_sides() {
        let cases = [
            case("async", "refused", "502 server ×3", "502 server ×3"),
            case("blocking", "refused", "502 server ×3", "502 server ×3"),
            case("async", "mute", "504 gateway_timeout ×3", "timeout"),
            case("blocking", "mute", "504 gateway_timeout ×3", "504 gateway_timeout ×3"),
        ];
        let want = "         case     client           expected                seen
ok       refused  async, blocking  502 server ×3           the same
DIFFERS  mute     async            504 gateway_timeout ×3  timeout
ok       mute     blocking         504 gateway_timeout ×3  the same";
        let got = rendered(&cases, 120);
        let words = |text: &str| -> Vec<Vec<String>> {
            text.lines().map(|l| l.split_whitespace().map(str::to_owned).collect()).collect()
        };
        assert_eq!(words(&got), words(want), "{got}");
    }

    #[test]
    fn table_keeps_to_the_width() {
        let long =
            "503 service_unavailable ×3, \"503 Service Temporarily Unavailable\", not billed";
        let cases = [case("async", "a name of several words, a little long", long, long)];
        for width in [80, 100, 160] {
            let got = rendered(&cases, width);
            let widest = got.lines().map(|line| line.chars().count()).max();
            assert!(widest <= Some(width.into()), "{width}: {got}");
        }
    }
}
