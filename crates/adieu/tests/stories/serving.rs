//! The listeners for real: TLS in both versions of HTTP, patience with silent clients, proxies that speak for others.
//!
//! Real sockets on loopback; nobody sleeps, everybody waits for a state with a limit.

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio_rustls::rustls::version;

use crate::running::{Browser, Running, STALL, Two, at_free_ports, certify, get, sign_on};

async fn in_time<T>(what: &str, doing: impl Future<Output = T>) -> T {
    tokio::time::timeout(STALL, doing).await.unwrap_or_else(|_| panic!("in time: {what}"))
}

/// Goal: both listeners speak TLS 1.2 and 1.3, HTTP/1.1 and HTTP/2, each as the client prefers; plain HTTP gets no answer.
#[tokio::test(flavor = "multi_thread")]
async fn both_listeners_speak_tls_and_both_versions_of_http() {
    let folder = tempfile::tempdir().expect("a folder");
    let pem = certify(folder.path());
    let mut config = at_free_ports();
    let (cert, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    (config.public.tls_cert, config.public.tls_key) = (cert.clone(), key.clone());
    (config.admin.tls_cert, config.admin.tls_key) = (cert, key);
    let server = Running::with(config).await;
    for speaks in [&["h2", "http/1.1"][..], &["http/1.1"], &[]] {
        for tls in [&version::TLS12, &version::TLS13] {
            let browser = Browser::with_versions(&pem, speaks, &[tls]);
            let whoami = browser.ask(server.public, get("/sessions/whoami")).await;
            assert_eq!(whoami.0, 401, "{speaks:?}");
            let ready = browser.ask(server.admin, get("/health/ready")).await;
            assert_eq!((ready.0.as_u16(), ready.1.trim()), (200, r#"{"status":"ok"}"#), "{speaks:?}");
        }
    }
    let in_the_clear = reqwest::get(format!("http://{}/sessions/whoami", server.public)).await;
    assert!(in_the_clear.is_err(), "{in_the_clear:?}");
}

/// Goal: ONE-SLOW-HURTS-NONE: who connects and says nothing, or half a handshake, keeps nobody waiting, and is sent away.
#[tokio::test(flavor = "multi_thread")]
async fn a_handshake_that_never_ends_hurts_nobody() {
    let folder = tempfile::tempdir().expect("a folder");
    let pem = certify(folder.path());
    let mut config = at_free_ports();
    config.public.tls_cert = folder.path().join("cert.pem");
    config.public.tls_key = folder.path().join("key.pem");
    config.limits.handshake_timeout_s = 1;
    let server = Running::with(config).await;
    let mut silent = Vec::new();
    for _ in 0..200 {
        silent.push(TcpStream::connect(server.public).await.expect("a place"));
    }
    let browser = Browser::trusting(&pem, &["h2"]);
    let whoami =
        in_time("an answer beside silent clients", browser.ask(server.public, get("/sessions/whoami")));
    assert_eq!(whoami.await.0, 401);
    for mut stream in silent {
        let mut rest = Vec::new();
        let closed = in_time("a silent client is sent away", stream.read_to_end(&mut rest)).await;
        assert!(closed.is_err() || rest.is_empty(), "{rest:?}");
    }
}

/// Goal: HOME-LIMITS: a connection of HTTP/2 on which nobody asks anything gives its place back; so does one at the stop.
#[tokio::test(flavor = "multi_thread")]
async fn an_idle_connection_of_http_2_gives_its_place_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let pem = certify(folder.path());
    let mut config = at_free_ports();
    config.public.tls_cert = folder.path().join("cert.pem");
    config.public.tls_key = folder.path().join("key.pem");
    config.limits.head_timeout_s = 1;
    config.limits.connections_max = 1;
    let server = Running::with(config).await;
    let browser = Browser::trusting(&pem, &["h2"]);
    for _ in 0..2 {
        // The second one gets the only place when the first one was sent away.
        let stream = in_time("a place", browser.connect(server.public)).await.expect("a handshake");
        let mut connection = Two::over(stream).await;
        assert_eq!(connection.ask(get("/sessions/whoami")).await.0, 401);
        in_time("the idle one is closed", connection.ended).await.expect("no panic").expect("a clean end");
    }
    let stream = in_time("a place", browser.connect(server.public)).await.expect("a handshake");
    let mut open = Two::over(stream).await;
    assert_eq!(open.ask(get("/sessions/whoami")).await.0, 401);
    server.stop.send(true).expect("it serves");
    in_time("the server drains", server.serving).await.expect("no panic").expect("a clean stop");
}

/// The address that a session of Alice's shows, signed on with these headers.
async fn address_shown(server: &Running, headers: &[(&str, &str)]) -> String {
    let signed_on = sign_on(server.public, headers).await;
    signed_on["session"]["devices"][0]["ip_address"].as_str().expect("an address").to_owned()
}

/// Goal: a session shows its client's real address behind a trusted proxy, and nobody else's word for it.
#[tokio::test(flavor = "multi_thread")]
async fn only_a_trusted_proxy_says_where_a_client_is() {
    let forged = [("x-forwarded-for", "1.1.1.1, 203.0.113.9"), ("forwarded", "for=1.1.1.2")];
    let server = Running::with(at_free_ports()).await;
    assert!(address_shown(&server, &forged).await.starts_with("127.0.0.1:"));
    for (style, expect) in [("x-forwarded", "203.0.113.9"), ("forwarded", "1.1.1.2")] {
        let mut config = at_free_ports();
        config.public.trusted_proxies = vec!["127.0.0.1".into()];
        config.public.proxy_header = style.into();
        let server = Running::with(config).await;
        assert_eq!(address_shown(&server, &forged).await, expect, "{style}");
        assert!(address_shown(&server, &[("x-forwarded-for", "unknown")]).await.starts_with("127.0.0.1:"));
    }
}

/// Goal: S-24, where a client is on earth says a trusted proxy, and nobody else.
#[tokio::test(flavor = "multi_thread")]
async fn only_a_trusted_proxy_says_in_which_city_a_client_is() {
    let said = [("cf-ipcity", "Bern"), ("cf-ipcountry", "CH")];
    for (proxies, expect) in [(vec![], ""), (vec!["127.0.0.1".to_owned()], "Bern, CH")] {
        let mut config = at_free_ports();
        config.public.trusted_proxies = proxies;
        let server = Running::with(config).await;
        let signed_on = sign_on(server.public, &said).await;
        let place = &signed_on["session"]["devices"][0]["location"];
        assert_eq!(place.as_str().unwrap_or_default(), expect, "{signed_on}");
    }
}

/// Goal: a browser that speaks https to a trusted proxy is told to clear its data at the logout; over plain http nobody is.
#[tokio::test(flavor = "multi_thread")]
async fn the_https_of_a_trusted_proxy_counts_as_https() {
    let mut config = at_free_ports();
    config.public.trusted_proxies = vec!["127.0.0.1".into()];
    config.kratos.logout_clears_browser_data = true;
    let server = Running::with(config).await;
    let client = reqwest::Client::builder().timeout(STALL).build().expect("a client");
    for (scheme, cleared) in [("https", "\"cookies\", \"storage\", \"cache\""), ("http", "")] {
        let signed_on = sign_on(server.public, &[]).await;
        let cookie = format!("ory_kratos_session={}", signed_on["session_token"].as_str().expect("a token"));
        let ask = |path: &str| {
            let ask = client.get(format!("http://{}{path}", server.public)).header("cookie", &cookie);
            ask.header("accept", "application/json").header("x-forwarded-proto", scheme)
        };
        let offered = ask("/self-service/logout/browser").send().await.expect("an answer");
        let offered = offered.text().await.expect("a body");
        let offered: serde_json::Value = serde_json::from_str(&offered).expect("JSON");
        let token = offered["logout_token"].as_str().expect("a token");
        let ended = ask(&format!("/self-service/logout?token={token}")).send().await.expect("an answer");
        assert_eq!(ended.status(), 204);
        let said = ended.headers().get("clear-site-data").map_or("", |value| value.to_str().unwrap_or("?"));
        assert_eq!(said, cleared, "{scheme}");
    }
}
