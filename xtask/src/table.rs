//! `cargo xtask table`: the error table, from its one source into the README and the crate docs.

use std::fs;
use std::path::Path;

use crate::cargo;
use crate::workspace::{Result, root};

const BEGIN: &str = "<!-- error table: written by `cargo xtask table` -->";
const END: &str = "<!-- error table: end -->";

/// The files that show the table, and what stands in front of each of its lines.
const TARGETS: [(&str, &str); 4] = [
    ("README.md", ""),
    ("crates/flow-errors/src/lib.rs", "//! "),
    ("crates/flow-async/src/lib.rs", "//! "),
    ("crates/flow-blocking/src/lib.rs", "//! "),
];

/// Writes the table where it has changed.
pub(crate) fn write() -> Result {
    for (file, current, wanted) in files()? {
        if current != wanted {
            fs::write(root().join(file), wanted)?;
        }
    }
    Ok(())
}

/// Fails if any file shows another table than the source has.
pub(crate) fn check() -> Result {
    for (file, current, wanted) in files()? {
        if current != wanted {
            return Err(format!("{file}: the error table is old; run `cargo xtask table`").into());
        }
    }
    Ok(())
}

fn files() -> Result<Vec<(&'static str, String, String)>> {
    let table = cargo::lab_output("table")?;
    let read = |(file, prefix): &(&'static str, &str)| {
        let current = fs::read_to_string(root().join(Path::new(file)))?;
        let wanted = spliced(&current, &table, prefix).ok_or_else(|| {
            format!("{file}: there is no place for the error table; add the two marker comments")
        })?;
        Ok((*file, current, wanted))
    };
    TARGETS.iter().map(read).collect()
}

/// Returns `text` with what stands between the markers replaced by `table`.
fn spliced(text: &str, table: &str, prefix: &str) -> Option<String> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    let rows: String = table.lines().map(|line| format!("{prefix}{line}\n")).collect();
    let blank = prefix.trim_end();
    Some(format!("{before}{BEGIN}\n{blank}\n{rows}{blank}\n{prefix}{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_is_replaced_and_everything_else_stays() {
        let text = format!("//! a\n//! {BEGIN}\n//! old\n//! {END}\n\nmod b;\n");
        let wanted =
            format!("//! a\n//! {BEGIN}\n//!\n//! | 1 |\n//! | 2 |\n//!\n//! {END}\n\nmod b;\n");
        assert_eq!(spliced(&text, "| 1 |\n| 2 |\n", "//! "), Some(wanted.clone()));
        assert_eq!(spliced(&wanted, "| 1 |\n| 2 |\n", "//! "), Some(wanted));
        assert_eq!(spliced("no markers", "", ""), None);
    }
}
