//! `cargo xtask layers`: crates and modules import only from below.
//!
//! Between crates the arrows are written down; inside a crate any order will do, as long as there
//! is one: then its files can be read from the lowest rank up. Tests are judged by nobody.

mod arrows;
mod figures;
mod manifest;
mod paths;
mod ranks;
mod tree;

use std::path::Path;

use self::manifest::Manifest;
use self::ranks::Level;
use self::tree::{Import, Name, Tree};
use crate::workspace::{self, Result, crates, read, root};

/// Prints the modules of each crate by rank.
pub(crate) fn print() -> Result {
    workspace::print(&judge(&root())?)
}

/// Fails where anything imports from above.
pub(crate) fn check() -> Result {
    judge(&root()).map(drop)
}

/// Returns the modules by rank, or all that is wrong.
fn judge(root: &Path) -> Result<String> {
    let mut lines = Vec::new();
    let mut problems = Vec::new();
    for dir in crates(root)? {
        let manifest = Manifest::read(&read(&root.join(&dir).join("Cargo.toml"))?);
        problems.extend(arrows::problems(&manifest));
        let src = dir.join("src");
        if manifest.is_published {
            problems.extend(figures::problems(&manifest, &read(&root.join(&src).join("lib.rs"))?));
        }
        for file in ["lib.rs", "main.rs"] {
            let path = root.join(&src).join(file);
            if path.exists() {
                lines.push(format!("{} ({})", manifest.name, src.join(file).display()));
                for (parent, level) in Level::all(&Tree::load(&path)?) {
                    describe(root, &parent, &level, &mut lines, &mut problems);
                }
            }
        }
    }
    if problems.is_empty() { Ok(lines.join("\n")) } else { Err(problems.join("\n\n").into()) }
}

/// Adds the ranks of one level, or the circle in it.
fn describe(
    root: &Path,
    parent: &Name,
    level: &Level,
    lines: &mut Vec<String>,
    problems: &mut Vec<String>,
) {
    if !parent.is_empty() {
        lines.push(format!("   in {}", parent.join("::")));
    }
    match level.ranks() {
        Ok(ranks) => {
            for (rank, names) in ranks.iter().enumerate() {
                let names: Vec<_> = names.iter().map(|name| shown(name, parent)).collect();
                lines.push(format!("{:>4}  {}", rank.saturating_add(1), names.join(" ")));
            }
        }
        Err(circles) => problems.extend(circles.iter().map(|circle| complaint(root, circle))),
    }
}

/// Returns how a module is called among its siblings; the file that holds them is in brackets.
fn shown(name: &Name, parent: &Name) -> String {
    let own = if name.is_empty() { "root" } else { "self" };
    name.last().filter(|_| name != parent).cloned().unwrap_or_else(|| format!("[{own}]"))
}

fn complaint(root: &Path, circle: &[&Import]) -> String {
    let line = |import: &&Import| {
        let place = import.place.strip_prefix(root).unwrap_or(&import.place);
        format!("  {}:{}: {}", place.display(), import.line, import.path)
    };
    let lines: Vec<_> = circle.iter().map(line).collect();
    format!(
        "these modules import each other in a circle:\n{}\nmove what several of them need into a \
         file below them, or what needs several of them into one above",
        lines.join("\n")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workspace_is_layered() {
        judge(&root()).unwrap();
    }
}
