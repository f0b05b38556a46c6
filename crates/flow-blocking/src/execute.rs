//! How the calls of `flow-api` come to the driver.

use flow_api::Reply;
use flow_api::client::{Decode, Execute, Plan, Settings};
use flow_errors::Result;

use crate::chat_stream::ChatStream;
use crate::client::Client;
use crate::driver::{drive, open};

impl Execute for Client {
    type Sending<T> = Result<Reply<T>>;
    type Opening = Result<ChatStream>;

    fn settings(&self) -> &Settings {
        self.settings()
    }

    fn execute<T: Send + 'static>(
        &self,
        plan: Result<Box<Plan>>,
        decode: Decode<T>,
    ) -> Result<Reply<T>> {
        drive(self, plan?, decode)
    }

    fn stream(&self, plan: Result<Box<Plan>>) -> Result<ChatStream> {
        open(self, plan?)
    }

    fn map<T: Send + 'static, U>(
        sending: Result<Reply<T>>,
        change: impl FnOnce(T) -> U + Send + 'static,
    ) -> Result<Reply<U>> {
        sending.map(|reply| reply.map(change))
    }

    fn entropy(&self) -> u64 {
        self.clock().entropy()
    }
}
