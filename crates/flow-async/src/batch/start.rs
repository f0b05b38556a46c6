//! How the batches of `flow-api` come to this client.

use flow_api::batch::Request;
use flow_api::client::{ExecuteBatch, Queue};

use super::gathering::Gathering;
use super::results::Results;
use crate::client::Client;

impl ExecuteBatch for Client {
    type Results<I: Iterator<Item: Request>> = Results<I>;
    type Gathered<I: Iterator<Item: Request>> = Gathering<I>;

    fn results<I: Iterator<Item: Request>>(&self, queue: Queue<I>) -> Results<I> {
        Results::new(self, queue)
    }

    fn gather<I: Iterator<Item: Request>>(results: Results<I>) -> Gathering<I> {
        Gathering::new(results)
    }
}
