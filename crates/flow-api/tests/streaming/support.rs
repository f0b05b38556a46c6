//! A driver for streams: it gives them bytes and writes down what comes out.

use std::time::SystemTime;

use flow_api::chat::Chunk;
use flow_api::client::Streaming;
use flow_errors::Error;
use http::Response;

/// How a body ends.
#[derive(Clone, Copy, Debug)]
pub(crate) enum End {
    /// As it should.
    Well,
    /// With a broken connection.
    Reset,
}

/// What came out of a stream.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) chunks: Vec<Chunk>,
    pub(crate) error: Option<Error>,
    pub(crate) stream: Streaming,
}

impl Outcome {
    /// All text of the first answer.
    pub(crate) fn text(&self) -> String {
        self.chunks.iter().map(Chunk::text).collect()
    }

    /// What can be compared: the pieces, and what is known of the error.
    pub(crate) fn facts(&self) -> (&[Chunk], Option<serde_json::Value>) {
        let error = self.error.as_ref();
        (&self.chunks, error.map(|error| serde_json::to_value(error).unwrap()))
    }
}

/// A stream whose head has these headers.
pub(crate) fn stream(headers: &[(&str, &str)]) -> Streaming {
    let mut response = Response::builder();
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    Streaming::new(response.body(()).unwrap().into_parts().0, SystemTime::UNIX_EPOCH)
}

/// Reads a body that arrives in these chunks.
pub(crate) fn read(mut stream: Streaming, body: &[&[u8]], end: End) -> Outcome {
    let (mut chunks, mut error) = (Vec::new(), None);
    let mut drain = |stream: &mut Streaming| {
        while let Some(next) = stream.next_chunk() {
            assert!(error.is_none(), "nothing comes after an error");
            match next {
                Ok(chunk) => chunks.push(chunk),
                Err(why) => error = Some(why),
            }
        }
    };
    for bytes in body {
        stream.push(bytes.to_vec());
        drain(&mut stream);
    }
    match end {
        End::Well => stream.finish(),
        End::Reset => stream.fail(Error::transport(flow_errors::Sent::Perhaps, "reset")),
    }
    drain(&mut stream);
    assert!(stream.is_over() && stream.next_chunk().is_none(), "a stream has one end");
    assert_eq!(stream.is_complete(), error.is_none(), "a stream is complete or an error");
    Outcome { chunks, error, stream }
}

/// Reads a body at once, from a stream of one answer that ends well.
pub(crate) fn whole(body: &str) -> Outcome {
    read(stream(&[]), &[body.as_bytes()], End::Well)
}

/// An event with these data.
pub(crate) fn event(data: &str) -> String {
    format!("data: {data}\n\n")
}

/// An event in which the first answer goes on.
pub(crate) fn said(text: &str) -> String {
    event(&format!(r#"{{"choices":[{{"index":0,"delta":{{"content":"{text}"}}}}]}}"#))
}

/// An event with the end of an answer.
pub(crate) fn stop(index: u64) -> String {
    event(&format!(r#"{{"choices":[{{"index":{index},"delta":{{}},"finish_reason":"stop"}}]}}"#))
}

/// Splits a body at the given places, each taken modulo what is left.
pub(crate) fn split<'a>(body: &'a [u8], places: &[usize]) -> Vec<&'a [u8]> {
    let mut rest = body;
    let mut chunks = Vec::new();
    for place in places {
        let (chunk, tail) = rest.split_at(place % (rest.len() + 1));
        chunks.push(chunk);
        rest = tail;
    }
    chunks.push(rest);
    chunks
}
