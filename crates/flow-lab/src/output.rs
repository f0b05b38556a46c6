//! How a command ends, and what it prints.

use std::error::Error;
use std::io::{self, Write as _};

/// What a command comes to.
pub(crate) type Result<T = (), E = Box<dyn Error>> = std::result::Result<T, E>;

/// Prints `text`; a reader that has seen enough, as `head` has, is no failure.
pub(crate) fn print(text: &str) -> Result {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}
