//! Where a program is tried: a temporary folder, and one for what was installed.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::{fs, io};

use tempfile::TempDir;

use super::interrupt::left;
use crate::Result;

/// A temporary folder for one program; it goes when this is dropped.
pub(crate) struct Place {
    dir: TempDir,
    may_install: bool,
}

impl Place {
    pub(crate) fn new(may_install: bool) -> Result<Self> {
        let mut left = left();
        let dir = tempfile::Builder::new().prefix("flow-interop-").tempdir()?;
        left.add_dir(dir.path().to_owned());
        Ok(Self { dir, may_install })
    }

    /// Whether the caller permits installing what is missing.
    pub(crate) const fn may_install(&self) -> bool {
        self.may_install
    }

    /// Returns a path in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes a file into the folder.
    pub(crate) fn write(&self, name: &str, text: &str) -> Result<PathBuf> {
        let path = self.path(name);
        fs::write(&path, text)?;
        Ok(path)
    }

    /// Returns the folder for what is installed, which stays for the next run.
    pub(crate) fn installed(&self) -> Result<PathBuf> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let dir = root.join("target/interop");
        fs::create_dir_all(&dir)?;
        Ok(dir.canonicalize()?)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        left().forget_dir(self.dir.path());
    }
}

/// Returns a port that is free now; whoever starts on it at once will most likely get it.
pub(crate) fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}
