//! What the refusal of a bad configuration or a bad value shows.

use flow_api::{Chat, ChatRequest, ClientBuilder, Get, Message, Post, Role};
use flow_errors::{Kind, Result};
use flow_tests::{Fake, TestClient, VirtualClock, both};
use serde::Serialize;

use super::search::{HEADER, KEY, Lines, PROMPT, PROXY, Search, URL};
use super::{builder, chat, request};

both! {
    refused_configurations_do_not_show_the_value
    refused_calls_do_not_show_the_value
}

type Change<C> = fn(ClientBuilder<C>) -> ClientBuilder<C>;

fn refused_configurations_do_not_show_the_value<C: TestClient>() {
    #[rustfmt::skip]
    let cases: [(&str, Change<C>); 23] = [
        ("key with a newline",      |b| b.api_key(format!("{KEY}\n"))),
        ("key with its scheme",     |b| b.api_key(format!("Bearer {KEY}"))),
        ("key with blanks",         |b| b.api_key(format!(" {KEY}"))),
        ("key that is not ASCII",   |b| b.api_key(format!("{KEY}ä"))),
        ("key as base URL",         |b| b.base_url(KEY)),
        ("credentials in the URL",  |b| b.base_url(format!("https://me:{URL}@flowapi.invalid"))),
        ("user in the URL",         |b| b.base_url(format!("https://{URL}@flowapi.invalid"))),
        ("slash in the password",   |b| b.base_url(format!("https://me:a/{URL}@flowapi.invalid"))),
        ("query in the password",   |b| b.base_url(format!("https://me:{URL}?a@flowapi.invalid"))),
        ("hash in the password",    |b| b.base_url(format!("https://me:{URL}#a@flowapi.invalid"))),
        ("at in the password",      |b| b.base_url(format!("https://me:{URL}@a@flowapi.invalid"))),
        ("no scheme",               |b| b.base_url(format!("me:{URL}@flowapi.invalid"))),
        ("no scheme, slash",        |b| b.base_url(format!("me:a/{URL}@flowapi.invalid"))),
        ("late scheme",             |b| b.base_url(format!("me:{URL}@https://flowapi.invalid"))),
        ("other scheme",            |b| b.base_url(format!("ftp://me:{URL}@flowapi.invalid"))),
        ("query",                   |b| b.base_url(format!("https://flowapi.invalid?key={URL}"))),
        ("proxy with SOCKS",        |b| b.proxy(format!("socks5://me:{PROXY}@127.0.0.1:9"))),
        ("proxy that is no URL",    |b| b.proxy(format!("http://me:{PROXY}@:not a port"))),
        ("proxy with a slash",      |b| b.proxy(format!("http://me:a/{PROXY}@127.0.0.1:9"))),
        ("header with a newline",   |b| b.header("x-more", format!("{HEADER}\n"))),
        ("header all in the name",  |b| b.header(format!("x-more: {HEADER}"), "")),
        ("key as a header",         |b| b.header("authorization", format!("Bearer {KEY}"))),
        ("certificate",             |b| b.base_url("https://flowapi.invalid").add_root_certificate(KEY)),
    ];
    let mut search = Search::default();
    for (name, change) in cases {
        let builder = builder::<C>(&Lines::default()).base_url("http://127.0.0.1:9");
        let builder = change(builder);
        search.debug(&format!("builder with {name}"), &builder);
        let error = builder.build().expect_err(name);
        assert_eq!(error.kind(), Kind::Config, "{name}: {error}");
        search.error(name, &error);
    }
    search.finish(23 * 12);
}

fn refused_calls_do_not_show_the_value<C: TestClient>() {
    let fake = Fake::new(VirtualClock::new(0), []);
    let client = C::faked(fake.clone()).api_key(KEY).build().unwrap();
    let mut search = Search::default();
    let mut refused = |name: &str, result: Result<()>| {
        let error = result.expect_err(name);
        assert!(matches!(error.kind(), Kind::InvalidInput | Kind::Config), "{name}: {error}");
        search.error(name, &error);
    };
    let send = |request: ChatRequest| C::wait(Chat::new(&client, request).send()).map(drop);
    refused("range", send(request("gpt-4o").temperature(9.0)));
    refused("parameter given twice", send(request("gpt-4o").param("messages", PROMPT)));
    refused("no model", send(request("")));
    refused("no messages", send(ChatRequest::new("gpt-4o").param("prompt", PROMPT)));
    let message = |text: &str| Message::new(Role::Other(text.to_owned()), text);
    refused("value", send(request("gpt-4o").message(message(PROMPT)).top_p(f64::NAN)));
    refused(
        "key of a call",
        C::wait(chat(&client, "m").api_key(format!("{KEY} ")).send()).map(drop),
    );
    let get = |path: String| C::wait(Get::new(&client, path).send::<()>());
    refused("path", get(format!("/a b?note={URL}")).map(drop));
    refused("URL as a path", get(format!("https://me:{URL}@flowapi.invalid/v1")).map(drop));
    refused("URL with a slash", get(format!("https://me:a/{URL}@flowapi.invalid")).map(drop));
    let post = Post::new(&client, "/embeddings").json(&Unwritable);
    refused("body", C::wait(post.send::<()>()).map(drop));
    search.finish(10 * 10);
    assert!(fake.seen().is_empty());
}

/// A type of the caller's whose serialization fails and quotes what it holds.
struct Unwritable;

impl Serialize for Unwritable {
    fn serialize<S: serde::Serializer>(&self, _serializer: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom(format!("cannot write {PROMPT}")))
    }
}
