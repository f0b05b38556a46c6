//! What nginx answers itself: its own pages, with the statuses of the error table and others.

use super::trial::Trial;
use super::visit::{Visit, models};
use super::words;
use crate::Result;

/// A megabyte is nginx's own limit for a request's body.
const LARGE_PROMPT: usize = 3 * 1024 * 1024;

/// nginx takes header lines, and request lines, of up to 8 KiB.
const LONG: usize = 9_000;

pub(super) static TRIALS: &[Trial] = &[
    Trial {
        name: "nobody listens upstream",
        location: "proxy_pass http://{closed}/;",
        expected: "502 server ×3, \"502 Bad Gateway\", not billed",
        ..Trial::CHAT
    },
    Trial {
        name: "upstream ends in the middle of its head",
        location: "proxy_pass http://{half}/;",
        expected: "502 server ×3, \"502 Bad Gateway\", not billed",
        ..Trial::CHAT
    },
    Trial {
        name: "upstream closes without a reply",
        model: "sim-close-before-head",
        expected: "502 server ×3, \"502 Bad Gateway\", not billed",
        ..Trial::CHAT
    },
    Trial {
        name: "upstream resets the connection",
        model: "sim-reset-before-head",
        expected: "502 server ×3, \"502 Bad Gateway\", not billed",
        ..Trial::CHAT
    },
    Trial {
        // Which nginx takes for HTTP/0.9, and passes on as it is.
        name: "upstream speaks something else than HTTP",
        model: "sim-garbage",
        expected: "transport ×2, perhaps billed, ambiguous_limit",
        ..Trial::CHAT
    },
    Trial {
        name: "502 with a page of the operator's, compressed beforehand",
        location: "proxy_pass http://{closed}/; error_page 502 /pages/502.html;",
        expected: "502 server ×3, \"We will be back soon\", not billed, gzip",
        ..Trial::CHAT
    },
    Trial {
        name: "upstream's head is longer than proxy_buffer_size",
        location: "proxy_pass http://{sim}/; proxy_buffer_size 1k;",
        model: "sim-many-headers",
        expected: "502 server ×3, \"502 Bad Gateway\", not billed",
        ..Trial::CHAT
    },
    Trial {
        name: "503 of the service, with a page of the operator's in place of its JSON",
        location: "proxy_pass http://{sim}/;
                   proxy_intercept_errors on; error_page 503 /pages/502.html;",
        model: "sim-503",
        expected: "503 service_unavailable ×3, \"We will be back soon\", not billed, gzip",
        ..Trial::CHAT
    },
    Trial {
        name: "closed for maintenance: return 503, with JSON of the operator's",
        location: "default_type application/json;
                   return 503 '{ \"error\": { \"message\": \"back at noon\" } }';",
        expected: "503 service_unavailable ×3, \"back at noon\", not billed",
        ..Trial::CHAT
    },
    Trial {
        name: "closed for maintenance: return 503",
        location: "return 503;",
        expected: "503 service_unavailable ×3, \"503 Service Temporarily Unavailable\", not billed",
        ..Trial::CHAT
    },
    Trial {
        name: "upstream never answers, proxy_read_timeout",
        location: "proxy_pass http://{mute}/; proxy_read_timeout 50ms;",
        expected: "504 gateway_timeout ×3, \"504 Gateway Time-out\", perhaps billed",
        ..Trial::CHAT
    },
    Trial {
        name: "nginx closes without a reply: return 444",
        location: "return 444;",
        expected: "transport ×2, perhaps billed, ambiguous_limit",
        ..Trial::CHAT
    },
    Trial {
        name: "large prompt, client_max_body_size",
        go: large_prompt,
        expected: "413 payload_too_large, \"413 Request Entity Too Large\", not billed",
        ..Trial::CHAT
    },
    Trial {
        name: "large prompt, nginx resets instead of reading on",
        location: "proxy_pass http://{sim}/; lingering_close off;",
        go: large_prompt,
        expected: "413 payload_too_large, \"413 Request Entity Too Large\", not billed",
        ..Trial::CHAT
    },
    Trial {
        name: "header of 9,000 bytes",
        go: long_header,
        expected: "400 invalid_request, \"400 Request Header Or Cookie Too Large\", not billed",
        ..Trial::CHAT
    },
    Trial {
        name: "path of 9,000 bytes",
        go: long_path,
        expected: "414 invalid_request, \"414 Request-URI Too Large\", not billed",
        ..Trial::CHAT
    },
    Trial {
        name: "auth_basic in front of the service",
        location: "auth_basic staff; auth_basic_user_file /dev/null; proxy_pass http://{sim}/;",
        expected: "401 invalid_api_key, \"401 Authorization Required\", not billed",
        ..Trial::CHAT
    },
    Trial {
        name: "deny all, compressed by nginx",
        location: "deny all; gzip on; gzip_proxied any; gzip_types *; gzip_min_length 1;",
        expected: "403 permission, \"403 Forbidden\", not billed, gzip",
        ..Trial::CHAT
    },
    Trial {
        name: "base URL of a site: no such page, compressed by nginx",
        location: "root {dir}/site; gzip on; gzip_proxied any; gzip_types *; gzip_min_length 1;",
        go: models,
        expected: "404 not_found, \"404 Not Found\", not billed, gzip",
        ..Trial::CHAT
    },
    Trial {
        name: "base URL of a site of one page: POST",
        location: "root {dir}/site; try_files /index.html =404;",
        expected: "405 invalid_request, \"405 Not Allowed\", not billed",
        ..Trial::CHAT
    },
    Trial {
        name: "base URL of a site of one page: GET",
        location: "root {dir}/site; try_files /index.html =404;",
        go: models,
        expected: "200 decode, perhaps billed",
        ..Trial::CHAT
    },
    Trial {
        name: "redirect to https",
        location: "return 301 https://$host$request_uri;",
        expected: "301 unexpected, \"301 Moved Permanently\", not billed",
        ..Trial::CHAT
    },
];

fn large_prompt(visit: &Visit<'_>) -> Result<String> {
    Ok(words::chat(&visit.send(&"a".repeat(LARGE_PROMPT), None)))
}

fn long_header(visit: &Visit<'_>) -> Result<String> {
    let value = "a".repeat(LONG);
    Ok(words::chat(&visit.send("Hello", Some(("x-interop", &value)))))
}

fn long_path(visit: &Visit<'_>) -> Result<String> {
    Ok(visit.get_unlogged(&format!("/{}", "a".repeat(LONG))))
}
