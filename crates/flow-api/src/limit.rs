//! A limit on time as a caller sets it.

use std::time::Duration;

#[derive(Clone, Copy)]
pub(crate) enum Limit {
    After(Duration),
    Never,
}
