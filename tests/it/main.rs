//! What is true of the crates together, in one binary so that they link once.

#[cfg(test)]
mod bad_input;
#[cfg(test)]
mod batch;
#[cfg(test)]
mod batch_files;
#[cfg(test)]
mod cancel;
#[cfg(test)]
mod compile_time;
#[cfg(test)]
mod fallback;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod goodput;
#[cfg(test)]
mod parity;
#[cfg(test)]
mod peers;
#[cfg(test)]
mod requests;
#[cfg(test)]
mod roots;
#[cfg(test)]
mod rows;
#[cfg(test)]
mod secrets;
#[cfg(test)]
mod streams;
#[cfg(test)]
mod trace;
#[cfg(test)]
mod turns;
