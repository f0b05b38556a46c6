//! Debian packages that a program needs.

use std::process::Command;

use rustix::process::geteuid;

use crate::Result;
use crate::interop::command::printed;
use crate::interop::place::Place;

/// Installs a package that is missing, or says how to.
pub(crate) fn install(place: &Place, package: &str, why: &str) -> Result {
    if !place.may_install() || !geteuid().is_root() {
        return Err(format!(
            "{why}: install the Debian package {package}, or run this with --install as root"
        )
        .into());
    }
    let mut update = Command::new("apt-get");
    printed("apt-get update", update.args(["update", "-qq"]))?;
    let mut install = Command::new("apt-get");
    install.env("DEBIAN_FRONTEND", "noninteractive");
    let arguments = ["install", "-y", "-qq", "--no-install-recommends", package];
    printed(&format!("apt-get install {package}"), install.args(arguments))?;
    Ok(())
}
