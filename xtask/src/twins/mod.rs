//! `cargo xtask twins`: the two clients are one program but for `async` and `.await`.
//!
//! They have the same files, the same public names and, in their normal form, the same text. Where
//! they differ, `differences` says why; what is listed there and no longer so is reported too.

mod diff;
mod differences;
mod normal;

use std::collections::BTreeSet;
use std::path::Path;

use self::diff::diff;
use self::differences::{ALONE, BY_NAMES, Difference, NAMES, Name, Side, TEXTS};
use self::normal::{Unit, units};
use crate::names::{offered_names, root_names};
use crate::workspace::{Result, read, root, rust_files};

/// Fails where the clients differ without a reason.
pub(crate) fn check() -> Result {
    let problems = judge(&root())?;
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n\n").into()) }
}

fn judge(root: &Path) -> Result<Vec<String>> {
    let (one, other) = (files(root, Side::Async)?, files(root, Side::Blocking)?);
    let mut problems = alone(Side::Async, &one, &other);
    problems.extend(alone(Side::Blocking, &other, &one));
    for file in one.intersection(&other) {
        let texts = (
            read(&root.join(Side::Async.folder()).join(file))?,
            read(&root.join(Side::Blocking.folder()).join(file))?,
        );
        problems.extend(pair(file, &texts.0, &texts.1));
    }
    let is_gone = |file: &str| !one.contains(file) || !other.contains(file);
    let listed = TEXTS.iter().map(|d| d.file).chain(BY_NAMES.iter().map(|(file, _)| *file));
    for file in listed.filter(|file| is_gone(file)) {
        problems.push(stale(file, "the clients do not both have this file"));
    }
    Ok(problems)
}

/// Returns the Rust files of a client, relative to its folder.
fn files(root: &Path, side: Side) -> Result<BTreeSet<String>> {
    let folder = root.join(side.folder());
    let inside = |path: &Path| {
        let path = path.strip_prefix(&folder).unwrap_or(path);
        path.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/")
    };
    Ok(rust_files(&folder)?.iter().map(|path| inside(path)).collect())
}

/// Returns what is wrong with the files that only `side` has.
fn alone(side: Side, mine: &BTreeSet<String>, others: &BTreeSet<String>) -> Vec<String> {
    let mut problems = Vec::new();
    for file in mine.difference(others) {
        if !ALONE.iter().any(|(at, name, _)| *at == side && name == file) {
            problems.push(format!(
                "{}/{file} has no twin; write one, or give the reason in `ALONE`",
                side.folder()
            ));
        }
    }
    for (_, file, why) in ALONE.iter().filter(|(at, ..)| *at == side) {
        if !mine.contains(*file) || others.contains(*file) {
            problems.push(stale(file, why));
        }
    }
    problems
}

/// Returns how the two files of that name differ without a reason.
fn pair(file: &str, one: &str, other: &str) -> Vec<String> {
    let mut problems = Vec::new();
    let by_names = BY_NAMES.iter().find(|(name, _)| *name == file);
    if file == "src/lib.rs" {
        problems.extend(names(file, root_names(one), root_names(other), &NAMES));
    } else if by_names.is_some() {
        problems.extend(names(file, offered_names(one), offered_names(other), &NAMES));
    }
    let (one, other) = (units(one), units(other));
    match by_names {
        None => problems.extend(text(file, &one, &other, &TEXTS)),
        Some((_, why)) if texts_of(&one).eq(texts_of(&other)) => problems.push(stale(file, why)),
        Some(_) => {}
    }
    problems
}

/// Returns the names that only one of two files offers, but for those that are `listed`.
fn names(file: &str, one: Vec<&str>, other: Vec<&str>, listed: &[Name]) -> Vec<String> {
    let one: BTreeSet<_> = one.into_iter().collect();
    let other: BTreeSet<_> = other.into_iter().collect();
    let mut problems = Vec::new();
    for (side, mine, others) in [(Side::Async, &one, &other), (Side::Blocking, &other, &one)] {
        let listed = listed.iter().filter(|name| name.side == side && name.file == file);
        for name in mine.difference(others) {
            if !listed.clone().any(|listed| listed.name == *name) {
                problems.push(format!(
                    "{}/{file}: only this client has the name {name}; give the other one the \
                     same, or the reason in `NAMES`",
                    side.folder()
                ));
            }
        }
        let is_none = |name: &&Name| !mine.contains(name.name) || others.contains(name.name);
        problems.extend(listed.filter(is_none).map(|name| stale(name.name, name.why)));
    }
    problems
}

/// Returns the units that only one of two files has, but for those that are `listed`.
fn text(file: &str, one: &[Unit], other: &[Unit], listed: &[Difference]) -> Vec<String> {
    let one_texts: Vec<_> = texts_of(one).collect();
    let other_texts: Vec<_> = texts_of(other).collect();
    let (only_one, only_other) = diff(&one_texts, &other_texts);
    let listed: Vec<_> = listed.iter().filter(|difference| difference.file == file).collect();
    let in_async = listed.iter().flat_map(|d| d.in_async.iter().map(|text| (*text, d.why)));
    let in_blocking = listed.iter().flat_map(|d| d.in_blocking.iter().map(|text| (*text, d.why)));
    let (mut lines, mut problems) =
        unexpected(&only_one, one, Side::Async, file, in_async.collect());
    let (more, stale) = unexpected(&only_other, other, Side::Blocking, file, in_blocking.collect());
    lines.extend(more);
    problems.extend(stale);
    if !lines.is_empty() {
        problems.insert(0, format!(
            "{file} is not the same in both clients, but for async and .await:\n{}\nmake the text \
             the same, or give the reason in `TEXTS`",
            lines.join("\n")
        ));
    }
    problems
}

/// Returns a line for each unit that is not listed, and a problem for each listed one not found.
fn unexpected(
    only: &[usize],
    units: &[Unit],
    side: Side,
    file: &str,
    listed: Vec<(&str, &str)>,
) -> (Vec<String>, Vec<String>) {
    let mut listed: Vec<_> =
        listed.into_iter().flat_map(|(text, why)| expanded(text, why, units)).collect();
    let sign = if side == Side::Async { '-' } else { '+' };
    let mut lines = Vec::new();
    for unit in only.iter().filter_map(|at| units.get(*at)) {
        match listed.iter().position(|(text, _)| *text == unit.text) {
            Some(at) => drop(listed.remove(at)),
            None => {
                lines.push(format!("{sign} {}/{file}:{}: {}", side.folder(), unit.line, unit.text));
            }
        }
    }
    (lines, listed.iter().map(|(text, why)| stale(&format!("{file}: {text}"), why)).collect())
}

/// Returns what a listed text stands for: `fn f() {…}` is the whole block.
fn expanded<'a>(text: &'a str, why: &'a str, units: &'a [Unit]) -> Vec<(&'a str, &'a str)> {
    let head = text.strip_suffix("…}");
    let Some(at) = head.and_then(|head| units.iter().position(|unit| unit.text == head)) else {
        return vec![(text, why)];
    };
    let mut depth = 0_usize;
    let mut block = Vec::new();
    for unit in units.iter().skip(at) {
        block.push((&*unit.text, why));
        depth += usize::from(unit.text.ends_with('{'));
        depth = depth.saturating_sub(usize::from(unit.text == "}"));
        if depth == 0 {
            break;
        }
    }
    block
}

fn texts_of(units: &[Unit]) -> impl Iterator<Item = &str> {
    units.iter().map(|unit| &*unit.text)
}

fn stale(what: &str, why: &str) -> String {
    format!(
        "{what}\nis listed as a difference ({why}), but is none any more; take it from the list"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const LISTED: [Difference; 1] = [Difference {
        file: "src/a.rs",
        why: "because",
        in_async: &["a();"],
        in_blocking: &["b();", "b();"],
    }];

    fn found(one: &str, other: &str) -> String {
        text("src/a.rs", &units(one), &units(other), &LISTED).join("\n")
    }

    #[test]
    fn clients_are_twins() {
        check().unwrap();
    }

    #[test]
    fn listed_difference_passes() {
        assert_eq!(found("f().await; a(); g();", "f(); b(); b(); g();"), "");
    }

    #[test]
    fn other_difference_is_shown_with_both_places() {
        let found = found("f();\na();\nc().await;", "f();\nb();\nb();\n\nd();");
        assert!(found.contains("- crates/flow-async/src/a.rs:3: c();\n"), "{found}");
        assert!(found.contains("+ crates/flow-blocking/src/a.rs:5: d();\n"), "{found}");
    }

    #[test]
    fn listed_block_passes_as_a_whole_and_must_be_there() {
        let listed = [Difference {
            file: "src/a.rs",
            why: "because",
            in_async: &["#[test]", "fn f() {…}"],
            in_blocking: &[],
        }];
        let found = |one: &str| {
            text("src/a.rs", &units(one), &units("#[test]\nfn g() { a(); }"), &listed).join("\n")
        };
        let both =
            "#[test]\nfn f() { if a() { b(); } else { c(|| { a() }); } }\n#[test]\nfn g() { a(); }";
        assert_eq!(found(both), "");
        assert!(
            found("#[test]\n#[test]\nfn g() { a(); }").contains("src/a.rs: fn f() {…}\nis listed")
        );
    }

    #[test]
    fn listed_difference_that_is_none_any_more_is_shown() {
        assert!(found("a();", "b();").contains("src/a.rs: b();\nis listed"));
    }

    #[test]
    fn name_that_only_one_has_needs_a_reason() {
        let listed = [Name { side: Side::Async, file: "src/a.rs", name: "B", why: "because" }];
        #[rustfmt::skip]
        let cases: [(&[&str], &[&str], usize); 5] = [
            (&["A", "B"],      &["A"],      0),
            (&["A"],           &["A"],      1),
            (&["B"],           &["B"],      1),
            (&["B", "C"],      &["D"],      2),
            (&["B"],           &["A"],      1),
        ];
        for (one, other, want) in cases {
            let got = names("src/a.rs", one.to_vec(), other.to_vec(), &listed);
            assert_eq!(got.len(), want, "{one:?} {other:?}: {got:?}");
        }
    }
}
