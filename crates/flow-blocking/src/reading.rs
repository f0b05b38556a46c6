//! Reading a reply's body from the transport into the reader that bounds it.

use std::io::{self, Read as _};

use flow_api::client::BodyReader;
use flow_errors::{Error, Result, Sent};

use crate::transport::ReplyBody;

/// Reads the body until its end, or until the reader has enough.
pub(crate) fn read(body: &mut ReplyBody, reader: &mut BodyReader) -> Result<()> {
    // Small, because all of it is set to zero for each call; most replies fit.
    let mut buffer = [0; 4 * 1024];
    loop {
        match body.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(length) => {
                if !reader.push(buffer.get(..length).unwrap_or(&buffer)) {
                    return Ok(());
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(broken(error)),
        }
    }
}

/// Takes our own error out of the reader's, or says that the connection broke.
pub(crate) fn broken(error: io::Error) -> Error {
    match error.downcast::<Error>() {
        Ok(error) => error,
        Err(error) => Error::transport(Sent::Perhaps, error),
    }
}
