//! The files of batches of both clients, as one thing for tests.

use std::io;
use std::path::Path;

use flow_api::ChatRequest;
use flow_api::batch::Done;

/// A client whose batches have files.
pub trait TestFiles {
    /// A file of requests.
    type Requests: Iterator<Item = (String, ChatRequest)>;

    /// A file of replies.
    type Replies;

    /// Opens a file of requests.
    ///
    /// # Errors
    ///
    /// Returns the client's error.
    fn requests(path: &Path, model: Option<&str>) -> io::Result<Self::Requests>;

    /// Leaves out the requests that have a reply.
    fn leave_out(requests: &mut Self::Requests, replies: &Self::Replies);

    /// Ends the reading.
    ///
    /// # Errors
    ///
    /// Returns why it ended before its time.
    fn finish(requests: Self::Requests) -> io::Result<()>;

    /// Creates a file of replies.
    ///
    /// # Errors
    ///
    /// Returns the client's error.
    fn create(path: &Path) -> io::Result<Self::Replies>;

    /// Goes on with a file of replies.
    ///
    /// # Errors
    ///
    /// Returns the client's error.
    fn resume(path: &Path) -> io::Result<Self::Replies>;

    /// Writes what a request came to.
    ///
    /// # Errors
    ///
    /// Returns the client's error.
    fn write(replies: &mut Self::Replies, done: &Done<String>) -> io::Result<bool>;
}

macro_rules! files {
    ($client:ident) => {
        impl TestFiles for $client::Client {
            type Requests = $client::batch::RequestFile;
            type Replies = $client::batch::ReplyFile;

            fn requests(path: &Path, model: Option<&str>) -> io::Result<Self::Requests> {
                Self::Requests::open(path, model)
            }

            fn leave_out(requests: &mut Self::Requests, replies: &Self::Replies) {
                requests.leave_out(replies);
            }

            fn finish(requests: Self::Requests) -> io::Result<()> {
                requests.finish()
            }

            fn create(path: &Path) -> io::Result<Self::Replies> {
                Self::Replies::create(path)
            }

            fn resume(path: &Path) -> io::Result<Self::Replies> {
                Self::Replies::resume(path)
            }

            fn write(replies: &mut Self::Replies, done: &Done<String>) -> io::Result<bool> {
                replies.write(done)
            }
        }
    };
}

files!(flow_async);
files!(flow_blocking);
