//! The requests of a batch, from a file of JSON lines.
//!
//! The file is read twice: to check every line before anything is sent, and line by line as the
//! requests are wanted. Only the keys of what is left to do are in memory.

use std::collections::HashMap;
use std::fmt;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, ErrorKind, Seek as _};
use std::path::{Path, PathBuf};

use flow_api::ChatRequest;
use flow_api::batch::read_request;

use super::file_error::{of_file, of_line};
use super::reply_file::ReplyFile;

/// The requests of a file of JSON lines, with their keys: an iterator for
/// [`Client::batch`](crate::Client::batch).
///
/// Each line is an object with a `custom_id` that is no other line's, and the request: OpenAI's batch
/// format, or a `prompt`, or the request's own fields; see
/// [`read_request`](flow_api::batch::read_request). Blank lines are passed over.
///
/// The iterator ends early where the file can no longer be read; [`finish`](Self::finish) tells.
/// `Debug` does not show what was read.
pub struct RequestFile {
    path: PathBuf,
    model: Option<String>,
    lines: Lines,
    /// The keys of the requests that are still to be handed out, each with its line.
    left: HashMap<String, u64>,
    failure: Option<io::Error>,
}

impl RequestFile {
    /// Opens a file, and checks every line of it. Requests that name no model are to `model`.
    ///
    /// # Errors
    ///
    /// Returns the operating system's error; one of kind `InvalidInput` for what is no regular file, and
    /// so cannot be read twice; or one of kind `InvalidData`, that names file and line, for
    /// a line that is no request, or has the `custom_id` of another one.
    pub fn open(path: impl Into<PathBuf>, model: Option<&str>) -> io::Result<Self> {
        let (path, model) = (path.into(), model.map(str::to_owned));
        let lines = Lines::open(&path).map_err(of_file(&path))?;
        let (left, failure) = (HashMap::new(), None);
        let mut file = Self { path, model, lines, left, failure };
        while let Some((number, (key, _))) = file.read()? {
            if let Some(other) = file.left.insert(key, number) {
                let problem = format!("the `custom_id` is that of line {other} as well");
                return Err(of_line(&file.path, number, problem));
            }
        }
        file.lines.rewind().map_err(of_file(&file.path))?;
        Ok(file)
    }

    /// Leaves out the requests that have a reply already.
    pub fn leave_out(&mut self, replies: &ReplyFile) {
        self.left.retain(|key, _| !replies.contains(key));
    }

    /// Returns how many requests are still to be handed out.
    #[must_use]
    pub fn len(&self) -> usize {
        self.left.len()
    }

    /// Returns whether every request was handed out or left out.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.left.is_empty()
    }

    /// Ends the reading.
    ///
    /// # Errors
    ///
    /// Returns why the iterator ended before its time: the file could not be read once more, or is no
    /// longer what it was when it was checked.
    pub fn finish(self) -> io::Result<()> {
        self.failure.map_or(Ok(()), Err)
    }

    /// Reads the next request, whether or not it is to be handed out, and the number of its line.
    fn read(&mut self) -> io::Result<Option<(u64, (String, ChatRequest))>> {
        while let Some((number, line)) = self.lines.next(&self.path)? {
            if !line.trim().is_empty() {
                let request = read_request(line, self.model.as_deref());
                let request = request.map_err(|error| of_line(&self.path, number, error))?;
                return Ok(Some((number, request)));
            }
        }
        Ok(None)
    }

    fn read_left(&mut self) -> io::Result<Option<(String, ChatRequest)>> {
        while !self.left.is_empty() {
            let Some((_, request)) = self.read()? else {
                let problem = format!("{} was changed while it was read", self.path.display());
                return Err(io::Error::new(ErrorKind::InvalidData, problem));
            };
            if self.left.remove(&request.0).is_some() {
                return Ok(Some(request));
            }
        }
        Ok(None)
    }
}

impl Iterator for RequestFile {
    type Item = (String, ChatRequest);

    fn next(&mut self) -> Option<Self::Item> {
        if self.failure.is_some() {
            return None;
        }
        self.read_left().unwrap_or_else(|error| {
            self.failure = Some(error);
            None
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left.len(), Some(self.left.len()))
    }
}

impl fmt::Debug for RequestFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestFile")
            .field("path", &self.path)
            .field("left", &self.left.len())
            .finish_non_exhaustive()
    }
}

/// The lines of a file, one in memory at a time.
struct Lines {
    reader: BufReader<File>,
    line: Vec<u8>,
    number: u64,
}

impl Lines {
    fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        if !file.metadata()?.is_file() {
            return Err(io::Error::new(
                ErrorKind::InvalidInput,
                "not a regular file, and requests are read twice",
            ));
        }
        Ok(Self { reader: BufReader::new(file), line: Vec::new(), number: 0 })
    }

    fn rewind(&mut self) -> io::Result<()> {
        self.number = 0;
        self.reader.rewind()
    }

    /// Returns the next line and its number, from 1.
    fn next(&mut self, path: &Path) -> io::Result<Option<(u64, &str)>> {
        self.line.clear();
        let read = self.reader.read_until(b'\n', &mut self.line).map_err(of_file(path))?;
        if read == 0 {
            return Ok(None);
        }
        self.number = self.number.saturating_add(1);
        let line = std::str::from_utf8(&self.line)
            .map_err(|_| of_line(path, self.number, "the line is not UTF-8"))?;
        // Some editors put a mark before the first line.
        Ok(Some((self.number, line.trim_start_matches('\u{feff}'))))
    }
}
