//! Finds nginx, or takes it from Debian's package.
//!
//! The package is unpacked, not installed: that needs no root and starts no server on port 80.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::geteuid;

use crate::Result;
use crate::interop::place::Place;
use crate::interop::process::output;

/// The packages that have nginx itself, depending on the release.
const PACKAGES: [&str; 3] = ["nginx", "nginx-light", "nginx-core"];

/// An nginx that runs.
pub(super) struct Binary {
    path: PathBuf,
    version: String,
}

impl Binary {
    /// Finds nginx on this machine or, where that is permitted, takes it from the package.
    pub(super) fn find(place: &Place) -> Result<Self> {
        let unpacked = place.installed()?.join("nginx");
        // Users' paths do not have the system's own programs.
        let places = ["nginx".into(), "/usr/sbin/nginx".into(), program(&unpacked)];
        if let Some(found) = places.into_iter().find_map(|path| Self::at(path).ok()) {
            return Ok(found);
        }
        if !place.may_install() {
            return Err("there is no nginx on this machine; `--install` takes it from Debian's \
                        package, or install it yourself"
                .into());
        }
        unpack(&unpacked).map_err(|error| {
            format!("nginx cannot be had from Debian's package; install it yourself: {error}")
        })?;
        // The libraries it needs are on nearly every machine, but the package is not installed.
        Self::at(program(&unpacked)).map_err(|error| {
            format!("the nginx of Debian's package does not run here; install it: {error}").into()
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns name and version, as nginx says them.
    pub(super) fn version(&self) -> &str {
        &self.version
    }

    fn at(path: PathBuf) -> Result<Self> {
        let output = output(Command::new(&path).arg("-v"))?;
        let said = String::from_utf8_lossy(&output.stderr);
        let version = version(&said).ok_or_else(|| said.trim().to_owned())?.to_owned();
        Ok(Self { path, version })
    }
}

fn program(unpacked: &Path) -> PathBuf {
    unpacked.join("usr/sbin/nginx")
}

/// Takes the version out of what `nginx -v` says.
fn version(said: &str) -> Option<&str> {
    said.trim().strip_prefix("nginx version: ")
}

/// Fetches the packages until one of them has the program.
fn unpack(dir: &Path) -> Result {
    fs::create_dir_all(dir)?;
    for package in PACKAGES {
        fetch(package, dir)?;
        if program(dir).exists() {
            return Ok(());
        }
    }
    Err(format!("none of the packages {} has nginx itself", PACKAGES.join(", ")).into())
}

/// Downloads one package and unpacks it.
fn fetch(package: &str, dir: &Path) -> Result {
    let download = || succeed("apt-get", &["download", package], dir);
    if let Err(first) = download() {
        // The lists of packages are missing, as on bare machines, or old.
        update(dir).map_err(|error| format!("{first}\n{error}"))?;
        download()?;
    }
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "deb") {
            succeed("dpkg", &["-x", &path.to_string_lossy(), "."], dir)?;
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

/// Reads the lists of packages anew, which takes root.
fn update(dir: &Path) -> Result {
    let done = match geteuid().is_root() {
        true => succeed("apt-get", &["update", "-qq"], dir),
        false => succeed("sudo", &["-n", "apt-get", "update", "-qq"], dir),
    };
    done.map_err(|error| format!("{error}\nrun `apt-get update` as root, then try again").into())
}

/// Runs a command in a folder; an error has its words and the command's.
fn succeed(program: &str, arguments: &[&str], dir: &Path) -> Result {
    let line = || format!("{program} {}", arguments.join(" "));
    let output = output(Command::new(program).args(arguments).current_dir(dir))
        .map_err(|error| format!("{}: {error}", line()))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("{}: {}\n{}", line(), output.status, said.trim()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_is_what_nginx_says_of_itself() {
        assert_eq!(version("nginx version: nginx/1.22.1\n"), Some("nginx/1.22.1"));
        assert_eq!(version("nginx version: nginx/1.24.0 (Ubuntu)"), Some("nginx/1.24.0 (Ubuntu)"));
        assert_eq!(version("command not found"), None);
    }
}
