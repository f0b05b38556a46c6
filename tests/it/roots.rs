//! Whom a client trusts, and clients that cannot be built.

use std::env;
use std::process::Command;

use flow_api::client::Connection;
use flow_errors::{Error, Kind};
use flow_loopback::Authority;
use flow_loopback::scenarios::chain;
use flow_tests::{TestClient, both};

both! {
    bad_certificate_is_named_when_the_client_is_built
    without_the_systems_roots_only_https_needs_help
}

const NOWHERE: &str = "/nonexistent";

fn refusal<C: TestClient>(connection: &Connection) -> Error {
    let error = C::connect(connection).err().unwrap();
    assert_eq!(error.kind(), Kind::Config, "{error:?}");
    error
}

fn bad_certificate_is_named_when_the_client_is_built<C: TestClient>() {
    let pem =
        |text: &str| format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n");
    let cases = [
        ("text", "hello".to_owned(), "certificate 2 holds no PEM"),
        ("empty", String::new(), "certificate 2 holds no PEM"),
        ("not Base64", pem("?"), "certificate 2 is not valid PEM"),
        ("not a certificate", pem("aGVsbG8="), "certificate 2 is not a certificate"),
    ];
    for is_https in [true, false] {
        for (name, second, want) in &cases {
            let mut connection = Authority::new().trusted();
            connection.is_https = is_https;
            connection.extra_roots.push(second.clone().into_bytes());
            let chain = chain(&refusal::<C>(&connection));
            assert!(chain.contains(want), "{name}: {chain}");
        }
    }
}

/// The test runs itself once more in a process whose environment hides the system's roots.
fn without_the_systems_roots_only_https_needs_help<C: TestClient>() {
    if cfg!(not(target_os = "linux")) {
        // Elsewhere they are not in files.
        return;
    }
    if env::var_os("SSL_CERT_FILE").is_some_and(|file| file == NOWHERE) {
        let chain = chain(&refusal::<C>(&Connection::new(true)));
        assert!(chain.contains("no root certificates"), "{chain}");
        C::connect(&Connection::new(false)).unwrap();
        C::connect(&Authority::new().trusted()).unwrap();
        return;
    }
    let place = format!("roots::on_{}", C::NAME);
    let output = Command::new(env::current_exe().unwrap())
        .args(["--exact", &format!("{place}::without_the_systems_roots_only_https_needs_help")])
        .env("SSL_CERT_FILE", NOWHERE)
        .env("SSL_CERT_DIR", NOWHERE)
        .output()
        .unwrap();
    let output = String::from_utf8_lossy(&output.stdout);
    assert!(output.contains("1 passed"), "{output}");
}
