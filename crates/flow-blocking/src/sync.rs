//! What threads share and wait on: one place, where tests of every order of threads put their own.

pub(crate) use std::sync::{Condvar, Mutex, MutexGuard};
