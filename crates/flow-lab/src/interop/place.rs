//! Where a program is tried: a temporary folder, and one for what was installed.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;
use std::{fs, io, process};

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

/// The first of the ports that are given out, and how many there are: below those that the system
/// takes for connections and for whoever does not care, lest one of them gets it first.
const FIRST_PORT: u16 = 10_000;
const PORTS: u32 = 20_000;

/// Returns a port that is free now, and that nobody else is given by chance.
pub(crate) fn free_port() -> io::Result<u16> {
    static GIVEN: AtomicU32 = AtomicU32::new(0);

    let mut refused = None;
    for _ in 0..PORTS {
        // Several of us may run at once; they begin at different places.
        let number = process::id().wrapping_mul(97).wrapping_add(GIVEN.fetch_add(1, Relaxed));
        let port = FIRST_PORT.saturating_add(u16::try_from(number % PORTS).unwrap_or_default());
        match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            Ok(_) => return Ok(port),
            Err(error) => refused = Some(error),
        }
    }
    Err(refused.unwrap_or_else(|| io::ErrorKind::AddrNotAvailable.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_ports_are_free_and_different() {
        let ports: Vec<_> = (0..50).map(|_| free_port().unwrap()).collect();
        let mut different = ports.clone();
        different.sort_unstable();
        different.dedup();
        assert_eq!(different.len(), ports.len());
        assert!(ports.iter().all(|port| (FIRST_PORT..FIRST_PORT + 20_000).contains(port)));
    }
}
