//! Python environments, each with the packages of a list and no others.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{debian, folder};
use crate::Result;
use crate::interop::command::{isolate, printed};
use crate::interop::place::Place;

/// An environment that is complete.
pub(crate) struct Python {
    bin: PathBuf,
    home: PathBuf,
}

impl Python {
    /// Finds the environment `name` with these packages, or installs it.
    pub(crate) fn find(
        place: &Place,
        name: &str,
        requirements: &str,
        step: &dyn Fn(&str),
    ) -> Result<Self> {
        let version = version(place)?;
        let name = format!("{name}-python{version}");
        let dir = folder(place, &name, requirements, |dir| {
            step("making a Python environment");
            make(place, dir)?;
            step("installing Python packages, which may take a minute");
            fill(dir, &place.write("requirements.txt", requirements)?)
        })?;
        Ok(Self { bin: dir.join("bin"), home: place.path("") })
    }

    /// Returns a command of this environment, such as `python`, that sees no settings of the
    /// user's: neither keys nor proxies.
    pub(crate) fn command(&self, name: &str) -> Command {
        let mut command = Command::new(self.bin.join(name));
        isolate(&mut command, &self.home);
        command.env("PYTHONUTF8", "1").env("PYTHONDONTWRITEBYTECODE", "1");
        command
    }
}

/// The version of `python3`, which an environment is bound to.
fn version(place: &Place) -> Result<String> {
    let ask = || {
        let mut command = Command::new("python3");
        printed(
            "python3",
            command.args(["-c", "import platform; print(platform.python_version())"]),
        )
    };
    let found = ask().or_else(|error| {
        debian::install(place, "python3", &error.to_string())?;
        ask()
    })?;
    Ok(found.trim().to_owned())
}

/// Makes an environment with nothing but pip in it.
fn make(place: &Place, dir: &Path) -> Result {
    if !has_venv() {
        debian::install(place, "python3-venv", "python3 has no venv and ensurepip")?;
    }
    let mut command = Command::new("python3");
    printed("python3 -m venv", command.args(["-m", "venv", "--clear"]).arg(dir)).map(|_| ())
}

/// Installs what a list of requirements names.
fn fill(dir: &Path, list: &Path) -> Result {
    let mut pip = Command::new(dir.join("bin/python"));
    pip.args(["-m", "pip", "install", "--quiet", "--no-input"]);
    pip.args(["--disable-pip-version-check", "--requirement"]).arg(list);
    printed("pip install", &mut pip).map(|_| ())
}

/// Debian has these two in a package of their own.
fn has_venv() -> bool {
    let mut command = Command::new("python3");
    printed("python3", command.args(["-c", "import venv, ensurepip"])).is_ok()
}
