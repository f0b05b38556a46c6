//! The locks that threads share: one place, where tests of every order of threads put their own.

pub(crate) use std::sync::{Mutex, MutexGuard};
