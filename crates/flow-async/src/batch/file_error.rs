//! What went wrong with a file, and where.

use std::fmt;
use std::io::{self, ErrorKind};
use std::path::Path;

/// Returns what names the file in an error of the operating system's.
pub(super) fn of_file(path: &Path) -> impl Fn(io::Error) -> io::Error {
    move |error| io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

/// Creates the error of a line that is not what it should be.
pub(super) fn of_line(path: &Path, line: u64, problem: impl fmt::Display) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, format!("{}:{line}: {problem}", path.display()))
}
