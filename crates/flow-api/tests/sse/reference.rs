//! A decoder that is slow and plainly right: the whole body at once, as the standard words it.

/// One event: name, data, last id.
pub(crate) type Seen = (String, String, String);

/// Returns the events of a body, and whether it breaks off inside one.
pub(crate) fn read(body: &[u8]) -> (Vec<Seen>, bool) {
    let text = String::from_utf8_lossy(body);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let (whole, last) = text.rsplit_once('\n').unwrap_or(("", &text));
    let mut reader = Reader::default();
    if text.contains('\n') {
        whole.split('\n').for_each(|line| reader.line(line));
    }
    if !last.is_empty() {
        reader.line(last);
    }
    let Reader { name, data, id, mut events } = reader;
    let is_whole = data.as_ref().is_some_and(|data| {
        data == "[DONE]" || serde_json::from_str::<serde_json::Value>(data).is_ok()
    });
    let is_cut = (data.is_some() || !name.is_empty()) && !is_whole;
    if is_whole {
        events.push((name, data.unwrap_or_default(), id));
    }
    (events, is_cut)
}

#[derive(Default)]
struct Reader {
    name: String,
    data: Option<String>,
    id: String,
    events: Vec<Seen>,
}

impl Reader {
    fn line(&mut self, line: &str) {
        if line.is_empty() {
            let (name, data) = (std::mem::take(&mut self.name), self.data.take());
            if data.is_some() || !name.is_empty() {
                self.events.push((name, data.unwrap_or_default(), self.id.clone()));
            }
            return;
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => self.name = value.to_owned(),
            "data" => match &mut self.data {
                Some(data) => *data = format!("{data}\n{value}"),
                None => self.data = Some(value.to_owned()),
            },
            "id" if !value.contains('\0') => self.id = value.to_owned(),
            _ => {}
        }
    }
}
