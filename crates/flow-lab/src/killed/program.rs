//! The example of a client, as a program.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

use serde_json::Value;

use crate::Result;

const NAME: &str = "batch_file";

/// Builds the example and puts it into `folder`: the other client's has the same name.
pub(super) fn build(client: &str, folder: &Path) -> Result<PathBuf> {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--package", client, "--example", NAME]);
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
        return Err(format!("building {NAME} of {client}: {}", output.status).into());
    }
    let messages = String::from_utf8(output.stdout)?;
    let built = messages.lines().find_map(executable);
    let built = built.ok_or_else(|| format!("cargo built no {NAME} of {client}"))?;
    let program = folder.join(format!("{NAME}-{client}"));
    fs::copy(built, &program)?;
    Ok(program)
}

/// Returns where the example is, if that is what a message of cargo's is about.
fn executable(message: &str) -> Option<PathBuf> {
    let message: Value = message.parse().ok()?;
    let is_it = message.get("target")?.get("name")? == NAME;
    is_it.then(|| message.get("executable")?.as_str().map(PathBuf::from))?
}
