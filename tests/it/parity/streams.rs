//! The same for every stream that flow-sim knows, over sockets: the same pieces, ends and histories.

use std::thread;
use std::time::Duration;

use flow_errors::Error;
use flow_sim::Sim;
use flow_tests::{TestClient, VirtualClock};

use super::sockets::described;
use super::{Mode, outcome};

/// Far longer than anything else on loopback takes.
const IDLE: Duration = Duration::from_secs(1);

/// Everything that there is to see of every stream, as text.
fn run<C: TestClient>() -> Vec<String> {
    // The same answers, in the same order, from the same seed.
    let sim = Sim::start().unwrap();
    let client = flow_api::ClientBuilder::<C>::new().api_key("sk-test").base_url(sim.base_url());
    let client = client.no_proxy().build().unwrap().on_socket_clock(VirtualClock::new(7));
    let ids = flow_sim::model_ids().into_iter().map(|(id, _)| id);
    let mut told = Vec::new();
    // With pings, a clock that stands still would let a stall go on for ever.
    let is_left_out = |id: &str| id.contains("stall-pings") || id == "sim-stream-huge-event";
    for id in ids.filter(|id| id.starts_with("sim-stream-") && !is_left_out(id)) {
        for mode in [Mode::Streamed, Mode::PutTogether] {
            let mut call = client.hello(&id);
            if id.contains("stall") {
                call = call.idle_timeout(IDLE).first_content_timeout(IDLE);
            }
            let result = outcome(call, mode);
            let result = result.unwrap_or_else(|error: Error| described(&error));
            let result = result.replace(&sim.addr().to_string(), "HOST");
            told.push(format!("{id} {mode:?}\n{result}"));
        }
        assert_eq!(client.settings().in_flight(), 0, "{id}");
    }
    told.push(format!("{} requests", sim.log().len()));
    told
}

#[test]
fn every_stream_is_the_same_in_both_clients() {
    let asynchronous = thread::spawn(run::<flow_async::Client>);
    let (blocking, asynchronous) = (run::<flow_blocking::Client>(), asynchronous.join().unwrap());
    for (one, other) in asynchronous.iter().zip(&blocking) {
        assert_eq!(one, other, "\n{one}\n{other}");
    }
    assert_eq!(asynchronous.len(), blocking.len());
    assert!(asynchronous.len() > 70, "{}", asynchronous.len());
}
