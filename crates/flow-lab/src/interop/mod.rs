//! `cargo xtask interop`: programs that nobody here wrote, on the other side of the wire.
//!
//! Everything runs on loopback, with its files in a temporary folder, and is ended by its process
//! id. What is installed with `--install` stays in `target/interop` for the next run.

mod case;
mod daemon;
mod place;
mod show;

use std::time::Duration;

use clap::ValueEnum;
use indicatif::ProgressBar;

use self::case::Case;
use self::place::Place;
use crate::Result;

/// Which programs to try, and how.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The programs to try.
    #[arg(value_enum, default_value = "all")]
    programs: Vec<Program>,
    /// Install what is missing: Debian and npm packages, and a Python environment of its own.
    #[arg(long)]
    install: bool,
    /// Print one JSON object a line instead of a table.
    #[arg(long)]
    json: bool,
}

/// A program to try.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Program {
    /// All of them.
    All,
}

impl Program {
    const EACH: [Self; 0] = [];

    /// Tries the program; `step` is told of each case before it is run.
    fn run(self, _place: &Place, _step: &dyn Fn(&str)) -> Result<Vec<Case>> {
        match self {
            Self::All => Ok(Vec::new()),
        }
    }
}

/// Tries the programs; fails where anything was seen that is not expected.
pub(crate) fn run(arguments: &Arguments) -> Result {
    let is_asked = |program: &Program| {
        arguments.programs.contains(&Program::All) || arguments.programs.contains(program)
    };
    let mut cases = Vec::new();
    for program in Program::EACH.into_iter().filter(is_asked) {
        let progress = ProgressBar::new_spinner();
        progress.enable_steady_tick(Duration::from_millis(100));
        let place = Place::new(arguments.install)?;
        let found =
            program.run(&place, &|name| progress.set_message(format!("{program:?}: {name}")));
        progress.finish_and_clear();
        cases.extend(found.map_err(|error| format!("{program:?}: {error}"))?);
    }
    show::cases(&cases, arguments.json)?;
    let differing = cases.iter().filter(|case| !case.is_as_expected()).count();
    match differing {
        0 => Ok(()),
        many => Err(format!("{many} of {} cases differ from what is expected", cases.len()).into()),
    }
}
