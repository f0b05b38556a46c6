//! The replies of a batch, in a file of JSON lines that a batch can go on from.
//!
//! Each reply is one write of one line, so a process that is killed leaves whole lines and at most one
//! that is torn. Without [`sync`](ReplyFile::sync) that holds for processes, not for machines.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, ErrorKind, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use flow_api::batch::{Done, Journal, write_result};

use super::file_error::{of_file, of_line};

/// A file of JSON lines with what requests came to, each under its key, in OpenAI's batch format:
///
/// ```json
/// {"custom_id":"a","response":{"status_code":200,"request_id":"req_1","body":{}},"error":null}
/// {"custom_id":"b","response":null,"error":{"code":"content_filter","message":"..."}}
/// ```
///
/// The `code` of an error is the word of its [`Kind`](crate::Kind); what the service said
/// besides is in `service_code`, `type`, `param`, `status_code` and `request_id`, but not its whole body,
/// which may hold what nobody wants in a file.
///
/// A batch that goes on from it does nothing twice that is in it. Only one process may write to it: a
/// second one is noticed, by what it wrote, and then [`write`](Self::write) fails.
///
/// It writes where it is called, without a thread of its own.
///
/// # Examples
///
/// ```no_run
/// use flow_async::batch::{ReplyFile, RequestFile};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let client = flow_async::Client::from_env()?;
/// let mut requests = RequestFile::open("prompts.jsonl", Some("gpt-4o"))?;
/// let mut replies = ReplyFile::resume("replies.jsonl")?;
/// requests.leave_out(&replies);
/// let mut results = client.batch(&mut requests).results();
/// while let Some(done) = results.next().await {
///     if !replies.write(&done)? {
///         eprintln!("{} is left for the next time", done.key);
///     }
/// }
/// drop(results);
/// requests.finish()?;
/// # Ok(())
/// # }
/// ```
pub struct ReplyFile {
    path: PathBuf,
    file: File,
    journal: Journal,
    /// How long the file is, as far as it was written here.
    bytes: u64,
}

impl ReplyFile {
    /// Creates a file for a new batch.
    ///
    /// # Errors
    ///
    /// Returns the operating system's error; of kind `AlreadyExists` if there is one, because its replies
    /// were paid for.
    pub fn create(path: impl Into<PathBuf>) -> io::Result<Self> {
        let path = path.into();
        let file = OpenOptions::new().write(true).create_new(true).open(&path);
        let file = file.map_err(of_file(&path))?;
        Ok(Self { path, file, journal: Journal::default(), bytes: 0 })
    }

    /// Opens a file to go on with, or creates it if there is none.
    ///
    /// A line that its last writer was killed in is completed if all but its end is there, and cut off
    /// otherwise.
    ///
    /// # Errors
    ///
    /// Returns the operating system's error; or one of kind `InvalidData`, that names file and line, if
    /// there is anything else than replies in it.
    pub fn resume(path: impl Into<PathBuf>) -> io::Result<Self> {
        let path = path.into();
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(false).open(&path);
        let file = file.map_err(of_file(&path))?;
        // Some devices can be read for ever.
        if !file.metadata().map_err(of_file(&path))?.is_file() {
            let problem = io::Error::new(ErrorKind::InvalidInput, "not a regular file");
            return Err(of_file(&path)(problem));
        }
        let journal = read(&file, &path)?;
        let mut replies = Self { path, file, bytes: journal.whole_bytes(), journal };
        replies.mend().map_err(of_file(&replies.path))?;
        Ok(replies)
    }

    /// Writes what a request came to, and returns whether it is done with that.
    ///
    /// A failure that says nothing of the request itself, such as a limit, a timeout or a refused key, is
    /// not written, nor is what was wrong with a request that was not even sent, so that a batch that goes
    /// on tries it again; see
    /// [`write_result`](flow_api::batch::write_result).
    ///
    /// # Errors
    ///
    /// Returns the operating system's error, and what was written of the line is taken back; or an error
    /// if another process has written to the file.
    pub fn write(&mut self, done: &Done<String>) -> io::Result<bool> {
        let Some(line) = write_result(done) else { return Ok(false) };
        let bytes = self.file.metadata().map_err(of_file(&self.path))?.len();
        if bytes != self.bytes {
            let problem = format!("{}: another process writes to it", self.path.display());
            return Err(io::Error::other(problem));
        }
        self.append(&line).map_err(of_file(&self.path))?;
        self.journal.note(done.key.clone());
        Ok(true)
    }

    /// Waits until all that was written is on the disk, and would survive a loss of power.
    ///
    /// # Errors
    ///
    /// Returns the operating system's error.
    pub fn sync(&self) -> io::Result<()> {
        self.file.sync_data().map_err(of_file(&self.path))
    }

    /// Returns whether the request of that key is done.
    #[must_use]
    pub fn contains(&self, key: &str) -> bool {
        self.journal.contains(key)
    }

    /// Returns how many requests are done.
    #[must_use]
    pub fn len(&self) -> usize {
        self.journal.len()
    }

    /// Returns whether no request is done.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.journal.is_empty()
    }

    /// Puts the end of the file right.
    fn mend(&mut self) -> io::Result<()> {
        self.file.set_len(self.bytes)?;
        self.file.seek(SeekFrom::Start(self.bytes))?;
        if self.journal.lacks_line_end() { self.append(b"\n") } else { Ok(()) }
    }

    fn append(&mut self, line: &[u8]) -> io::Result<()> {
        let written = self.file.write_all(line);
        if written.is_err() {
            // Where not even this is possible, the torn line is found when the batch goes on.
            let _ = self.file.set_len(self.bytes);
            let _ = self.file.seek(SeekFrom::Start(self.bytes));
            return written;
        }
        self.bytes = self.bytes.saturating_add(u64::try_from(line.len()).unwrap_or(u64::MAX));
        Ok(())
    }
}

impl fmt::Debug for ReplyFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplyFile")
            .field("path", &self.path)
            .field("done", &self.journal.len())
            .finish_non_exhaustive()
    }
}

/// Reads what is done.
fn read(file: &File, path: &Path) -> io::Result<Journal> {
    let (mut reader, mut journal) = (BufReader::new(file), Journal::default());
    let (mut line, mut number) = (Vec::new(), 0_u64);
    while reader.read_until(b'\n', &mut line).map_err(of_file(path))? > 0 {
        number = number.saturating_add(1);
        journal.read(&line).map_err(|error| of_line(path, number, error))?;
        line.clear();
    }
    Ok(journal)
}
