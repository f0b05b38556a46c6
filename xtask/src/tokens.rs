//! Rust source as tokens: enough to tell code from comments and strings.
//!
//! It takes what the compiler accepts; of anything else it makes some tokens, never an error.

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An identifier, a keyword, a number or a lifetime.
    Word,
    /// One character of punctuation.
    Sign,
    /// A string, byte string or character, quotes included.
    Literal,
    /// A comment or doc comment, to the end of its line or its last `*/`.
    Comment,
}

/// A piece of source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    pub(crate) kind: Kind,
    pub(crate) text: &'a str,
    /// The line it begins on, counted from 1.
    pub(crate) line: usize,
    /// Whether a blank or a line's end stands before it.
    pub(crate) is_apart: bool,
}

impl<'a> Token<'a> {
    /// Returns the word, if it is one.
    pub(crate) fn word(&self) -> Option<&'a str> {
        (self.kind == Kind::Word).then_some(self.text)
    }

    /// Returns whether it is this word or this sign.
    pub(crate) fn is(&self, text: &str) -> bool {
        matches!(self.kind, Kind::Word | Kind::Sign) && self.text == text
    }
}

/// Splits `source` into its tokens.
pub(crate) fn tokens(source: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let (mut rest, mut line, mut is_apart) = (source, 1_usize, true);
    while let Some(first) = rest.chars().next() {
        let (kind, length) = measure(rest, first);
        let (text, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        if let Some(kind) = kind {
            found.push(Token { kind, text, line, is_apart });
        }
        is_apart = kind.is_none();
        line = line.saturating_add(text.matches('\n').count());
        rest = after;
    }
    found
}

/// Returns what `rest` begins with, `None` for a blank, and how many bytes that has.
fn measure(rest: &str, first: char) -> (Option<Kind>, usize) {
    if first.is_whitespace() {
        return (None, first.len_utf8());
    }
    if rest.starts_with("//") {
        return (Some(Kind::Comment), rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return (Some(Kind::Comment), block_comment(rest));
    }
    if let Some(length) = literal(rest) {
        return (Some(Kind::Literal), length);
    }
    // A lifetime, or the name of a keyword in disguise.
    let prefix = if first == '\'' { 1 } else { usize::from(rest.starts_with("r#")) * 2 };
    let name = rest.get(prefix..).unwrap_or_default();
    let end = name.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(name.len());
    match prefix.saturating_add(end) {
        0 => (Some(Kind::Sign), first.len_utf8()),
        length => (Some(Kind::Word), length),
    }
}

/// Returns the length of the block comment, with those inside it, that `rest` begins with.
fn block_comment(rest: &str) -> usize {
    let (mut at, mut depth) = (0_usize, 0_usize);
    while let Some(next) = rest.get(at..).filter(|next| !next.is_empty()) {
        let step = if next.starts_with("/*") {
            depth = depth.saturating_add(1);
            2
        } else if next.starts_with("*/") {
            depth = depth.saturating_sub(1);
            2
        } else {
            next.chars().next().map_or(1, char::len_utf8)
        };
        at = at.saturating_add(step);
        if depth == 0 {
            break;
        }
    }
    at
}

/// Returns the length of the string or character that `rest` begins with.
fn literal(rest: &str) -> Option<usize> {
    let prefix = ["br", "cr", "b", "c", "r", ""].into_iter().find(|prefix| {
        let quoted = rest.strip_prefix(prefix).unwrap_or_default();
        let quoted = if prefix.ends_with('r') { quoted.trim_start_matches('#') } else { quoted };
        quoted.starts_with('"') || (matches!(*prefix, "b" | "") && quoted.starts_with('\''))
    })?;
    let body = rest.strip_prefix(prefix)?;
    let length = if prefix.ends_with('r') {
        raw_string(body)?
    } else if body.starts_with('"') {
        escaped(body, '"')?
    } else {
        character(body)?
    };
    length.checked_add(prefix.len())
}

/// Returns the length of `#"…"#` with as many `#` behind as before it.
fn raw_string(body: &str) -> Option<usize> {
    let inner = body.trim_start_matches('#');
    let hashes = body.len().saturating_sub(inner.len());
    let end = format!("\"{}", "#".repeat(hashes));
    let at = inner.get(1..)?.find(&end)?;
    at.checked_add(end.len())?.checked_add(hashes)?.checked_add(1)
}

/// Returns the length of a quoted text in which a backslash takes the next character along.
fn escaped(body: &str, quote: char) -> Option<usize> {
    let mut is_escaped = false;
    let close = |(_, c): &(usize, char)| {
        let is_close = *c == quote && !is_escaped;
        is_escaped = *c == '\\' && !is_escaped;
        is_close
    };
    body.char_indices().skip(1).find(close)?.0.checked_add(1)
}

/// Returns the length of a character, `None` for a lifetime.
fn character(body: &str) -> Option<usize> {
    let mut chars = body.chars().skip(1);
    let (first, second) = (chars.next()?, chars.next());
    if first == '\\' || second == Some('\'') { escaped(body, '\'') } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Case<'a> = (&'a str, &'a str, &'a [(Kind, &'a str)]);

    #[test]
    fn source_is_told_from_comments_and_strings() {
        use Kind::{Comment, Literal, Sign, Word};
        #[rustfmt::skip]
        let cases: [Case<'_>; 12] = [
            ("words and signs", "a_1::b", &[(Word, "a_1"), (Sign, ":"), (Sign, ":"), (Word, "b")]),
            ("comment",         "a // crate::b\nc", &[(Word, "a"), (Comment, "// crate::b"), (Word, "c")]),
            ("nested comment",  "/* a /* b */ c */d", &[(Comment, "/* a /* b */ c */"), (Word, "d")]),
            ("string",          r#""a \" // b"c"#, &[(Literal, r#""a \" // b""#), (Word, "c")]),
            ("backslash",       r#""\\"a"#, &[(Literal, r#""\\""#), (Word, "a")]),
            ("raw string",      r##"r#"a " \"#b"##, &[(Literal, r##"r#"a " \"#"##), (Word, "b")]),
            ("byte strings",    r#"b"x" br"\" c"y""#, &[(Literal, r#"b"x""#), (Literal, r#"br"\""#), (Literal, r#"c"y""#)]),
            ("raw name",        "r#type r", &[(Word, "r#type"), (Word, "r")]),
            ("character",       r"'\'' '/' 'é'", &[(Literal, r"'\''"), (Literal, "'/'"), (Literal, "'é'")]),
            ("byte",            r"b'\\' b", &[(Literal, r"b'\\'"), (Word, "b")]),
            ("lifetime",        "&'a str", &[(Sign, "&"), (Word, "'a"), (Word, "str")]),
            ("unfinished",      "a\"b", &[(Word, "a"), (Sign, "\""), (Word, "b")]),
        ];
        for (name, source, want) in cases {
            let got: Vec<_> = tokens(source).iter().map(|token| (token.kind, token.text)).collect();
            assert_eq!(got, want, "{name}");
        }
    }

    #[test]
    fn lines_are_counted_through_everything() {
        let source = "a\n/* \n */ \"\n\" r#\"\n\"#\nb";
        let lines: Vec<_> = tokens(source).iter().map(|token| (token.text, token.line)).collect();
        assert_eq!(lines.last(), Some(&("b", 6)));
    }
}
