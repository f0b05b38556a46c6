//! What a reply's body does, step by step, and lists of steps cut short or to pieces.

use std::time::Duration;

use bytes::{Buf as _, Bytes};

use crate::wire::Cut;

/// One thing that a body does.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Send(Bytes),
    /// Waits; for no time at all, what was sent before still leaves as a write of its own.
    Pause(Duration),
    /// Does these again and again until the client goes.
    Loop(Vec<Self>),
    Hang,
    Cut(Cut),
}

/// The number of bytes that the steps send, each loop counted as nothing.
pub(crate) fn length(steps: &[Step]) -> usize {
    let lengths = steps.iter().map(|step| match step {
        Step::Send(bytes) => bytes.len(),
        _ => 0,
    });
    lengths.sum()
}

/// The steps until this many bytes are sent.
pub(crate) fn head(steps: Vec<Step>, limit: usize) -> Vec<Step> {
    let mut left = limit;
    let mut head = Vec::new();
    for step in steps {
        if left == 0 {
            break;
        }
        head.push(match step {
            Step::Send(bytes) => {
                let piece = bytes.slice(..bytes.len().min(left));
                left = left.saturating_sub(piece.len());
                Step::Send(piece)
            }
            other => other,
        });
    }
    head
}

/// The steps with their bytes in pieces of this many, and a pause before each.
pub(crate) fn slow(steps: Vec<Step>, piece: usize, pause: Duration) -> Vec<Step> {
    let mut slow = Vec::new();
    for step in steps {
        match step {
            Step::Send(mut rest) => {
                while rest.has_remaining() {
                    let next = rest.split_to(rest.len().min(piece.max(1)));
                    slow.extend([Step::Pause(pause), Step::Send(next)]);
                }
            }
            Step::Loop(steps) => slow.push(Step::Loop(self::slow(steps, piece, pause))),
            other => slow.push(other),
        }
    }
    slow
}

/// The bytes with this many bytes of white space behind their first brace.
pub(crate) fn padded(mut bytes: Bytes, padding: usize) -> Vec<Step> {
    static SPACES: [u8; 64 * 1024] = [b' '; 64 * 1024];
    let spaces = Bytes::from_static(&SPACES);
    let brace = bytes.iter().position(|byte| *byte == b'{');
    let head = bytes.split_to(brace.map_or(0, |at| at.saturating_add(1)));
    let full = padding / spaces.len();
    let rest = spaces.slice(..padding % spaces.len());
    let blocks = std::iter::repeat_n(spaces, full);
    [head].into_iter().chain(blocks).chain([rest, bytes]).map(Step::Send).collect()
}
