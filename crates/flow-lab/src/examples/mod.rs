//! `cargo xtask examples`: the examples of both clients, run as people run them.
//!
//! What they say when they are asked for help, mistyped, cut off or interrupted is no test's business
//! inside their crates, where the other client's have the same file names.

mod batch;
mod said;

use std::path::Path;

use flow_sim::Sim;

use self::said::{Output, run as output};
use crate::Result;
use crate::output::print;
use crate::program::build;
use crate::progress::Progress;

/// Runs the examples, and fails where one does not do as it should.
pub(crate) fn run() -> Result {
    let folder = tempfile::tempdir()?;
    let progress = Progress::new();
    let (mut problems, mut count) = (Vec::new(), 0_usize);
    for client in ["flow-async", "flow-blocking"] {
        let programs = build(client, &["--examples"], folder.path())?;
        for (name, program) in &programs {
            let _ = progress.of(&format!("{client}, {name}"));
            let found =
                if name == "batch_file" { batch::problems(program)? } else { call(program)? };
            let found = usage(name, program)?.into_iter().chain(found);
            problems.extend(found.map(|problem| format!("{client}, {name}: {problem}")));
            count = count.saturating_add(1);
        }
    }
    drop(progress);
    if problems.is_empty() {
        return print(&format!("{count} examples as they should be\n"));
    }
    Err(problems.join("\n").into())
}

/// Returns what is wrong with what a program says of itself.
fn usage(name: &str, program: &Path) -> Result<Vec<String>> {
    let help = output(program, &["--help"], None, Output::Kept)?;
    let cut = output(program, &["--help"], None, Output::Closed)?;
    let mistyped = output(program, &["--no-such"], None, Output::Kept)?;
    let is_named = ["`--no-such`", "--help"].iter().all(|word| mistyped.stderr.contains(word));
    let usage = format!("usage: {name} ");
    let checks = [
        ("--help is no success on stdout", help.is(0, "") && help.stdout.starts_with(&usage)),
        ("--help into a closed pipe is no quiet success", cut.is(0, "")),
        (
            "a wrong flag does not end with 2",
            mistyped.code == Some(2) && mistyped.stdout.is_empty(),
        ),
        ("a wrong flag is not named with the remedy", is_named),
    ];
    Ok(said::failed(&checks))
}

/// Returns what is wrong with an answer that nobody reads.
fn call(program: &Path) -> Result<Vec<String>> {
    let sim = Sim::start()?;
    let said = output(program, &[], Some(&sim), Output::Closed)?;
    let is_fine = said.code == Some(0) && !said.stderr.contains("panicked");
    let was_asked = !sim.log().is_empty();
    Ok(said::failed(&[("an answer into a closed pipe", is_fine && was_asked)]))
}
