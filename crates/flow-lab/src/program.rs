//! The examples of a client, as programs.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

use serde_json::Value;

use crate::Result;

/// Builds the examples of a client that `flags` name, and returns them by name, in `folder`: the other
/// client's have the same names.
pub(crate) fn build(
    client: &str,
    flags: &[&str],
    folder: &Path,
) -> Result<BTreeMap<String, PathBuf>> {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--package", client]).args(flags);
    cargo.arg("--message-format=json-render-diagnostics");
    cargo.current_dir(env!("CARGO_MANIFEST_DIR")).stderr(Stdio::inherit());
    // What cargo tells us of our own package, build scripts such as ring's would take for a change.
    let is_ours = |name: &OsString| {
        let name = name.to_string_lossy();
        name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
    };
    for name in env::vars_os().map(|(name, _)| name).filter(is_ours) {
        cargo.env_remove(name);
    }
    let output = cargo.output()?;
    if !output.status.success() {
        return Err(format!("building examples of {client}: {}", output.status).into());
    }
    let messages = String::from_utf8(output.stdout)?;
    let mut programs = BTreeMap::new();
    for (name, built) in messages.lines().filter_map(executable) {
        let program = folder.join(format!("{name}-{client}"));
        fs::copy(built, &program)?;
        programs.insert(name, program);
    }
    Ok(programs)
}

/// Returns the name of an example and where it is, if that is what a message of cargo's is about.
fn executable(message: &str) -> Option<(String, PathBuf)> {
    let message: Value = message.parse().ok()?;
    let name = message.get("target")?.get("name")?.as_str()?;
    Some((name.to_owned(), message.get("executable")?.as_str()?.into()))
}
