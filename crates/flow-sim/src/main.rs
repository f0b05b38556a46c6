//! The `flow-sim` command: a server to try programs against, until Ctrl-C.

mod help;
mod load;

use std::error::Error;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _, Parser};
use flow_sim::{Script, Seen, Sim, SimBuilder};

use crate::load::Load;

/// A FlowAPI on this machine: answers like the service, and fails as you ask it to.
///
/// Point any OpenAI-compatible client at the address that it prints, with any API key. The model
/// id in the request chooses what happens.
#[derive(Debug, Parser)]
#[command(name = "flow-sim", version)]
struct Options {
    /// Port on 127.0.0.1; 0 takes any free one
    #[arg(long, default_value_t = 4429)]
    port: u16,

    /// What ids and chance are derived from: the same seed, the same answers
    #[arg(long, default_value_t = 0)]
    seed: u64,

    /// JSON file that says what the first requests get
    #[arg(long, value_name = "FILE")]
    script: Option<PathBuf>,

    /// Model whose requests all get a 503; may be given several times
    #[arg(long, value_name = "MODEL")]
    overload: Vec<String>,

    /// Prints a line for each request to stderr, without headers and bodies
    #[arg(long)]
    log: bool,

    #[command(flatten, next_help_heading = "Limits and outages")]
    load: Load,
}

fn main() -> ExitCode {
    let matches = Options::command().after_long_help(help::text()).get_matches();
    let run = match Options::from_arg_matches(&matches) {
        Ok(options) => run(&options),
        Err(error) => error.exit(),
    };
    match run {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // With stderr gone too there is nobody to tell.
            let _ = writeln!(io::stderr(), "flow-sim: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    // Before the address is printed, so that no early signal is missed.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let stopped = {
        let _inside = runtime.enter();
        signals()?
    };
    let sim = start(options)?;
    let mut out = io::stdout();
    writeln!(out, "listening on {}", sim.base_url())?;
    out.flush()?;
    runtime.block_on(stopped);
    Ok(())
}

fn start(options: &Options) -> Result<Sim, Box<dyn Error>> {
    // Nobody looks at the log of a command: keep none, it may run for days.
    let mut builder = Sim::builder().port(options.port).seed(options.seed).log_limit(0);
    builder = options.overload.iter().fold(builder, SimBuilder::overload_model);
    if let Some(path) = &options.script {
        builder = builder.script(read_script(path)?);
    }
    builder = options.load.apply(builder);
    if options.log {
        builder = builder.on_request(print);
    }
    builder.start().map_err(|error| explain(error, options.port))
}

fn read_script(path: &Path) -> Result<Script, String> {
    let file = path.display();
    let text = fs::read_to_string(path)
        .map_err(|error| format!("script {file} cannot be read: {error}; check --script"))?;
    Script::from_json(&text)
        .map_err(|error| format!("script {file}: {error}; see the format in flow-sim --help"))
}

fn explain(error: io::Error, port: u16) -> Box<dyn Error> {
    let remedy = match error.kind() {
        io::ErrorKind::AddrInUse => "is in use: choose another with --port, or --port 0 for any",
        io::ErrorKind::PermissionDenied => "needs rights: choose one above 1023 with --port",
        _ => return error.into(),
    };
    format!("port {port} on 127.0.0.1 {remedy}").into()
}

fn print(seen: &Seen) {
    // A closed stderr must not stop the server.
    let _ = writeln!(io::stderr(), "{seen}");
}

/// Resolves at Ctrl-C or SIGTERM.
#[cfg(unix)]
fn signals() -> io::Result<impl Future<Output = ()>> {
    use std::future::poll_fn;
    use std::task::Poll;

    use tokio::signal::unix::{SignalKind, signal};

    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(poll_fn(move |cx| {
        if interrupt.poll_recv(cx).is_ready() || terminate.poll_recv(cx).is_ready() {
            return Poll::Ready(());
        }
        Poll::Pending
    }))
}

/// Resolves at Ctrl-C.
#[cfg(not(unix))]
fn signals() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        // If it cannot be waited for, the process is killed as any other.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}
