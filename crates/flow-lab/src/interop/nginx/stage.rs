//! What stands around the trials: nginx, and what is behind it.

use std::fs;
use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use flow_sim::{Action, Script, Sim};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use serde_json::json;
use socket2::{Domain, SockAddr, Socket, Type};
use tokio::runtime::{Builder, Runtime};

use super::binary::Binary;
use super::config::{Names, config};
use super::server::{Server, Workers};
use super::site::Site;
use crate::Result;
use crate::interop::place::{Place, free_port};

/// How long the answer of the upstream `{large}` is.
const LARGE: usize = 200_000;

/// The folder of the nginx that serves all trials.
const MAIN: &str = "main";

/// Everything the trials need.
pub(super) struct Stage<'a> {
    place: &'a Place,
    binary: &'a Binary,
    pub(super) upstreams: Upstreams,
    pub(super) runtime: Runtime,
    pub(super) server: Server,
    pub(super) port: u16,
    pub(super) tls_port: u16,
    /// The authority of nginx's certificate, as PEM.
    pub(super) root: String,
}

/// What nginx passes requests to.
pub(super) struct Upstreams {
    /// `{sim}`: a FlowAPI.
    pub(super) sim: Sim,
    /// `{half}`: ends every reply in the middle of its head.
    half: Sim,
    /// `{large}`: a FlowAPI with much to say, in chunks.
    large: Sim,
    /// `{mute}`: takes connections and never answers.
    mute: TcpListener,
    /// `{held}`: the same, for whoever accepts the connections.
    pub(super) held: TcpListener,
    /// `{closed}`: a port that nobody listens on, and nobody can as long as this has it.
    closed: Socket,
}

impl Upstreams {
    fn start() -> Result<Self> {
        let half = Action::status(200).garbage("HTTP/1.1 200 OK\r\ncontent-type: applica");
        let message = json!({ "role": "assistant", "content": "a".repeat(LARGE) });
        let choice = json!({ "index": 0, "message": message, "finish_reason": "stop" });
        let large = json!({
            "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "gpt-4o",
            "choices": [choice],
        });
        let for_ever = |action| Sim::builder().script(Script::new().then(action).repeat_last());
        Ok(Self {
            sim: Sim::start()?,
            half: for_ever(half).start()?,
            large: for_ever(Action::status(200).json(&large).chunked()).start()?,
            mute: TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?,
            held: TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?,
            closed: unused_port()?,
        })
    }

    /// What the placeholders of trials stand for.
    fn words(&self) -> Result<Vec<(&'static str, String)>> {
        Ok(vec![
            ("{sim}", self.sim.addr().to_string()),
            ("{half}", self.half.addr().to_string()),
            ("{large}", self.large.addr().to_string()),
            ("{mute}", self.mute.local_addr()?.to_string()),
            ("{held}", self.held.local_addr()?.to_string()),
            ("{closed}", address(&self.closed.local_addr()?)?),
        ])
    }
}

impl<'a> Stage<'a> {
    /// Writes the files, and starts everything.
    pub(super) fn new(place: &'a Place, binary: &'a Binary, sites: &[Site]) -> Result<Self> {
        let upstreams = Upstreams::start()?;
        let dir = place.path(MAIN);
        write_pages(&dir)?;
        let root = write_certificate(&dir)?;
        let (port, tls_port) = (free_port()?, free_port()?);
        let names = Names { dir: &dir, port, tls_port: Some(tls_port), words: upstreams.words()? };
        let config = config(&names, sites);
        let server = Server::start(place, binary, (MAIN, &config), port, Workers::InOneProcess)?;
        // On one thread, and so standing still between two calls: what happens to a connection
        // meanwhile the client must find out all the same.
        let runtime = Builder::new_current_thread().enable_all().build()?;
        Ok(Self { place, binary, upstreams, runtime, server, port, tls_port, root })
    }

    pub(super) fn version(&self) -> &str {
        self.binary.version()
    }

    /// Starts a second nginx on `port`, whose one site is `site`; its files are in the folder
    /// `name`.
    pub(super) fn second(
        &self,
        name: &str,
        port: u16,
        site: Site,
        workers: Workers,
    ) -> Result<Server> {
        let dir = self.place.path(name);
        let names = Names { dir: &dir, port, tls_port: None, words: self.upstreams.words()? };
        let config = config(&names, &[site]);
        Server::start(self.place, self.binary, (name, &config), port, workers)
    }
}

/// Takes a port without listening on it.
fn unused_port() -> Result<Socket> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&SockAddr::from(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0)))?;
    Ok(socket)
}

fn address(of: &SockAddr) -> Result<String> {
    Ok(of.as_socket().ok_or("a TCP socket without an address")?.to_string())
}

/// A page for errors, compressed beforehand as `gzip_static` wants it, and a site of one page.
fn write_pages(dir: &Path) -> Result {
    let page = "<!doctype html>\n<html><head><title>We will be back soon</title></head>\n\
                <body><h1>We will be back soon</h1></body></html>\n";
    let (pages, site) = (dir.join("pages"), dir.join("site"));
    fs::create_dir_all(&pages)?;
    fs::create_dir_all(&site)?;
    fs::write(pages.join("502.html"), page)?;
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(page.as_bytes())?;
    fs::write(pages.join("502.html.gz"), packed.finish()?)?;
    fs::write(site.join("index.html"), "<!doctype html>\n<title>Welcome</title>\n")?;
    Ok(())
}

/// Writes a certificate for this machine with its key; returns the authority's own.
fn write_certificate(dir: &Path) -> Result<String> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
    let key = KeyPair::generate()?;
    let certificate =
        CertificateParams::new(["127.0.0.1".to_owned()])?.signed_by(&key, &authority)?;
    fs::write(dir.join("cert.pem"), certificate.pem())?;
    fs::write(dir.join("key.pem"), key.serialize_pem())?;
    Ok(authority.pem())
}
