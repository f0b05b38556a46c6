//! When a stream is complete, and what is said of one that is not.

use crate::assembler::Assembler;
use crate::completeness::Completeness;

/// The most bytes of an event, unless a quarter of the reply is more: 16 MiB.
const MAX_EVENT_BYTES: usize = 16 * 1024 * 1024;

/// What was asked for, and how much of it is taken.
pub(super) struct Rules {
    /// How many answers were asked for.
    pub(super) choices: usize,
    pub(super) completeness: Completeness,
    pub(super) max_reply_bytes: usize,
}

/// How a stream ended, as far as its bytes go.
#[derive(Clone, Copy)]
pub(super) enum Ending {
    /// With `[DONE]`.
    Done,
    /// With the end of the body.
    Body,
    /// With the end of the body, inside an event.
    Cut,
    /// With the end of a reply that came whole.
    Whole,
}

impl Rules {
    /// Whether nothing that was asked for can be missing, whatever still comes.
    pub(super) fn is_complete(&self, assembler: &Assembler) -> bool {
        let finished = assembler.finished();
        self.completeness == Completeness::FinishReason
            && finished >= self.choices.max(assembler.begun())
    }

    /// Judges an ending.
    ///
    /// # Errors
    ///
    /// Returns how the stream ended, to be said after "the stream ended".
    pub(super) fn judge(&self, ending: Ending, assembler: &Assembler) -> Result<(), String> {
        // JSON that ends as it should is whole, whatever it says of itself.
        let is_whole = matches!(ending, Ending::Whole) && assembler.begun() > 0;
        if is_whole || self.is_complete(assembler) {
            return Ok(());
        }
        let missing = match (self.completeness, ending) {
            (_, Ending::Cut) => "inside an event".to_owned(),
            (Completeness::FinishReason, _) => self.unfinished(assembler),
            (Completeness::Done, Ending::Body) => "without [DONE]".to_owned(),
            _ if assembler.begun() == 0 => "without any answer".to_owned(),
            _ => return Ok(()),
        };
        Err(if matches!(ending, Ending::Done) {
            format!("with [DONE] but {missing}")
        } else {
            missing
        })
    }

    /// The most bytes of one event.
    pub(super) fn max_event_bytes(&self) -> usize {
        MAX_EVENT_BYTES.max(self.max_reply_bytes / 4).min(self.max_reply_bytes)
    }

    fn unfinished(&self, assembler: &Assembler) -> String {
        match self.choices.max(assembler.begun()) {
            ..=1 => "without a finish reason".to_owned(),
            many => format!("with {} of {many} answers finished", assembler.finished()),
        }
    }
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            choices: 1,
            completeness: Completeness::default(),
            max_reply_bytes: 4 * MAX_EVENT_BYTES,
        }
    }
}
