//! How the batches of `flow-api` come to this client.

use flow_api::batch::Request;
use flow_api::client::{ExecuteBatch, InOrder, Queue};
use flow_api::{ChatCompletion, Reply};
use flow_errors::Result;

use super::results::Results;
use crate::client::Client;

impl ExecuteBatch for Client {
    type Results<I: Iterator<Item: Request>> = Results<I>;
    type Gathered<I: Iterator<Item: Request>> = Vec<Result<Reply<ChatCompletion>>>;

    fn results<I: Iterator<Item: Request>>(&self, queue: Queue<I>) -> Results<I> {
        Results::new(self, queue)
    }

    fn gather<I: Iterator<Item: Request>>(
        results: Results<I>,
    ) -> Vec<Result<Reply<ChatCompletion>>> {
        let mut gathered = InOrder::default();
        for done in results {
            gathered.put(done.index, done.result);
        }
        gathered.take()
    }
}
