//! Maintenance commands: `cargo xtask <command>`.
//!
//! Only the standard library, so that it builds in a second; what needs more is in `flow-lab`,
//! which this spawns.
#![expect(clippy::print_stderr, reason = "a command-line tool reports to the terminal")]

mod cargo;
mod check;
mod layers;
mod names;
mod table;
mod tidy;
mod tokens;
mod twins;
mod workspace;

use std::process::ExitCode;

use self::workspace::print;

const USAGE: &str = "\
usage: cargo xtask <command>

commands:
  demo     send every row of the error table through both clients, and print what came of it
             --json                  one JSON object a line
             --base-url URL --api-key KEY --model M [-- \"prompt\"]
                                     call any OpenAI-compatible server instead
  interop  try programs that others wrote with ours: all, nginx, openai-python, openai-node, litellm
             --install               put what is missing into target/interop
             --json                  one JSON object a line
  bench    measure what the clients cost against bare HTTP stacks; fails where a limit is missed
             calls, decode, machine, streams, waiting, build
                                     only these parts; build takes minutes
             --builds N              how often build builds each program anew
             --json                  one JSON object a line
  goodput  run both clients against limits, an outage and failures, over real sockets; fails where a
           limit is missed
             limits, outage, faults  only these parts; all of them take minutes
             --json                  one JSON object a line
  storm    run our calls and the usual policies through the same storms, in virtual time; fails where a
           limit of ours is missed
             --scenario s1,... --policy ours,... --seeds N
                                     only these, and with so many seeds (20)
             --rate N --burst N --jobs N --workers N --processes N
                                     a batch at a limit of your own
             --plots DIR             draw pictures as well
             --json                  one JSON object a line
  killed   kill batches of files at random moments, and fail where anything is done twice or lost
             --kills N               how often each is killed (20)
             --seed N                the moments of another run
             --json                  one JSON object a line
  examples run the examples of both clients as people do: asking for help, mistyping, cutting their
           output off, pressing Ctrl-C; fails where one does not do as it should
  test     run all tests, doctests included (with cargo-nextest where it is installed)
  check    formatting, lints, docs, house rules, layers, twins, and whether the error table is up to date
  layers   print the modules of each crate by rank, or who imports from above
  twins    where the two clients differ without a reason
  table    write the error table into the README and the crate docs
             --check                 only say whether it is up to date";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let command = arguments.next();
    let rest: Vec<String> = arguments.collect();
    let outcome = match (command.as_deref(), &*rest) {
        (Some("demo"), rest) => cargo::lab("demo", rest),
        (Some("bench"), rest) => cargo::fast_lab("bench", rest),
        (Some("goodput"), rest) => cargo::fast_lab("goodput", rest),
        (Some("storm"), rest) => cargo::fast_lab("storm", rest),
        (Some("interop"), rest) => cargo::lab("interop", rest),
        (Some("examples"), rest) => cargo::lab("examples", rest),
        (Some("killed"), rest) => cargo::lab("killed", rest),
        (None | Some("help" | "--help" | "-h"), _) => print(USAGE),
        // The lab's commands have told of themselves.
        (Some("test" | "check" | "layers" | "twins" | "table"), [flag]) if is_help(flag) => {
            print(USAGE)
        }
        (Some("test"), []) => check::test(),
        (Some("check"), []) => check::check(),
        (Some("layers"), []) => layers::print(),
        (Some("twins"), []) => twins::check().and_then(|()| print("the clients are twins")),
        (Some("table"), []) => table::write(),
        (Some("table"), [flag]) if flag == "--check" => table::check(),
        (Some(command), rest) => {
            eprintln!("{}", refusal(command, rest));
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let text = error.to_string();
            if !text.is_empty() {
                eprintln!("{text}");
            }
            ExitCode::FAILURE
        }
    }
}

fn is_help(flag: &str) -> bool {
    matches!(flag, "--help" | "-h")
}

/// Names what cannot be done, and then what can.
fn refusal(command: &str, rest: &[String]) -> String {
    let is_known = USAGE.lines().any(|line| line.trim_start().starts_with(&format!("{command} ")));
    match rest.first() {
        Some(argument) if is_known => {
            format!("`cargo xtask {command}` does not take `{argument}`\n\n{USAGE}")
        }
        _ => format!("there is no command `{command}`\n\n{USAGE}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_done_is_named() {
        let refused = |command, rest: &[&str]| {
            let rest: Vec<_> = rest.iter().map(|word| (*word).to_owned()).collect();
            refusal(command, &rest).lines().next().unwrap().to_owned()
        };
        assert_eq!(refused("foo", &[]), "there is no command `foo`");
        assert_eq!(refused("foo", &["x"]), "there is no command `foo`");
        assert_eq!(refused("check", &["x"]), "`cargo xtask check` does not take `x`");
    }
}
