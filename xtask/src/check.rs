//! `cargo xtask check` and `cargo xtask test`: what must hold before a change lands.

use crate::{Result, cargo, root, table, tidy};

/// Formatting, lints, docs, house rules and the generated table; the quick ones first.
pub(crate) fn check() -> Result {
    cargo::run(&["fmt", "--all", "--", "--check"])?;
    tidy::run(&root())?;
    cargo::run(&["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"])?;
    cargo::run_strict_docs(&["doc", "--workspace", "--no-deps", "--quiet"])?;
    table::check()
}

/// Every test there is. Examples are built as well, so that they cannot rot.
pub(crate) fn test() -> Result {
    if cargo::has("nextest") {
        cargo::run(&["nextest", "run", "--workspace", "--all-targets"])?;
        return cargo::run(&["test", "--workspace", "--doc", "--quiet"]);
    }
    cargo::run(&["test", "--workspace", "--quiet"])
}
