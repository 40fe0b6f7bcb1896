//! Receivers behind TLS: who can't prove who they are is sent nothing, neither in clear nor otherwise, and the receipt says why.
//!
//! A real server with an authority of the test's own, named by `SSL_CERT_FILE`; certificates are made for each receiver.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;

use super::command::{client, takes_part};
use crate::running::STALL;
use crate::shipped::Server;

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority(name: &str) -> Authority {
    let mut params = CertificateParams::new(Vec::new()).expect("parameters");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("an authority")
}

/// A receiver that answers 204, with a certificate.
#[derive(Clone)]
struct TlsReceiver {
    port: u16,
    /// What was sent through TLS.
    requests: Arc<AtomicUsize>,
    /// The first byte of each connection.
    beginnings: Arc<Mutex<Vec<u8>>>,
}

impl TlsReceiver {
    async fn start(by: &Authority, name: &str, until_year: i32) -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new([name.to_owned()]).expect("parameters");
        (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(until_year, 1, 1));
        let certificate = params.signed_by(&key, by).expect("a certificate").der().clone();
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![certificate], PrivatePkcs8KeyDer::from(key.serialize_der()).into())
            .expect("a certificate with its key");
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("its address").port();
        let receiver = Self { port, requests: Arc::default(), beginnings: Arc::default() };
        let serving = receiver.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serving.clone().serve(stream, acceptor.clone()));
            }
        });
        receiver
    }

    async fn serve(self, stream: TcpStream, acceptor: TlsAcceptor) {
        let mut first = [0];
        if stream.peek(&mut first).await.is_ok_and(|read| read == 1) {
            self.beginnings.lock().expect("nobody panicked").push(first[0]);
        }
        let Ok(mut stream) = acceptor.accept(stream).await else { return };
        let mut bytes = [0; 16 * 1024];
        while stream.read(&mut bytes).await.is_ok_and(|read| read > 0) {
            self.requests.fetch_add(1, Ordering::SeqCst);
            if stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.is_err() {
                return;
            }
        }
    }
}

/// S-BCL-4: https is for real: a certificate of a stranger, one that has run out and one of another host get no logout token, in no form; each is
/// shown as what it is and stays pending, while a receiver that proves who it is confirms.
#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_does_not_prove_who_it_is_is_sent_nothing() {
    let (known, stranger) = (authority("Known"), authority("Stranger"));
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("authorities.pem");
    std::fs::write(&file, known.pem()).expect("a file");
    let receivers = [
        ("proven", TlsReceiver::start(&known, "localhost", 2099).await),
        ("strange", TlsReceiver::start(&stranger, "localhost", 2099).await),
        ("expired", TlsReceiver::start(&known, "localhost", 2021).await),
        ("elsewhere", TlsReceiver::start(&known, "elsewhere.example.test", 2099).await),
    ];
    let environment = [("SSL_CERT_FILE", file.to_str().expect("text")), ("SSL_CERT_DIR", "")];
    let server = Server::start_with("main", &environment).await;
    let text = |path: &str| server.variables.pointer(path).and_then(Value::as_str).expect("a variable");
    let admin = text("/kratos/admin");
    let public = text("/kratos/public").trim_start_matches("http://").parse().expect("an address");
    let client = client();
    let post = async |path: String, body: Value| -> Value {
        let request = client.post(format!("{admin}{path}")).header("content-type", "application/json");
        let answer = request.body(body.to_string()).send().await.expect("an answer");
        let answer = answer.text().await.expect("a body");
        serde_json::from_str(&answer).unwrap_or_else(|_| panic!("no JSON: {answer}"))
    };
    let to = "https://shop.example.test/callback";
    for (name, receiver) in &receivers {
        let new = json!({
            "client_id": name, "client_name": name, "redirect_uris": [to], "pkce_required": false,
            "backchannel_logout_uri": format!("https://localhost:{}/out", receiver.port),
        });
        let made = post(format!("/v1/realms/{}/clients", text("/pingone/env_id")), new).await;
        assert_eq!(made["client_id"], *name, "{made}");
        takes_part(&client, public, name, to).await;
    }
    let order = json!({"user": text("/pingone/user_id")});
    let ended = post("/v1/endings".into(), order).await;
    let path = format!("{admin}/v1/endings/{}", ended["id"].as_str().expect("an id"));
    let tried = async {
        loop {
            let shown = client.get(&path).send().await.expect("an answer").text().await.expect("a body");
            let shown: Value = serde_json::from_str(&shown).expect("JSON");
            let all = shown["notices"]["receipts"].as_array().cloned().unwrap_or_default();
            if all.len() == receivers.len() && all.iter().all(|one| one["tries"].as_u64() > Some(0)) {
                return all;
            }
            tokio::task::yield_now().await;
        }
    };
    for receipt in tokio::time::timeout(STALL, tried).await.expect("each of them is tried") {
        let name = receipt["client"].as_str().expect("a client");
        if name == "proven" {
            assert_eq!(receipt["state"], "confirmed", "{receipt}");
            continue;
        }
        assert_eq!(
            (&receipt["state"], &receipt["settled_at"]),
            (&json!("pending"), &Value::Null),
            "{receipt}"
        );
        assert_eq!(receipt["last_answer"]["outcome"], "certificate_refused", "{receipt}");
        assert!(receipt["next_try_at"].is_string(), "{receipt}");
    }
    for (name, receiver) in &receivers {
        let expected = usize::from(*name == "proven");
        assert_eq!(receiver.requests.load(Ordering::SeqCst), expected, "{name}");
        let beginnings = receiver.beginnings.lock().expect("nobody panicked").clone();
        // 22 begins a TLS handshake.
        assert!(
            !beginnings.is_empty() && beginnings.iter().all(|first| *first == 22),
            "{name}: {beginnings:?}"
        );
    }
}
