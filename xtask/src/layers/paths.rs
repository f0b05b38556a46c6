//! Reads which paths a file uses: `use` trees, `crate::a::b` in expressions, serde's `with`.
//!
//! Comments, strings and what is compiled for tests only do not count. What a path leads to is
//! found in `tree`.

use crate::tokens::{Kind, Token, tokens};

/// What one file declares and uses.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Source {
    /// The modules that stand in files of their own, by `mod name;`.
    pub(super) modules: Vec<Vec<String>>,
    /// The modules that stand in this file, by `mod name {`.
    pub(super) inline: Vec<Vec<String>>,
    pub(super) paths: Vec<Used>,
}

/// A path as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Used {
    /// The module inside the file in which it stands; empty for the file itself.
    pub(super) inside: Vec<String>,
    pub(super) path: Vec<String>,
    /// The name that a `use` gives it.
    pub(super) name: Option<String>,
    pub(super) line: usize,
}

/// Reads the text of one file.
pub(super) fn read(text: &str) -> Source {
    let mut code = tokens(text);
    code.retain(|token| token.kind != Kind::Comment);
    let mut reader = Reader { code: &code, at: 0, scopes: Vec::new(), found: Source::default() };
    while reader.at < code.len() {
        reader.step();
    }
    reader.found
}

struct Reader<'a> {
    code: &'a [Token<'a>],
    at: usize,
    /// The braces that are open, with the name of the module that each belongs to, if any.
    scopes: Vec<Option<String>>,
    found: Source,
}

impl<'a> Reader<'a> {
    fn step(&mut self) {
        if self.sees(&["#", "["]) || self.sees(&["#", "!", "["]) {
            self.attribute();
        } else if self.sees(&["mod"]) {
            self.module();
        } else if self.sees(&["use"]) {
            self.at += 1;
            self.tree(&[]);
        } else if self.sees(&["{"]) {
            self.scopes.push(None);
            self.at += 1;
        } else if self.sees(&["}"]) {
            self.scopes.pop();
            self.at += 1;
        } else if self.begins_path() {
            let line = self.line();
            let path = self.segments();
            self.record(path, None, line);
        } else {
            self.at += 1;
        }
    }

    /// Skips an attribute, and the item behind it if that is for tests only, or a module that is read
    /// as part of the crate in whose folder it is.
    fn attribute(&mut self) {
        let begin = self.at;
        while !self.sees(&["["]) {
            self.at += 1;
        }
        self.group();
        let attribute = self.code.get(begin..self.at).unwrap_or_default();
        let has = |word: &str| attribute.iter().any(|token| token.is(word));
        let is_elsewhere = attribute.get(2).is_some_and(|token| token.is("path"));
        if is_elsewhere || (has("cfg") && has("test") && !has("not")) {
            self.item();
            return;
        }
        // serde names functions and modules in strings.
        for token in attribute.iter().filter(|token| has("serde") && token.kind == Kind::Literal) {
            let text = token.text.trim_matches('"');
            if ["crate::", "super::", "self::"].iter().any(|start| text.starts_with(start)) {
                self.record(text.split("::").map(str::to_owned).collect(), None, token.line);
            }
        }
    }

    /// Skips an item, a field or a statement.
    fn item(&mut self) {
        while self.sees(&["#", "["]) {
            self.at += 1;
            self.group();
        }
        let is_use = self.sees(&["use"]);
        let is_field =
            self.next(1 + usize::from(self.sees(&["pub"]))).is_some_and(|token| token.is(":"));
        while let Some(token) = self.next(0) {
            if token.is("}") {
                return;
            }
            let is_braces = token.is("{");
            if matches!(token.text, "(" | "[" | "{") {
                self.group();
            } else {
                self.at += 1;
            }
            if token.is(";") || (is_field && token.is(",")) || (is_braces && !is_use) {
                return;
            }
        }
    }

    /// Skips a group in brackets of any kind.
    fn group(&mut self) {
        let mut depth = 0_usize;
        while let Some(token) = self.next(0) {
            self.at += 1;
            match token.text {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                return;
            }
        }
    }

    fn module(&mut self) {
        let Some(name) = self.next(1).and_then(|token| token.word()).map(str::to_owned) else {
            self.at += 1;
            return;
        };
        let path = [self.inside(), vec![name.clone()]].concat();
        if self.next(2).is_some_and(|token| token.is("{")) {
            self.scopes.push(Some(name));
            self.found.inline.push(path);
        } else {
            self.found.modules.push(path);
        }
        self.at += 3;
    }

    /// Reads a `use` tree up to the sign behind it.
    fn tree(&mut self, prefix: &[String]) {
        let line = self.line();
        let mut path = prefix.to_vec();
        if prefix.is_empty() && self.sees(&[":", ":"]) {
            // A path that begins so leads to another crate.
            path.push(String::new());
            self.at += 2;
        }
        path.extend(self.segments());
        if self.sees(&["{"]) {
            self.at += 1;
            while self.next(0).is_some() && !self.sees(&["}"]) {
                self.tree(&path);
                self.at += usize::from(self.sees(&[","]));
            }
            self.at += 1;
            return;
        }
        if self.sees(&["*"]) {
            path.push("*".to_owned());
            self.at += 1;
        }
        if path.len() > 1 && path.last().is_some_and(|last| last == "self") {
            path.pop();
        }
        let mut name = path.last().cloned();
        if self.sees(&["as"]) {
            name = self.next(1).map(|token| token.text.to_owned());
            self.at += 2;
        }
        self.record(path, name, line);
        // What is no tree, as the `use<…>` of a bound, must not hold the reader up.
        if !self.sees(&[","]) && !self.sees(&["}"]) && !self.sees(&[";"]) {
            self.at += 1;
        }
    }

    /// Reads `a::b::c`, and the `::` before a brace or a star.
    fn segments(&mut self) -> Vec<String> {
        let mut path = Vec::new();
        while let Some(word) = self.next(0).and_then(|token| token.word()) {
            path.push(word.to_owned());
            self.at += 1;
            if !self.sees(&[":", ":"]) {
                break;
            }
            self.at += 2;
        }
        path
    }

    fn begins_path(&self) -> bool {
        let is_path = self.next(0).and_then(|token| token.word()).is_some();
        is_path
            && self.next(1).is_some_and(|token| token.is(":"))
            && self.next(2).is_some_and(|token| token.is(":"))
            && !self.follows(&[":", ":"])
            && !self.follows(&["."])
    }

    fn record(&mut self, path: Vec<String>, name: Option<String>, line: usize) {
        self.found.paths.push(Used { inside: self.inside(), path, name, line });
    }

    fn inside(&self) -> Vec<String> {
        self.scopes.iter().flatten().cloned().collect()
    }

    fn next(&self, ahead: usize) -> Option<Token<'a>> {
        self.code.get(self.at.saturating_add(ahead)).copied()
    }

    fn line(&self) -> usize {
        self.next(0).map_or(0, |token| token.line)
    }

    fn sees(&self, texts: &[&str]) -> bool {
        let here = self.code.get(self.at..).unwrap_or_default();
        here.len() >= texts.len() && here.iter().zip(texts).all(|(token, text)| token.is(text))
    }

    fn follows(&self, texts: &[&str]) -> bool {
        let before = self.code.get(..self.at).unwrap_or_default().iter().rev();
        before.zip(texts).filter(|(token, text)| token.is(text)).count() == texts.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each path as `inside|path=name`, where it has any.
    fn paths(text: &str) -> Vec<String> {
        let show = |used: &Used| {
            let inside = used.inside.join("::") + if used.inside.is_empty() { "" } else { "|" };
            let last = used.path.last();
            let name = used.name.as_ref().filter(|name| Some(*name) != last);
            let name = name.map(|name| format!("={name}")).unwrap_or_default();
            format!("{inside}{}{name}", used.path.join("::"))
        };
        read(text).paths.iter().map(show).collect()
    }

    #[test]
    fn paths_are_read_wherever_they_stand() {
        #[rustfmt::skip]
        let cases: [(&str, &str, &[&str]); 23] = [
            ("one",            "use crate::a::B;", &["crate::a::B"]),
            ("tree",           "use crate::{a, b::{c, d::E}, f};", &["crate::a", "crate::b::c", "crate::b::d::E", "crate::f"]),
            ("trailing comma", "use crate::{a, b,};", &["crate::a", "crate::b"]),
            ("self in a tree", "use crate::a::{self, B};", &["crate::a", "crate::a::B"]),
            ("renamed",        "use crate::a as z; use crate::{b::C as _};", &["crate::a=z", "crate::b::C=_"]),
            ("everything",     "use super::*;", &["super::*"]),
            ("re-export",      "pub(crate) use crate::a::B;", &["crate::a::B"]),
            ("other crate",    "use ::http::Uri;", &["::http::Uri"]),
            ("expression",     "fn f() { crate::a::b(1) }", &["crate::a::b"]),
            ("type",           "fn f(x: &crate::a::B<super::C>) {}", &["crate::a::B", "super::C"]),
            ("macro",          "macro_rules! m { () => { $crate::a::B } }", &["crate::a::B"]),
            ("own child",      "fn f() { table::write() }", &["table::write"]),
            ("method",         "fn f() { a.b::<C>() }", &[]),
            ("visibility",     "pub(crate) fn f() {}", &[]),
            ("comments",       "// crate::a\n/// [`crate::b`]\n/* crate::c */ fn f() {}", &[]),
            ("strings",        "const A: &str = \"crate::a\"; const B: &str = r#\"use crate::b;\"#;", &[]),
            ("test module",    "#[cfg(test)]\nmod tests { use crate::a; }\nuse crate::b;", &["crate::b"]),
            ("test function",  "#[cfg(test)]\n#[inline]\nfn f<A, B>() -> A { crate::a() }\nuse crate::b;", &["crate::b"]),
            ("test import",    "#[cfg(test)]\nuse crate::{a, b};\nuse crate::c;", &["crate::c"]),
            ("test field",     "struct S { #[cfg(test)] a: crate::a::A, b: crate::b::B }", &["crate::b::B"]),
            ("not for tests",  "#[cfg(not(test))]\nuse crate::a;", &["crate::a"]),
            ("serde",          "struct S { #[serde(with = \"crate::a::b\")] c: u8 }", &["crate::a::b"]),
            ("inline module",  "mod m { mod n { use super::A; } use super::B; } use self::m::n;", &["m::n|super::A", "m|super::B", "self::m::n"]),
        ];
        for (name, text, want) in cases {
            assert_eq!(paths(text), want, "{name}");
        }
    }

    #[test]
    fn modules_are_read_with_where_they_stand() {
        let read = read(
            "#[path = \"../x.rs\"]\n#[expect(dead_code)]\nmod x;\nmod a;\npub mod b { mod c; }\n#[cfg(test)]\nmod tests;",
        );
        assert_eq!(read.modules, [vec!["a".to_owned()], vec!["b".to_owned(), "c".to_owned()]]);
        assert_eq!(read.inline, [vec!["b".to_owned()]]);
    }

    #[test]
    fn line_is_that_of_the_path() {
        let read = read(
            "use crate::{\n    a,\n    b::{\n        C,\n    },\n};\n\nfn f() {\n    crate::d()\n}",
        );
        let lines: Vec<_> = read.paths.iter().map(|used| used.line).collect();
        assert_eq!(lines, [2, 4, 9]);
    }
}
