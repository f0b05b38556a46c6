//! From the files to values.
#![expect(clippy::disallowed_methods, reason = "tests read their data from files")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use std::{env, fs};

use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;
use serde_json::Value;

/// Our own copy, and the larger collection where there is one.
pub(crate) fn files(ours: &str, theirs: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let near = || Some(root.join("../../../shared/corpus"));
    let dir = env::var_os("FLOW_CORPUS").map(PathBuf::from).or_else(near);
    let more = dir.map(|dir| dir.join(theirs)).filter(|file| file.is_file());
    std::iter::once(root.join("tests/data").join(ours)).chain(more).collect()
}

pub(crate) fn cases<T: for<'de> Deserialize<'de>>(file: &Path) -> Vec<T> {
    let text = fs::read_to_string(file).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

pub(crate) fn header_map(pairs: &BTreeMap<String, Value>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        let values = value.as_array().map_or_else(|| std::slice::from_ref(value), Vec::as_slice);
        for value in values.iter().filter_map(Value::as_str) {
            headers.append(&name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
    }
    headers
}

pub(crate) fn base64(text: &str) -> Vec<u8> {
    const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bytes, mut bits, mut width) = (Vec::new(), 0_u32, 0_u32);
    for letter in text.bytes().filter(|byte| *byte != b'=') {
        let value = LETTERS.bytes().position(|known| known == letter).unwrap();
        bits = bits << 6 | u32::try_from(value).unwrap();
        width += 6;
        if width >= 8 {
            width -= 8;
            bytes.push(u8::try_from(bits >> width & 0xff).unwrap());
        }
    }
    bytes
}

/// `2026-11-22T18:30:00Z`, perhaps with milliseconds.
pub(crate) fn instant(text: &str) -> SystemTime {
    const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let fraction = text[19..].trim_matches(['.', 'Z']).parse().unwrap_or(0);
    let month = text[5..7].parse::<usize>().unwrap() * 3 - 3;
    let month = &"JanFebMarAprMayJunJulAugSepOctNovDec"[month..month + 3];
    let (year, day, time) = (&text[..4], &text[8..10], &text[11..19]);
    // Another crate's calendar, which insists on the day of the week.
    let date = |weekday| format!("{weekday}, {day} {month} {year} {time} GMT");
    let seconds = DAYS.into_iter().find_map(|day| httpdate::parse_http_date(&date(day)).ok());
    seconds.unwrap() + Duration::from_millis(fraction)
}
