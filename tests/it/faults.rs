//! What happens on the way: each fault over sockets, through both clients.

use std::time::Duration;

use flow_errors::{Body, Class, Error, Kind, RetryPolicy, StoppedBecause};
use flow_sim::{Action, Sim};
use flow_tests::{TestClient, both};
use serde_json::json;

both! {
    faults_are_typed_and_explained
    replies_that_only_look_broken_are_read
    answer_that_failed_is_the_error_in_it_unless_it_says_something
    nobody_there_is_a_connect_error
    unknown_host_is_a_connect_error
    tls_to_a_plain_port_is_a_connect_error
    reply_at_its_maximum_is_read_and_above_it_refused
    error_body_above_its_maximum_is_cut_and_marked
    error_whose_body_hangs_is_known_from_its_status
    deadline_ends_a_call_that_hangs
}

fn client<C: TestClient>(base_url: &str) -> C {
    let policy = RetryPolicy::builder()
        .initial_delay(Duration::from_millis(2))
        .max_delay(Duration::from_millis(8));
    flow_api::ClientBuilder::new()
        .api_key("sk-test")
        .base_url(base_url)
        .no_proxy()
        .allow_plain_http()
        .retry(policy.build().unwrap())
        .build()
        .unwrap()
}

/// One line that says what happened, to which request, after how many attempts, and what to do.
fn assert_message(name: &str, error: &Error, want: &str) {
    let text = error.to_string();
    let attempts = match error.attempts().len() {
        1 => "1 attempt,".to_owned(),
        many => format!("{many} attempts,"),
    };
    for want in [want, "POST /chat/completions, model ", &attempts, &*error.recommendation()] {
        assert!(text.contains(want), "{name}: {want:?} is not in {text:?}");
    }
    assert!(!text.contains('\n'), "{name}: {text}");
}

fn faults_are_typed_and_explained<C: TestClient>() {
    use StoppedBecause::{AmbiguousLimit, MaxAttempts, NotRetryable};

    let sim = Sim::start().unwrap();
    let client: C = client(sim.base_url());
    #[rustfmt::skip]
    let cases = [
        // model                   kind             class             attempts  stopped         want in the message
        ("sim-reset-before-head",  Kind::Transport, Class::Ambiguous, 2,        AmbiguousLimit, "transport: the connection broke: "),
        ("sim-reset-after-head",   Kind::Transport, Class::Ambiguous, 2,        AmbiguousLimit, "transport: the connection broke: "),
        ("sim-close-before-head",  Kind::Transport, Class::Ambiguous, 2,        AmbiguousLimit, "transport: the connection broke: "),
        ("sim-truncated-length",   Kind::Transport, Class::Ambiguous, 2,        AmbiguousLimit, "transport: the connection broke: "),
        ("sim-truncated-chunked",  Kind::Transport, Class::Ambiguous, 2,        AmbiguousLimit, "transport: the connection broke: "),
        ("sim-garbage",            Kind::Transport, Class::Ambiguous, 2,        AmbiguousLimit, "transport: the connection broke: "),
        ("sim-html-200",           Kind::Decode,    Class::Permanent, 1,        NotRetryable,   "200 decode: response with status 200 and content type text/html"),
        ("sim-empty-200",          Kind::Decode,    Class::Permanent, 1,        NotRetryable,   "could not be decoded"),
        ("sim-object-200",         Kind::Decode,    Class::Permanent, 1,        NotRetryable,   "could not be decoded"),
        ("sim-many-headers",       Kind::Decode,    Class::Permanent, 1,        NotRetryable,   "100"),
        ("sim-html-502",           Kind::Server,    Class::Transient, 3,        MaxAttempts,    "502 server: 502 Bad Gateway"),
    ];
    for (model, kind, class, attempts, reason, want) in cases {
        let error = C::wait(client.hello(model).send()).unwrap_err();
        let got = (error.kind(), error.class(), error.attempts().len(), error.stopped_because());
        assert_eq!(got, (kind, class, attempts, Some(reason)), "{model}: {error:?}");
        assert_message(model, &error, want);
        let ran = class == Class::Ambiguous || kind == Kind::Decode;
        assert_eq!(error.is_maybe_billed(), ran, "{model}");
        // Whatever of a reply had arrived is kept: above all the id that the support asks for.
        let has_head =
            model.contains("after-head") || model.contains("truncated") || model.contains("200");
        assert_eq!(error.request_id().is_some(), has_head || kind == Kind::Server, "{model}");
        assert_eq!(error.is_body_cut(), has_head && kind == Kind::Transport, "{model}");
        assert_eq!(sim.log().len(), attempts, "{model}");
        sim.clear_log();
    }
    assert_eq!(flow_api::client::Execute::settings(&client).in_flight(), 0);
}

fn replies_that_only_look_broken_are_read<C: TestClient>() {
    let sim = Sim::start().unwrap();
    let client: C = client(sim.base_url());
    for model in ["sim-gzip", "sim-gzip-lie", "sim-nonascii-header", "sim-slow-body"] {
        let reply = C::wait(client.hello(model).send()).unwrap();
        assert!(reply.text().contains("flow-sim"), "{model}: {reply:?}");
        assert_eq!(reply.attempts().len(), 1, "{model}");
    }
    let error = C::wait(client.hello("sim-error-200").send()).unwrap_err();
    assert_eq!(error.status().map(|status| status.as_u16()), Some(200));
    assert!(error.kind() != Kind::Decode && !error.message().is_empty(), "{error}");
}

fn answer_that_failed_is_the_error_in_it_unless_it_says_something<C: TestClient>() {
    let failed = |code: u16, text: &str| {
        let message = json!({ "role": "assistant", "content": text });
        let error = json!({ "code": code, "message": "upstream died" });
        let choice =
            json!({ "index": 0, "finish_reason": "error", "error": error, "message": message });
        Action::status(200).json(&json!({ "id": "gen-1", "choices": [choice] }))
    };
    let sim = Sim::start().unwrap();
    let client: C = client(sim.base_url());
    sim.set_script([failed(502, ""), Action::normal()]).unwrap();
    let reply = C::wait(client.hello("gpt-4o").send()).unwrap();
    let first = reply.attempts().iter().next().unwrap();
    assert_eq!((first.kind(), reply.attempts().len()), (Some(Kind::Server), 2));

    sim.set_script([failed(400, "")]).unwrap();
    let error = C::wait(client.hello("gpt-4o").send()).unwrap_err();
    let got = (error.kind(), error.message(), error.attempts().len());
    assert_eq!(got, (Kind::InvalidRequest, "upstream died", 1));
    assert_eq!((error.status().unwrap().as_u16(), error.code()), (200, Some("400")));

    sim.set_script([failed(502, "Hal")]).unwrap();
    let reply = C::wait(client.hello("gpt-4o").send()).unwrap();
    assert_eq!((reply.text(), reply.attempts().len()), ("Hal", 1));
    assert_eq!(reply.choices()[0].extra()["error"]["message"], "upstream died");
}

fn nobody_there_is_a_connect_error<C: TestClient>() {
    let client: C = client(&format!("http://{}/v1", flow_loopback::closed()));
    let error = C::wait(client.hello("gpt-4o").send()).unwrap_err();
    assert_eq!((error.kind(), error.class()), (Kind::Connect, Class::NotSent));
    assert_eq!(error.attempts().len(), 3);
    assert!(!error.is_maybe_billed());
    assert_message("refused", &error, "connect: could not connect: Connection refused");
    assert!(error.to_string().contains(", host 127.0.0.1:"), "{error}");
}

fn unknown_host_is_a_connect_error<C: TestClient>() {
    let client: C = client("http://nobody.invalid/v1");
    let call = client.hello("gpt-4o").retry(RetryPolicy::none());
    let error = C::wait(call.send()).unwrap_err();
    assert_eq!((error.kind(), error.class()), (Kind::Connect, Class::NotSent), "{error:?}");
    assert_message("unknown host", &error, "connect: ");
}

fn tls_to_a_plain_port_is_a_connect_error<C: TestClient>() {
    let sim = Sim::start().unwrap();
    let client: C = client(&sim.base_url().replace("http://", "https://"));
    let error = C::wait(client.hello("gpt-4o").send()).unwrap_err();
    assert_eq!((error.kind(), error.class()), (Kind::Connect, Class::NotSent), "{error:?}");
    assert_message("tls", &error, "connect: could not connect: ");
}

fn reply_at_its_maximum_is_read_and_above_it_refused<C: TestClient>() {
    let sim = Sim::start().unwrap();
    let client: C = client(sim.base_url());
    C::wait(client.hello("gpt-4o").send()).unwrap();
    let error = C::wait(client.hello("sim-huge").max_reply_bytes(1_000_000).send()).unwrap_err();
    assert_eq!((error.kind(), error.attempts().len()), (Kind::ReplyTooLarge, 1));
    assert_message("too large", &error, "the reply is longer than 1000000 bytes");
    // The rest of the 80 MiB is not fetched.
    assert!(sim.wait_until_idle(Duration::from_secs(20)));
}

fn error_body_above_its_maximum_is_cut_and_marked<C: TestClient>() {
    let sim = Sim::start().unwrap();
    let client: C = client(sim.base_url());
    let error = C::wait(client.hello("sim-huge-error").send()).unwrap_err();
    assert_eq!((error.kind(), error.attempts().len()), (Kind::Server, 3));
    assert_eq!((error.body().len(), error.is_body_cut()), (Body::MAX, true));
    assert_message("huge error", &error, "500 server: ");
}

fn error_whose_body_hangs_is_known_from_its_status<C: TestClient>() {
    let sim = Sim::builder().script([Action::row(503).hang_after(10)]).start().unwrap();
    let client: C = client(sim.base_url());
    let error = C::wait(client.hello("gpt-4o").retry(RetryPolicy::none()).send()).unwrap_err();
    assert_eq!((error.kind(), error.is_body_cut()), (Kind::ServiceUnavailable, true));
    let took = error.attempts().last().unwrap().elapsed();
    let most = flow_api::client::head::MAX_ERROR_BODY_TIME;
    assert!(took >= most && took < 4 * most, "{took:?}");
}

fn deadline_ends_a_call_that_hangs<C: TestClient>() {
    let sim = Sim::start().unwrap();
    let client: C = client(sim.base_url());
    for model in ["sim-hang", "sim-hang-after-head"] {
        let call = client.hello(model).attempt_timeout(Duration::from_millis(150));
        let error = C::wait(call.send()).unwrap_err();
        assert_eq!((error.kind(), error.class()), (Kind::Timeout, Class::Ambiguous), "{model}");
        assert_eq!(error.stopped_because(), Some(StoppedBecause::AmbiguousLimit), "{model}");
        assert_message(model, &error, "timeout: no whole reply within 150 ms");

        let call = client.hello(model).deadline(Duration::from_millis(250));
        let error = C::wait(call.send()).unwrap_err();
        assert_eq!((error.kind(), error.attempts().len()), (Kind::Timeout, 1), "{model}");
        assert_eq!(error.stopped_because(), Some(StoppedBecause::Deadline), "{model}");
    }
    assert_eq!(flow_api::client::Execute::settings(&client).in_flight(), 0);
}
