//! A tunnel through an HTTP proxy: `CONNECT`, RFC 9110, section 9.3.6.

use std::io::{self, Read, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flow_api::Proxy;
use flow_errors::{Error, Result};
use http::HeaderValue;
use percent_encoding::percent_decode_str;

use crate::call::Call;
use crate::stream::Stream;

/// How long the proxy's answer may be.
const MAX_ANSWER_BYTES: usize = 16 * 1024;

/// Asks the proxy at the other end of `stream` for a connection to `authority`.
///
/// # Errors
///
/// Returns an error of kind `connect` if the proxy refuses, with its status as the cause.
pub(crate) fn open(stream: &mut Stream, call: &Call, proxy: &Proxy, authority: &str) -> Result<()> {
    let mut request = format!("CONNECT {authority} HTTP/1.1\r\nhost: {authority}\r\n").into_bytes();
    if let Some(value) = authorization(proxy) {
        request.extend([b"proxy-authorization: ", value.as_bytes(), b"\r\n"].concat());
    }
    request.extend(b"\r\n");
    let answer = stream
        .write_all(&request)
        .and_then(|()| stream.flush())
        .and_then(|()| read_answer(stream))
        .map_err(|error| call.broke_io(error))?;
    let line = answer.split(|byte| *byte == b'\r').next().unwrap_or_default();
    let line = String::from_utf8_lossy(line);
    let status = line.split(' ').nth(1).unwrap_or_default();
    if line.starts_with("HTTP/1.") && status.len() == 3 && status.starts_with('2') {
        return Ok(());
    }
    // The rest of the line is the proxy's, which may echo our credentials.
    let answer =
        status.parse().map_or_else(|_| "no HTTP status".to_owned(), |n: u16| n.to_string());
    Err(Error::connect(format!("the proxy `{proxy}` answered CONNECT with {answer}")))
}

/// Returns the value of `proxy-authorization`, where the proxy's URL has credentials.
pub(crate) fn authorization(proxy: &Proxy) -> Option<HeaderValue> {
    let (credentials, _) = proxy.uri().authority()?.as_str().rsplit_once('@')?;
    let (user, password) = credentials.split_once(':').unwrap_or((credentials, ""));
    let mut decoded: Vec<u8> = percent_decode_str(user).collect();
    decoded.push(b':');
    decoded.extend(percent_decode_str(password));
    let mut value = HeaderValue::from_str(&format!("Basic {}", STANDARD.encode(decoded))).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Reads up to the empty line and not one byte further: what follows is TLS's.
fn read_answer(stream: &mut Stream) -> io::Result<Vec<u8>> {
    let mut answer = Vec::new();
    let mut byte = [0];
    while !answer.ends_with(b"\r\n\r\n") {
        if answer.len() == MAX_ANSWER_BYTES {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "the proxy's answer is endless",
            ));
        }
        if stream.read(&mut byte)? == 0 {
            let message = "the proxy closed the connection instead of answering";
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, message));
        }
        answer.extend(byte);
    }
    Ok(answer)
}
