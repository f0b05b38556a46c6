//! Commands that run to their end.

use std::env;
use std::ffi::OsStr;
use std::process::Command;

use super::process;
use crate::Result;

/// Returns what a command prints; an error has the end of its complaints.
pub(crate) fn printed(name: &str, command: &mut Command) -> Result<String> {
    let output = process::output(command).map_err(|error| format!("{name}: {error}"))?;
    if !output.status.success() {
        let complaints = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{name} ended with {}:\n{}", output.status, complaints.trim()).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// Lets a command see the search path and a home folder of its own, and nothing else.
pub(crate) fn isolate(command: &mut Command, home: impl AsRef<OsStr>) {
    command.env_clear().env("HOME", home);
    if let Some(path) = env::var_os("PATH") {
        command.env("PATH", path);
    }
}
