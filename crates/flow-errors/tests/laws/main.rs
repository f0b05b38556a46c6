//! The laws of backoff, hints, deadlines, the retry loop, send credit and pacing, as properties.
//!
//! Each property is named after the number of its law; laws 11, 12, 16, 17 and 51 to 53 stand
//! beside the code they are about, and law 37 beside the credit. 256 random cases are run of each;
//! `PROPTEST_CASES=1000000 cargo test --release -p flow-errors prop_` runs a million.

#[cfg(test)]
mod backoff;
#[cfg(test)]
mod batch;
#[cfg(test)]
mod call;
#[cfg(test)]
mod credit;
#[cfg(test)]
mod crowd;
#[cfg(test)]
mod deadline;
#[cfg(test)]
mod fallback;
#[cfg(test)]
mod harness;
#[cfg(test)]
mod hints;
#[cfg(test)]
mod pacer;
#[cfg(test)]
mod streams;
#[cfg(test)]
mod turns;
#[cfg(test)]
mod wire;
