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
    // `flow-tests` turns every feature on, and cargo then builds everything with it; without that
    // one package the crates are as most users have them.
    let default_features = ["--workspace", "--exclude", "flow-tests", "--all-targets"];
    cargo::run(&[&["clippy"], &default_features[..], &["--", "-D", "warnings"]].concat())?;
    cargo::run_strict_docs(&["doc", "--workspace", "--no-deps"])?;
    table::check()
}

/// Every test there is; examples are held together by `check`.
///
/// The crates' own tests run without features, those of the crates together with all of them. What
/// says in its manifest that it has no tests is left out; cargo asks only where no kind of target is
/// named but `--tests`, so the modules that `flow-interleavings` borrows have to be named for docs.
pub(crate) fn test() -> Result {
    let runner: &[&str] = if cargo::has("nextest") { &["nextest", "run"] } else { &["test"] };
    let own = ["--workspace", "--exclude", "flow-tests", "--tests"];
    cargo::run(&[runner, &own].concat())?;
    cargo::run(&[runner, &["--package", "flow-tests", "--tests"]].concat())?;
    cargo::run(&["test", "--workspace", "--exclude", "flow-interleavings", "--doc"])
}
