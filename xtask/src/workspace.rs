//! Where the workspace is, what is in it, and how a command ends.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// What a command comes to; an error without text where all has been said.
pub(crate) type Result<T = (), E = Box<dyn std::error::Error>> = std::result::Result<T, E>;

/// Returns the workspace's folder.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_owned).unwrap_or_default()
}

/// Returns the folders of all crates, relative to `root`.
pub(crate) fn crates(root: &Path) -> Result<Vec<PathBuf>> {
    let mut found: Vec<_> =
        ["tests", "tests/interleavings", "tests/loopback"].map(PathBuf::from).into();
    for entry in fs::read_dir(root.join("crates"))? {
        found.push(Path::new("crates").join(entry?.file_name()));
    }
    found.push(PathBuf::from("xtask"));
    found.retain(|dir| root.join(dir).join("Cargo.toml").exists());
    found.sort();
    Ok(found)
}

/// Returns the Rust files below `dir`, without what was built there.
pub(crate) fn rust_files(dir: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() && !path.ends_with("target") {
            files.extend(rust_files(&path)?);
        } else if path.extension().is_some_and(|ext| ext == "rs") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Prints a text with a line end; a reader that has seen enough, as `head` has, is no failure.
pub(crate) fn print(text: &str) -> Result {
    match writeln!(io::stdout(), "{text}") {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// Reads a file, and says which one where that fails.
pub(crate) fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()).into())
}
