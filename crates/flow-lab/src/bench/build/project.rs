//! A program of a few lines that makes one chat call, as a cargo project.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Result;
use crate::bench::cpu;

/// Which of the two clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Client {
    Async,
    Blocking,
}

impl Client {
    pub(super) const fn stack(self) -> &'static str {
        match self {
            Self::Async => "reqwest",
            Self::Blocking => "ureq",
        }
    }

    /// The dependencies of the program: ours alone, or what ours turns on in the stack.
    const fn dependencies(self, is_ours: bool) -> &'static str {
        match (self, is_ours) {
            (Self::Async, true) => {
                "flow-async = { path = '{root}/crates/flow-async' }\n\
                 tokio = { version = '1', features = ['rt'] }\n"
            }
            (Self::Async, false) => {
                "reqwest = { version = '0.13.5', default-features = false, \
                 features = ['rustls-no-provider', 'gzip'] }\n\
                 tokio = { version = '1', features = ['rt'] }\n"
            }
            (Self::Blocking, true) => "flow-blocking = { path = '{root}/crates/flow-blocking' }\n",
            (Self::Blocking, false) => {
                "ureq = { version = '~3.5.2', default-features = false, \
                 features = ['rustls-no-provider', 'platform-verifier', 'gzip'] }\n"
            }
        }
    }

    const fn program(self, is_ours: bool) -> &'static str {
        match (self, is_ours) {
            (Self::Async, true) => include_str!("programs/async_ours.txt"),
            (Self::Async, false) => include_str!("programs/async_bare.txt"),
            (Self::Blocking, true) => include_str!("programs/blocking_ours.txt"),
            (Self::Blocking, false) => include_str!("programs/blocking_bare.txt"),
        }
    }
}

impl fmt::Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Async => "flow-async",
            Self::Blocking => "flow-blocking",
        })
    }
}

/// What both programs have besides the client or the stack.
const SHARED: &str = "\
serde = { version = '1', features = ['derive'] }
serde_json = '1'
";

/// Ours brings its own; bare, a program must choose its cryptography.
const CRYPTOGRAPHY: &str = "\
rustls = { version = '0.23', default-features = false, features = ['ring', 'std', 'tls12'] }
";

/// A cargo project in a folder of its own.
#[derive(Debug)]
pub(super) struct Project(PathBuf);

impl Project {
    pub(super) fn new(parent: &Path, client: Client, is_ours: bool) -> Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize()?;
        let kind = if is_ours { "ours" } else { "bare" };
        let folder = parent.join(format!("{client}-{kind}"));
        fs::create_dir_all(folder.join("src"))?;
        let mut manifest = String::from(
            "[package]\nname = 'hello'\nversion = '0.0.0'\nedition = '2024'\n\
             rust-version = '1.85'\n\n[workspace]\n\n[profile.release]\nstrip = true\n\n\
             [dependencies]\n",
        );
        let root_text = root.to_str().ok_or("the path of this workspace is not UTF-8")?;
        manifest.push_str(&client.dependencies(is_ours).replace("{root}", root_text));
        manifest.push_str(SHARED);
        manifest.push_str(if is_ours { "" } else { CRYPTOGRAPHY });
        fs::write(folder.join("Cargo.toml"), manifest)?;
        fs::write(folder.join("src/main.rs"), client.program(is_ours))?;
        fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock"))?;
        Ok(Self(folder))
    }

    /// Returns the names and versions of all crates that are built, the program itself left out.
    pub(super) fn crates(&self) -> Result<BTreeSet<String>> {
        let tree = ["tree", "--prefix", "none", "--edges", "normal,build", "--format", "{p}"];
        let output = self.cargo().args(tree).output()?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into());
        }
        let text = String::from_utf8(output.stdout)?;
        let crates = text.lines().filter_map(|line| line.split(" (").next());
        let others = crates.filter(|name| !name.is_empty() && !name.starts_with("hello "));
        Ok(others.map(str::to_owned).collect())
    }

    /// Builds from nothing and returns the CPU time in seconds.
    pub(super) fn build(&self) -> Result<f64> {
        let target = self.0.join("target");
        if target.exists() {
            fs::remove_dir_all(target)?;
        }
        // What is to be downloaded is not part of a build.
        self.run(&["fetch", "--quiet"])?;
        let before = cpu::time(cpu::Of::Children)?;
        self.run(&["build", "--release", "--quiet"])?;
        Ok(cpu::time(cpu::Of::Children)?.saturating_sub(before).as_secs_f64())
    }

    /// Returns the size of the stripped program.
    pub(super) fn megabytes(&self) -> Result<f64> {
        let name = format!("hello{}", std::env::consts::EXE_SUFFIX);
        let program = self.0.join("target/release").join(name);
        Ok(f64::from(u32::try_from(fs::metadata(program)?.len())?) / 1e6)
    }

    fn run(&self, arguments: &[&str]) -> Result {
        let status = self.cargo().args(arguments).status()?;
        if status.success() {
            return Ok(());
        }
        Err(format!("cargo {} in {}: {status}", arguments.join(" "), self.0.display()).into())
    }

    fn cargo(&self) -> Command {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.current_dir(&self.0).env_remove("CARGO_TARGET_DIR");
        cargo
    }
}
