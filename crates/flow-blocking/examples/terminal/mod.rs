//! What the examples have in common: a command line, and an output that may be closed.

use std::env;
use std::ffi::OsString;
use std::fmt::Display;
use std::io::{self, Write as _};
use std::process::ExitCode;

/// Returns the one argument that an example takes, if it is given; otherwise how to end, when all is
/// said.
pub(crate) fn argument(usage: &str, help: &str) -> Result<Option<String>, ExitCode> {
    let mut arguments = env::args_os().skip(1).map(OsString::into_string);
    let problem = match (arguments.next(), arguments.next()) {
        (None, _) => return Ok(None),
        (Some(Ok(flag)), _) if flag == "--help" || flag == "-h" => {
            print_line(format_args!("usage: {usage}\n{help}"));
            return Err(ExitCode::SUCCESS);
        }
        (Some(Ok(flag)), _) if flag.starts_with('-') => format!("there is no flag `{flag}`"),
        (Some(Ok(argument)), None) => return Ok(Some(argument)),
        (Some(Ok(_)), Some(_)) => "there is more than one argument; put it into quotes".to_owned(),
        (Some(Err(_)), _) => "the argument is not UTF-8".to_owned(),
    };
    eprintln!("{problem}; usage: {usage}, and --help says more");
    Err(ExitCode::from(2))
}

/// Prints a line; a reader that has seen enough, as `head` has, is no failure.
pub(crate) fn print_line(text: impl Display) {
    let _ = writeln!(io::stdout(), "{text}");
}
