//! Reading a reply's body from the transport into the reader that bounds it.

use std::io;

use flow_api::client::BodyReader;
use flow_errors::{Error, Result, Sent};

use crate::transport::ReplyBody;

/// Reads the body until its end, or until the reader has enough.
pub(crate) fn read(body: &mut ReplyBody, reader: &mut BodyReader) -> Result<()> {
    reader.read_from(body).map_err(broken)
}

/// Takes our own error out of the reader's, or says that the connection broke.
fn broken(error: io::Error) -> Error {
    match error.downcast::<Error>() {
        Ok(error) => error,
        Err(error) => Error::transport(Sent::Perhaps, error),
    }
}
