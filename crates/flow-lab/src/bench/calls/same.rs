//! What is the same in ours and in the bare programs.

use std::time::Duration;

pub(in crate::bench) const MODEL: &str = "gpt-4o";
pub(in crate::bench) const KEY: &str = "sk-bench";
pub(in crate::bench) const PROMPT: &str = "Hello";

/// A call may take so long: the default of ours.
pub(in crate::bench) const DEADLINE: Duration = Duration::from_secs(600);
