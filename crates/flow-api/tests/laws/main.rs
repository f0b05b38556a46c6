//! Laws of the wire's types: nothing is lost, whichever way it goes.

#[cfg(test)]
mod built;
#[cfg(test)]
mod decoded;
#[cfg(test)]
mod json;
