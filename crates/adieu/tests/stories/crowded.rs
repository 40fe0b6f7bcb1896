//! What comes in over the wire from somebody who means harm: connections that hold places, heads that name two hosts, sign-ons that
//! nobody finishes.
//!
//! Real sockets on loopback, from addresses of their own; nobody sleeps, everybody waits for a state with a limit.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use adieu_testkit::World;
use adieu_testkit::world::profile_config;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;

use crate::running::{Running, STALL, at_free_ports, certify};

const HALF: &[u8] = b"GET /sessions/whoami HTTP/1.1\r\nHost: a.test\r\nX-Slow: ";
const WHOLE: &[u8] =
    b"GET /sessions/whoami HTTP/1.1\r\nHost: a.test\r\nAccept: application/json\r\nConnection: close\r\n\r\n";

/// A connection from an address of loopback.
async fn from(address: [u8; 4], to: SocketAddr) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind((address, 0).into())?;
    socket.connect(to).await
}

/// What comes back for these bytes, until the server closes.
async fn answered(mut stream: TcpStream, said: &[u8]) -> String {
    let answered = async {
        stream.write_all(said).await.expect("it is sent");
        let mut text = Vec::new();
        stream.read_to_end(&mut text).await.expect("it is answered");
        String::from_utf8_lossy(&text).into_owned()
    };
    tokio::time::timeout(STALL, answered).await.expect("in time")
}

/// Goal: S-4, whoever holds connections with half heads, and comes again for each that is closed, keeps nobody else waiting:
/// not even as long as one head may take.
/// Method: 64 places; 250 connections of one address, all of which have been begun before the others ask; the time in which
/// heads must arrive is longer than the test waits for anything.
#[tokio::test(flavor = "multi_thread")]
async fn half_heads_of_one_address_keep_nobody_waiting() {
    let mut config = at_free_ports();
    config.limits.connections_max = 64;
    config.limits.head_timeout_s = 3600;
    let server = Running::with(config).await;
    let (to, over) = (server.public, Arc::new(AtomicBool::new(false)));
    let (begun, mut all_begun) = tokio::sync::mpsc::channel::<()>(1);
    let mut attack = JoinSet::new();
    for _ in 0..250 {
        let (over, begun) = (Arc::clone(&over), begun.clone());
        attack.spawn(async move {
            let mut begun = Some(begun);
            while !over.load(Ordering::Relaxed) {
                let Ok(mut stream) = from([127, 0, 0, 2], to).await else { continue };
                let _ = stream.write_all(HALF).await;
                begun.take();
                let _ = stream.read(&mut [0]).await;
            }
        });
    }
    drop(begun);
    assert!(all_begun.recv().await.is_none(), "nobody sends anything");
    for _ in 0..20 {
        let stream = from([127, 0, 0, 1], to).await.expect("a connection");
        assert!(answered(stream, WHOLE).await.starts_with("HTTP/1.1 401"));
    }
    over.store(true, Ordering::Relaxed);
    attack.shutdown().await;
}

/// Goal: S-4, H6-5: half bodies of two addresses hold places no longer than somebody else wants one, and whoever is cut off has to begin anew.
/// Method: 64 places, all of them taken by requests whose last byte does not come; the test waits for nothing that time does.
#[tokio::test(flavor = "multi_thread")]
async fn half_bodies_of_two_addresses_keep_nobody_waiting() {
    let mut config = at_free_ports();
    config.limits.connections_max = 64;
    let server = Running::with(config).await;
    let mut held = Vec::new();
    for n in 0..64 {
        let mut stream = from([127, 0, 0, 2 + n % 2], server.public).await.expect("a connection");
        let head = "POST /o/alpha/token HTTP/1.1\r\nHost: a.test\r\nContent-Type: application/x-www-form-urlencoded\r\n\
            Content-Length: 9\r\n\r\ngrant";
        stream.write_all(head.as_bytes()).await.expect("it is sent");
        held.push(stream);
    }
    for _ in 0..20 {
        let stream = from([127, 0, 0, 1], server.public).await.expect("a connection");
        let asked = tokio::time::timeout(std::time::Duration::from_secs(4), answered(stream, WHOLE));
        assert!(asked.await.expect("before the bodies' time is over").starts_with("HTTP/1.1 401"));
    }
}

/// Goal: S-4, handshakes that are never finished give way as heads do, and an address beyond its share gives way to itself.
#[tokio::test(flavor = "multi_thread")]
async fn half_handshakes_give_way() {
    let folder = tempfile::tempdir().expect("a folder");
    certify(folder.path());
    let mut config = at_free_ports();
    config.public.tls_cert = folder.path().join("cert.pem");
    config.public.tls_key = folder.path().join("key.pem");
    config.limits.connections_max = 8;
    config.limits.connections_by_address_max = 2;
    config.limits.handshake_timeout_s = 3600;
    let server = Running::with(config).await;
    let mut first = from([127, 0, 0, 2], server.public).await.expect("a connection");
    let mut held = Vec::new();
    for _ in 0..2 {
        held.push(from([127, 0, 0, 2], server.public).await.expect("a connection"));
    }
    let closed = tokio::time::timeout(STALL, first.read(&mut [0])).await.expect("in time");
    assert!(matches!(closed, Ok(0) | Err(_)), "the oldest handshake goes");
    // Four addresses hold all places; the next one of a fifth takes that of the oldest.
    for last in 3..6 {
        for _ in 0..2 {
            held.push(from([127, 0, 0, last], server.public).await.expect("a connection"));
        }
    }
    held.push(from([127, 0, 0, 6], server.public).await.expect("a connection"));
    let closed = tokio::time::timeout(STALL, held[0].read(&mut [0])).await.expect("in time");
    assert!(matches!(closed, Ok(0) | Err(_)), "the oldest of all goes");
}

/// Goal: S-4, slow bodies of one address hold no more memory than its share: the next is told to come later in the words of the dialect
/// that it asks, what another address sends is taken, and so is the own one again when they are gone.
/// Method: 8 MiB for one address, held by two bodies but for their last bytes.
#[tokio::test(flavor = "multi_thread")]
async fn slow_bodies_of_one_address_hold_its_share() {
    const MIB: usize = 1024 * 1024;
    let mut config = at_free_ports();
    config.limits.body_bytes_by_address_max = 8 * MIB;
    let server = Running::with(config).await;
    let head = |(ask, kind): (&str, &str), length: usize| {
        format!(
            "{ask} HTTP/1.1\r\nHost: a.test\r\nAccept: application/json\r\nContent-Type: {kind}\r\n\
             Content-Length: {length}\r\nConnection: close\r\n\r\n"
        )
    };
    let logout = ("DELETE /self-service/logout/api", "application/json");
    let mut slow = Vec::new();
    for length in [5 * MIB, 3 * MIB] {
        let mut stream = from([127, 0, 0, 2], server.public).await.expect("a connection");
        stream.write_all(head(logout, length).as_bytes()).await.expect("it is sent");
        let body = vec![b' '; length - 1];
        let sent = tokio::time::timeout(STALL, stream.write_all(&body)).await.expect("in time");
        sent.expect("it is sent");
        slow.push(stream);
    }
    let asked = async |address: [u8; 4], ask: (&str, &str)| {
        let stream = from(address, server.public).await.expect("a connection");
        answered(stream, format!("{}{}", head(ask, 100), " ".repeat(100)).as_bytes()).await
    };
    // What was sent is read in a while.
    let full = async { while !asked([127, 0, 0, 2], logout).await.starts_with("HTTP/1.1 429") {} };
    tokio::time::timeout(STALL, full).await.expect("the share is held");
    let form = "application/x-www-form-urlencoded";
    for (ask, words) in [
        (logout, "Too many requests of this kind at once"),
        (("POST /am/json/realms/root/authenticate", "application/json"), "\"code\":429"),
        (("POST /o/alpha/token", form), "temporarily_unavailable"),
    ] {
        let said = asked([127, 0, 0, 2], ask).await;
        assert!(said.starts_with("HTTP/1.1 429") && said.contains(words), "{ask:?}: {said}");
        assert!(said.to_ascii_lowercase().contains("retry-after: "), "{said}");
        let other = asked([127, 0, 0, 3], ask).await;
        assert!(!other.starts_with("HTTP/1.1 429"), "{ask:?}: {other}");
    }
    drop(slow);
    let free = async { while asked([127, 0, 0, 2], logout).await.starts_with("HTTP/1.1 429") {} };
    tokio::time::timeout(STALL, free).await.expect("the share is free");
}

/// Goal: S-25, a head that names two hosts, or in HTTP/1.1 none, is 400 at both listeners, and its connection ends.
#[tokio::test(flavor = "multi_thread")]
async fn a_head_names_its_host_once() {
    let server = Running::with(at_free_ports()).await;
    for to in [server.public, server.admin] {
        for (head, expect) in [
            ("GET /health/alive HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", "HTTP/1.1 200"),
            ("GET /health/alive HTTP/1.0\r\n\r\n", "HTTP/1.0 200"),
            ("GET /health/alive HTTP/1.1\r\n\r\n", "HTTP/1.1 400"),
            ("GET /health/alive HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", "HTTP/1.1 400"),
            ("GET /health/alive HTTP/1.1\r\nHost: localhost\r\nhost: evil.test\r\n\r\n", "HTTP/1.1 400"),
            ("GET http://localhost/health/alive HTTP/1.1\r\n\r\n", "HTTP/1.1 400"),
        ] {
            let stream = from([127, 0, 0, 1], to).await.expect("a connection");
            let said = answered(stream, head.as_bytes()).await;
            assert!(said.starts_with(expect), "{head:?}: {said}");
        }
    }
}

/// Somebody at an address of loopback.
fn at(last: u8) -> reqwest::Client {
    let client = reqwest::Client::builder().timeout(STALL).redirect(reqwest::redirect::Policy::none());
    client.local_address(Some([127, 0, 0, last].into())).build().expect("a client")
}

async fn answer(asked: reqwest::RequestBuilder) -> (u16, String, Value) {
    let answer = asked.send().await.expect("an answer");
    let (status, location) = (answer.status().as_u16(), answer.headers().get("location").cloned());
    let location = location.and_then(|to| to.to_str().ok().map(str::to_owned)).unwrap_or_default();
    (status, location, serde_json::from_str(&answer.text().await.expect("a body")).unwrap_or_default())
}

/// Goal: S-3, whoever begins sign-ons and causes errors without end keeps a bounded number of bounded ones, and loses only their
/// own: the oldest is as if its time had passed, what others began stays.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_begins_without_end_loses_only_their_own() {
    let mut config = at_free_ports();
    config.keep.flows_by_address_max = 3;
    let server = Running::with(config).await;
    let base = format!("http://{}", server.public);
    let (ada, stranger) = (at(1), at(2));

    let begin = async |who: &reqwest::Client| {
        let long = format!("{base}/self-service/login/api?x={}", "x".repeat(12_000));
        let (status, _, flow) = answer(who.get(long)).await;
        assert_eq!(status, 200, "{flow}");
        assert!(flow["request_url"].as_str().expect("an address").len() <= 1024, "it is cut");
        flow["id"].as_str().expect("an id").to_owned()
    };
    let read = async |id: &str| answer(ada.get(format!("{base}/self-service/login/flows?id={id}"))).await.0;
    let (hers, first) = (begin(&ada).await, begin(&stranger).await);
    let second = begin(&stranger).await;
    for _ in 0..2 {
        begin(&stranger).await;
    }
    assert_eq!([read(&hers).await, read(&first).await, read(&second).await], [200, 404, 200]);

    let cause = async |who: &reqwest::Client| {
        let foreign = format!("https://evil.example.test/{}", "x".repeat(7_900));
        let asked = who.get(format!("{base}/self-service/login/browser?return_to={foreign}"));
        let (status, page, _) = answer(asked.header("accept", "text/html")).await;
        assert_eq!(status, 303);
        page.split_once("id=").expect("an id").1.to_owned()
    };
    let told = async |id: &str| answer(ada.get(format!("{base}/self-service/errors?id={id}"))).await;
    let (hers, first) = (cause(&ada).await, cause(&stranger).await);
    for _ in 0..3 {
        cause(&stranger).await;
    }
    let (status, _, error) = told(&hers).await;
    assert_eq!((status, error.to_string().len() < 2_000), (200, true), "{error}");
    assert_eq!(told(&first).await.0, 404);

    let authenticate = format!("{base}/am/json/realms/root/realms/alpha/authenticate");
    let ask = async |who: &reqwest::Client| answer(who.post(&authenticate)).await.2;
    let fill = async |who: &reqwest::Client, mut asked: Value| {
        asked["callbacks"][0]["input"][0]["value"] = "alice".into();
        asked["callbacks"][1]["input"][0]["value"] = "Rabbit-hole-11".into();
        let sent = who.post(&authenticate).header("content-type", "application/json");
        answer(sent.body(asked.to_string())).await.0
    };
    let (hers, first) = (ask(&ada).await, ask(&stranger).await);
    for _ in 0..3 {
        ask(&stranger).await;
    }
    assert_eq!(
        [fill(&ada, hers).await, fill(&stranger, first).await],
        [200, 401],
        "her sign-on goes on, his has timed out"
    );
}

/// Goal: S-3, a flow of PingOne whose step fails is kept again and counts still: whoever begins flows and fails in each of them
/// without end loses their oldest.
#[tokio::test]
async fn a_flow_that_failed_counts_still() {
    let mut config = profile_config("main");
    config.keep.flows_by_address_max = 3;
    let world = World::with_config(config).await;
    let (env, redirect) = (world.data.realm.id, world.variables()["pingone"]["app_redirect_uri"].clone());
    let query = format!(
        "response_type=code&client_id={}&redirect_uri={}&scope=openid&response_mode=pi.flow",
        world.data.app.id,
        redirect.as_str().expect("an address")
    );
    let begin_and_fail = async |address: &str| {
        let begin = world.get(&format!("/{env}/as/authorize?{query}")).from_address(address);
        let flow = begin.send().await.json();
        let path = format!("/{env}/flows/{}", flow["id"].as_str().expect("a flow"));
        let step = world.post(&path).from_address(address);
        let step = step.header("content-type", "application/vnd.pingidentity.usernamePassword.check+json");
        let failed = step.body(r#"{"username":"nobody","password":"wrong"}"#).send().await;
        assert_eq!(failed.status, 400, "{}", failed.text);
        path
    };
    let (hers, first) = (begin_and_fail("192.0.2.1").await, begin_and_fail("192.0.2.2").await);
    for _ in 0..3 {
        begin_and_fail("192.0.2.2").await;
    }
    assert_eq!([world.get(&hers).send().await.status, world.get(&first).send().await.status], [200, 404]);
}
