//! What the blocking transport makes of what happens on the wire.

use std::io::Read as _;
use std::time::{Duration, Instant};

use bytes::Bytes;
use flow_api::{Connection, InFlight};
use flow_blocking::{CancelToken, Transport, http_transport};
use flow_errors::Error;
use flow_loopback::scenarios::{Got, Scenario, scenarios};
use http::Request;

fn run(scenario: &Scenario) -> Got {
    let transport = http_transport(&scenario.connection).unwrap();
    let in_flight = InFlight::new(Some(Duration::from_secs(10)));
    let sent = transport.send(scenario.request.clone(), &in_flight, &CancelToken::new());
    let reply = match sent {
        Ok(reply) => reply,
        Err(error) => return Got::NoHead(error, in_flight.sent()),
    };
    scenario.server.gate().open();
    let (head, mut body) = reply.into_parts();
    let mut bytes = Vec::new();
    match body.read_to_end(&mut bytes) {
        Ok(_) => Got::Reply(head.status, head.headers, bytes),
        Err(error) => Got::BrokenBody(error.downcast().unwrap()),
    }
}

#[test]
fn scenarios_come_out_as_wanted() {
    for scenario in scenarios() {
        let begin = Instant::now();
        scenario.check(&run(&scenario));
        println!("{:?} {}", begin.elapsed(), scenario.name);
    }
}
