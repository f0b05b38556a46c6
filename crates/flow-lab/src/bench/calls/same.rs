//! What is the same in ours and in the bare programs.

use std::time::Duration;

pub(super) const MODEL: &str = "gpt-4o";
pub(super) const KEY: &str = "sk-bench";
pub(super) const PROMPT: &str = "Hello";

/// A call may take so long: the default of ours.
pub(super) const DEADLINE: Duration = Duration::from_secs(600);
