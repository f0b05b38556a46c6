//! `flow-lab`: what `cargo xtask` needs more than the standard library for.
#![expect(clippy::print_stderr, reason = "a command-line tool reports to the terminal")]

mod bench;
mod demo;
#[cfg(unix)]
mod examples;
mod goodput;
#[cfg(unix)]
mod interop;
#[cfg(unix)]
mod killed;
mod output;
#[cfg(unix)]
mod program;
mod progress;
mod storm;
mod table;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::output::{Result, print};

/// Demonstrates the FlowAPI clients.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measure what the clients cost, against the bare HTTP stacks below them.
    Bench(bench::Arguments),
    /// Send every row of the error table through both clients, or call a server of your own.
    Demo(demo::Arguments),
    /// Run the examples of both clients as people do: asking for help, mistyping, cutting off.
    #[cfg(unix)]
    Examples,
    /// Run both clients against a service that has limits, outages and failures.
    Goodput(goodput::Arguments),
    /// Try programs that others wrote: proxies in front of flow-sim, SDKs as its clients.
    #[cfg(unix)]
    Interop(interop::Arguments),
    /// Kill batches at random moments, and see what is done twice or lost.
    #[cfg(unix)]
    Killed(killed::Arguments),
    /// Be the server of the measurements, until the input ends.
    #[command(name = bench::server::COMMAND, hide = true)]
    ServeBench,
    /// Run our calls and the usual policies through the same storms, in virtual time.
    Storm(storm::Arguments),
    /// Print the error table as Markdown.
    Table,
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Bench(arguments) => bench::run(&arguments),
        Command::Demo(arguments) => demo::run(&arguments),
        #[cfg(unix)]
        Command::Examples => examples::run(),
        Command::Goodput(arguments) => goodput::run(&arguments),
        #[cfg(unix)]
        Command::Interop(arguments) => interop::run(&arguments),
        #[cfg(unix)]
        Command::Killed(arguments) => killed::run(&arguments),
        Command::ServeBench => bench::server::serve(),
        Command::Storm(arguments) => storm::run(&arguments),
        Command::Table => print(&table::markdown()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => match error.downcast::<clap::Error>() {
            Ok(misuse) => misuse.exit(),
            Err(error) => {
                eprintln!("{error}");
                ExitCode::FAILURE
            }
        },
    }
}
