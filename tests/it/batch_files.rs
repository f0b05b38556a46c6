//! Batches that go on: nothing that was written is done twice, and nothing is lost.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use flow_api::batch::StopToken;
use flow_errors::{Kind, RetryPolicy};
use flow_sim::{Action, Sim};
use flow_tests::{TestClient, TestFiles, TestResults, both};
use serde_json::Value;
use tempfile::TempDir;

both! {
    batch_goes_on_where_it_was_stopped
    stopped_batch_goes_on_with_what_was_not_sent
    torn_line_is_done_again_and_one_without_its_end_is_not
    failures_of_the_request_are_results_and_others_are_done_again
    request_that_was_never_sent_is_done_once_it_is_corrected
    file_of_replies_is_never_overwritten
    what_is_wrong_with_a_file_is_said_with_its_line
    only_files_are_gone_on_with
    second_writer_is_noticed
    requests_that_change_while_they_are_read_are_noticed
    odd_lines_are_read
}

/// A folder with the files of a batch.
struct Place(TempDir);

impl Place {
    fn new(requests: impl AsRef<[u8]>) -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        fs::write(place.requests(), requests).unwrap();
        place
    }

    fn requests(&self) -> PathBuf {
        self.0.path().join("requests.jsonl")
    }

    fn replies(&self) -> PathBuf {
        self.0.path().join("replies.jsonl")
    }

    /// The keys in the file of replies, in its order.
    fn keys(&self) -> Vec<String> {
        let text = fs::read_to_string(self.replies()).unwrap();
        let lines = text.lines().map(|line| line.parse::<Value>().unwrap());
        lines.map(|line| line["custom_id"].as_str().unwrap().to_owned()).collect()
    }

    fn sorted_keys(&self) -> Vec<String> {
        let mut keys = self.keys();
        keys.sort_unstable();
        keys
    }
}

fn prompts(count: usize) -> String {
    (10..10 + count)
        .map(|number| format!("{{\"custom_id\":\"{number}\",\"prompt\":\"Hello {number}\"}}\n"))
        .collect()
}

fn keys(count: usize) -> Vec<String> {
    (10..10 + count).map(|number| number.to_string()).collect()
}

/// Runs a batch of the place's files until `most` results were written; returns the failures that
/// were not written.
fn run<C: TestClient + TestFiles>(sim: &Sim, place: &Place, most: usize) -> Vec<(String, Kind)> {
    run_with::<C>(sim, place, most, drop)
}

fn run_with<C: TestClient + TestFiles>(
    sim: &Sim,
    place: &Place,
    most: usize,
    with_stop: impl FnOnce(StopToken),
) -> Vec<(String, Kind)> {
    let client = flow_api::ClientBuilder::<C>::new().api_key("sk-test").base_url(sim.base_url());
    let client = client.no_proxy().retry(RetryPolicy::none()).build().unwrap();
    let mut requests = C::requests(&place.requests(), Some("m")).unwrap();
    let mut replies = C::resume(&place.replies()).unwrap();
    C::leave_out(&mut requests, &replies);
    let batch = client.many(&mut requests).concurrency(2).retry(RetryPolicy::none());
    let results = C::one_by_one(batch.results());
    with_stop(results.stop_token());
    let mut failures = Vec::new();
    for done in results.take(most) {
        if !C::write(&mut replies, &done).unwrap() {
            failures.push((done.key, done.result.unwrap_err().kind()));
        }
    }
    C::finish(requests).unwrap();
    failures
}

fn batch_goes_on_where_it_was_stopped<C: TestClient + TestFiles>() {
    let (sim, place) = (Sim::start().unwrap(), Place::new(prompts(20)));
    for most in [7, 0, 5, 20, 20] {
        run::<C>(&sim, &place, most);
    }
    assert_eq!(place.sorted_keys(), keys(20));
    // What was under way when a batch was dropped is done again, and nothing else is.
    assert!(sim.log().len() <= 20 + 2 * 2, "{}", sim.log().len());
}

fn stopped_batch_goes_on_with_what_was_not_sent<C: TestClient + TestFiles>() {
    for stopped_at in [1, 2, 7, 20] {
        let token = Arc::new(OnceLock::<StopToken>::new());
        let (stop, seen) = (token.clone(), AtomicUsize::new(0));
        let sim = Sim::builder().on_request(move |_| {
            if seen.fetch_add(1, Ordering::SeqCst) + 1 == stopped_at {
                stop.get().unwrap().stop();
            }
        });
        let (sim, place) = (sim.start().unwrap(), Place::new(prompts(20)));
        run_with::<C>(&sim, &place, 20, |stop| drop(token.set(stop)));
        let sent = sim.log().len();
        assert_eq!(place.keys().len(), sent, "what was sent is in the file");
        // Two were under way at once.
        assert!((stopped_at..=stopped_at + 1).contains(&sent), "{sent}");
        assert!(run::<C>(&sim, &place, 20).is_empty());
        assert_eq!((place.sorted_keys(), sim.log().len()), (keys(20), 20), "{stopped_at}");
    }
}

fn torn_line_is_done_again_and_one_without_its_end_is_not<C: TestClient + TestFiles>() {
    for (cut, again) in [(0, 0), (1, 0), (2, 1), (40, 1)] {
        let (sim, place) = (Sim::start().unwrap(), Place::new(prompts(5)));
        run::<C>(&sim, &place, 5);
        let whole = fs::read(place.replies()).unwrap();
        fs::write(place.replies(), &whole[..whole.len() - cut]).unwrap();
        run::<C>(&sim, &place, 5);
        assert_eq!((place.sorted_keys(), sim.log().len()), (keys(5), 5 + again), "{cut}");
        assert!(fs::read(place.replies()).unwrap().ends_with(b"}\n"), "{cut}");
    }
}

fn failures_of_the_request_are_results_and_others_are_done_again<C: TestClient + TestFiles>() {
    let script = [Action::row(503), Action::row(400), Action::row(503)];
    let sim = Sim::builder().script(script).start().unwrap();
    let place = Place::new(prompts(3));
    for (want, next) in [(Kind::ServiceUnavailable, 401), (Kind::InvalidApiKey, 402)] {
        let failures = run::<C>(&sim, &place, 3);
        assert!(failures.len() == 2 && place.keys().len() == 1, "{failures:?}");
        assert!(failures.iter().all(|(_, kind)| *kind == want), "{failures:?}");
        sim.set_script([Action::row(next), Action::row(next)]).unwrap();
    }
    sim.set_script([] as [Action; 0]).unwrap();
    assert!(run::<C>(&sim, &place, 3).is_empty());
    assert_eq!(place.sorted_keys(), keys(3));
    let text = fs::read_to_string(place.replies()).unwrap();
    let first: Value = text.lines().next().unwrap().parse().unwrap();
    assert_eq!(first["error"]["code"], "invalid_request");
    let last: Value = text.lines().last().unwrap().parse().unwrap();
    let content = &last["response"]["body"]["choices"][0]["message"]["content"];
    assert!(content.is_string() && last["response"]["request_id"].is_string(), "{last}");
}

fn request_that_was_never_sent_is_done_once_it_is_corrected<C: TestClient + TestFiles>() {
    let line = |temperature| {
        format!("{{\"custom_id\":\"10\",\"prompt\":\"Hello\",\"temperature\":{temperature}}}\n")
    };
    let good = prompts(2).lines().last().unwrap().to_owned();
    let (sim, place) = (Sim::start().unwrap(), Place::new(line(9) + &good));
    assert_eq!(run::<C>(&sim, &place, 2), [("10".to_owned(), Kind::InvalidInput)]);
    assert_eq!(place.keys(), ["11"]);
    fs::write(place.requests(), line(1) + &good).unwrap();
    assert!(run::<C>(&sim, &place, 2).is_empty());
    assert_eq!((place.keys(), sim.log().len()), (vec!["11".to_owned(), "10".to_owned()], 2));
}

fn file_of_replies_is_never_overwritten<C: TestClient + TestFiles>() {
    let place = Place::new(prompts(1));
    drop(C::create(&place.replies()).ok().unwrap());
    fs::write(place.replies(), "paid for").unwrap();
    let error = C::create(&place.replies()).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    assert!(error.to_string().contains("replies.jsonl"), "{error}");
    // Nor is a file of anything else taken for one of replies.
    let reply = "{\"custom_id\":\"a\",\"error\":{}}\n";
    let notes = [format!("{reply}paid for\n"), format!("{reply}paid for"), "paid for".to_owned()];
    for other in notes.into_iter().chain([prompts(1), prompts(1).trim_end().to_owned()]) {
        fs::write(place.replies(), &other).unwrap();
        let error = C::resume(&place.replies()).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::InvalidData, "{other}");
        assert_eq!(fs::read_to_string(place.replies()).unwrap(), other);
    }
}

fn what_is_wrong_with_a_file_is_said_with_its_line<C: TestClient + TestFiles>() {
    let good = "{\"custom_id\":\"a\",\"prompt\":\"Hello\"}\n";
    #[rustfmt::skip]
    let cases = [
        // name          the line after two others         want
        ("no JSON",      b"hello\n".to_vec(),              "requests.jsonl:3: the line is not JSON"),
        ("no key",       b"{\"prompt\":\"Hi\"}".to_vec(),  "requests.jsonl:3: there is no `custom_id`"),
        ("the same key", good.into(),                      "requests.jsonl:3: the `custom_id` is that of line 1"),
        ("not UTF-8",    b"\"\xff\"\n".to_vec(),           "requests.jsonl:3: the line is not UTF-8"),
    ];
    for (name, line, want) in cases {
        let place = Place::new([good.as_bytes(), b"\n", &line].concat());
        let error = C::requests(&place.requests(), Some("m")).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::InvalidData, "{name}");
        assert!(error.to_string().contains(want), "{name}: {error}");
    }
    let place = Place::new(good);
    let error = C::requests(&place.requests(), None).err().unwrap().to_string();
    assert!(error.contains("requests.jsonl:1: the request names no `model`"), "{error}");
    let error = C::requests(&place.replies(), None).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().contains("replies.jsonl"), "{error}");
}

/// A device has no end to be put right, some can be read for ever, and a pipe but once.
#[cfg(target_os = "linux")]
fn only_files_are_gone_on_with<C: TestClient + TestFiles>() {
    let error = C::resume("/dev/full".as_ref()).err().unwrap();
    assert!(error.to_string().contains("/dev/full: not a regular file"), "{error}");
    let error = C::requests("/dev/null".as_ref(), None).err().unwrap();
    assert!(error.to_string().contains("/dev/null: not a regular file"), "{error}");
}

#[cfg(not(target_os = "linux"))]
fn only_files_are_gone_on_with<C: TestClient + TestFiles>() {}

fn second_writer_is_noticed<C: TestClient + TestFiles>() {
    let (sim, place) = (Sim::start().unwrap(), Place::new(prompts(2)));
    let client = flow_api::ClientBuilder::<C>::new().api_key("sk-test").base_url(sim.base_url());
    let client = client.no_proxy().build().unwrap();
    let mut requests = C::requests(&place.requests(), Some("m")).unwrap();
    let mut results = C::one_by_one(client.many(&mut requests).concurrency(1).results());
    let mut one = C::create(&place.replies()).ok().unwrap();
    let mut other = C::resume(&place.replies()).unwrap();
    assert!(C::write(&mut one, &results.next().unwrap()).unwrap());
    let error = C::write(&mut other, &results.next().unwrap()).unwrap_err().to_string();
    assert!(error.contains("another process writes to it"), "{error}");
    assert_eq!(place.keys(), ["10"]);
}

fn requests_that_change_while_they_are_read_are_noticed<C: TestClient + TestFiles>() {
    for (text, want) in [(prompts(2), "was changed"), ("hello\n".to_owned(), ":1: ")] {
        let place = Place::new(prompts(3));
        let mut requests = C::requests(&place.requests(), Some("m")).unwrap();
        assert_eq!(requests.size_hint(), (3, Some(3)));
        fs::write(place.requests(), text).unwrap();
        assert!(requests.by_ref().count() < 3);
        assert!(requests.next().is_none());
        let error = C::finish(requests).unwrap_err().to_string();
        assert!(error.contains(want), "{error}");
    }
}

fn odd_lines_are_read<C: TestClient + TestFiles>() {
    let mut text = b"\xef\xbb\xbf".to_vec();
    write!(text, "{}", prompts(2).replace('\n', "\r\n\r\n")).unwrap();
    write!(text, "  \n{}", prompts(3).lines().last().unwrap()).unwrap();
    let place = Place::new(text);
    let requests = C::requests(&place.requests(), Some("m")).unwrap();
    assert_eq!(requests.map(|(key, _)| key).collect::<Vec<_>>(), keys(3));
}
