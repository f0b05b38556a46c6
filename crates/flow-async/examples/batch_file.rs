//! Requests from one file, replies to another: `cargo run -p flow-async --example batch_file`
//!
//! Killed or interrupted at any moment, it goes on with `--resume`: nothing that is in the file of
//! replies is done twice, and nothing is lost but what was under way.
#![expect(clippy::print_stderr, reason = "an example talks to the terminal")]

use std::error::Error;
use std::io::ErrorKind;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::{env, process};

use flow_async::Client;
use flow_async::batch::{Progress, ReplyFile, RequestFile};
use indicatif::{FormattedDuration, ProgressBar, ProgressStyle};

const HELP: &str = r#"
usage: batch_file REQUESTS REPLIES [--resume] [--model MODEL] [--concurrency N] [--fsync]

Each line of REQUESTS has a custom_id of its own, and a prompt or a whole request:
    {"custom_id": "1", "prompt": "What is a monad?"}
    {"custom_id": "2", "body": {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello"}]}}
Each line of REPLIES has the custom_id, and a response with the reply as its body, or an error.

    --resume         go on with REPLIES; what is in there is not done again
    --model MODEL    the model of requests that name none (gpt-4o)
    --concurrency N  how many calls are under way at once (64)
    --fsync          wait for the disk after each reply, to survive a loss of power too

Set FLOW_API_KEY to your key. To try it without one, start a FlowAPI of your own:
    cargo run -p flow-sim
and set FLOW_API_KEY=sk-any FLOW_BASE_URL=http://127.0.0.1:4429/v1"#;

/// What a shell says of a program that Ctrl-C has ended.
const INTERRUPTED: u8 = 130;

struct Options {
    requests: String,
    replies: String,
    resume: bool,
    model: String,
    concurrency: usize,
    fsync: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let Some(options) = options(env::args().skip(1)) else {
        eprintln!("{HELP}");
        return ExitCode::from(2);
    };
    match run(&options).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn options(mut arguments: impl Iterator<Item = String>) -> Option<Options> {
    let (mut files, mut resume, mut fsync) = (Vec::new(), false, false);
    let (mut model, mut concurrency) = ("gpt-4o".to_owned(), 64);
    while let Some(argument) = arguments.next() {
        match &*argument {
            "--resume" => resume = true,
            "--fsync" => fsync = true,
            "--model" => model = arguments.next()?,
            "--concurrency" => concurrency = arguments.next()?.parse().ok()?,
            flag if flag.starts_with('-') => return None,
            _ => files.push(argument),
        }
    }
    let [requests, replies] = files.try_into().ok()?;
    Some(Options { requests, replies, resume, model, concurrency, fsync })
}

async fn run(options: &Options) -> Result<ExitCode, Box<dyn Error>> {
    let client = Client::from_env().map_err(|error| format!("{error}\n{HELP}"))?;
    let mut requests = RequestFile::open(&options.requests, Some(&options.model))?;
    let mut replies = open(options)?;
    let all = requests.len();
    requests.leave_out(&replies);
    let mut left = requests.len();
    let bar = bar(all, left)?;
    let is_interrupted = interrupts(&bar)?;
    let batch = client.batch(&mut requests).concurrency(options.concurrency);
    let mut results = batch.on_progress(shown_on(&bar)).results();
    while let Some(done) = results.next().await {
        // What stopped the batch is everyone's failure, and said once.
        match &done.result {
            Err(error) if results.stopped_by().is_none() => {
                bar.suspend(|| eprintln!("{}: {error}", done.key));
            }
            _ => {}
        }
        if replies.write(&done)? {
            left = left.saturating_sub(1);
            if options.fsync {
                replies.sync()?;
            }
        }
        if is_interrupted.load(Ordering::Relaxed) || results.stopped_by().is_some() {
            results.stop();
        }
    }
    let (progress, stopped_by) = (*results.progress(), results.stopped_by().cloned());
    drop(results);
    bar.finish_and_clear();
    requests.finish()?;
    let (succeeded, failed, took) = (progress.succeeded(), progress.failed(), progress.elapsed());
    let refusals = progress.refusals();
    eprintln!(
        "{succeeded} answered, {failed} failed, {refusals} refusals, in {took:.1?}; left: {left}"
    );
    if let Some(error) = stopped_by {
        eprintln!("stopped, because every request would fail: {error}");
    }
    if left > 0 {
        eprintln!("go on with --resume");
    }
    Ok(match is_interrupted.load(Ordering::Relaxed) {
        true => ExitCode::from(INTERRUPTED),
        false if progress.failed() > 0 => ExitCode::FAILURE,
        false => ExitCode::SUCCESS,
    })
}

fn open(options: &Options) -> Result<ReplyFile, Box<dyn Error>> {
    if options.resume {
        return Ok(ReplyFile::resume(&options.replies)?);
    }
    ReplyFile::create(&options.replies).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => format!("{error}\nto go on with it, say --resume").into(),
        _ => error.into(),
    })
}

/// Stops the batch at the first Ctrl-C, and the program at the second.
fn interrupts(bar: &ProgressBar) -> Result<Arc<AtomicBool>, ctrlc::Error> {
    let (bar, is_interrupted) = (bar.clone(), Arc::<AtomicBool>::default());
    let flag = is_interrupted.clone();
    ctrlc::set_handler(move || {
        if flag.swap(true, Ordering::Relaxed) {
            process::exit(INTERRUPTED.into());
        }
        bar.suspend(|| eprintln!("waiting for what is under way; Ctrl-C again gives it up"));
    })?;
    Ok(is_interrupted)
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
