//! What a chat call may send besides its first body: the same to another model, or as a stream.
//!
//! A body is written when it is first needed, and kept for all attempts: most calls get by with the
//! first one.

use std::sync::Mutex;

use bytes::Bytes;
use flow_errors::Result;
use flow_errors::call::Target;

use crate::fallback::Fallbacks;
use crate::gates::lock;

/// Writes the body for a model (`None` is the request's own), as a stream or not.
pub(crate) type Encode = Box<dyn Fn(Option<&str>, bool) -> Result<Bytes> + Send + Sync>;

/// The bodies of a call after its first.
pub(crate) struct Variants {
    encode: Encode,
    written: Mutex<Vec<(Target, Result<Bytes>)>>,
}

impl Variants {
    pub(crate) fn new(encode: Encode) -> Self {
        Self { encode, written: Mutex::default() }
    }

    /// Returns the body for a target, written at most once.
    pub(crate) fn body(&self, target: Target, fallbacks: &Fallbacks) -> Result<Bytes> {
        let mut written = lock(&self.written);
        if let Some((_, body)) = written.iter().find(|(of, _)| *of == target) {
            return body.clone();
        }
        let body = (self.encode)(fallbacks.model(target), target.streams);
        written.push((target, body.clone()));
        body
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::fallback::names;
    use crate::gates::SharedGate;

    #[test]
    fn bodies_are_written_once_and_only_when_they_are_needed() {
        let log = Arc::new(Mutex::new(Vec::new()));
        let writes = log.clone();
        let variants = Variants::new(Box::new(move |model, streams| {
            let body = format!("{} {streams}", model.unwrap_or("own"));
            writes.lock().unwrap().push(body.clone());
            Ok(Bytes::from(body))
        }));
        let names = names(["a", "b"].map(str::to_owned).to_vec()).unwrap();
        let fallbacks = Fallbacks::new(&names, Some("m"), |_| SharedGate::default());
        let mut target = Target::default();
        for (model, streams, want) in
            [(0, true, "own true"), (2, true, "b true"), (2, false, "b false"), (2, true, "b true")]
        {
            (target.model, target.streams) = (model, streams);
            assert_eq!(variants.body(target, &fallbacks).unwrap(), want);
        }
        assert_eq!(*log.lock().unwrap(), ["own true", "b true", "b false"]);
    }
}
