//! Streams of chat completions: what comes out, how they end, and that nothing is lost on the way.

#[cfg(test)]
mod endings;
#[cfg(test)]
mod errors;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod pieces;
#[cfg(test)]
mod support;
