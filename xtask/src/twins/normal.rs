//! The form in which a file of one client is the same text as its twin.
//!
//! Code is cut into statements, so that line breaks do not count, and docs into sentences; code in
//! docs counts as code. What makes a client async is left out, and its name is that of any client.
//! So are imports and `mod` lines: they follow from the rest, and names have a check of their own.

use crate::tokens::{Kind, Token, tokens};

/// A statement or a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unit {
    pub(super) text: String,
    pub(super) line: usize,
}

/// What is said differently of the two clients, and what stands for both.
const ALIKE: [(&str, &str); 16] = [
    ("flow_async", "flow_client"),
    ("flow_blocking", "flow_client"),
    ("flow-async", "flow-client"),
    ("flow-blocking", "flow-client"),
    ("An async client", "A client"),
    ("A blocking client", "A client"),
    ("the async ", "the "),
    ("the blocking ", "the "),
    ("#[tokio::test]", "#[test]"),
    ("#[tokio::main]", ""),
    ("#[tokio::main(flavor = \"current_thread\")]", ""),
    // A blocking call is given what may cancel it; a future is dropped.
    (", client.cancel_token()", ""),
    (", &CancelToken::new()", ""),
    (", cancel: &CancelToken", ""),
    (", cancel)", ")"),
    // A span is entered around a closure, or around each poll of a future.
    ("in_future(", "in_scope(|| "),
];

/// Returns the normal form of a file.
pub(super) fn units(source: &str) -> Vec<Unit> {
    let mut writer = Writer::default();
    let mut rest = &*tokens(source);
    while let Some(first) = rest.first() {
        let used = match first.kind {
            Kind::Comment => comment(rest, &mut writer),
            _ if writer.text.is_empty() && is_left_out(rest) => statement(rest),
            _ => writer.code(rest),
        };
        rest = rest.get(used..).unwrap_or_default();
    }
    writer.end();
    writer.units.retain(|unit| !unit.text.is_empty());
    writer.units
}

/// Whether an import or a `mod` line begins here.
fn is_left_out(rest: &[Token<'_>]) -> bool {
    let is = |at: usize, text: &str| rest.get(at).is_some_and(|token| token.is(text));
    let at = match (is(0, "pub"), is(1, "(")) {
        (false, _) => 0,
        (true, false) => 1,
        // Behind `pub(crate)`, or `pub(in …)`.
        (true, true) => rest.iter().position(|token| token.is(")")).map_or(1, |close| close + 1),
    };
    is(at, "use") || (is(at, "mod") && is(at + 2, ";"))
}

/// Returns how many tokens there are up to the next semicolon.
fn statement(rest: &[Token<'_>]) -> usize {
    rest.iter().position(|token| token.is(";")).map_or(rest.len(), |at| at.saturating_add(1))
}

/// Takes a whole comment, and returns how many tokens that were.
fn comment(rest: &[Token<'_>], writer: &mut Writer) -> usize {
    let length = rest.iter().take_while(|token| token.kind == Kind::Comment).count();
    let mut prose = Unit { text: String::new(), line: 0 };
    let mut fence: Option<Fence> = None;
    for token in rest.iter().take(length) {
        let text = token.text.trim_start_matches(['/', '!']).trim();
        let is_fence = text.starts_with("```");
        if let Some(mut open) = fence.take() {
            if is_fence {
                writer.fenced(&open);
            } else {
                open.text.push_str(text.strip_prefix("# ").unwrap_or(text));
                open.text.push('\n');
                fence = Some(open);
            }
            continue;
        }
        if text.is_empty() || is_fence || text.starts_with(['-', '#', '|']) {
            writer.prose(&prose);
            prose.text.clear();
        }
        if is_fence {
            let (text, line) = (String::new(), token.line);
            fence = Some(Fence { is_rust: is_rust(token.text), text, line });
        } else {
            prose.line = if prose.text.is_empty() { token.line } else { prose.line };
            prose.text.push(' ');
            prose.text.push_str(text);
        }
    }
    writer.prose(&prose);
    length
}

/// What stands between two lines of backticks, the first of which is on `line`.
struct Fence {
    is_rust: bool,
    text: String,
    line: usize,
}

/// Whether a fence opens an example that rustdoc compiles.
fn is_rust(fence: &str) -> bool {
    let language = fence.rsplit('`').next().unwrap_or_default();
    ["", "rust", "no_run", "should_panic", "compile_fail"].contains(&language)
}

/// What is written so far.
#[derive(Default)]
struct Writer {
    units: Vec<Unit>,
    /// The statement under way.
    text: String,
    line: usize,
    /// The brackets that are open around it.
    open: Vec<char>,
}

impl Writer {
    /// Adds a token of code, and returns how many tokens were taken.
    fn code(&mut self, rest: &[Token<'_>]) -> usize {
        let [token, behind @ ..] = rest else { return 1 };
        if token.is("async") {
            return if behind.first().is_some_and(|next| next.is("move")) { 2 } else { 1 };
        }
        if token.is(".") && behind.first().is_some_and(|next| next.is("await")) {
            return 2;
        }
        if token.is(",") {
            self.comma(behind);
        } else {
            self.sign(token);
        }
        1
    }

    /// Takes a comma: the end of a field, an arm or a table's row, or a part of the statement.
    fn comma(&mut self, behind: &[Token<'_>]) {
        let is_row = self.open.last() == Some(&'[') && self.text.ends_with(')');
        if self.is_in_braces() || is_row {
            self.end();
        } else if !behind.first().is_some_and(|next| matches!(next.text, ")" | "]")) {
            // Before a bracket it stands only because of a line break.
            self.text.push(',');
        }
    }

    /// Takes any other token, and ends the statement where one ends.
    fn sign(&mut self, token: &Token<'_>) {
        if token.is("}") {
            self.end();
        }
        if self.text.is_empty() {
            self.line = token.line;
        } else if token.is_apart
            && !self.text.ends_with(['(', '['])
            && !matches!(token.text, ")" | "]" | "." | "?" | ";")
        {
            self.text.push(' ');
        }
        self.text.push_str(token.text);
        if token.kind != Kind::Sign {
            return;
        }
        match token.text {
            "(" | "[" | "{" => self.open.extend(token.text.chars()),
            ")" | "]" | "}" => drop(self.open.pop()),
            _ => {}
        }
        let is_attribute = token.is("]") && self.text.starts_with('#') && self.is_in_braces();
        if is_attribute || matches!(token.text, "{" | "}" | ";") {
            self.end();
        }
    }

    fn is_in_braces(&self) -> bool {
        self.open.last().is_none_or(|open| *open == '{')
    }

    /// Adds what stands in a fence: code as code, anything else line by line.
    fn fenced(&mut self, fence: &Fence) {
        if fence.is_rust {
            let moved = |unit: Unit| Unit { line: unit.line.saturating_add(fence.line), ..unit };
            self.units.extend(units(&fence.text).into_iter().map(moved));
            return;
        }
        for (line, text) in (fence.line.saturating_add(1)..).zip(fence.text.lines()) {
            self.prose(&Unit { text: text.to_owned(), line });
        }
    }

    fn end(&mut self) {
        let unit = Unit { text: alike(&std::mem::take(&mut self.text)), line: self.line };
        self.units.push(unit);
    }

    /// Adds the sentences of a paragraph.
    fn prose(&mut self, prose: &Unit) {
        self.end();
        for sentence in alike(prose.text.trim()).split_inclusive(". ") {
            self.units.push(Unit { text: sentence.trim().to_owned(), line: prose.line });
        }
    }
}

fn alike(text: &str) -> String {
    ALIKE.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(source: &str) -> Vec<String> {
        units(source).into_iter().map(|unit| unit.text).collect()
    }

    #[test]
    fn twins_have_one_normal_form() {
        #[rustfmt::skip]
        let cases = [
            ("function",    "async fn f() {\n    g().await?;\n}",       "fn f() {\n    g()?;\n}"),
            ("line breaks", "async fn f(\n    a: u8,\n    b: u8,\n) {}", "fn f(a: u8, b: u8) {}"),
            ("chain",       "a\n    .b()\n    .await;",                 "a.b();"),
            ("crate",       "flow_async::f(\"flow-async\")",            "flow_blocking::f(\"flow-blocking\")"),
            ("test",        "#[tokio::test]\nasync fn f() {}",          "#[test]\nfn f() {}"),
            ("main",        "#[tokio::main(flavor = \"current_thread\")]\nasync fn main() {}", "fn main() {}"),
            ("imports",     "use a::{b, c};\nmod d;\npub(crate) use e::f;\nlet g;", "pub mod h;\nlet g;"),
            ("docs",        "/// An async client\n/// of flow-async. More.\nstruct S;", "/// A blocking client of\n/// flow-blocking. More.\nstruct S;"),
            ("doc code",    "/// ```\n/// # async fn f() {\n/// a().await;\n/// # }\n/// ```\nx", "/// ```\n/// # fn f() {\n/// a();\n/// # }\n/// ```\nx"),
            ("command",     "/// ```console\n/// $ run flow-async\n/// ```\nx", "/// ```console\n/// $ run flow-blocking\n/// ```\nx"),
            ("span",        "s.in_future(f(a)).await;",                 "s.in_scope(|| f(a));"),
        ];
        for (name, one, other) in cases {
            assert_eq!(texts(one), texts(other), "{name}");
        }
    }

    #[test]
    fn everything_else_counts() {
        #[rustfmt::skip]
        let cases = [
            ("names",    "f();",               "g();"),
            ("order",    "a(); b();",          "b(); a();"),
            ("strings",  "f(\"a\");",          "f(\"b\");"),
            ("comments", "// Why.\nf();",      "f();"),
            ("docs",     "/// One.\nfn f() {}", "/// Two.\nfn f() {}"),
            ("commands", "/// ```text\n/// $ a\n/// $ b\n/// ```\nx", "/// ```text\n/// $ a\n/// ```\nx"),
            ("bounds",   "fn f() -> impl A + use<'_> { g(); }", "fn f() -> impl A + use<'_> { h(); }"),
            ("doc code", "/// ```\n/// f();\n/// ```\nx", "/// ```\n/// g();\n/// ```\nx"),
        ];
        for (name, one, other) in cases {
            assert_ne!(texts(one), texts(other), "{name}");
        }
    }

    #[test]
    fn unit_is_a_statement_or_a_sentence_with_its_line() {
        let source =
            "//! First. Second\n//! goes on.\n\nfn f(\n    a: u8,\n) {\n    let b = [1, 2];\n}\n";
        let want = [
            ("First.", 1),
            ("Second goes on.", 1),
            ("fn f(a: u8) {", 4),
            ("let b = [1, 2];", 7),
            ("}", 8),
        ];
        let got = units(source);
        let got: Vec<_> = got.iter().map(|unit| (&*unit.text, unit.line)).collect();
        assert_eq!(got, want);
    }

    #[test]
    fn what_is_no_rust_is_compared_line_by_line_and_what_follows_as_before() {
        let source = "/// ```console\n/// $ a, b.\n/// {\n/// ```\n///\n/// One. Two.\n/// ```\n/// f(); g();\n/// ```\nx";
        let want = ["$ a, b.", "{", "One.", "Two.", "f();", "g();", "x"];
        assert_eq!(texts(source), want);
    }
}
