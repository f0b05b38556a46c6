//! How large the face of a published crate may be: names at its root, and features.

use super::manifest::Manifest;
use crate::tokens::{Kind, Token, tokens};

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

/// Returns the names that `lib.rs` offers, without those hidden from the docs.
pub(super) fn root_names(lib: &str) -> Vec<&str> {
    let mut code = tokens(lib);
    code.retain(|token| token.kind != Kind::Comment);
    let mut names = Vec::new();
    let mut rest = code.as_slice();
    let mut depth = 0_usize;
    let mut is_hidden = false;
    while let Some((first, behind)) = rest.split_first() {
        match first.text {
            "hidden" => is_hidden = true,
            "{" | "(" => depth += 1,
            "}" | ")" => depth = depth.saturating_sub(1),
            "pub" if depth == 0 && behind.first().is_some_and(|next| !next.is("(")) => {
                let end = behind.iter().position(|token| token.is(";") || token.is("("));
                let item = behind.get(..end.unwrap_or(behind.len())).unwrap_or_default();
                if !is_hidden {
                    names.extend(item_names(item));
                }
                is_hidden = false;
                if behind.first().is_some_and(|next| next.is("use")) {
                    rest = behind.get(item.len()..).unwrap_or_default();
                    continue;
                }
            }
            ";" if depth == 0 => is_hidden = false,
            _ => {}
        }
        rest = behind;
    }
    names
}

/// Returns the names that one public item brings.
fn item_names<'a>(item: &[Token<'a>]) -> Vec<&'a str> {
    let is_use = item.first().is_some_and(|token| token.is("use"));
    if !is_use {
        // The name follows the last keyword of `const fn name`, `struct Name`, `mod name`.
        let is_keyword = |token: &&Token<'_>| {
            ["async", "const", "enum", "fn", "mod", "static", "struct", "trait", "type", "unsafe"]
                .contains(&token.text)
        };
        return item
            .iter()
            .find(|token| !is_keyword(token))
            .map(|token| token.text)
            .into_iter()
            .collect();
    }
    let mut names = Vec::new();
    for (at, token) in item.iter().enumerate() {
        let next = item.get(at.saturating_add(1));
        // What is followed by `::` or `as` is not what users see.
        let ends = next.is_none_or(|next| next.is(",") || next.is("}"));
        let before = |back: usize| at.checked_sub(back).and_then(|at| item.get(at));
        match token.word() {
            Some("self") if ends => {
                let mut words =
                    item.get(..at).unwrap_or_default().iter().rev().filter_map(Token::word);
                names.extend(words.next());
            }
            Some(name) if ends && !before(1).is_some_and(|token| token.is("self")) => {
                names.push(name);
            }
            _ => {}
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_users_see() {
        #[rustfmt::skip]
        let cases: [(&str, &[&str]); 9] = [
            ("pub use crate::a::A;",                               &["A"]),
            ("pub use crate::{a::{A, B}, c::C as D};",             &["A", "B", "D"]),
            ("pub use flow_api::{self, Chat};",                    &["flow_api", "Chat"]),
            ("pub mod m;\nmod n;\npub(crate) use crate::n::N;",    &["m"]),
            ("#[doc(hidden)]\npub use crate::c::C;\npub mod m;",   &["m"]),
            ("pub struct S { pub a: u8 }\npub enum E { A }",       &["S", "E"]),
            ("pub const fn f(a: u8) -> u8 { 1 }\npub fn g() {}",   &["f", "g"]),
            ("/// [`pub use x::Y;`]\nuse crate::a::A;",            &[]),
            ("pub type T = u8;\npub const C: u8 = 1;",             &["T", "C"]),
        ];
        for (lib, want) in cases {
            assert_eq!(root_names(lib), want, "{lib}");
        }
    }

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
