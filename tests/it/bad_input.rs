//! What is refused before anything is sent, and what the user is told.

use std::time::Duration;

use flow_api::{Chat, ChatRequest, ClientBuilder, Get, Post};
use flow_errors::{Error, InvalidPolicy, Jitter, Kind, RetryPolicy, StoppedBecause};
use flow_sim::Sim;
use flow_tests::{Fake, TestClient, VirtualClock, both};

both! {
    clients_that_cannot_work_are_not_built
    calls_that_would_be_refused_are_not_sent
    deadline_that_passed_before_the_first_send_says_so
}

/// A message is one line that names the trouble and the remedy.
fn assert_message(name: &str, error: &Error, wants: &[&str]) {
    let text = error.to_string();
    assert!(!text.contains('\n'), "{name}: {text}");
    for want in wants {
        assert!(text.contains(want), "{name}: {want:?} is not in {text:?}");
    }
    assert!(text.ends_with(&*error.recommendation()), "{name}: {text}");
    for secret in ["hush", "Hello"] {
        assert!(!format!("{text}{error:?}").contains(secret), "{name}: {error:?}");
    }
}

fn clients_that_cannot_work_are_not_built<C: TestClient>() {
    let new = || ClientBuilder::<C>::new();
    let keyed = || new().api_key("sk-hush").no_proxy();
    #[rustfmt::skip]
    let cases = [
        // name                  builder                                               want in the message
        ("no key",               new(),                                                "FLOW_API_KEY"),
        ("empty key",            new().api_key(""),                                    "the API key is empty"),
        ("newline",              new().api_key("sk-hush\n"),                           "a newline"),
        ("control character",    new().api_key("sk-\u{7}hush"),                        "control character"),
        ("blanks around",        new().api_key(" sk-hush"),                            "blanks around"),
        ("bearer",               new().api_key("Bearer sk-hush"),                      "starts with `Bearer `"),
        ("no scheme",            keyed().base_url("api.flowapi.net/v1"),               "put https:// in front"),
        ("query",                keyed().base_url("https://api.flowapi.net/v1?k=hush"), "has a query"),
        ("credentials",          keyed().base_url("https://u:hush@api.flowapi.net/v1"), "has credentials"),
        ("plain http",           keyed().base_url("http://api.flowapi.net/v1"),        "allow_plain_http()"),
        ("zero deadline",        keyed().deadline(Duration::ZERO),                     "no_deadline()"),
        ("zero attempt timeout", keyed().attempt_timeout(Duration::ZERO),              "attempt timeout is 0"),
        ("zero connect timeout", keyed().connect_timeout(Duration::ZERO),              "connect timeout is 0"),
        ("bad header",           keyed().header("x y", "hush"),                        "`x y` has a name"),
        ("SOCKS proxy",          keyed().proxy("socks5://u:hush@p:1"),                 "only http and https proxies"),
        ("blank fallback",       keyed().fallback_models(["a", "\t"]),                  "fallback_models[1] is empty; name a model or leave it out"),
        ("fallback twice",       keyed().fallback_models(["a", "a"]),                  "fallback_models names `a` twice; leave one out"),
        ("not a certificate",    keyed().add_root_certificate("hush"),                 "certificate 1"),
    ];
    for (name, builder, want) in cases {
        let Err(error) = builder.build() else { panic!("{name}: it was built") };
        assert_eq!(error.kind(), Kind::Config, "{name}");
        assert!(error.attempts().is_empty() && !error.is_retryable(), "{name}");
        assert_message(name, &error, &["config: ", want, "nothing was sent"]);
    }
}

fn calls_that_would_be_refused_are_not_sent<C: TestClient>() {
    let sim = Sim::start().unwrap();
    let client: C =
        ClientBuilder::new().api_key("sk-hush").base_url(sim.base_url()).build().unwrap();
    let hello = || client.hello("gpt-4o");
    let empty = |model: &str| Chat::new(&client, ChatRequest::new(model));
    #[rustfmt::skip]
    let cases = [
        // name                call                                    param                want in the message
        ("hot",                hello().temperature(2.1),               "temperature",       "temperature is 2.1; it must be between 0 and 2"),
        ("cold",               hello().temperature(-0.1),              "temperature",       "temperature is -0.1"),
        ("not a number",       hello().temperature(f64::NAN),          "temperature",       "temperature is NaN"),
        ("top_p",              hello().top_p(-0.1),                    "top_p",             "top_p is -0.1; it must be between 0 and 1"),
        ("no answers",         hello().n(0),                           "n",                 "n is 0; it must be at least 1"),
        ("presence",           hello().presence_penalty(2.01),         "presence_penalty",  "between -2 and 2"),
        ("frequency",          hello().frequency_penalty(-3.0),        "frequency_penalty", "between -2 and 2"),
        ("blank fallback",     hello().fallback_models([""]),          "fallback_models",   "fallback_models[0] is empty; name a model or leave it out"),
        ("fallback twice",     hello().fallback_models(["a", "a"]),    "fallback_models",   "fallback_models names `a` twice; leave one out"),
        ("fallback is first",  hello().fallback_models(["gpt-4o"]),    "fallback_models",   "fallback_models[0] is `gpt-4o`, which the call asks first; leave it out"),
        ("no messages",        empty("gpt-4o"),                        "messages",          "there are no messages"),
        ("no model",           empty("").user("Hello"),                "model",             "the model is empty"),
    ];
    for (name, call, param, want) in cases {
        let error = C::wait(call.send()).unwrap_err();
        assert_eq!((error.kind(), error.param()), (Kind::InvalidInput, Some(param)), "{name}");
        assert_message(name, &error, &[want, "POST /chat/completions", "not sent"]);
    }
    let error = C::wait(hello().api_key(" sk-hush").send()).unwrap_err();
    assert_message("key of a call", &error, &["blanks around", "POST /chat/completions"]);
    let error = C::wait(Get::new(&client, "models").send::<serde_json::Value>()).unwrap_err();
    assert_message("path", &error, &["`models` does not start with a slash", "GET (not a path)"]);
    let unwritable = std::collections::HashMap::from([((1, 2), 3)]);
    let call = Post::new(&client, "/x").json(&unwritable);
    let error = C::wait(call.send::<serde_json::Value>()).unwrap_err();
    assert_message("body", &error, &["cannot be written as JSON", "POST /x"]);
    assert!(sim.log().is_empty());
}

fn deadline_that_passed_before_the_first_send_says_so<C: TestClient>() {
    let clock = VirtualClock::new(0).creeping(Duration::from_micros(1));
    let fake = Fake::new(clock.clone(), []);
    let client = C::faked(fake.clone()).build().unwrap().on_clock(clock);
    let error = C::wait(client.hello("gpt-4o").deadline(Duration::from_nanos(1)).send());
    let error = error.unwrap_err();
    assert_eq!(error.kind(), Kind::Timeout);
    assert_eq!(error.stopped_because(), Some(StoppedBecause::Deadline));
    assert_message("deadline", &error, &["before the first attempt", "model gpt-4o", "not sent"]);
    assert!(fake.seen().is_empty());
}

#[test]
fn policies_that_make_no_sense_are_not_built() {
    let builder = RetryPolicy::builder;
    #[rustfmt::skip]
    let cases = [
        // name                 policy                                                   want in the message
        ("no attempts",         builder().max_attempts(0),                               "max_attempts is 0"),
        ("endless attempts",    builder().max_attempts(1_001),                           "maximum of 1000"),
        ("no delay",            builder().initial_delay(Duration::ZERO),                 "initial_delay is 0"),
        ("base above the cap",  builder().initial_delay(Duration::from_secs(9)),         "initial_delay 9s is above max_delay 8s"),
        ("jitter of more than all", builder().jitter(Jitter::Proportional { percent: 101 }), "the jitter is 101 % of the delay; use 0 to 100"),
    ];
    for (name, builder, want) in cases {
        let invalid: InvalidPolicy = builder.build().unwrap_err();
        assert!(invalid.to_string().contains(want), "{name}: {invalid}");
        assert_message(name, &Error::from(invalid), &["config: ", want]);
    }
}
