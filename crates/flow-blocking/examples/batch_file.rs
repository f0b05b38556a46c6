//! Requests from one file, replies to another: `cargo run -p flow-blocking --example batch_file`
//!
//! Killed or interrupted at any moment, it goes on with `--resume`: nothing that is in the file of
//! replies is done twice, and nothing is lost but what was under way.
use std::error::Error;
use std::ffi::OsString;
use std::fmt::Display;
use std::io::{self, ErrorKind, Write as _};
use std::path::PathBuf;
use std::process::{self, ExitCode};
use std::sync::atomic::{AtomicBool, Ordering};
use std::{env, fs};

use flow_blocking::batch::{Progress, ReplyFile, RequestFile, StopToken};
use flow_blocking::{Client, Kind};
use indicatif::{FormattedDuration, ProgressBar, ProgressStyle};

const HELP: &str = r#"usage: batch_file REQUESTS REPLIES [--resume] [--model MODEL] [--concurrency N] [--fsync]

Each line of REQUESTS has a custom_id of its own, and a prompt or a whole request:
    {"custom_id": "1", "prompt": "What is a monad?"}
    {"custom_id": "2", "body": {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello"}]}}
Each line of REPLIES has the custom_id, and a response with the reply as its body, or an error.

    --resume         go on with REPLIES: what has a line in there is not done again, errors neither;
                     remove the line of one to have it done
    --model MODEL    the model of requests that name none (gpt-4o)
    --concurrency N  how many calls are under way at once (64)
    --fsync          wait for the disk after each reply, to survive a loss of power too

Set FLOW_API_KEY to your key. To try it without one, start a FlowAPI of your own:
    cargo run -p flow-sim
and set FLOW_API_KEY=sk-any FLOW_BASE_URL=http://127.0.0.1:4429/v1"#;

/// What a shell says of a program that Ctrl-C has ended.
const INTERRUPTED: u8 = 130;

struct Options {
    requests: PathBuf,
    replies: PathBuf,
    resume: bool,
    model: String,
    concurrency: usize,
    fsync: bool,
}

fn main() -> ExitCode {
    let outcome = match options(env::args_os().skip(1)) {
        Ok(Some(options)) => run(&options),
        Ok(None) => {
            let _ = writeln!(io::stdout(), "{HELP}");
            Ok(ExitCode::SUCCESS)
        }
        Err(problem) => {
            say(format_args!("{problem}; --help says more"));
            Ok(ExitCode::from(2))
        }
    };
    outcome.unwrap_or_else(|error| {
        say(error);
        ExitCode::FAILURE
    })
}

/// Says something on the terminal. One that is gone is no reason to stop: what is under way is paid
/// for.
fn say(text: impl Display) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Returns what is to be done; `None` if that is to help, and what is wrong with the arguments.
fn options(mut arguments: impl Iterator<Item = OsString>) -> Result<Option<Options>, String> {
    let (mut files, mut resume, mut fsync) = (Vec::new(), false, false);
    let (mut model, mut concurrency) = ("gpt-4o".to_owned(), 64);
    while let Some(argument) = arguments.next() {
        let mut value = |flag| {
            let value = arguments.next().and_then(|value| value.into_string().ok());
            value.ok_or_else(|| format!("there is no value after `{flag}`"))
        };
        match argument.to_str() {
            Some("--help" | "-h") => return Ok(None),
            Some("--resume") => resume = true,
            Some("--fsync") => fsync = true,
            Some("--model") => model = value("--model")?,
            Some("--concurrency") => {
                let calls = value("--concurrency")?;
                let problem = |_| format!("`--concurrency {calls}` is not a number of calls");
                concurrency = calls.parse().map_err(problem)?;
            }
            Some(other) if other.starts_with('-') => {
                return Err(format!("`{other}` is neither a flag nor a file"));
            }
            _ => files.push(PathBuf::from(argument)),
        }
    }
    let files: Result<[PathBuf; 2], _> = files.try_into();
    let [requests, replies] = files.map_err(|files| {
        format!("there must be two files, REQUESTS and REPLIES, and not {}", files.len())
    })?;
    Ok(Some(Options { requests, replies, resume, model, concurrency, fsync }))
}

fn run(options: &Options) -> Result<ExitCode, Box<dyn Error>> {
    let client = Client::from_env().map_err(|error| format!("{error}\n\n{HELP}"))?;
    let mut requests = RequestFile::open(&options.requests, Some(&options.model))?;
    let mut replies = open(options)?;
    let all = requests.len();
    requests.leave_out(&replies);
    let mut left = requests.len();
    let others = replies.len().saturating_sub(all.saturating_sub(left));
    if others > 0 {
        let (requests, replies) = (options.requests.display(), options.replies.display());
        say(format_args!("{replies}: {others} replies are to no request of {requests}"));
    }
    let bar = bar(all, left)?;
    let batch = client.batch(&mut requests).concurrency(options.concurrency);
    let mut results = batch.on_progress(shown_on(&bar)).results();
    stop_at_interrupt(results.stop_token(), &bar)?;
    let mut given_up = 0;
    while let Some(done) = results.next() {
        // Before anything else, because it may be paid for.
        if replies.write(&done)? {
            left = left.saturating_sub(1);
            if options.fsync {
                replies.sync()?;
            }
        }
        match &done.result {
            Err(error) if error.kind() == Kind::Cancelled => given_up += 1,
            // What stopped the batch is everyone's failure, and said once.
            Err(error) if results.stopped_by().is_none() => {
                bar.suspend(|| say(format_args!("{}: {error}", done.key)));
            }
            _ => {}
        }
        if results.stopped_by().is_some() {
            results.stop();
        }
    }
    let (progress, stopped_by) = (*results.progress(), results.stopped_by().cloned());
    let is_interrupted = results.stop_token().is_stopped() && stopped_by.is_none();
    drop(results);
    bar.finish_and_clear();
    requests.finish()?;
    let (succeeded, took) = (progress.succeeded(), progress.elapsed());
    let (failed, refusals) = (progress.failed().saturating_sub(given_up), progress.refusals());
    say(format_args!(
        "{succeeded} answered, {failed} failed, {refusals} refusals, in {took:.1?}; left: {left}"
    ));
    if let Some(error) = stopped_by {
        say(format_args!("stopped, because every request would fail: {error}"));
    }
    if left > 0 {
        say("go on with --resume");
    }
    Ok(match is_interrupted {
        true => ExitCode::from(INTERRUPTED),
        false if failed > 0 => ExitCode::FAILURE,
        false => ExitCode::SUCCESS,
    })
}

fn open(options: &Options) -> Result<ReplyFile, Box<dyn Error>> {
    let (requests, replies) = (&options.requests, &options.replies);
    if fs::canonicalize(replies)
        .is_ok_and(|path| fs::canonicalize(requests).is_ok_and(|other| other == path))
    {
        return Err(format!(
            "{}: this is the file of requests; the replies need one of their own",
            replies.display()
        )
        .into());
    }
    if options.resume {
        return Ok(ReplyFile::resume(replies)?);
    }
    ReplyFile::create(replies).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => format!("{error}\nto go on with it, say --resume").into(),
        _ => error.into(),
    })
}

/// Stops the batch at the first Ctrl-C, and the program at the second.
fn stop_at_interrupt(stop: StopToken, bar: &ProgressBar) -> Result<(), ctrlc::Error> {
    let (bar, is_second) = (bar.clone(), AtomicBool::new(false));
    ctrlc::set_handler(move || {
        if is_second.swap(true, Ordering::Relaxed) {
            process::exit(INTERRUPTED.into());
        }
        stop.stop();
        bar.suspend(|| say("waiting for what is being sent; Ctrl-C again gives it up"));
    })
}

fn bar(all: usize, left: usize) -> Result<ProgressBar, Box<dyn Error>> {
    let style = ProgressStyle::with_template("{wide_bar} {pos}/{len} {msg}")?;
    let bar = ProgressBar::new(u64::try_from(all)?).with_style(style);
    let bar = bar.with_position(u64::try_from(all.saturating_sub(left))?);
    // It is there before the first reply is.
    bar.tick();
    Ok(bar)
}

fn shown_on(bar: &ProgressBar) -> impl FnMut(&Progress) + Send + 'static {
    let bar = bar.clone();
    move |progress| {
        bar.inc(1);
        let left = progress.time_left().map(FormattedDuration);
        let left = left.map(|left| format!(", {left} left")).unwrap_or_default();
        let (failed, refusals) = (progress.failed(), progress.refusals());
        let rate = progress.rate();
        bar.set_message(format!("{rate:.1}/s, {failed} failed, {refusals} refused{left}"));
    }
}
