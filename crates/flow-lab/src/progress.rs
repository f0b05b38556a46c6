//! What is being measured, on the terminal.

use std::time::Duration;

use indicatif::ProgressBar;

/// Says on the terminal what is being measured.
pub(crate) struct Progress(ProgressBar);

impl Progress {
    pub(crate) fn new() -> Self {
        let bar = ProgressBar::new_spinner();
        bar.enable_steady_tick(Duration::from_millis(100));
        Self(bar)
    }

    /// Returns what is to be told how many jobs of that name have begun.
    pub(crate) fn jobs(&self, name: &str) -> impl Fn(u32) + Sync + use<> {
        drop(self.of(name));
        let (bar, name) = (self.0.clone(), name.to_owned());
        move |jobs| bar.set_message(format!("{name}: job {jobs}"))
    }

    /// Returns what is to be told of each round of the figure of that name.
    pub(crate) fn of<'a>(&'a self, name: &'a str) -> impl Fn(usize) + 'a {
        if self.0.is_hidden() {
            // No terminal: a line for each figure instead of one that changes.
            eprintln!("measuring: {name}");
        }
        self.0.set_message(name.to_owned());
        move |round| self.0.set_message(format!("{name}: round {round}"))
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
