//! What is installed once and used again: a folder in `target/interop`, complete or not there.

pub(crate) mod debian;
pub(crate) mod python;

use std::fs;
use std::path::{Path, PathBuf};

use super::place::Place;
use crate::Result;

/// The file that is written last.
const MARKER: &str = "complete";

/// Returns the folder `name` with `wanted` in it; where it is missing, or something else than
/// `wanted` is there, `install` fills it anew.
pub(crate) fn folder(
    place: &Place,
    name: &str,
    wanted: &str,
    install: impl FnOnce(&Path) -> Result,
) -> Result<PathBuf> {
    let dir = place.installed()?.join(name);
    if fs::read_to_string(dir.join(MARKER)).is_ok_and(|found| found == wanted) {
        return Ok(dir);
    }
    if !place.may_install() {
        let why = if dir.exists() { "is incomplete or out of date" } else { "is missing" };
        return Err(format!("target/interop/{name} {why}: run this again with --install").into());
    }
    if dir.exists() {
        fs::remove_dir_all(&dir)?;
    }
    fs::create_dir_all(&dir)?;
    install(&dir)?;
    fs::write(dir.join(MARKER), wanted)?;
    Ok(dir)
}
