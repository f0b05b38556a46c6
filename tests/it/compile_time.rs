//! What the compiler holds for us.

use flow_async::ChatRequest;
use flow_errors::Error;

fn error<T: Send + Sync + Clone + std::error::Error + 'static>() {}
fn client<T: Send + Sync + Clone + std::fmt::Debug + 'static>() {}
fn sent<T: Send>(_: &T) {}

#[test]
fn error_is_one_pointer_wide_and_travels_everywhere() {
    error::<Error>();
    assert_eq!(size_of::<Error>(), size_of::<usize>());
    assert_eq!(size_of::<Option<Error>>(), size_of::<usize>());
}

#[test]
fn clients_travel_everywhere_and_futures_can_be_spawned() {
    client::<flow_async::Client>();
    client::<flow_blocking::Client>();
    let client = flow_async::Client::builder()
        .api_key("sk-1")
        .base_url("http://127.0.0.1:9")
        .build()
        .unwrap();
    sent(&client.chat("m").user("Hello").send());
    sent(&client.batch([ChatRequest::new("m")]).run());
    sent(&client.batch([("key", ChatRequest::new("m"))]).results());
    sent(&client.models().list());
    sent(&client.models().closest("m"));
    sent(&client.embeddings("e").input("Hello").send());
    sent(&client.post("/embeddings").send::<serde_json::Value>());
    sent(&client.get("/models").send::<serde_json::Value>());
}
