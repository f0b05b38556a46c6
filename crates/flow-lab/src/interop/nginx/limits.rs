//! nginx's own limits, `limit_req` and `limit_conn`, with and without a hint when to come back.
//!
//! Where a request must be refused the limit is one a minute, with nothing saved up, so that the
//! second is refused on the slowest machine. Every visit has a zone of its own.

use std::io::Write as _;
use std::net::{Ipv4Addr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use super::server::PATIENCE;
use super::trial::Trial;
use super::visit::{Visit, attempts, chat, second_chat};
use super::words;
use crate::Result;

/// What the limits of these trials ask refused clients to wait.
const HINT: Duration = Duration::from_secs(1);

/// How often a call is made that should be refused once, until it is.
const TRIES: usize = 10;

const ONE_A_MINUTE: &str = "limit_req_zone $binary_remote_addr zone={zone}:64k rate=1r/m;";
const ONE_A_SECOND: &str = "limit_req_zone $binary_remote_addr zone={zone}:64k rate=1r/s;";

pub(super) static TRIALS: &[Trial] = &[
    Trial {
        name: "limit_req as it comes",
        http: ONE_A_MINUTE,
        location: "limit_req zone={zone}; proxy_pass http://{sim}/;",
        go: second_chat,
        expected: "503 service_unavailable ×3, \"503 Service Temporarily Unavailable\", not billed",
        ..Trial::CHAT
    },
    Trial {
        name: "limit_req with Retry-After: 1",
        http: ONE_A_MINUTE,
        location: "limit_req zone={zone}; proxy_pass http://{sim}/;
                   add_header Retry-After $refused_for_1_s always;",
        go: second_chat_with_hint,
        expected: "503 service_unavailable ×3, \"503 Service Temporarily Unavailable\", \
                   asks for 1 s, not billed, waits ≥ 1 s",
        ..Trial::CHAT
    },
    Trial {
        name: "limit_req_status 429",
        http: ONE_A_MINUTE,
        location: "limit_req zone={zone}; limit_req_status 429; proxy_pass http://{sim}/;",
        go: second_chat,
        expected: "429 rate_limit ×3, \"429 Too Many Requests\", not billed",
        ..Trial::CHAT
    },
    Trial {
        name: "limit_req_status 429 with Retry-After: 600",
        http: ONE_A_MINUTE,
        location: "limit_req zone={zone}; limit_req_status 429; proxy_pass http://{sim}/;
                   add_header Retry-After $refused_for_600_s always;",
        go: second_chat,
        expected: "429 rate_limit, \"429 Too Many Requests\", asks for 600 s, not billed, \
                   retry_after_too_long",
        ..Trial::CHAT
    },
    Trial {
        name: "limit_req_status 429 with Retry-After: 1, and room by then",
        http: ONE_A_SECOND,
        location: "limit_req zone={zone}; limit_req_status 429; proxy_pass http://{sim}/;
                   add_header Retry-After $refused_for_1_s always;",
        go: refused_then_served,
        expected: "429 rate_limit → 200, \"Hello from flow-sim\", waits ≥ 1 s",
        ..Trial::CHAT
    },
    Trial {
        name: "limit_req (503) with Retry-After: 1, and room by then",
        http: ONE_A_SECOND,
        location: "limit_req zone={zone}; proxy_pass http://{sim}/;
                   add_header Retry-After $refused_for_1_s always;",
        go: refused_then_served,
        expected: "503 service_unavailable → 200, \"Hello from flow-sim\", waits ≥ 1 s",
        ..Trial::CHAT
    },
    Trial {
        name: "limit_req with a burst: nginx delays, nobody is refused",
        http: "limit_req_zone $binary_remote_addr zone={zone}:64k rate=20r/s;",
        location: "limit_req zone={zone} burst=1; proxy_pass http://{sim}/;",
        go: second_chat,
        expected: "200, \"Hello from flow-sim\"",
        ..Trial::CHAT
    },
    Trial {
        name: "limit_conn, with one connection held by somebody else",
        http: "limit_conn_zone $binary_remote_addr zone={zone}:64k;",
        location: "limit_conn {zone} 1; proxy_pass http://{held}/;",
        go: beside_a_held_connection,
        expected: "503 service_unavailable ×3, \"503 Service Temporarily Unavailable\", not billed",
        ..Trial::CHAT
    },
];

fn second_chat_with_hint(visit: &Visit<'_>) -> Result<String> {
    visit.send("Hello", None)?;
    let call = visit.send("Hello", None);
    Ok(words::chat(&call) + &words::waits(attempts(&call), HINT))
}

/// Makes calls until one is refused at first. Only where the machine stands still for a second
/// between two of them is it not the second.
fn refused_then_served(visit: &Visit<'_>) -> Result<String> {
    for _ in 0..TRIES {
        let call = visit.send("Hello", None);
        if attempts(&call).len() > 1 || call.is_err() {
            return Ok(words::chat(&call) + &words::waits(attempts(&call), HINT));
        }
    }
    Err(format!("none of {TRIES} calls was refused").into())
}

/// Lets somebody else have the one connection that may be, then makes a call.
fn beside_a_held_connection(visit: &Visit<'_>) -> Result<String> {
    let mut other = TcpStream::connect((Ipv4Addr::LOCALHOST, visit.stage.port))?;
    write!(other, "GET /{}/held HTTP/1.1\r\nhost: localhost\r\n\r\n", visit.id)?;
    // nginx has counted the connection once it asks upstream.
    let listener = &visit.stage.upstreams.held;
    listener.set_nonblocking(true)?;
    let until = Instant::now() + PATIENCE;
    let _held = loop {
        match listener.accept() {
            Ok(connection) => break connection,
            Err(_) if Instant::now() < until => thread::sleep(Duration::from_millis(5)),
            Err(error) => return Err(format!("nginx asks nobody: {error}").into()),
        }
    };
    chat(visit)
}
