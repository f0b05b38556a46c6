//! How a command ends, what it prints, and how wide.

use std::env;
use std::error::Error;
use std::io::{self, Write as _};

/// What a command comes to.
pub(crate) type Result<T = (), E = Box<dyn Error>> = std::result::Result<T, E>;

/// How wide a table is where no terminal says.
const USUAL_WIDTH: u16 = 140;

/// Below this a table is a column of syllables.
const LEAST_WIDTH: u16 = 80;

/// Prints `text`; a reader that has seen enough, as `head` has, is no failure.
pub(crate) fn print(text: &str) -> Result {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// Returns the width for tables: the terminal's; `COLUMNS`, where it is exported, has the last word.
pub(crate) fn width() -> u16 {
    let wished = env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let width = wished.or_else(terminal_width).filter(|columns| *columns > 0);
    width.unwrap_or(USUAL_WIDTH).max(LEAST_WIDTH)
}

#[cfg(unix)]
fn terminal_width() -> Option<u16> {
    rustix::termios::tcgetwinsize(io::stdout()).ok().map(|size| size.ws_col)
}

#[cfg(not(unix))]
const fn terminal_width() -> Option<u16> {
    None
}
