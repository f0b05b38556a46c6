//! Event streams: the standard's rules, what gateways do beside them, and any way to split them.

#[cfg(test)]
mod decoder;
#[cfg(test)]
mod reference;
