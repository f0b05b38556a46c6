//! One server-sent event, and how it is written.

use serde::Deserialize;

/// How lines end in a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LineEnd {
    #[default]
    Lf,
    CrLf,
    Cr,
}

/// An event before it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    /// Most events of such services have none.
    pub(crate) name: Option<String>,
    pub(crate) data: String,
}

impl LineEnd {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Lf => "\n",
            Self::CrLf => "\r\n",
            Self::Cr => "\r",
        }
    }

    /// Writes a comment, a line of it for each line of the text.
    pub(crate) fn comment(self, text: &str) -> String {
        let end = self.as_str();
        text.split('\n').map(|line| format!(": {line}{end}")).collect::<String>() + end
    }
}

impl Event {
    pub(crate) fn data(data: impl Into<String>) -> Self {
        Self { name: None, data: data.into() }
    }

    pub(crate) fn named(name: impl Into<String>, data: impl Into<String>) -> Self {
        Self { name: Some(name.into()), data: data.into() }
    }

    /// Writes the event and the blank line that ends it.
    pub(crate) fn written(&self, line_end: LineEnd) -> String {
        let end = line_end.as_str();
        let name = self.name.iter().map(|name| format!("event: {name}{end}"));
        let data = self.data.split('\n').map(|line| format!("data: {line}{end}"));
        name.chain(data).chain([end.to_owned()]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_and_comments_are_written_with_each_line_end() {
        let event = Event::named("error", "a\nb");
        #[rustfmt::skip]
        let cases = [
            (LineEnd::Lf,   "event: error\ndata: a\ndata: b\n\n",         ": c\n: d\n\n"),
            (LineEnd::CrLf, "event: error\r\ndata: a\r\ndata: b\r\n\r\n", ": c\r\n: d\r\n\r\n"),
            (LineEnd::Cr,   "event: error\rdata: a\rdata: b\r\r",         ": c\r: d\r\r"),
        ];
        for (line_end, written, comment) in cases {
            assert_eq!(event.written(line_end), written, "{line_end:?}");
            assert_eq!(line_end.comment("c\nd"), comment, "{line_end:?}");
        }
        assert_eq!(Event::data("[DONE]").written(LineEnd::Lf), "data: [DONE]\n\n");
    }
}
