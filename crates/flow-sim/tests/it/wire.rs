//! A client that hides nothing: what came over the socket, and how it ended.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use flow_sim::Sim;
use serde_json::Value;

/// Longer than anything here takes; a test that reaches it has failed.
pub(crate) const LONG: Duration = Duration::from_secs(20);

/// How the server ended the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Fin,
    Reset,
}

/// All that came over one connection.
#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) bytes: Vec<u8>,
    pub(crate) end: End,
}

impl Got {
    /// The head up to the empty line; nothing if no head came.
    pub(crate) fn head(&self) -> String {
        let length = self.head_length().unwrap_or(0);
        String::from_utf8_lossy(&self.bytes[..length]).into_owned()
    }

    pub(crate) fn body(&self) -> &[u8] {
        self.head_length().map_or(&[], |length| &self.bytes[length + 4..])
    }

    pub(crate) fn status(&self) -> u16 {
        self.head().split(' ').nth(1).expect("a status line").parse().unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let head = self.head();
        let mut lines = head.split("\r\n").skip(1).filter_map(|line| line.split_once(": "));
        lines.find(|(known, _)| *known == name).map(|(_, value)| value.to_owned())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(self.body())
            .unwrap_or_else(|error| panic!("{error}: {:?}", String::from_utf8_lossy(&self.bytes)))
    }

    fn head_length(&self) -> Option<usize> {
        self.bytes.windows(4).position(|four| four == b"\r\n\r\n")
    }
}

pub(crate) fn connect(sim: &Sim) -> TcpStream {
    let stream = TcpStream::connect(sim.addr()).unwrap();
    stream.set_read_timeout(Some(LONG)).unwrap();
    stream
}

/// Writes a request and reads until the server ends the connection.
pub(crate) fn send(sim: &Sim, request: &str) -> Got {
    let mut stream = connect(sim);
    stream.write_all(request.as_bytes()).unwrap();
    read(&mut stream)
}

pub(crate) fn read(stream: &mut TcpStream) -> Got {
    let mut bytes = Vec::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return Got { bytes, end: End::Fin },
            Ok(length) => bytes.extend_from_slice(&buffer[..length]),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {
                return Got { bytes, end: End::Reset };
            }
            Err(error) => panic!("after {} bytes: {error}", bytes.len()),
        }
    }
}

/// A chat request for `model` that asks for the connection to be closed.
pub(crate) fn chat_request(model: &str) -> String {
    let body = format!(r#"{{"model":"{model}","messages":[{{"role":"user","content":"Hi"}}]}}"#);
    post("/v1/chat/completions", "connection: close\r\n", &body)
}

pub(crate) fn post(path: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nhost: sim\r\nauthorization: Bearer sk-test\r\n\
         {headers}content-length: {length}\r\n\r\n{body}"
    )
}

pub(crate) fn get(path: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nhost: sim\r\nauthorization: Bearer sk-test\r\n\
         connection: close\r\n\r\n"
    )
}

pub(crate) fn chat(sim: &Sim, model: &str) -> Got {
    send(sim, &chat_request(model))
}
