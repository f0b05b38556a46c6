//! Running cargo, and the lab through it.

use std::env;
use std::ffi::OsString;
use std::io;
#[cfg(unix)]
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitStatus, Stdio};

use crate::workspace::{Result, root};

/// Runs cargo in the workspace's folder, with `flags` for rustdoc.
pub(crate) fn run(arguments: &[&str]) -> Result {
    finish(command(arguments), arguments)
}

/// Runs cargo with warnings of rustdoc as errors.
pub(crate) fn run_strict_docs(arguments: &[&str]) -> Result {
    let mut command = command(arguments);
    command.env("RUSTDOCFLAGS", "-D warnings");
    finish(command, arguments)
}

/// Returns whether `cargo <subcommand>` is installed.
pub(crate) fn has(subcommand: &str) -> bool {
    let mut command = command(&[subcommand, "--version"]);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Runs a command of `flow-lab`; an error without text, since the lab has said what went wrong.
pub(crate) fn lab(name: &str, arguments: &[String]) -> Result {
    lab_with(&[], name, arguments)
}

/// The same with optimizations, for what measures.
pub(crate) fn fast_lab(name: &str, arguments: &[String]) -> Result {
    lab_with(&["--release"], name, arguments)
}

fn lab_with(flags: &[&str], name: &str, arguments: &[String]) -> Result {
    // Not quiet: the first build takes minutes, and whoever waits wants to see why.
    let mut all = [&["run", "--package", "flow-lab"], flags, &["--", name]].concat();
    all.extend(arguments.iter().map(String::as_str));
    let status = status(command(&all))?;
    if status.success() { Ok(()) } else { Err("".into()) }
}

/// Becomes the command, as cargo does in its turn: a signal to this process reaches the lab.
#[cfg(unix)]
fn status(mut command: Command) -> io::Result<ExitStatus> {
    Err(command.exec())
}

#[cfg(not(unix))]
fn status(mut command: Command) -> io::Result<ExitStatus> {
    command.status()
}

/// Returns what a command of `flow-lab` prints.
pub(crate) fn lab_output(name: &str) -> Result<String> {
    let arguments = ["run", "--quiet", "--package", "flow-lab", "--", name];
    let output = command(&arguments).stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err(format!("flow-lab {name}: {}", output.status).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO"));
    command.args(arguments).current_dir(root());
    // What cargo tells us of our own package, build scripts such as ring's would take for a change.
    let is_ours = |name: &OsString| {
        let name = name.to_string_lossy();
        name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
    };
    for name in env::vars_os().map(|(name, _)| name).filter(is_ours) {
        command.env_remove(name);
    }
    command
}

fn finish(mut command: Command, arguments: &[&str]) -> Result {
    let status = command.status()?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("cargo {}: {status}", arguments.join(" ")).into())
    }
}
