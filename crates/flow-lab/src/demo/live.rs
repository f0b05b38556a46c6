//! A streamed chat with a server of the caller's, printed as it comes, with one client after the other.

use std::time::{Duration, Instant};

use flow_async::{ChatCompletion, Reply};
use flow_errors::Error;

use super::real::{Server, chat_facts, report, runtime};
use crate::Result;

/// A whole reply, and how long its first content took.
type Heard = (Reply<ChatCompletion>, Duration);

/// Reads the streams; fails if any of them ended with an error.
pub(super) fn run(server: &Server) -> Result {
    crate::print("== async\n")?;
    let first = runtime().and_then(|runtime| runtime.block_on(asynchronous(server)));
    let is_first_whole = show(first)?;
    crate::print("== blocking\n")?;
    let is_second_whole = show(blocking(server))?;
    if is_first_whole && is_second_whole { Ok(()) } else { Err("a stream failed".into()) }
}

async fn asynchronous(server: &Server) -> Result<Heard, Error> {
    let client = server.async_client()?;
    let began = Instant::now();
    let mut stream = client.chat(&server.model).user(&server.prompt).stream().await?;
    let first_content = began.elapsed();
    while let Some(chunk) = stream.next().await {
        show_piece(chunk?.text());
    }
    Ok((stream.into_reply().await?, first_content))
}

fn blocking(server: &Server) -> Result<Heard, Error> {
    let client = server.blocking_client()?;
    let began = Instant::now();
    let mut stream = client.chat(&server.model).user(&server.prompt).stream()?;
    let first_content = began.elapsed();
    for chunk in &mut stream {
        show_piece(chunk?.text());
    }
    Ok((stream.into_reply()?, first_content))
}

fn show_piece(text: &str) {
    // What cannot be printed here cannot be printed at the end either, where it is reported.
    let _ = crate::print(text);
}

/// Prints what there is to say after the stream, and returns whether it was whole.
fn show(heard: Result<Heard, Error>) -> Result<bool> {
    let (text, is_whole) = match heard {
        Ok((reply, first_content)) => {
            let milliseconds = first_content.as_millis();
            (format!("{}\nfirst content: {milliseconds} ms", chat_facts(&reply)), true)
        }
        Err(error) => (report(&error), false),
    };
    crate::print(&format!("\n{text}\n"))?;
    Ok(is_whole)
}
