//! What a file of replies says is done, also if its writer was killed in the middle of a line.

use std::collections::HashSet;

use super::invalid_line::InvalidLine;
use super::reply_line::{is_torn, read_key};

/// What is done, as read from a file of replies line by line.
///
/// A last line without an end is what a writer left that was killed: if it is whole but for that, its
/// reply is kept, and if it is torn, it never was.
///
/// # Examples
///
/// ```
/// use flow_api::batch::Journal;
///
/// let mut journal = Journal::default();
/// let file = b"{\"custom_id\":\"a\",\"response\":{},\"error\":null}\n{\"custom_id\":\"b\",\"resp";
/// for line in file.split_inclusive(|byte| *byte == b'\n') {
///     journal.read(line)?;
/// }
/// assert!(journal.contains("a") && !journal.contains("b"));
/// assert_eq!((journal.whole_bytes(), journal.lacks_line_end()), (45, false));
/// # Ok::<(), flow_api::batch::InvalidLine>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Journal {
    keys: HashSet<String>,
    whole_bytes: u64,
    lacks_line_end: bool,
}

impl Journal {
    /// Reads the next line, with its end if it has one: only the last may have none.
    ///
    /// # Errors
    ///
    /// Returns what is wrong with a line that is no reply, and no torn one either: then this is another
    /// file.
    pub fn read(&mut self, line: &[u8]) -> Result<(), InvalidLine> {
        let (text, has_end) = match line.strip_suffix(b"\n") {
            Some(text) => (text, true),
            None => (line, false),
        };
        if !text.trim_ascii().is_empty() {
            match read_key(text) {
                Ok(key) => self.note(key),
                Err(_) if !has_end && is_torn(text) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        self.lacks_line_end = !has_end;
        self.whole_bytes =
            self.whole_bytes.saturating_add(u64::try_from(line.len()).unwrap_or(u64::MAX));
        Ok(())
    }

    /// Notes that a key is done.
    pub fn note(&mut self, key: String) {
        self.keys.insert(key);
    }

    /// Returns whether the request of that key is done.
    #[must_use]
    pub fn contains(&self, key: &str) -> bool {
        self.keys.contains(key)
    }

    /// Returns how many requests are done.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Returns whether no request is done.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Returns how many bytes of the file are to be kept: what comes after them is a torn line.
    #[must_use]
    pub const fn whole_bytes(&self) -> u64 {
        self.whole_bytes
    }

    /// Returns whether the last line that is kept has no end yet.
    #[must_use]
    pub const fn lacks_line_end(&self) -> bool {
        self.lacks_line_end
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::time::SystemTime;

    use flow_errors::{Attempts, Body, Class, Error, Kind, Result};
    use http::{HeaderMap, StatusCode};
    use proptest::collection::{btree_set, vec};
    use proptest::prelude::{Strategy as _, any, proptest};
    use proptest::sample::Index;

    use super::*;
    use crate::batch::{Done, write_result};
    use crate::kept_body::KeptBody;
    use crate::reply::Received;
    use crate::{ChatCompletion, Reply};

    fn reply(text: &str) -> Reply<ChatCompletion> {
        let message = serde_json::json!({ "role": "assistant", "content": text });
        let json = serde_json::json!({ "choices": [{ "message": message }] });
        reply_of(ChatCompletion::from_json(&json.to_string()).unwrap())
    }

    fn reply_of(value: ChatCompletion) -> Reply<ChatCompletion> {
        let (status, headers) = (StatusCode::OK, HeaderMap::new());
        let body = KeptBody::new(Vec::new());
        Reply::new(Received { value, status, headers, body }, Attempts::default())
    }

    fn line(key: &str, result: Result<Reply<ChatCompletion>>) -> Option<Vec<u8>> {
        write_result(&Done { index: 0, key: key.to_owned(), result })
    }

    fn error(kind: Kind) -> Error {
        Error::new(kind, Class::Permanent, "no \"luck\"\n")
    }

    fn read(file: &[u8]) -> Journal {
        let mut journal = Journal::default();
        for line in file.split_inclusive(|byte| *byte == b'\n') {
            journal.read(line).unwrap();
        }
        journal
    }

    /// Does what a resumed writer does: puts the end of the file right, then writes what is left.
    fn resume(file: &mut Vec<u8>, keys: &BTreeSet<String>) {
        let journal = read(file);
        file.truncate(usize::try_from(journal.whole_bytes()).unwrap());
        if journal.lacks_line_end() {
            file.push(b'\n');
        }
        for (number, key) in keys.iter().enumerate().filter(|(_, key)| !journal.contains(key)) {
            let result =
                if number % 3 == 0 { Err(error(Kind::ContentFilter)) } else { Ok(reply(key)) };
            file.extend(line(key, result).unwrap());
        }
    }

    proptest! {
        #[test]
        fn prop_every_key_is_there_once_wherever_its_writers_were_killed(
            keys in btree_set(any::<String>().prop_filter("a key", |key| !key.is_empty()), 1..12),
            cuts in vec(any::<Index>(), 0..5),
        ) {
            let mut file = Vec::new();
            for cut in cuts {
                let before = read(&file);
                resume(&mut file, &keys);
                // What was whole before this writer began cannot be torn by its end.
                let kept = usize::try_from(before.whole_bytes()).unwrap();
                file.truncate(kept + cut.index(file.len() - kept + 1));
                let after = read(&file);
                assert!(before.keys.is_subset(&after.keys));
            }
            resume(&mut file, &keys);
            let text = String::from_utf8(file).unwrap();
            let mut found = Vec::new();
            for line in text.split_terminator('\n') {
                let line: serde_json::Value = line.parse().unwrap();
                found.push(line["custom_id"].as_str().unwrap().to_owned());
            }
            found.sort();
            assert!(found.iter().eq(&keys), "{text}");
            assert!(text.ends_with('\n'));
        }
    }

    #[test]
    fn last_line_is_kept_if_only_its_end_is_missing() {
        let whole = line("a", Ok(reply("Hello"))).unwrap();
        for cut in 0..=whole.len() {
            let journal = read(&whole[..cut]);
            let (is_whole, has_end) = (cut + 1 >= whole.len(), cut == whole.len());
            assert_eq!(journal.contains("a"), is_whole, "{cut}");
            let kept = if is_whole { cut } else { 0 };
            assert_eq!(journal.whole_bytes(), u64::try_from(kept).unwrap(), "{cut}");
            assert_eq!(journal.lacks_line_end(), is_whole && !has_end, "{cut}");
        }
    }

    #[test]
    fn zeros_that_a_loss_of_power_left_are_cut_off() {
        for torn in ["\0\0\0", "{\"cust\0", "{\"custom_id\":\"b\",\"resp\0\0"] {
            let whole = line("a", Ok(reply("Hello"))).unwrap();
            let journal = read(&[&*whole, torn.as_bytes()].concat());
            assert_eq!(journal.whole_bytes(), u64::try_from(whole.len()).unwrap(), "{torn:?}");
            assert!(journal.contains("a") && journal.len() == 1, "{torn:?}");
        }
    }

    #[test]
    fn reply_as_deep_as_can_be_read_is_read_from_its_line_too() {
        let deep =
            |depth| format!(r#"{{"x":{}{},"choices":[]}}"#, "[".repeat(depth), "]".repeat(depth));
        let bodies = (100..200).map(|depth| ChatCompletion::from_json(&deep(depth)));
        let deepest = bodies.map_while(Result::ok).last().unwrap();
        let whole = line("a", Ok(reply_of(deepest))).unwrap();
        assert!(read(&whole).contains("a"));
    }

    #[test]
    fn lines_are_those_of_openais_batches() {
        let text = String::from_utf8(line("a", Ok(reply("Hi\n"))).unwrap()).unwrap();
        assert_eq!(
            text,
            concat!(
                r#"{"custom_id":"a","response":{"status_code":200,"request_id":null,"body":"#,
                r#"{"choices":[{"message":{"role":"assistant","content":"Hi\n"}}]}},"error":null}"#,
                "\n"
            )
        );
        let text = String::from_utf8(line("a", Err(error(Kind::ContentFilter))).unwrap()).unwrap();
        assert_eq!(
            text,
            concat!(
                r#"{"custom_id":"a","response":null,"error":{"code":"content_filter","#,
                r#""message":"no \"luck\"\n","status_code":null,"request_id":null}}"#,
                "\n"
            )
        );
    }

    #[test]
    fn what_the_service_refused_is_kept_with_its_reason() {
        let body = br#"{"error":{"message":"no","type":"invalid_request_error","code":"bad_value","param":"top_p"}}"#;
        let refused = Error::from_response(
            StatusCode::BAD_REQUEST,
            &HeaderMap::new(),
            Body::new(body.to_vec()),
            SystemTime::UNIX_EPOCH,
        );
        let text = String::from_utf8(line("a", Err(refused)).unwrap()).unwrap();
        assert_eq!(
            text,
            concat!(
                r#"{"custom_id":"a","response":null,"error":{"code":"invalid_request","message":"no","#,
                r#""service_code":"bad_value","type":"invalid_request_error","param":"top_p","#,
                r#""status_code":400,"request_id":null}}"#,
                "\n"
            )
        );
    }

    #[test]
    fn failures_that_say_nothing_of_the_request_are_not_results() {
        let is_result = |kind| line("a", Err(error(kind))).is_some();
        let results: Vec<_> = Kind::ALL.into_iter().filter(|kind| is_result(*kind)).collect();
        let want =
            [Kind::InvalidRequest, Kind::ContentFilter, Kind::ContextLength, Kind::PayloadTooLarge];
        assert_eq!(results, want);
    }

    #[test]
    fn file_of_something_else_is_refused() {
        let cases = [
            ("hello\n", "not JSON"),
            ("{\"custom_id\":\"a\",\"prompt\":\"Hello\"}\n", "no reply"),
            ("{\"custom_id\":\"a\",\"response\":null,\"error\":null}\n", "no reply"),
            ("{\"response\":{}}\n", "no `custom_id`"),
            ("{\"custom_id\":7,\"response\":{}}\n", "not a text"),
            ("{\"custom_id\":\"a\",\"response\":7}\n", "no reply"),
            // Nor is it one that a writer was killed in, which would be cut off.
            ("hello", "not JSON"),
            ("{\"custom_id\":\"a\",\"prompt\":\"Hello\"}", "no reply"),
            ("{\"custom_id\":\"a\",\"response\":{}}\nhello", "not JSON"),
        ];
        for (file, want) in cases {
            let mut journal = Journal::default();
            let mut lines = file.split_inclusive('\n').map(|line| journal.read(line.as_bytes()));
            let error = lines.find_map(Result::err).unwrap().to_string();
            assert!(error.contains(want), "{file}: {error}");
        }
        let journal = read(b"\n  \n{\"custom_id\":\"a\",\"error\":{}}\r\n");
        assert_eq!((journal.len(), journal.whole_bytes()), (1, 34));
    }
}
