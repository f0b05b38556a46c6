//! What each failure that a client can meet shows, over sockets.

use std::thread;
use std::time::Duration;

use flow_api::Chat;
use flow_blocking::CancelToken;
use flow_errors::Kind;
use flow_errors::table::TABLE;
use flow_sim::{Action, Sim};
use flow_tests::{TestClient, both};

use super::search::{HEADER, KEY, Lines, PROMPT, PROXY, Search, found};
use super::{builder, chat, client};

both! {
    rows_of_the_page_show_no_secret
    whatever_breaks_on_the_way_shows_no_secret
    garbage_that_echoes_shows_no_secret
    refused_connections_show_no_secret
    proxies_show_no_secret
}

fn rows_of_the_page_show_no_secret<C: TestClient>() {
    let mut search = Search::default();
    let lines = Lines::default();
    let sim = Sim::start().unwrap();
    let client: C = client(&sim, &lines);
    for row in &TABLE {
        let name = row.status.to_string();
        let call = chat(&client, &format!("sim-{}", row.status.as_u16()));
        let error = C::wait(call.retry(flow_errors::RetryPolicy::none()).send()).expect_err(&name);
        assert_eq!(error.kind(), row.kind, "{name}");
        search.error(&name, &error);
    }
    search.text("hook", &lines.text());
    search.finish(10 * 20);
    assert_eq!(found(&format!("{:?}", sim.log())), ["key", "prompt", "header"]);
}

type Change<C> = for<'a> fn(Chat<'a, C>) -> Chat<'a, C>;

fn whatever_breaks_on_the_way_shows_no_secret<C: TestClient>() {
    const SHORT: Duration = Duration::from_millis(60);
    #[rustfmt::skip]
    let cases: [(&str, Change<C>, &[Kind]); 15] = [
        // model                  how                           want
        ("sim-reset-before-head", |call| call,                  &[Kind::Transport]),
        ("sim-reset-after-head",  |call| call,                  &[Kind::Transport]),
        ("sim-close-before-head", |call| call,                  &[Kind::Transport]),
        ("sim-hang",              |call| call.attempt_timeout(SHORT), &[Kind::Timeout]),
        ("sim-hang-after-head",   |call| call.attempt_timeout(SHORT), &[Kind::Timeout]),
        ("sim-truncated-length",  |call| call,                  &[Kind::Transport, Kind::Decode]),
        ("sim-truncated-chunked", |call| call,                  &[Kind::Transport, Kind::Decode]),
        ("sim-html-200",          |call| call,                  &[Kind::Decode]),
        ("sim-html-502",          |call| call,                  &[Kind::Server]),
        ("sim-empty-200",         |call| call,                  &[Kind::Decode]),
        ("sim-object-200",        |call| call,                  &[Kind::Decode]),
        ("sim-garbage",           |call| call,                  &[Kind::Transport, Kind::Decode]),
        ("sim-many-headers",      |call| call,                  &[Kind::Decode]),
        ("sim-huge",              |call| call.max_reply_bytes(9), &[Kind::ReplyTooLarge]),
        ("sim-huge-error",        |call| call,                  &[Kind::Server]),
    ];
    let mut search = Search::default();
    let lines = Lines::default();
    let sim = Sim::start().unwrap();
    let client: C = client(&sim, &lines);
    for (model, change, want) in cases {
        let error = C::wait(change(chat(&client, model)).send()).expect_err(model);
        assert!(want.contains(&error.kind()), "{model}: {error}");
        search.error(model, &error);
    }
    search.text("hook", &lines.text());
    search.finish(15 * 20);
    assert_eq!(client.settings().in_flight(), 0);
}

fn garbage_that_echoes_shows_no_secret<C: TestClient>() {
    let head = "HTTP/1.1 200 OK\r\n";
    let long = format!("{KEY} {PROMPT} ").repeat(4_000);
    #[rustfmt::skip]
    let cases = [
        // name               bytes in place of an answer
        ("no HTTP",           format!("{KEY} {PROMPT}\r\n\r\n")),
        ("status",            format!("HTTP/1.1 {KEY} {PROMPT}\r\n\r\n")),
        ("header name",       format!("{head}{KEY} {PROMPT}: 1\r\n\r\n")),
        ("header value",      format!("{head}x-note: {KEY}\u{1}{PROMPT}\r\n\r\n")),
        ("endless header",    format!("{head}x-note: {long}\r\n\r\n")),
        ("length",            format!("{head}content-length: {KEY}{PROMPT}\r\n\r\n")),
        ("two lengths",       format!("{head}content-length: 3\r\ncontent-length: 4\r\n\r\n{KEY}")),
        ("encoding",          format!("{head}transfer-encoding: {KEY}\r\n\r\n{PROMPT}")),
        ("size of a chunk",   format!("{head}transfer-encoding: chunked\r\n\r\n{KEY}\r\n{PROMPT}")),
        ("end of a chunk",    format!("{head}transfer-encoding: chunked\r\n\r\n3\r\n{KEY}{PROMPT}")),
        ("gzip",              format!("{head}content-encoding: gzip\r\n\r\n\u{1f}{KEY}{PROMPT}")),
        ("redirect",          format!("HTTP/1.1 307 X\r\nlocation: http://{KEY}/{PROMPT}\r\n\r\n")),
    ];
    let mut search = Search::default();
    let lines = Lines::default();
    let sim = Sim::start().unwrap();
    let client: C = client(&sim, &lines);
    for (name, bytes) in cases {
        let action = Action::normal().garbage(bytes);
        sim.set_script([action.clone(), action]).unwrap();
        let error = C::wait(chat(&client, "m").send()).expect_err(name);
        search.error(name, &error);
    }
    search.text("hook", &lines.text());
    search.finish(12 * 20);
}

fn refused_connections_show_no_secret<C: TestClient>() {
    let mut search = Search::default();
    let lines = Lines::default();
    let base = format!("http://{}/v1", flow_loopback::closed());
    let client: C = builder(&lines).base_url(base).build().unwrap();
    let error = C::wait(chat(&client, "m").send()).unwrap_err();
    assert_eq!((error.kind(), error.attempts().len()), (Kind::Connect, 2));
    search.error("refused", &error);
    search.text("hook", &lines.text());
    search.finish(20);
}

fn proxies_show_no_secret<C: TestClient>() {
    let sim = Sim::start().unwrap();
    let (open, closed) = (sim.addr().to_string(), flow_loopback::closed().to_string());
    #[rustfmt::skip]
    let cases = [
        // name              base URL                        proxy     want
        ("forwarded",        "http://flowapi.invalid/v1",    &open,    None),
        ("refused",          "http://flowapi.invalid/v1",    &closed,  Some(Kind::Connect)),
        ("tunnel refused",   "https://flowapi.invalid/v1",   &open,    Some(Kind::Connect)),
        ("tunnel to nobody", "https://flowapi.invalid/v1",   &closed,  Some(Kind::Connect)),
    ];
    let mut search = Search::default();
    let lines = Lines::default();
    for (name, base, proxy, want) in cases {
        let builder = builder::<C>(&lines).base_url(base).allow_plain_http();
        let builder = builder.proxy(format!("http://me:{PROXY}@{proxy}"));
        search.debug(name, &builder);
        // A machine without any trusted roots builds no client for https.
        let client = match builder.build() {
            Ok(client) => client,
            Err(error) => {
                assert_eq!(error.kind(), Kind::Config, "{name}: {error}");
                search.error(name, &error);
                continue;
            }
        };
        search.debug(name, &client);
        match (C::wait(chat(&client, "m").send()), want) {
            (Err(error), want) => {
                assert!(want.is_none_or(|want| error.kind() == want), "{name}: {error}");
                search.error(name, &error);
            }
            (Ok(reply), None) => search.debug(name, &reply),
            (Ok(_), Some(want)) => panic!("{name}: no {want}"),
        }
    }
    search.text("hook", &lines.text());
    search.finish(40);
    let log = sim.log();
    assert!(log.iter().any(|seen| found(&format!("{:?}", seen.headers)).contains(&"proxy")));
}

#[test]
fn cancelled_call_shows_no_secret() {
    let mut search = Search::default();
    let lines = Lines::default();
    let sim = Sim::start().unwrap();
    let token = CancelToken::new();
    let client: flow_blocking::Client = client(&sim, &lines);
    let client = client.with_cancel_token(&token);
    let error = thread::scope(|scope| {
        let call = scope.spawn(|| chat(&client, "sim-hang").header("x-more", HEADER).send());
        assert!(sim.wait_for_requests(1, Duration::from_secs(10)));
        token.cancel();
        call.join().unwrap().unwrap_err()
    });
    assert_eq!(error.kind(), Kind::Cancelled);
    search.error("cancelled", &error);
    search.text("hook", &lines.text());
    search.debug("token", &token);
    search.finish(15);
}
