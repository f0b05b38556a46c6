//! Results that come in any order, put into that of their requests.

use std::mem;

use flow_errors::Result;

use crate::{ChatCompletion, Reply};

/// The results of a batch so far, each at the place of its request.
#[derive(Debug, Default)]
pub struct InOrder(Vec<Option<Result<Reply<ChatCompletion>>>>);

impl InOrder {
    /// Puts a result to its place.
    pub fn put(&mut self, index: usize, result: Result<Reply<ChatCompletion>>) {
        if index >= self.0.len() {
            self.0.resize_with(index.saturating_add(1), || None);
        }
        if let Some(place) = self.0.get_mut(index) {
            *place = Some(result);
        }
    }

    /// Takes the results out: of a batch that is over there is one for each request.
    #[must_use]
    pub fn take(&mut self) -> Vec<Result<Reply<ChatCompletion>>> {
        mem::take(&mut self.0).into_iter().flatten().collect()
    }
}
