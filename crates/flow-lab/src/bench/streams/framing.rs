//! From bytes to events: the decoder against a rate, and against the one that most clients have.

use std::hint::black_box;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use eventsource_stream::Eventsource as _;
use flow_api::sse::Decoder;
use futures_core::Stream;

use super::reads::{body, reads};
use crate::Result;
use crate::bench::cpu;
use crate::bench::figure::Figure;
use crate::bench::paired::Pairs;
use crate::progress::Progress;

/// The bytes of an event, its line ends included.
const EVENT: usize = 200;

/// So many events end where a read does, so that a body can be followed by itself.
const EVENTS: usize = 8_192;

/// The bodies of one round.
const BODIES: usize = 10;

/// The most nanoseconds for an event: a gigabyte a second.
const LIMIT: f64 = 200.0;

/// The most that an event may take of what it takes `eventsource-stream`.
const SHARE: f64 = 1.0 / 3.0;

/// Measures both decoders on the same reads.
pub(super) fn measure(progress: &Progress) -> Result<Vec<Figure>> {
    let reads = reads(&body(&events()));
    let name = "framing, a 200-byte event against eventsource-stream";
    let pairs = Pairs::measure(
        || per_event(|| ours(&reads)),
        || per_event(|| theirs(&reads)),
        progress.of(name),
    )?;
    let alone = Figure::of_ours("framing, a 200-byte event", "ns", &pairs, LIMIT);
    Ok(vec![alone, Figure::of_pairs(name, "ns", &pairs, Some(SHARE))])
}

/// Data that make events of that size.
fn events() -> Vec<String> {
    let begin = r#"{"choices":[{"index":0,"delta":{"content":""#;
    let end = "\"}}]}";
    let rest = EVENT - "data: \n\n".len() - begin.len() - end.len();
    vec![format!("{begin}{}{end}", "a".repeat(rest)); EVENTS]
}

fn per_event(round: impl FnOnce() -> Result<usize>) -> Result<f64> {
    let mut seen = 0;
    let spent = cpu::spent(|| {
        seen = round()?;
        Ok(())
    })?;
    if seen != BODIES * EVENTS {
        return Err(format!("{seen} events came out of {}", BODIES * EVENTS).into());
    }
    Ok(spent.as_secs_f64() * 1e9 / f64::from(u32::try_from(seen)?))
}

fn ours(reads: &[Bytes]) -> Result<usize> {
    let mut decoder = Decoder::new();
    let mut seen = 0;
    for _ in 0..BODIES {
        for read in reads {
            decoder.push(read.clone());
            while let Some(event) = decoder.next_event()? {
                black_box(event.data());
                seen += 1;
            }
        }
    }
    Ok(seen)
}

fn theirs(reads: &[Bytes]) -> Result<usize> {
    let reads = (0..BODIES).flat_map(|_| reads.iter().cloned());
    let mut events = pin!(Ready(reads).eventsource());
    let mut context = Context::from_waker(Waker::noop());
    let mut seen = 0;
    while let Poll::Ready(Some(event)) = events.as_mut().poll_next(&mut context) {
        black_box(event?.data);
        seen += 1;
    }
    Ok(seen)
}

/// A stream of what is there already.
struct Ready<I>(I);

impl<I: Iterator<Item = Bytes> + Unpin> Stream for Ready<I> {
    type Item = Result<Bytes, std::convert::Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.next().map(Ok))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_decoders_see_every_event() {
        let reads = reads(&body(&events()));
        assert!(reads.iter().all(|read| read.len() == reads[0].len()), "no read is short");
        assert_eq!(
            (ours(&reads).unwrap(), theirs(&reads).unwrap()),
            (BODIES * EVENTS, BODIES * EVENTS)
        );
    }
}
