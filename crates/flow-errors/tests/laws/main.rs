//! The laws of backoff, hints, deadlines and the retry loop, as properties.
//!
//! Each property is named after its law. `PROPTEST_CASES=1000000 cargo test -p flow-errors
//! --release --test laws` runs a million cases of each.

#[cfg(test)]
mod backoff;
#[cfg(test)]
mod call;
#[cfg(test)]
mod deadline;
#[cfg(test)]
mod harness;
#[cfg(test)]
mod hints;
#[cfg(test)]
mod wire;
