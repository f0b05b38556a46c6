//! The configuration of nginx, as text.

use std::fmt::Write as _;
use std::path::Path;

use super::caller::Which;
use super::site::Site;

/// Where things are that a configuration names.
pub(super) struct Names<'a> {
    /// The folder for all of nginx's files.
    pub(super) dir: &'a Path,
    pub(super) port: u16,
    /// The port for TLS, whose certificate and key are in the folder.
    pub(super) tls_port: Option<u16>,
    /// What the placeholders of trials stand for.
    pub(super) words: Vec<(&'static str, String)>,
}

/// What each request leaves in the access log.
pub(super) const LOG_FORMAT: &str = "$request_uri $status $sent_http_content_encoding";

/// Returns the first part of the path where one client makes one trial.
pub(super) fn id(number: usize, which: Which) -> String {
    format!("{which}-{number}")
}

/// Writes the configuration of one nginx, with a location for each trial and client.
pub(super) fn config(names: &Names<'_>, sites: &[Site]) -> String {
    let (mut http, mut locations) = (String::new(), String::new());
    for (number, site) in sites.iter().enumerate() {
        for which in Which::EACH {
            let id = id(number, which);
            let filled = |text: &str| filled(text, names, &id);
            if !site.http.is_empty() {
                let _ = writeln!(http, "    {}", filled(site.http));
            }
            let directives = filled(site.location);
            let name = site.name;
            let _ = write!(locations, "        # {name}\n        location /{id}/ {{\n");
            for line in directives.lines() {
                let _ = writeln!(locations, "            {}", line.trim());
            }
            locations.push_str("        }\n");
        }
    }
    whole(names, &http, &locations)
}

fn whole(names: &Names<'_>, http: &str, locations: &str) -> String {
    let (dir, port) = (names.dir.display(), names.port);
    let tls = names.tls_port.map_or_else(String::new, |port| {
        format!(
            "        listen 127.0.0.1:{port} ssl;
        ssl_certificate {dir}/cert.pem;
        ssl_certificate_key {dir}/key.pem;\n"
        )
    });
    format!(
        "daemon off;
error_log stderr notice;
pid {dir}/nginx.pid;
events {{ worker_connections 256; }}
http {{
    log_format seen '{LOG_FORMAT}';
    access_log {dir}/access.log seen;
    client_body_temp_path {dir}/temp-body;
    proxy_temp_path {dir}/temp-proxy;
    fastcgi_temp_path {dir}/temp-fastcgi;
    uwsgi_temp_path {dir}/temp-uwsgi;
    scgi_temp_path {dir}/temp-scgi;
    # A hint for those who are refused, and nothing for the others.
    map $status $refused_for_1_s {{ 429 1; 503 1; }}
    map $status $refused_for_600_s {{ 429 600; 503 600; }}
{http}    server {{
        listen 127.0.0.1:{port};
{tls}        location /pages/ {{ internal; root {dir}; gzip_static on; }}
{locations}    }}
}}
"
    )
}

/// Puts in what the placeholders stand for.
fn filled(text: &str, names: &Names<'_>, id: &str) -> String {
    let text = text.replace("{dir}", &names.dir.display().to_string()).replace("{zone}", id);
    names.words.iter().fold(text, |text, (word, value)| text.replace(word, value))
}

#[cfg(test)]
mod tests {
    use super::super::trial::Trial;
    use super::*;

    const SITE: Site = Site {
        name: "limited",
        http: "limit_req_zone $binary_remote_addr zone={zone}:64k rate=1r/m;",
        location: "limit_req zone={zone};
                   proxy_pass http://{sim}/;",
        ..Trial::CHAT.site()
    };

    fn written(tls_port: Option<u16>) -> String {
        let words = vec![("{sim}", "127.0.0.1:1".to_owned())];
        let names = Names { dir: Path::new("/t"), port: 8080, tls_port, words };
        config(&names, &[SITE])
    }

    #[test]
    fn each_client_has_a_location_and_a_zone_of_its_own() {
        let text = written(None);
        for id in ["async-0", "blocking-0"] {
            let zone = format!("    limit_req_zone $binary_remote_addr zone={id}:64k rate=1r/m;\n");
            let location = format!(
                "        # limited\n        location /{id}/ {{\n            limit_req zone={id};\n            \
                 proxy_pass http://127.0.0.1:1/;\n        }}\n"
            );
            assert!(text.contains(&zone) && text.contains(&location), "{text}");
        }
    }

    #[test]
    fn every_placeholder_is_filled_and_every_brace_closed() {
        for text in [written(None), written(Some(8443))] {
            assert!(!text.contains("{sim}") && !text.contains("{zone}"), "{text}");
            assert_eq!(text.matches('{').count(), text.matches('}').count(), "{text}");
        }
    }

    #[test]
    fn trials_have_names_of_their_own_and_ask_for_nothing_unknown() {
        let trials = super::super::trials();
        let words = ["{sim}", "{half}", "{large}", "{mute}", "{held}", "{closed}"];
        let words = words.map(|word| (word, String::new())).to_vec();
        let names = Names { dir: Path::new("/t"), port: 8080, tls_port: None, words };
        for trial in &trials {
            assert!(!trial.expected.is_empty(), "{}", trial.name);
            assert_eq!(trials.iter().filter(|other| other.name == trial.name).count(), 1);
            let text = filled(trial.http, &names, "") + &filled(trial.location, &names, "");
            // nginx's own braces have a blank behind them.
            let mut rest = text.split('{').skip(1);
            assert!(rest.all(|behind| behind.starts_with(' ')), "{}", trial.name);
        }
    }

    #[test]
    fn files_are_in_the_folder_and_tls_is_only_where_it_has_a_port() {
        assert!(!written(None).contains("ssl"));
        let text = written(Some(8443));
        assert!(text.contains("listen 127.0.0.1:8443 ssl;"), "{text}");
        let paths = text.lines().filter(|line| line.contains("path") || line.contains("log "));
        for line in paths.filter(|line| !line.contains("error_log")) {
            assert!(line.contains(" /t/"), "{line}");
        }
    }
}
