//! Every row of the service's page, by model id.

use flow_errors::table::TABLE;
use flow_sim::Sim;
use serde_json::json;

use crate::wire::{End, chat, get, send};

#[test]
fn each_row_fails_always_with_its_envelope() {
    let sim = Sim::start().unwrap();
    for row in TABLE {
        for _ in 0..3 {
            let got = chat(&sim, &format!("sim-{}", row.status.as_str()));
            let want = json!({ "error": {
                "message": row.cause, "type": row.api_type, "code": row.api_type, "param": null,
            } });
            assert_eq!(got.status(), row.status.as_u16(), "{row:?}");
            assert_eq!(got.json(), want, "{row:?}");
            assert_eq!(got.header("content-type").as_deref(), Some("application/json"));
            assert!(got.header("x-request-id").unwrap().starts_with("req_sim_"), "{row:?}");
            assert_eq!(got.end, End::Fin, "{row:?}");
        }
    }
}

#[test]
fn each_row_recovers_after_two_failures_of_the_same_id() {
    let sim = Sim::start().unwrap();
    for row in TABLE {
        let status = row.status.as_u16();
        for ending in ["-a", "-b-x9-c", ""] {
            let id = format!("sim-{status}-x2{ending}");
            let got = [(); 4].map(|()| chat(&sim, &id).status());
            assert_eq!(got, [status, status, 200, 200], "{id}");
        }
    }
}

#[test]
fn only_the_429_says_when_to_come_back() {
    let sim = Sim::start().unwrap();
    for row in TABLE {
        let got = chat(&sim, &format!("sim-{}", row.status.as_str()));
        let want = (row.status == 429).then(|| "1".to_owned());
        assert_eq!(got.header("retry-after"), want, "{row:?}");
    }
}

#[test]
fn rows_answer_every_endpoint_that_names_a_model() {
    let sim = Sim::start().unwrap();
    let body = r#"{"model":"sim-503","input":"Hi"}"#;
    let embeddings = crate::wire::post("/v1/embeddings", "connection: close\r\n", body);
    assert_eq!(send(&sim, &embeddings).status(), 503);
    assert_eq!(send(&sim, &get("/v1/models/sim-503")).status(), 503);
}

#[test]
fn id_that_looks_like_a_row_but_is_none_is_an_unknown_model() {
    let sim = Sim::start().unwrap();
    let got = chat(&sim, "sim-999");
    assert_eq!(got.status(), 404);
    assert_eq!(got.json()["error"]["type"], "not_found_error");
    assert_eq!(got.json()["error"]["code"], "model_not_found");
    assert_eq!(got.json()["error"]["param"], "model");
}
