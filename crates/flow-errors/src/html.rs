//! The headline of an error page, for proxies that answer in HTML.

/// How error pages begin once white space is gone, in any case.
const OPENINGS: [&str; 6] = ["<!doctype", "<html", "<head", "<body", "<title", "<h1"];

/// The characters that error pages write by name.
const NAMED: [(&str, char); 7] = [
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("quot", '"'),
    ("apos", '\''),
    ("nbsp", ' '),
    ("bull", '\u{2022}'),
];

/// Returns whether a trimmed text is an HTML page.
pub(crate) fn is_page(text: &str) -> bool {
    OPENINGS.iter().any(|opening| starts_with(text, opening))
}

/// Returns the page's title, or else its first heading, as one line of plain text.
pub(crate) fn headline(page: &str) -> Option<String> {
    ["title", "h1"].iter().find_map(|tag| {
        let line = plain(element(page, tag)?);
        (!line.is_empty()).then_some(line)
    })
}

/// What stands between the first `<tag …>` and its end.
fn element<'a>(page: &'a str, tag: &str) -> Option<&'a str> {
    let mut rest = page;
    loop {
        let (_, after) = rest.split_once('<')?;
        rest = after;
        if !starts_with(after, tag) {
            continue;
        }
        let (attributes, content) = after.get(tag.len()..)?.split_once('>')?;
        if attributes.is_empty() || attributes.starts_with(|c: char| c.is_ascii_whitespace()) {
            let end = content.match_indices("</").map(|(at, _)| at).find(|at| {
                content.get(at.saturating_add(2)..).is_some_and(|name| starts_with(name, tag))
            });
            return content.get(..end.unwrap_or(content.len()));
        }
    }
}

/// Removes tags, resolves character references and joins white space.
fn plain(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    for piece in html.split('<').enumerate() {
        match piece {
            (0, before) => text.push_str(before),
            (_, piece) => text.push_str(piece.split_once('>').map_or("", |(_, after)| after)),
        }
    }
    let words: Vec<_> = text.split_whitespace().map(resolved).collect();
    words.join(" ").trim().to_owned()
}

fn resolved(word: &str) -> String {
    let mut pieces = word.split('&');
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let reference = piece.split_once(';').and_then(|(name, rest)| Some((named(name)?, rest)));
        match reference {
            Some((c, rest)) => {
                text.push(c);
                text.push_str(rest);
            }
            None => {
                text.push('&');
                text.push_str(piece);
            }
        }
    }
    text
}

fn named(name: &str) -> Option<char> {
    let Some(number) = name.strip_prefix('#') else {
        return NAMED.iter().find(|(known, _)| *known == name).map(|(_, c)| *c);
    };
    let code = match number.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16),
        None => number.parse(),
    };
    char::from_u32(code.ok()?)
}

fn starts_with(text: &str, opening: &str) -> bool {
    text.get(..opening.len()).is_some_and(|start| start.eq_ignore_ascii_case(opening))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn headline_is_the_title_or_the_first_heading() {
        let table = [
            ("<html><head><title>502 Bad Gateway</title></head>", Some("502 Bad Gateway")),
            ("<HTML><HEAD>\n<TITLE>Access Denied</TITLE>", Some("Access Denied")),
            ("<html><body><h1 class=a>429 Too\n Many</h1>", Some("429 Too Many")),
            ("<html><title> </title><h1>x</h1>", Some("x")),
            ("<html><header>no</header><h1><b>a</b> &amp; &#98;&#x63;</h1>", Some("a & bc")),
            ("<title>a &nope; b & c &#xfffffff;</title>", Some("a &nope; b & c &#xfffffff;")),
            ("<html><p>nothing</p>", None),
            ("<title", None),
        ];
        for (page, want) in table {
            assert_eq!(headline(page).as_deref(), want, "{page}");
        }
    }

    #[test]
    fn pages_are_told_from_other_text() {
        let table = [
            ("<!DOCTYPE html><html>", true),
            ("<HTML>", true),
            ("<?xml version=\"1.0\"?><Error/>", false),
            ("<", false),
            ("upstream <html>", false),
            ("", false),
        ];
        for (text, want) in table {
            assert_eq!(is_page(text), want, "{text}");
        }
    }

    proptest! {
        #[test]
        fn prop_any_page_has_a_headline_or_none(page in "(<|</|>|title|h1|é|&|#|;|[a-z ]){0,60}") {
            let _ = (is_page(&page), headline(&page));
        }
    }
}
