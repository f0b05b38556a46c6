//! House rules that rustfmt and Clippy cannot express; part of `cargo xtask check`.

use std::path::Path;

use crate::workspace::{Result, read, rust_files};

const MAX_LINES: usize = 600;

/// Checks every Rust file under `crates`, `tests` and `xtask`.
pub(crate) fn run(root: &Path) -> Result {
    let mut problems = Vec::new();
    for dir in ["crates", "tests", "xtask"] {
        for path in rust_files(&root.join(dir))? {
            let text = read(&path)?;
            let found = check(&text).into_iter();
            problems.extend(found.map(|problem| format!("{}: {problem}", path.display())));
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n").into()) }
}

fn check(text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    if !text.starts_with("//! ") {
        problems.push("must open with a `//!` line saying what the module is for".to_owned());
    }
    let lines = text.lines().count();
    if lines > MAX_LINES {
        problems.push(format!("has {lines} lines, over the limit of {MAX_LINES}"));
    }
    for (number, line) in text.lines().enumerate() {
        if line.ends_with(char::is_whitespace) {
            problems.push(format!("line {} ends in a blank", number + 1));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_without_header_is_reported() {
        assert_eq!(check("fn main() {}\n").len(), 1);
        assert_eq!(check("//! Says why.\n"), Vec::<String>::new());
    }

    #[test]
    fn workspace_is_tidy() {
        run(&crate::workspace::root()).unwrap();
    }
}
