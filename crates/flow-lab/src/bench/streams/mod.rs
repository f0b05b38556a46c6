//! Streams: what it takes to read them, and to keep many of them open.

mod decoding;
mod first;
mod framing;
mod open;
mod piece;
mod reads;
mod request;

use super::figure::Figure;
use super::server::Server;
use crate::Result;
use crate::progress::Progress;

/// Measures the reading of streams, first without a network and then with one.
pub(super) fn measure(progress: &Progress) -> Result<Vec<Figure>> {
    let mut figures = framing::measure(progress)?;
    figures.extend(decoding::measure(progress)?);
    open::raise_limit()?;
    let server = Server::start()?;
    figures.extend(first::measure(&server, progress)?);
    figures.extend(open::measure(&server, progress)?);
    Ok(figures)
}
