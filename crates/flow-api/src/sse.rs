//! Server-sent events, decoded as they arrive, without I/O.
//!
//! The rules are those of the WHATWG's HTML standard, section 9.2.6, with two differences that
//! gateways make necessary. An event with a name but no data is given out, since it may say that
//! the stream has failed. And a last event without its blank line counts if its data is whole; if
//! it is not, the stream is reported as cut, never as complete.

mod decoder;
mod event;
mod fields;
mod lines;

pub use self::decoder::{Decoder, InvalidStream};
pub use self::event::Event;
