//! What the async transport makes of what happens on the wire.

use std::time::{Duration, Instant};

use bytes::Bytes;
use flow_api::{Connection, InFlight};
use flow_async::{Transport, http_transport};
use flow_errors::Error;
use flow_loopback::scenarios::{Got, Scenario, scenarios};
use http::Request;
use http_body_util::BodyExt as _;

async fn run(scenario: &Scenario) -> Got {
    let transport = http_transport(&scenario.connection).unwrap();
    let in_flight = InFlight::new(Some(Duration::from_secs(10)));
    let reply = match transport.send(scenario.request.clone(), &in_flight).await {
        Ok(reply) => reply,
        Err(error) => return Got::NoHead(error, in_flight.sent()),
    };
    scenario.server.gate().open();
    let (head, body) = reply.into_parts();
    match body.collect().await {
        Ok(body) => Got::Reply(head.status, head.headers, body.to_bytes().into()),
        Err(error) => Got::BrokenBody(error),
    }
}

#[tokio::test]
async fn scenarios_come_out_as_wanted() {
    for scenario in scenarios() {
        let begin = Instant::now();
        scenario.check(&run(&scenario).await);
        println!("{:?} {}", begin.elapsed(), scenario.name);
    }
}
