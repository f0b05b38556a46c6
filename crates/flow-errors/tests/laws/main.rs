//! The laws of backoff, hints, deadlines and the retry loop, as properties.
//!
//! Each property is named after its law. `PROPTEST_CASES=1000000 cargo test -p flow-errors
//! --release --test laws` runs a million cases of each.

mod backoff;
mod call;
mod deadline;
mod harness;
mod hints;
mod wire;
