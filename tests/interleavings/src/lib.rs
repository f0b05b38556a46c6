//! What the threads of a program share, in every order in which they may get to it.
//!
//! The modules are those of the crates, read from their folders, with [loom]'s locks in place of the
//! standard library's. loom runs a model once for each order of threads that makes a difference, and
//! fails where they all wait: a wake-up that is lost ends no test by luck.

pub mod turns;

#[path = "../../../crates/flow-blocking/src/cancel.rs"]
pub mod cancel;
#[path = "../../../crates/flow-api/src/gates.rs"]
#[expect(dead_code, reason = "one gate is enough here")]
mod gates;
#[path = "../../../crates/flow-blocking/src/sleeper.rs"]
#[expect(dead_code, reason = "each thread here has a sleeper of its own")]
pub mod sleeper;
mod sync;

use cancel::CancelToken;
