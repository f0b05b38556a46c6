//! `cargo xtask check` and `cargo xtask test`: what must hold before a change lands.

use crate::workspace::{Result, root};
use crate::{cargo, layers, table, tidy, twins};

/// Formatting, lints, docs, house rules and the generated table; the quick ones first.
pub(crate) fn check() -> Result {
    cargo::run(&["fmt", "--all", "--", "--check"])?;
    tidy::run(&root())?;
    layers::check()?;
    twins::check()?;
    cargo::run(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])?;
    cargo::run_strict_docs(&["doc", "--workspace", "--no-deps"])?;
    table::check()
}

/// Every test there is; examples are held together by `check`.
pub(crate) fn test() -> Result {
    if cargo::has("nextest") {
        cargo::run(&["nextest", "run", "--workspace", "--lib", "--bins", "--tests"])?;
    } else {
        cargo::run(&["test", "--workspace", "--lib", "--bins", "--tests"])?;
    }
    cargo::run(&["test", "--workspace", "--doc"])
}
