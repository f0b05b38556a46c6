//! Reading a reply's body from the transport into the reader that bounds it.

use flow_api::client::BodyReader;
use flow_errors::Result;
use http_body_util::BodyExt as _;

use crate::transport::ReplyBody;

/// Reads the body until its end, or until the reader has enough.
pub(crate) async fn read(body: &mut ReplyBody, reader: &mut BodyReader) -> Result<()> {
    while let Some(frame) = body.frame().await {
        let Ok(chunk) = frame?.into_data() else { continue };
        if !reader.push(&chunk) {
            break;
        }
    }
    Ok(())
}
