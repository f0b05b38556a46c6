//! `flow-lab`: what `cargo xtask` needs more than the standard library for.
#![expect(clippy::print_stderr, reason = "a command-line tool reports to the terminal")]

mod demo;
#[cfg(unix)]
mod interop;
mod output;
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
    /// Send every row of the error table through both clients, or call a server of your own.
    Demo(demo::Arguments),
    /// Try programs that others wrote: proxies in front of flow-sim, SDKs as its clients.
    #[cfg(unix)]
    Interop(interop::Arguments),
    /// Print the error table as Markdown.
    Table,
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Demo(arguments) => demo::run(&arguments),
        #[cfg(unix)]
        Command::Interop(arguments) => interop::run(&arguments),
        Command::Table => print(&table::markdown()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
