//! What is installed once and used again: a folder in `target/interop`, complete or not there.

pub(crate) mod debian;
pub(crate) mod python;

use std::fs;
use std::path::{Path, PathBuf};

use crate::Result;
use crate::interop::place::Place;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folder_is_filled_only_where_permitted_and_only_when_it_lacks_something() {
        let (looking, installing) = (Place::new(false).unwrap(), Place::new(true).unwrap());
        let name = format!("test-{}", std::process::id());
        let never = |_: &Path| -> Result { panic!("nothing is to be installed") };
        let write = |dir: &Path| -> Result { Ok(fs::write(dir.join("file"), "new")?) };

        let error = folder(&looking, &name, "one", never).unwrap_err().to_string();
        assert!(error.contains("is missing") && error.contains("--install"), "{error}");
        assert!(folder(&installing, &name, "one", |_| Err("broken off".into())).is_err());
        let error = folder(&looking, &name, "one", never).unwrap_err().to_string();
        assert!(error.contains("is incomplete"), "{error}");

        let dir = folder(&installing, &name, "one", write).unwrap();
        assert_eq!(folder(&looking, &name, "one", never).unwrap(), dir);
        assert!(folder(&looking, &name, "two", never).is_err());
        fs::write(dir.join("left over"), "").unwrap();
        folder(&installing, &name, "two", write).unwrap();
        assert!(dir.join("file").exists() && !dir.join("left over").exists());
        fs::remove_dir_all(dir).unwrap();
    }
}
