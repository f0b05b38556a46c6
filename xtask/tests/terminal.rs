//! What the maintenance commands say of themselves, and that nobody has to listen to the end.
#![expect(clippy::unwrap_used, reason = "a test reports by panicking")]

use std::process::{Command, Output, Stdio};

fn xtask(arguments: &[&str], stdout: Stdio) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.args(arguments).stdin(Stdio::null()).stdout(stdout).stderr(Stdio::piped());
    command.spawn().unwrap().wait_with_output().unwrap()
}

#[test]
fn help_is_a_success_on_stdout_and_what_is_wrong_ends_with_2() {
    #[rustfmt::skip]
    let cases: [(&[&str], i32, &str); 9] = [
        // arguments           code  first of what is wrong
        (&[],                  0,    ""),
        (&["--help"],          0,    ""),
        (&["check", "--help"], 0,    ""),
        (&["test", "-h"],      0,    ""),
        (&["twins", "--help"], 0,    ""),
        (&["table", "--help"], 0,    ""),
        (&["check", "--foo"],  2,    "`cargo xtask check` does not take `--foo`"),
        (&["foo"],             2,    "there is no command `foo`"),
        (&["foo", "--help"],   2,    "there is no command `foo`"),
    ];
    for (arguments, code, want) in cases {
        let output = xtask(arguments, Stdio::piped());
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {stderr}");
        assert_eq!(stderr.lines().next().unwrap_or_default(), want, "{arguments:?}");
        assert_eq!(output.stdout.starts_with(b"usage: "), code == 0, "{arguments:?}");
    }
}

#[test]
#[cfg(unix)]
fn reader_that_has_seen_enough_is_no_failure() {
    for arguments in [["help"], ["layers"], ["twins"]] {
        let mut reader = Command::new("true").stdin(Stdio::piped()).spawn().unwrap();
        let closed = reader.stdin.take().unwrap();
        reader.wait().unwrap();
        let output = xtask(&arguments, closed.into());
        assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    }
}
