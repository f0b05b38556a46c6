//! The names that a file offers, by its `pub` items and re-exports.

use crate::tokens::{Kind, Token, tokens};

/// Returns the names at the root that a `lib.rs` offers, without those hidden from the docs.
pub(crate) fn root_names(lib: &str) -> Vec<&str> {
    names(lib, false)
}

/// Returns all names that a file offers to others: those of methods, fields and the functions of
/// traits too, and of what only the crate can see.
pub(crate) fn offered_names(source: &str) -> Vec<&str> {
    names(source, true)
}

fn names(source: &str, is_deep: bool) -> Vec<&str> {
    let mut code = tokens(source);
    code.retain(|token| token.kind != Kind::Comment);
    let mut names = Vec::new();
    let mut rest = code.as_slice();
    let mut depth = 0_usize;
    let mut is_hidden = false;
    // How deep the functions of the public trait stand that is open.
    let mut in_trait = None;
    while let Some((first, behind)) = rest.split_first() {
        rest = behind;
        match first.text {
            "hidden" => is_hidden = true,
            "{" | "(" => depth += 1,
            "}" | ")" => {
                depth = depth.saturating_sub(1);
                in_trait = in_trait.filter(|inside| *inside <= depth);
            }
            ";" => is_hidden = false,
            "fn" if is_deep && in_trait == Some(depth) => {
                names.extend(behind.first().map(|name| name.text));
            }
            "pub" if is_deep || depth == 0 => {
                let Some(item) = public_item(behind, is_deep) else { continue };
                if !is_hidden {
                    names.extend(item_names(item));
                }
                is_hidden = false;
                match item.first().map(|first| first.text) {
                    Some("use") => rest = behind.get(item.len()..).unwrap_or_default(),
                    Some("trait") => in_trait = Some(depth.saturating_add(1)),
                    _ => {}
                }
            }
            _ => {}
        }
    }
    names
}

/// Returns what stands behind `pub` up to a sign that ends a name; `None` if few can see it.
fn public_item<'s, 'a>(behind: &'s [Token<'a>], is_deep: bool) -> Option<&'s [Token<'a>]> {
    let is_bounded = behind.first().is_some_and(|next| next.is("("));
    let reach = if is_bounded { behind.iter().position(|token| token.is(")")) } else { None };
    let item = behind.get(reach.map_or(0, |at| at.saturating_add(1))..).unwrap_or_default();
    let end = item.iter().position(|token| token.is(";") || token.is("("));
    (is_deep || !is_bounded).then(|| item.get(..end.unwrap_or(item.len())).unwrap_or_default())
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
        match token.word() {
            Some("self") if ends => {
                let mut words =
                    item.get(..at).unwrap_or_default().iter().rev().filter_map(Token::word);
                names.extend(words.next());
            }
            Some(name) if ends => names.push(name),
            _ => {}
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_fields_and_functions_of_traits_are_offered_too() {
        #[rustfmt::skip]
        let cases: [(&str, &[&str]); 4] = [
            ("pub struct S { pub a: u8, b: u8 }",                        &["S", "a"]),
            ("impl S { pub const fn new() {} pub(super) fn a() {} fn c() {} }", &["new", "a"]),
            ("pub trait T { fn f(&self) { fn g() {} } async fn h(); } trait U { fn i(); }", &["T", "f", "h"]),
            ("pub(crate) use a::{b, c};",                                &["b", "c"]),
        ];
        for (source, want) in cases {
            assert_eq!(offered_names(source), want, "{source}");
        }
    }

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
}
