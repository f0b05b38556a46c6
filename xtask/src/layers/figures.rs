//! How large the face of a published crate may be: names at its root, and features.

use super::manifest::Manifest;
use crate::names::root_names;

/// More names than these nobody takes in at one look.
const MAX_ROOT_NAMES: usize = 20;

const MAX_FEATURES: usize = 6;

/// Returns what is too much in a published crate.
pub(super) fn problems(manifest: &Manifest, lib: &str) -> Vec<String> {
    let names = root_names(lib);
    let mut problems = Vec::new();
    if names.len() > MAX_ROOT_NAMES {
        problems.push(format!(
            "{} has {} names at its root, over the limit of {MAX_ROOT_NAMES}: {}; move those that \
             few users need into a public module",
            manifest.name,
            names.len(),
            names.join(" "),
        ));
    }
    if manifest.features.len() > MAX_FEATURES {
        problems.push(format!(
            "{} has {} features, over the limit of {MAX_FEATURES}: {}",
            manifest.name,
            manifest.features.len(),
            manifest.features.join(" "),
        ));
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_many_names_and_features_are_reported() {
        let lib = |count: usize| (0..count).map(|n| format!("pub mod m{n};\n")).collect::<String>();
        let manifest = |count: usize| Manifest {
            features: (0..count).map(|n| format!("f{n}")).collect(),
            ..Manifest::default()
        };
        assert_eq!(problems(&manifest(6), &lib(20)), Vec::<String>::new());
        assert_eq!(problems(&manifest(7), &lib(21)).len(), 2);
    }
}
