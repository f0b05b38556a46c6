//! The first content: how much later it reaches the caller than through a bare HTTP stack.
//!
//! Both send the same request over a connection that stays open, and look at what they read until
//! there is content in it. The rest of the stream is read as well, but its time does not count.

use std::io::{BufRead as _, BufReader};
use std::time::Instant;

use tokio::runtime;

use super::piece::Plain;
use super::request::body;
use crate::Result;
use crate::bench::calls::bare;
use crate::bench::calls::same::{KEY, MODEL, PROMPT};
use crate::bench::figure::Figure;
use crate::bench::paired::{Pairs, Ranked};
use crate::bench::server::Server;
use crate::progress::Progress;

/// The most microseconds that ours may add.
const LIMIT: f64 = 50.0;

/// The streams of one round, of which the median is taken.
const STREAMS: usize = 200;

/// Measures both clients, one stream at a time.
pub(super) fn measure(server: &Server, progress: &Progress) -> Result<[Figure; 2]> {
    Ok([asynchronous(server, progress)?, blocking(server, progress)?])
}

fn asynchronous(server: &Server, progress: &Progress) -> Result<Figure> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    let ours = flow_async::Client::builder().api_key(KEY).base_url(server.base_url()).build()?;
    let bare = bare::Async::new(server.base_url())?;
    let name = "first content, async against reqwest";
    let pairs = Pairs::measure(
        || median_micros(|| runtime.block_on(ours_async(&ours))),
        || median_micros(|| runtime.block_on(bare_async(&bare))),
        progress.of(name),
    )?;
    Ok(Figure::of_differences(name, "µs", &pairs, LIMIT))
}

fn blocking(server: &Server, progress: &Progress) -> Result<Figure> {
    let ours = flow_blocking::Client::builder().api_key(KEY).base_url(server.base_url()).build()?;
    // Without a timeout, since that costs a bare ureq a thread for each request.
    let bare = bare::Blocking::new(server.base_url(), None)?;
    let name = "first content, blocking against ureq";
    let pairs = Pairs::measure(
        || median_micros(|| ours_blocking(&ours)),
        || median_micros(|| bare_blocking(&bare)),
        progress.of(name),
    )?;
    Ok(Figure::of_differences(name, "µs", &pairs, LIMIT))
}

/// Returns the median of what `stream` returns, in microseconds.
fn median_micros(stream: impl Fn() -> Result<f64>) -> Result<f64> {
    let times: Vec<f64> = (0..STREAMS).map(|_| stream()).collect::<Result<_>>()?;
    Ok(Ranked::new(times.into_iter()).median() * 1e6)
}

async fn ours_async(client: &flow_async::Client) -> Result<f64> {
    let began = Instant::now();
    let mut stream = client.chat(MODEL).user(PROMPT).stream().await?;
    let mut first = None;
    while let Some(chunk) = stream.next().await {
        if chunk?.has_content() {
            first.get_or_insert_with(|| began.elapsed().as_secs_f64());
        }
    }
    first.ok_or_else(|| "there was no content".into())
}

fn ours_blocking(client: &flow_blocking::Client) -> Result<f64> {
    let began = Instant::now();
    let mut first = None;
    for chunk in client.chat(MODEL).user(PROMPT).stream()? {
        if chunk?.has_content() {
            first.get_or_insert_with(|| began.elapsed().as_secs_f64());
        }
    }
    first.ok_or_else(|| "there was no content".into())
}

async fn bare_async(client: &bare::Async) -> Result<f64> {
    let began = Instant::now();
    let mut reply = client.post(body(MODEL)?).await?.error_for_status()?;
    let (mut read, mut first) = (Vec::new(), None);
    while let Some(bytes) = reply.chunk().await? {
        read.extend_from_slice(&bytes);
        while let Some(end) = read.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = read.drain(..=end).collect();
            if has_content(&line)? {
                first.get_or_insert_with(|| began.elapsed().as_secs_f64());
            }
        }
    }
    first.ok_or_else(|| "there was no content".into())
}

fn bare_blocking(client: &bare::Blocking) -> Result<f64> {
    let began = Instant::now();
    let reply = client.post(body(MODEL)?).map_err(|error| error.to_string())?;
    let mut reader = BufReader::new(reply.into_body().into_reader());
    let (mut line, mut first) = (Vec::new(), None);
    while reader.read_until(b'\n', &mut line)? > 0 {
        if has_content(&line)? {
            first.get_or_insert_with(|| began.elapsed().as_secs_f64());
        }
        line.clear();
    }
    first.ok_or_else(|| "there was no content".into())
}

fn has_content(line: &[u8]) -> Result<bool> {
    match line.strip_prefix(b"data: ") {
        None | Some(b"[DONE]\n") => Ok(false),
        Some(json) => Ok(serde_json::from_slice::<Plain>(json)?.has_content()),
    }
}
