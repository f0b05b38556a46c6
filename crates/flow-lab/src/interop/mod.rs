//! `cargo xtask interop`: programs that nobody here wrote, on the other side of the wire.
//!
//! Everything runs on loopback, with its files in a temporary folder, and is ended by its process
//! id, also when a signal ends us. What is installed with `--install` stays in `target/interop`
//! for the next run.

mod case;
mod command;
mod daemon;
mod install;
mod interrupt;
mod litellm;
mod nginx;
mod place;
mod process;
mod sdk;
mod show;

use std::time::{Duration, Instant};

use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressStyle};

use self::case::Case;
use self::place::Place;
use crate::Result;

/// Which programs to try, and how.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The programs to try.
    #[arg(value_enum, default_value = "all")]
    programs: Vec<Program>,
    /// Install what is missing into `target/interop`.
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
    /// The proxy, between our clients and flow-sim.
    Nginx,
    /// The official OpenAI SDK for Python, sync and async, as a client of flow-sim.
    OpenaiPython,
    /// The official OpenAI SDK for Node.js as a client of flow-sim.
    OpenaiNode,
    /// The LiteLLM proxy, between both of our clients and flow-sim.
    Litellm,
}

impl Program {
    const EACH: [Self; 4] = [Self::Nginx, Self::OpenaiPython, Self::OpenaiNode, Self::Litellm];

    /// Tries the program; `step` is told of each case before it is run.
    fn run(self, place: &Place, step: &dyn Fn(&str)) -> Result<Vec<Case>> {
        match self {
            Self::All => Ok(Vec::new()),
            Self::Nginx => nginx::run(place, step),
            Self::OpenaiPython => sdk::openai_python::run(place, step),
            Self::OpenaiNode => sdk::openai_node::run(place, step),
            Self::Litellm => litellm::run(place, step),
        }
    }

    /// What the program is called on the command line.
    fn name(self) -> String {
        let value = self.to_possible_value();
        value.map_or_else(String::new, |value| value.get_name().to_owned())
    }
}

/// Tries the programs; fails where anything was seen that is not expected, or a program could not
/// be tried. The others are tried all the same.
pub(crate) fn run(arguments: &Arguments) -> Result {
    interrupt::watch()?;
    let started = Instant::now();
    let is_asked = |program: &Program| {
        arguments.programs.contains(&Program::All) || arguments.programs.contains(program)
    };
    let (mut count, mut problems) = (0_usize, Vec::new());
    for program in Program::EACH.into_iter().filter(is_asked) {
        match tried(program, arguments.install) {
            Ok(cases) => {
                let show = if arguments.json { show::json } else { show::table };
                show(&cases)?;
                let differing = cases.iter().filter(|case| !case.is_as_expected()).count();
                count = count.saturating_add(cases.len());
                if differing > 0 {
                    let (name, all) = (program.name(), cases.len());
                    problems.push(format!("{name}: {differing} of {all} cases differ"));
                }
            }
            Err(error) => problems.push(format!("{}: {error}", program.name())),
        }
    }
    if !problems.is_empty() {
        return Err(problems.join("\n").into());
    }
    eprintln!("{count} cases as expected in {:.1} s", started.elapsed().as_secs_f64());
    Ok(())
}

/// Tries one program, in a place of its own.
fn tried(program: Program, may_install: bool) -> Result<Vec<Case>> {
    let style = ProgressStyle::with_template("{spinner} {prefix}: {wide_msg} {elapsed}")?;
    let progress = ProgressBar::new_spinner().with_style(style).with_prefix(program.name());
    progress.enable_steady_tick(Duration::from_millis(100));
    let place = Place::new(may_install)?;
    let cases = program.run(&place, &|name| progress.set_message(name.to_owned()));
    progress.finish_and_clear();
    cases
}
