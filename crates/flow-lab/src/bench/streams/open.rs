//! Many streams at once: the memory and the tasks that ours takes beside the bare HTTP stack.
//!
//! Each has read all that came and waits for more. What is allocated on the one thread is
//! counted, and that is all there is: connections included, with the server in another process.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use flow_async::ChatStream;
use tokio::runtime::{self, Runtime};

use super::request::body;
use crate::Result;
use crate::bench::calls::bare;
use crate::bench::calls::same::{KEY, PROMPT};
use crate::bench::figure::Figure;
use crate::bench::server::Server;
use crate::progress::Progress;

const STREAMS: u32 = 1_000;

/// The most kibibytes that a stream may take beside the bare one.
const LIMIT: f64 = 8.0;

/// Says a little and then nothing more.
const MODEL: &str = "sim-stream-stall";

/// The pieces with content that come before that.
const CONTENTS: usize = 3;

/// The sockets of all streams in this process, or in the server's, and what else is open.
#[cfg(unix)]
const FILES: u64 = 2 * STREAMS as u64;

/// Permits as many sockets as are needed, here and in the processes that are started from here.
#[cfg(unix)]
pub(super) fn raise_limit() -> Result {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};

    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    if soft < FILES {
        setrlimit(Resource::RLIMIT_NOFILE, FILES.min(hard), hard)?;
    }
    Ok(())
}

#[cfg(not(unix))]
pub(super) fn raise_limit() -> Result {
    Ok(())
}

/// What all streams together take.
#[derive(Clone, Copy)]
struct Taken {
    bytes: f64,
    tasks: f64,
}

/// Opens all streams of ours, and then those of a bare client.
pub(super) fn measure(server: &Server, progress: &Progress) -> Result<[Figure; 2]> {
    let step = progress.of("open streams");
    step(1);
    let ours = taken(server, ours)?;
    step(2);
    let bare = taken(server, bare)?;
    let each = |taken: Taken| taken.bytes / f64::from(STREAMS) / 1024.0;
    let name = "open, memory of each of 1,000 streams against reqwest";
    let memory = Figure::counted(name, "KiB", (each(ours), Some(each(bare))), LIMIT);
    let name = "open, tasks of 1,000 streams against reqwest";
    Ok([memory, Figure::counted(name, "tasks", (ours.tasks, Some(bare.tasks)), 0.0)])
}

/// Returns what streams take that `open` opens, so many of them.
fn taken<T>(
    server: &Server,
    open: impl Fn(&str, &Runtime, u32) -> Result<Vec<T>>,
) -> Result<Taken> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    // What is made once and stays.
    drop(open(server.base_url(), &runtime, 1)?);
    let mut streams = Ok(Vec::new());
    let counted =
        allocation_counter::measure(|| streams = open(server.base_url(), &runtime, STREAMS));
    let tasks = runtime.metrics().num_alive_tasks();
    drop(streams?);
    Ok(Taken {
        bytes: i32::try_from(counted.bytes_current)?.into(),
        tasks: u32::try_from(tasks)?.into(),
    })
}

fn ours(base_url: &str, runtime: &Runtime, count: u32) -> Result<Vec<ChatStream>> {
    let client = flow_async::Client::builder().api_key(KEY).base_url(base_url).build()?;
    runtime.block_on(async {
        let mut streams = Vec::with_capacity(usize::try_from(count)?);
        for _ in 0..count {
            let mut stream = client.chat(MODEL).user(PROMPT).stream().await?;
            let mut seen = 0;
            while seen < CONTENTS {
                let chunk = stream.next().await.ok_or("the stream is over already")??;
                seen += usize::from(chunk.has_content());
            }
            if is_ready(stream.next()).await {
                return Err("the stream did not stall".into());
            }
            streams.push(stream);
        }
        Ok(streams)
    })
}

fn bare(base_url: &str, runtime: &Runtime, count: u32) -> Result<Vec<reqwest::Response>> {
    let client = bare::Async::new(base_url)?;
    runtime.block_on(async {
        let mut streams = Vec::with_capacity(usize::try_from(count)?);
        for _ in 0..count {
            let mut stream = client.post(body(MODEL)?).await?.error_for_status()?;
            let mut read = Vec::new();
            while contents(&read) < CONTENTS {
                read.extend(stream.chunk().await?.ok_or("the stream is over already")?);
            }
            if is_ready(stream.chunk()).await {
                return Err("the stream did not stall".into());
            }
            streams.push(stream);
        }
        Ok(streams)
    })
}

/// Asks once whether there is more; if there is not, whoever asked waits for it from now on.
async fn is_ready(next: impl Future) -> bool {
    let mut next = pin!(next);
    poll_fn(|context| Poll::Ready(next.as_mut().poll(context).is_ready())).await
}

/// Counts the pieces with content: the opening of the server's streams has an empty one.
fn contents(read: &[u8]) -> usize {
    const BEGIN: &[u8] = b"\"delta\":{\"content\":\"";
    let rests = (0..read.len()).filter_map(|at| read.get(at..)?.strip_prefix(BEGIN));
    rests.filter(|rest| rest.first().is_some_and(|first| *first != b'"')).count()
}
