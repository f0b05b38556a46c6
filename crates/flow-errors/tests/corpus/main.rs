//! Error replies of many services, gateways and proxies, decoded and held against what they mean.
//!
//! The cases stand in `../data`. Where a larger collection is at hand (`FLOW_CORPUS`, or
//! `../shared/corpus` beside the workspace) it is read as well.

#[cfg(test)]
mod hints;
#[cfg(test)]
mod read;
#[cfg(test)]
mod replies;
