//! What nginx does to what passes through it: other framing, compression, TLS.

use super::site::To;
use super::trial::Trial;
use super::visit::models;

pub(super) static TRIALS: &[Trial] = &[
    Trial { name: "chat", expected: "200, \"Hello from flow-sim\"", ..Trial::CHAT },
    Trial { name: "models", go: models, expected: "200, all models", ..Trial::CHAT },
    Trial {
        name: "models, compressed by nginx",
        location: "proxy_pass http://{sim}/;
                   gzip on; gzip_proxied any; gzip_types application/json; gzip_min_length 1;",
        go: models,
        expected: "200, all models, gzip",
        ..Trial::CHAT
    },
    Trial {
        name: "large chunked chat",
        location: "proxy_pass http://{large}/; proxy_http_version 1.1; proxy_buffering off;",
        expected: "200, 200000 characters",
        ..Trial::CHAT
    },
    Trial {
        name: "large chat, framed by its end towards nginx (HTTP/1.0)",
        location: "proxy_pass http://{large}/;",
        expected: "200, 200000 characters",
        ..Trial::CHAT
    },
    Trial {
        name: "large chat, compressed by nginx",
        location: "proxy_pass http://{large}/;
                   gzip on; gzip_proxied any; gzip_types *; gzip_comp_level 1;",
        expected: "200, 200000 characters, gzip",
        ..Trial::CHAT
    },
    Trial {
        name: "chat over TLS, root given to the client",
        to: To::Tls,
        expected: "200, \"Hello from flow-sim\"",
        ..Trial::CHAT
    },
    Trial {
        name: "chat over TLS, root unknown",
        to: To::UntrustedTls,
        expected: "connect ×3, not billed",
        ..Trial::CHAT
    },
    Trial {
        name: "http:// to the port of https://",
        to: To::PlainAtTlsPort,
        expected: "400 invalid_request, \
                   \"400 The plain HTTP request was sent to HTTPS port\", not billed",
        ..Trial::CHAT
    },
    Trial {
        name: "error of the service, passed through",
        model: "sim-503",
        expected: "503 service_unavailable ×3, \"Model is temporarily overloaded\", not billed",
        ..Trial::CHAT
    },
    Trial {
        name: "upstream breaks off in a body of known length",
        model: "sim-truncated-length",
        expected: "200 transport ×2, perhaps billed, ambiguous_limit",
        ..Trial::CHAT
    },
    Trial {
        name: "upstream breaks off in a chunked body",
        location: "proxy_pass http://{sim}/; proxy_http_version 1.1;",
        model: "sim-truncated-chunked",
        expected: "200 transport ×2, perhaps billed, ambiguous_limit",
        ..Trial::CHAT
    },
    Trial {
        name: "upstream falls silent in a body, proxy_read_timeout",
        location: "proxy_pass http://{sim}/; proxy_read_timeout 50ms;",
        model: "sim-hang-after-head",
        expected: "200 transport ×2, perhaps billed, ambiguous_limit",
        ..Trial::CHAT
    },
];
