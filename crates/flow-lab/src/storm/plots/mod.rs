//! The pictures, each from runs of its own.

mod brown_out;
mod canvas;
mod processes;
mod requests;
mod times;

use std::path::Path;

use super::policies::Kind;
use crate::Result;

/// The most policies that a picture tells apart.
const MOST: usize = 7;

/// Writes every picture into a folder, as SVG and as PNG.
pub(super) fn write(folder: &Path, kinds: &[Kind]) -> Result {
    std::fs::create_dir_all(folder)?;
    requests::draw(folder, &chosen(kinds, &requests::POLICIES))?;
    times::draw(folder, &chosen(kinds, &times::POLICIES))?;
    brown_out::draw(folder, &chosen(kinds, &brown_out::POLICIES))?;
    processes::draw(folder, &chosen(kinds, &processes::POLICIES))
}

/// Returns the policies that were asked for, or those that show the most.
fn chosen(asked: &[Kind], usual: &[Kind]) -> Vec<Kind> {
    let kinds = if asked.is_empty() { usual } else { asked };
    kinds.iter().copied().take(MOST).collect()
}
