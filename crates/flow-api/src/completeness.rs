//! How it is known that a stream has come to its end.

/// When a stream is complete. Any other end is an error of kind `stream_truncated`.
///
/// Official services give a reason for the end of every answer, and `[DONE]` after the last one.
/// Gateways are known to add `[DONE]` to answers that broke off, so it proves nothing by itself.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Completeness {
    /// When every answer that was asked for has a finish reason. `[DONE]` is not needed, and not
    /// enough. What is lost after the last reason can only be the usage.
    #[default]
    FinishReason,
    /// When `[DONE]` has come after at least one piece: for servers that give no reasons. A gateway
    /// that adds it to a broken answer goes unnoticed.
    Done,
    /// When the body ends without an error after at least one piece, and not inside an event: for
    /// servers that send neither. Cuts that look like an end go unnoticed.
    Eof,
}
