//! What a client adds to a program: crates, build time and size, against its HTTP stack alone.
//!
//! Both programs make one chat call. They are built below `target`, with the versions that
//! this workspace has locked.

mod project;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use self::project::{Client, Project};
use super::figure::Figure;
use super::paired::Pairs;
use crate::Result;
use crate::progress::Progress;

/// The most crates that a client may add, our own three counted.
const MOST_CRATES: f64 = 8.0;

/// The most that a clean build may take of what the bare one does, in CPU time.
const MOST_TIME: f64 = 1.15;

/// The most megabytes that a client may add to a stripped program.
const MOST_MEGABYTES: f64 = 0.5;

/// Clean builds take minutes, and their CPU time differs by a few percent.
const PAIRS: usize = 2;

/// Compares both clients with their bare stacks.
pub(super) fn measure(progress: &Progress, pairs: Option<usize>) -> Result<Vec<Figure>> {
    let folder = folder()?;
    let mut figures = Vec::new();
    for client in [Client::Async, Client::Blocking] {
        let [ours, bare] = [true, false].map(|is_ours| Project::new(&folder, client, is_ours));
        let (ours, bare) = (ours?, bare?);
        figures.push(crates(client, &ours.crates()?, &bare.crates()?)?);
        let name = format!("build, clean, {client} against {}", client.stack());
        let times = Pairs::exactly(
            pairs.unwrap_or(PAIRS),
            || ours.build(),
            || bare.build(),
            progress.of(&name),
        )?;
        figures.push(Figure::of_pairs(name, "s", &times, Some(MOST_TIME)));
        let name = format!("build, size, {client} against {}", client.stack());
        let sizes = (ours.megabytes()?, Some(bare.megabytes()?));
        figures.push(Figure::counted(name, "MB", sizes, MOST_MEGABYTES));
    }
    fs::remove_dir_all(folder)?;
    Ok(figures)
}

/// Where the programs are built: below `target`, where a run that was cut off loses nothing, and
/// empty.
fn folder() -> Result<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/bench-build");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    Ok(folder.canonicalize()?)
}

fn crates(client: Client, ours: &BTreeSet<String>, bare: &BTreeSet<String>) -> Result<Figure> {
    let added: Vec<_> = ours.difference(bare).map(String::as_str).collect();
    let spared: Vec<_> = bare.difference(ours).map(String::as_str).collect();
    let name = format!("build, crates that {client} adds to {}", client.stack());
    let count = f64::from(u32::try_from(added.len())?);
    let mut note = format!("{client} adds {}", added.join(", "));
    if !spared.is_empty() {
        note.push_str(&format!("; it does without {}", spared.join(", ")));
    }
    note.push_str(&format!(" ({} crates against {})", ours.len(), bare.len()));
    Ok(Figure { note: Some(note), ..Figure::counted(name, "crates", (count, None), MOST_CRATES) })
}
