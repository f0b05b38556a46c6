//! Which crate may depend on which: arrows point one way only.

use super::manifest::Manifest;

/// What a crate of ours may depend on.
struct Arrow {
    name: &'static str,
    /// Crates of ours.
    on: &'static [&'static str],
    /// Further crates of ours, for its tests and examples.
    in_tests: &'static [&'static str],
    /// All that it may take from elsewhere, where that is bounded.
    outside: Option<&'static [&'static str]>,
}

/// The arrows between the crates, the lowest crate first.
const ARROWS: [Arrow; 10] = [
    Arrow {
        outside: Some(&["http", "httpdate", "serde", "serde_json"]),
        ..arrow("flow-errors", &[], &[])
    },
    arrow("flow-api", &["flow-errors"], &[]),
    arrow("flow-sim", &["flow-api", "flow-errors"], &[]),
    arrow("flow-loopback", &["flow-api", "flow-errors"], &[]),
    arrow("flow-interleavings", &["flow-errors"], &[]),
    arrow("flow-async", &["flow-api", "flow-errors"], &["flow-loopback", "flow-sim"]),
    arrow("flow-blocking", &["flow-api", "flow-errors"], &["flow-loopback", "flow-sim"]),
    arrow("flow-tests", ALL, &["flow-loopback"]),
    arrow("flow-lab", ALL, &[]),
    // The standard library only, so that it builds in a second.
    Arrow { outside: Some(&[]), ..arrow("xtask", &[], &[]) },
];

const ALL: &[&str] = &["flow-api", "flow-async", "flow-blocking", "flow-errors", "flow-sim"];

const fn arrow(
    name: &'static str,
    on: &'static [&'static str],
    in_tests: &'static [&'static str],
) -> Arrow {
    Arrow { name, on, in_tests, outside: None }
}

/// Returns what is wrong with the dependencies of a crate.
pub(super) fn problems(manifest: &Manifest) -> Vec<String> {
    let name = &manifest.name;
    let Some(arrow) = ARROWS.iter().find(|arrow| arrow.name == name) else {
        return vec![format!("{name} has no arrows; say in `ARROWS` what it may depend on")];
    };
    let is_ours = |name: &str| ARROWS.iter().any(|arrow| arrow.name == name);
    let mut problems = Vec::new();
    for dependency in &manifest.dependencies {
        let is_allowed = if is_ours(dependency) {
            arrow.on.contains(&dependency.as_str())
        } else {
            arrow.outside.is_none_or(|outside| outside.contains(&dependency.as_str()))
        };
        if !is_allowed {
            problems.push(against(name, dependency));
        }
    }
    for dependency in manifest.dev_dependencies.iter().filter(|dependency| is_ours(dependency)) {
        if !arrow.on.iter().chain(arrow.in_tests).any(|allowed| allowed == dependency) {
            problems.push(format!("the tests of {}", against(name, dependency)));
        }
    }
    problems
}

fn against(name: &str, dependency: &str) -> String {
    format!(
        "{name} must not depend on {dependency}: arrows point one way only; move what needs it up, \
         or what both need down"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependency_against_the_arrows_is_reported() {
        #[rustfmt::skip]
        let cases: [(&str, &[&str], &[&str], usize); 9] = [
            // crate         dependencies             of its tests       problems
            ("flow-errors",  &["http", "serde_json"], &["proptest"],     0),
            ("flow-errors",  &["tracing"],            &[],               1),
            ("flow-errors",  &[],                     &["flow-api"],     1),
            ("flow-api",     &["flow-errors", "url"], &["proptest"],     0),
            ("flow-api",     &["flow-async"],         &["flow-sim"],     2),
            ("flow-async",   &["flow-api"],           &["flow-sim"],     0),
            ("flow-async",   &["flow-blocking"],      &[],               1),
            ("xtask",        &["serde"],              &[],               1),
            ("stranger",     &[],                     &[],               1),
        ];
        for (name, dependencies, dev_dependencies, want) in cases {
            let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
            let manifest = Manifest {
                name: name.to_owned(),
                dependencies: owned(dependencies),
                dev_dependencies: owned(dev_dependencies),
                ..Manifest::default()
            };
            let got = problems(&manifest);
            assert_eq!(got.len(), want, "{name} {dependencies:?} {dev_dependencies:?}: {got:?}");
        }
    }

    #[test]
    fn arrows_only_point_at_crates_above_which_they_stand() {
        for (at, arrow) in ARROWS.iter().enumerate() {
            for on in arrow.on.iter().chain(arrow.in_tests) {
                assert!(ARROWS[..at].iter().any(|lower| lower.name == *on), "{}: {on}", arrow.name);
            }
        }
    }
}
