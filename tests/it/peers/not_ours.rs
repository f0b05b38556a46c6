//! Facts about the peers that cannot apply to us, each with its reason.

/// The fact, and why it is none of ours.
#[rustfmt::skip]
const NOT_OURS: &[(&str, &str)] = &[
    ("401 with a refreshable identity is refreshed and retried once",
     "a client has one API key for its calls; a call may bring another, nothing renews it"),
    ("a credential provider is asked once for each attempt",
     "there are no providers: the key is a value that is checked when it is given"),
    ("a streaming request body is not sent again after a 429",
     "bodies are JSON values held in memory, so each can be sent again"),
    ("a multipart form is built anew for each attempt",
     "there are no forms; the bytes of a body are shared by its attempts"),
    ("x-stainless-retry-count tells the service which retry it is",
     "nothing is sent; the attempts are on the reply, on the error and told to on_attempt"),
    ("the retry count header can be left out through default headers",
     "it is never sent, so there is nothing to leave out"),
    ("middleware runs once for each attempt",
     "there is no middleware; a Transport of the caller's sees each attempt, on_attempt each result"),
    ("an exception of a middleware is not retried unless it says so",
     "there is no middleware; a Transport's error says by its class whether it may pass"),
    ("Portkey retries nothing unless configured, and marks exhaustion by -1",
     "a gateway's setting; ours retry by default, and stopped_because says why they ceased"),
    ("an error whose text says that a connection timed out is a timeout",
     "the transport knows which of the two it was; the prose of a message decides nothing"),
    ("a message holding an object is shown as its JSON in place of a text",
     "see the table of messages: what is no text may be the prompt, and stays in the body"),
    ("in a lax mode a reply that is no JSON is returned as a string",
     "a reply is a typed value or an error; error.body() has the text"),
    ("parts of a stream delivered before the failure are not sent again",
     "a fact about streams, which have tests of their own"),
];

#[test]
fn every_fact_that_is_not_ours_has_a_reason_and_stands_once() {
    for (index, (fact, reason)) in NOT_OURS.iter().enumerate() {
        assert!(fact.len() > 20 && reason.len() > 20, "{fact}: {reason}");
        assert!(NOT_OURS.iter().skip(index + 1).all(|(other, _)| other != fact), "{fact}");
    }
}
