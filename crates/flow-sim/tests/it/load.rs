//! Limits, slots and outages, as clients meet them.

use std::io::Write as _;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use flow_sim::{Capacity, Limit, Sim};

use crate::wire::{LONG, chat, chat_request, connect, get, post, read, send};

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

#[test]
fn burst_is_let_through_and_the_others_are_told_when_to_come_back() {
    // So slow that nothing comes back during the test.
    let sim = Sim::builder().limit(Limit::new(3, Duration::from_secs(3 * 3600)).burst(2));
    let sim = sim.start().unwrap();
    let first = chat(&sim, "m");
    assert_eq!(first.status(), 200);
    let told = |got: &crate::wire::Got, name: &str| got.header(name).unwrap();
    assert_eq!(told(&first, "x-ratelimit-limit-requests"), "2");
    assert_eq!(told(&first, "x-ratelimit-remaining-requests"), "1");
    assert_eq!(told(&first, "x-ratelimit-reset-requests"), "1h0m0s");
    assert!(first.header("retry-after").is_none());
    assert_eq!(chat(&sim, "m").status(), 200);

    let refused = chat(&sim, "m");
    assert_eq!(refused.status(), 429);
    assert_eq!(refused.json()["error"]["type"], "rate_limit_error");
    assert_eq!(told(&refused, "x-ratelimit-remaining-requests"), "0");
    let wait: u64 = told(&refused, "retry-after-ms").parse().unwrap();
    assert!((3_500_000..=3_600_000).contains(&wait), "{wait}");
    let seconds: u64 = told(&refused, "retry-after").parse().unwrap();
    assert!(wait <= seconds * 1_000 && seconds * 1_000 < wait + 1_000, "{wait} {seconds}");
    assert!(refused.header("x-request-id").is_some());
    let logged: Vec<_> = sim.log().into_iter().map(|seen| seen.retry_after).collect();
    assert_eq!(logged, [None, None, Some(ms(wait))]);

    // Another model has a limit of its own, and what no model works on has none.
    assert_eq!(chat(&sim, "another").status(), 200);
    for path in ["/v1/models", "/v1/models/m"] {
        let got = send(&sim, &get(path));
        assert_eq!((got.status(), got.header("x-ratelimit-limit-requests")), (200, None), "{path}");
    }
    // What is wrong with a request is said first, and embeddings are limited like chats.
    assert_eq!(send(&sim, &post("/v1/embeddings", "connection: close\r\n", "{}")).status(), 400);
    let body = r#"{"model":"m","input":"Hi"}"#;
    assert_eq!(send(&sim, &post("/v1/embeddings", "connection: close\r\n", body)).status(), 429);
    let answers: Vec<_> = sim.log().into_iter().map(|seen| seen.answer).collect();
    assert_eq!(answers, ["200", "200", "429", "200", "200", "200", "400", "429"]);
}

#[test]
fn limiter_says_no_more_than_it_is_to_say() {
    let limit = Limit::new(1, Duration::from_secs(3600));
    #[rustfmt::skip]
    let table = [
        // told             limits  retry-after
        (limit,                                                true,  true),
        (limit.tells_retry_after(false),                       true,  false),
        (limit.tells_limits(false),                            false, true),
        (limit.tells_limits(false).tells_retry_after(false),   false, false),
    ];
    for (limit, limits, retry_after) in table {
        let sim = Sim::builder().limit(limit).start().unwrap();
        let [good, refused] = [(); 2].map(|()| chat(&sim, "m"));
        assert_eq!((good.status(), refused.status()), (200, 429), "{limit:?}");
        for got in [&good, &refused] {
            assert_eq!(got.header("x-ratelimit-reset-requests").is_some(), limits, "{limit:?}");
        }
        for name in ["retry-after", "retry-after-ms"] {
            assert_eq!(refused.header(name).is_some(), retry_after, "{limit:?}: {name}");
        }
    }
}

#[test]
fn who_comes_back_when_told_is_let_through() {
    let sim = Sim::builder().limit(Limit::per_second(20).burst(1)).start().unwrap();
    for _ in 0..5 {
        let mut got = chat(&sim, "m");
        if got.status() == 429 {
            let wait = got.header("retry-after-ms").unwrap().parse().unwrap();
            thread::sleep(ms(wait));
            got = chat(&sim, "m");
        }
        assert_eq!(got.status(), 200);
    }
}

#[test]
fn tokens_of_question_and_answer_are_limited() {
    let sim = Sim::builder()
        .limit(Limit::new(60, Duration::from_secs(3600)).tokens(1_000))
        .start()
        .unwrap();
    let ask = |most: u32| {
        let body = format!(
            r#"{{"model":"m","max_tokens":{most},"messages":[{{"role":"user","content":"Hi"}}]}}"#
        );
        send(&sim, &post("/v1/chat/completions", "connection: close\r\n", &body))
    };
    let first = ask(500);
    assert_eq!(first.status(), 200);
    let left: u32 = first.header("x-ratelimit-remaining-tokens").unwrap().parse().unwrap();
    assert!((400..500).contains(&left), "{left}");
    assert_eq!((ask(500).status(), ask(300).status()), (429, 200));
}

#[test]
fn requests_beyond_slots_and_queue_are_refused_and_the_others_take_their_time() {
    let capacity = Capacity::new(2, ms(300)).queue(1);
    let sim = Sim::builder().capacity(capacity).start().unwrap();
    let began = Instant::now();
    let got = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..5 {
            scope.spawn(|| {
                let status = chat(&sim, "m").status();
                got.lock().unwrap().push((status, began.elapsed()));
            });
        }
    });
    let got = got.into_inner().unwrap();
    let times = |wanted| -> Vec<Duration> {
        got.iter().filter(|(status, _)| *status == wanted).map(|(_, time)| *time).collect()
    };
    assert_eq!((times(200).len(), times(503).len()), (3, 2), "{got:?}");
    assert!(times(200).iter().all(|time| *time >= ms(300)), "{got:?}");
    assert!(times(200).iter().any(|time| *time >= ms(600)), "{got:?}");
    // What asks for nothing of a model needs no slot.
    assert_eq!(send(&sim, &get("/v1/models")).status(), 200);
}

#[test]
fn work_goes_on_when_its_client_has_left() {
    let sim = Sim::builder().capacity(Capacity::new(1, Duration::from_secs(3600))).start().unwrap();
    let mut stream = connect(&sim);
    stream.write_all(chat_request("m").as_bytes()).unwrap();
    assert!(sim.wait_for_requests(1, LONG));
    drop(stream);
    assert!(sim.wait_until_idle(LONG));
    assert!(sim.log()[0].disconnected);
    assert_eq!(chat(&sim, "m").status(), 503);
}

#[test]
fn outage_ends_when_it_is_to_end() {
    let sim = Sim::builder().outage(Duration::ZERO..ms(400)).limit(Limit::per_minute(1));
    let sim = sim.start().unwrap();
    let mut got = chat(&sim, "m");
    assert_eq!(got.status(), 503);
    // A refusal in an outage costs nothing of the limit, and says nothing of it.
    assert!(got.header("x-ratelimit-limit-requests").is_none());
    while got.status() == 503 {
        got = chat(&sim, "m");
    }
    assert_eq!((got.status(), chat(&sim, "m").status()), (200, 429));
    for seen in sim.log() {
        assert_eq!(seen.answer == "503", seen.at < ms(400), "{seen}");
    }
}

#[test]
fn chance_follows_from_the_seed() {
    let statuses = |seed| {
        let sim = Sim::builder().seed(seed).failing(0.3).start().unwrap();
        let got: Vec<_> = (0..100).map(|_| chat(&sim, "m").status()).collect();
        // Nothing that a model does not work on fails.
        assert!((0..20).all(|_| send(&sim, &get("/v1/models/m")).status() == 200));
        got
    };
    let [first, again, other] = [1, 1, 2].map(statuses);
    assert_eq!(first, again);
    assert_ne!(first, other);
    let failed = first.iter().filter(|status| **status == 503).count();
    assert!((15..45).contains(&failed), "{failed}");
    assert!(first.iter().all(|status| [200, 503].contains(status)));
}

#[test]
fn limit_or_capacity_of_nothing_is_refused_at_the_start() {
    let builders = [
        Sim::builder().limit(Limit::per_second(0)),
        Sim::builder().limit(Limit::per_second(1).burst(0)),
        Sim::builder().capacity(Capacity::new(0, ms(1))),
    ];
    for builder in builders {
        let error = builder.start().unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput, "{error}");
    }
}

#[test]
fn streams_are_limited_like_other_answers() {
    let sim = Sim::builder().limit(Limit::new(1, Duration::from_secs(3600))).start().unwrap();
    let mut stream = connect(&sim);
    let body = r#"{"model":"m","stream":true,"messages":[{"role":"user","content":"Hi"}]}"#;
    let request = post("/v1/chat/completions", "connection: close\r\n", body);
    stream.write_all(request.as_bytes()).unwrap();
    let got = read(&mut stream);
    assert_eq!(got.header("x-ratelimit-remaining-requests").as_deref(), Some("0"));
    let got = send(&sim, &request);
    assert_eq!(
        (got.status(), got.header("content-type").as_deref()),
        (429, Some("application/json"))
    );
}
