//! Start and stop, connections, and the log.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use flow_sim::{Action, Sim};

use crate::wire::{LONG, chat, chat_request, connect, get, post, read, send};

#[test]
fn log_holds_what_came_and_what_was_answered() {
    let sim = Sim::start().unwrap();
    chat(&sim, "sim-reset-after-head");
    let body = r#"{"model":"sim-429-x1-a","messages":[{"content":"PLANTED in the body"}]}"#;
    let headers = "connection: close\r\nx-secret: PLANTED in a header\r\n";
    let got = send(&sim, &post("/v1/chat/completions?PLANTED=1", headers, body));

    let [first, second]: [_; 2] = sim.log().try_into().unwrap();
    assert_eq!((first.seq, first.connection, second.seq, second.connection), (1, 1, 2, 2));
    assert_eq!(first.answer, "200, then reset after 40 bytes");
    assert!(first.at <= second.at);
    assert_eq!((second.method.as_str(), second.answer.as_str()), ("POST", "429"));
    assert_eq!(second.path, "/v1/chat/completions?PLANTED=1");
    assert_eq!(second.model.as_deref(), Some("sim-429-x1-a"));
    assert_eq!(second.status.unwrap(), 429);
    assert_eq!(second.body, body.as_bytes());
    assert_eq!(second.headers["authorization"], "Bearer sk-test");
    assert_eq!(Some(second.request_id.clone()), got.header("x-request-id"));

    let debug = format!("{second:?}");
    assert!(debug.contains("PLANTED in the body") && debug.contains("PLANTED in a header"));
    let line = second.to_string();
    assert!(!line.contains("sk-test") && !line.contains("PLANTED in"), "{line}");

    sim.clear_log();
    assert!(sim.log().is_empty());
    chat(&sim, "m");
    assert_eq!(sim.log()[0].seq, 3, "numbers go on");
}

#[test]
fn log_keeps_the_newest_if_limited() {
    let sim = Sim::builder().log_limit(2).start().unwrap();
    for model in ["a", "b", "c"] {
        chat(&sim, model);
    }
    assert_eq!(sim.log().iter().map(|seen| seen.seq).collect::<Vec<_>>(), [2, 3]);
    assert!(sim.wait_for_requests(3, Duration::ZERO));
}

#[test]
fn line_of_the_log_stays_one_line() {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&lines);
    let sim = Sim::builder()
        .on_request(move |seen| sink.lock().unwrap().push(seen.to_string()))
        .start()
        .unwrap();
    chat(&sim, r"evil\nmodel\u001b[31m");
    chat(&sim, &"long".repeat(100));
    let lines = lines.lock().unwrap();
    assert!(lines[0].contains(r"model=evil\nmodel\u{1b}[31m -> 200"), "{lines:?}");
    assert!(lines[1].len() < 250, "{lines:?}");
}

#[test]
fn connection_stays_open_for_the_next_request() {
    let sim = Sim::start().unwrap();
    let agent = ureq::Agent::new_with_defaults();
    for _ in 0..3 {
        let mut reply = agent
            .get(format!("{}/models", sim.base_url()))
            .header("authorization", "Bearer sk-test")
            .call()
            .unwrap();
        reply.body_mut().read_to_string().unwrap();
    }
    assert_eq!(sim.log().iter().map(|seen| seen.connection).collect::<Vec<_>>(), [1, 1, 1]);
}

#[test]
fn fault_on_a_used_connection_ends_that_connection() {
    let sim = Sim::builder().script([Action::normal(), Action::normal().reset_before_head()]);
    let sim = sim.start().unwrap();
    let mut stream = connect(&sim);
    let request = get("/v1/models/m").replace("connection: close\r\n", "");
    stream.write_all(request.as_bytes()).unwrap();
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"}") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        bytes.extend(byte);
    }
    stream.write_all(request.as_bytes()).unwrap();
    let got = read(&mut stream);
    assert_eq!((got.bytes.len(), got.end), (0, crate::wire::End::Reset));
    assert_eq!(sim.log()[1].connection, 1);
}

fn hanging(sim: &Sim, id: &str) -> TcpStream {
    let mut stream = connect(sim);
    stream.write_all(chat_request(id).as_bytes()).unwrap();
    stream
}

#[test]
fn client_that_disconnects_frees_its_request() {
    for id in ["sim-hang", "sim-hang-after-head"] {
        let sim = Sim::start().unwrap();
        let streams = [(); 3].map(|()| hanging(&sim, id));
        assert!(sim.wait_for_requests(3, LONG));
        assert_eq!(sim.in_flight(), 3);
        drop(streams);
        assert!(sim.wait_until_idle(LONG), "{id}");
    }
}

#[test]
fn hang_recovers_after_as_many_hangs_as_asked() {
    let sim = Sim::start().unwrap();
    for id in ["sim-hang-x1-a", "sim-hang-after-head-x1-a"] {
        let stream = hanging(&sim, id);
        // A request that arrives together with its end may never be looked at.
        assert!(sim.wait_for_requests(1, LONG));
        drop(stream);
        assert_eq!(chat(&sim, id).status(), 200, "{id}");
        sim.clear_log();
    }
}

#[test]
fn client_that_disconnects_frees_a_delayed_answer() {
    let sim = Sim::builder().script(Action::normal().after(Duration::from_secs(3600)));
    let sim = sim.start().unwrap();
    let stream = hanging(&sim, "m");
    assert!(sim.wait_for_requests(1, LONG));
    drop(stream);
    assert!(sim.wait_until_idle(LONG));
}

#[test]
fn waiting_for_what_does_not_come_gives_up() {
    let sim = Sim::start().unwrap();
    assert!(!sim.wait_for_requests(1, Duration::from_millis(10)));
    let stream = hanging(&sim, "sim-hang");
    assert!(sim.wait_for_requests(1, LONG));
    assert!(!sim.wait_until_idle(Duration::from_millis(10)));
    drop(stream);
}

#[test]
fn stopping_ends_requests_in_flight_at_once() {
    let sim = Sim::start().unwrap();
    let mut streams =
        ["sim-hang", "sim-hang-after-head", "sim-slow-body"].map(|id| hanging(&sim, id));
    let idle = connect(&sim);
    assert!(sim.wait_for_requests(3, LONG));
    let start = Instant::now();
    drop(sim);
    assert!(start.elapsed() < Duration::from_secs(2));
    for stream in &mut streams {
        read(stream);
    }
    drop(idle);
}

#[test]
fn taken_port_is_an_error_and_a_freed_one_is_free() {
    let sim = Sim::start().unwrap();
    let port = sim.addr().port();
    assert_eq!(sim.base_url(), format!("http://127.0.0.1:{port}/v1"));
    let error = Sim::builder().port(port).start().unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);

    // More than one try, because another test may be given the port in between.
    let freed = || Sim::start().unwrap().addr().port();
    assert!((0..3).any(|_| Sim::builder().port(freed()).start().is_ok()));
}

#[test]
fn server_starts_and_stops_inside_an_asynchronous_test() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let sim = Sim::start().unwrap();
        assert_eq!(chat(&sim, "m").status(), 200);
    });
}

#[test]
fn many_clients_are_served_at_once() {
    let sim = Sim::start().unwrap();
    let hang = hanging(&sim, "sim-hang");
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..20 {
                    assert_eq!(chat(&sim, "m").status(), 200);
                }
            });
        }
    });
    let seqs: Vec<u64> = sim.log().iter().map(|seen| seen.seq).collect();
    assert_eq!(seqs.len(), 161);
    assert!(seqs.is_sorted());
    drop(hang);
}
