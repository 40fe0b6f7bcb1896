//! A server behind real listeners in this process, and clients that speak TLS to it.
//!
//! Ports are the system's choice, folders temporary, certificates made for the test.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use adieu::config::Config;
use adieu::real::{SystemClock, SystemEntropy};
use adieu::serve::{Bound, Serving};
use adieu_authority::Store;
use adieu_testkit::data::make_data;
use adieu_testkit::engines::OwnDatabase;
use adieu_testkit::world::{open_when_free, profile_config};
use axum::body::Body;
use axum::http::{Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion, version};

/// No answer of a healthy server takes as long.
pub(crate) const STALL: Duration = Duration::from_secs(20);

/// A server that stops with the test.
pub(crate) struct Running {
    pub(crate) public: SocketAddr,
    pub(crate) admin: SocketAddr,
    pub(crate) stop: watch::Sender<bool>,
    pub(crate) serving: tokio::task::JoinHandle<anyhow::Result<()>>,
    pub(crate) folder: tempfile::TempDir,
    _database: OwnDatabase,
}

/// The configuration of the recordings on ports of the system's choice; no proxy stands before it.
pub(crate) fn at_free_ports() -> Config {
    let mut config = profile_config("main");
    config.public.trusted_proxies.clear();
    config.public.listen = ([127, 0, 0, 1], 0).into();
    config.admin.listen = ([127, 0, 0, 1], 0).into();
    config
}

impl Running {
    /// Starts a server with its data.
    pub(crate) async fn with(config: Config) -> Self {
        Self::behind(config, |store| store).await
    }

    /// The same on a data folder, whichever engine stories run on: commands on a database ask no server.
    pub(crate) async fn in_folder(config: Config) -> Self {
        Self::over(config, OwnDatabase::none(), |store| store).await
    }

    /// As `with` does, with something between the server and its store.
    pub(crate) async fn behind(
        mut config: Config,
        between: impl FnMut(Arc<dyn Store>) -> Arc<dyn Store>,
    ) -> Self {
        let database = OwnDatabase::of(&mut config).await;
        Self::over(config, database, between).await
    }

    async fn over(
        config: Config,
        database: OwnDatabase,
        between: impl FnMut(Arc<dyn Store>) -> Arc<dyn Store>,
    ) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let parts = (Arc::new(SystemClock) as _, Arc::new(SystemEntropy) as _);
        let server = open_when_free(&config, folder.path(), parts, between).await;
        make_data(&server.authority, &config).await.expect("data");
        let bound = Bound::bind(&config).await.expect("free ports");
        let (public, admin) = (bound.public().expect("bound"), bound.admin().expect("bound"));
        let serving = Serving::new(bound, &server, &config).expect("sound");
        let (stop, stopped) = watch::channel(false);
        let serving = tokio::spawn(async move { serving.run(&config, stopped).await });
        Self { public, admin, stop, serving, folder, _database: database }
    }
}

/// Writes a new certificate for `localhost` and its key; gives the certificate.
pub(crate) fn certify(folder: &Path) -> String {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    std::fs::write(folder.join("key.pem"), made.signing_key.serialize_pem()).expect("a file");
    std::fs::write(folder.join("cert.pem"), made.cert.pem()).expect("a file");
    made.cert.pem()
}

/// Somebody who trusts one certificate.
pub(crate) struct Browser {
    connector: TlsConnector,
}

impl Browser {
    pub(crate) fn trusting(pem: &str, speaks: &[&str]) -> Self {
        Self::with_versions(pem, speaks, &[&version::TLS13, &version::TLS12])
    }

    pub(crate) fn with_versions(
        pem: &str,
        speaks: &[&str],
        tls: &[&'static SupportedProtocolVersion],
    ) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(pem.as_bytes()).expect("PEM")).expect("a certificate");
        let mut config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_protocol_versions(tls)
            .expect("versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = speaks.iter().map(|name| name.as_bytes().to_vec()).collect();
        Self { connector: TlsConnector::from(Arc::new(config)) }
    }

    pub(crate) async fn connect(&self, to: SocketAddr) -> std::io::Result<TlsStream<TcpStream>> {
        let stream = TcpStream::connect(to).await?;
        self.connector.connect(ServerName::try_from("localhost").expect("a name"), stream).await
    }

    /// One request on a connection of its own.
    pub(crate) async fn ask(&self, to: SocketAddr, request: Request<Body>) -> (StatusCode, String) {
        let stream = self.connect(to).await.expect("a handshake");
        if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
            let mut connection = Two::over(stream).await;
            return connection.ask(request).await;
        }
        let io = TokioIo::new(stream);
        let (mut send, connection) = hyper::client::conn::http1::handshake(io).await.expect("HTTP/1.1");
        tokio::spawn(connection);
        read(send.send_request(request).await.expect("an answer")).await
    }
}

/// A connection of HTTP/2.
pub(crate) struct Two {
    send: hyper::client::conn::http2::SendRequest<Body>,
    pub(crate) ended: tokio::task::JoinHandle<Result<(), hyper::Error>>,
}

impl Two {
    pub(crate) async fn over(stream: TlsStream<TcpStream>) -> Self {
        let io = TokioIo::new(stream);
        let shaken = hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await;
        let (send, connection) = shaken.expect("HTTP/2");
        Self { send, ended: tokio::spawn(connection) }
    }

    /// Where an answer sends a browser.
    pub(crate) async fn location(&mut self, request: Request<Body>) -> String {
        let answer = self.send.send_request(request).await.expect("an answer");
        let location = answer.headers().get("location").and_then(|value| value.to_str().ok());
        location.unwrap_or_default().to_owned()
    }

    pub(crate) async fn ask(&mut self, request: Request<Body>) -> (StatusCode, String) {
        read(self.send.send_request(request).await.expect("an answer")).await
    }
}

async fn read(answer: Response<hyper::body::Incoming>) -> (StatusCode, String) {
    let (parts, body) = answer.into_parts();
    let bytes = axum::body::to_bytes(Body::new(body), 1024 * 1024).await.expect("a body");
    (parts.status, String::from_utf8_lossy(&bytes).into_owned())
}

/// A GET as it goes over a wire.
pub(crate) fn get(path: &str) -> Request<Body> {
    let uri = format!("https://localhost{path}");
    Request::get(uri).header("host", "localhost").body(Body::empty()).expect("a request")
}

/// Signs Alice on natively through Kratos' dialect, with these headers.
pub(crate) async fn sign_on(at: SocketAddr, headers: &[(&str, &str)]) -> Value {
    let client = reqwest::Client::builder().timeout(STALL).build().expect("a client");
    let flow = json(client.get(format!("http://{at}/self-service/login/api")).send().await).await;
    let id = flow["id"].as_str().expect("a flow");
    let submit = client.post(format!("http://{at}/self-service/login?flow={id}"));
    let body = json!({"method": "password", "identifier": "alice", "password": "Rabbit-hole-11"});
    let submit = headers.iter().fold(submit, |submit, (name, value)| submit.header(*name, *value));
    json(submit.header("content-type", "application/json").body(body.to_string()).send().await).await
}

async fn json(answer: reqwest::Result<reqwest::Response>) -> Value {
    let text = answer.expect("an answer").text().await.expect("a body");
    serde_json::from_str(&text).unwrap_or_else(|_| panic!("no JSON: {text}"))
}
