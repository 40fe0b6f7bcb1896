//! Whoever floods the server with requests that it refuses fills no disk with lines, at whichever mount, and hides nothing else.
//!
//! What a line says of a refused application stands in `refused_clients`. Decision 0116.

use adieu_authority::{Client, ClientAuth};
use adieu_testkit::World;
use adieu_testkit::world::WorldRequest;
use adieu_token::{Alg, SigningKey};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::log_lines::LogLines;
use crate::response_modes::{ISSUERS, Issuer};

const FLOOD: usize = 250;
/// A request may be a refused client and a request that is refused, each with 20 lines; a sign-on that failed has 100.
const LINES_MAX: usize = 40;
const BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A request that is sent again and again.
type Ask<'w> = Box<dyn Fn() -> WorldRequest + 'w>;

/// HOME-LIMITS: a stranger's requests write so many lines in a second and no more; the next ones say how many were left out.
#[tokio::test]
async fn a_strangers_flood_is_bounded_in_the_log_at_every_mount() {
    let world = World::start().await;
    let env = world.data.realm.id;
    let html = |ask: WorldRequest| ask.header("accept", "text/html");
    let asks: Vec<(&str, Ask<'_>)> = vec![
        (
            "pingone token",
            Box::new(|| world.post(&format!("/{env}/as/token")).form(&[("client_id", "nobody")])),
        ),
        ("pingone page", Box::new(|| html(world.get(&format!("/{env}/as/authorize?client_id=nobody"))))),
        ("pingone nothing", Box::new(|| world.get(&format!("/{env}/as/nothing")))),
        ("native page", Box::new(|| html(world.get("/o/alpha/logout?client_id=nobody&id_token_hint=x")))),
        ("native form", Box::new(|| world.post("/o/alpha/sign-on").form(&[("token", "x")]))),
        ("native upstream", Box::new(|| html(world.get("/o/alpha/upstream/none/callback?state=x")))),
        ("kratos logout", Box::new(|| html(world.get("/self-service/logout?token=x")))),
        (
            "kratos address",
            Box::new(|| html(world.get("/self-service/login/browser?return_to=https://elsewhere.test/"))),
        ),
        ("am page", Box::new(|| html(world.get("/am/UI/Login?realm=/nowhere")))),
        (
            "am token",
            Box::new(|| {
                world
                    .post("/am/oauth2/realms/root/realms/alpha/access_token")
                    .form(&[("client_id", "nobody")])
            }),
        ),
        ("check", Box::new(|| world.get("/ui/check"))),
        ("front", Box::new(|| world.post("/ui/sign-off").form(&[("token", "x")]))),
    ];
    for (name, ask) in asks {
        world.wait_s(2);
        let (lines, _log) = LogLines::begin();
        for _ in 0..FLOOD {
            let reply = ask().send().await;
            assert!(
                !reply.status.is_success() && !reply.status.is_server_error(),
                "{name}: {}",
                reply.status
            );
        }
        let text = lines.text();
        let sign_ons = text.lines().filter(|line| line.contains("sign-on failed")).count();
        assert!(sign_ons <= 100, "{name}: {sign_ons} lines");
        let lines_of_it = text.lines().count() - sign_ons;
        assert!(lines_of_it <= LINES_MAX, "{name}: {lines_of_it} lines");
        if text.is_empty() {
            continue;
        }
        world.wait_s(1);
        lines.take("");
        ask().send().await;
        assert!(lines.text().contains("\"left_out\":"), "{name}: {}", lines.text());
    }
}

/// A client's address of keys, which has others than those that anybody signs with.
async fn keys_of_somebody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let at = listener.local_addr().expect("an address");
    let key = SigningKey::generate(Alg::Es256).expect("a key").public().jwk();
    let body = json!({"keys": [key]}).to_string();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = [0; 2048];
            let _ = stream.read(&mut head).await;
            let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n";
            let whole = format!("{head}content-length: {}\r\n\r\n{body}", body.len());
            let _ = stream.write_all(whole.as_bytes()).await;
        }
    });
    format!("http://{at}/keys")
}

/// S-CA-2, HOME-LIMITS: an assertion by a key that the client did not have lately, and one where its keys cannot be had, is a refused
/// client by name, as often as another mistake is; it is no outage of this server, whatever the answer.
#[tokio::test]
async fn an_unknown_key_is_the_clients_matter_in_the_log() {
    let world = World::start().await;
    let (id, key) = (world.data.app.id.clone(), SigningKey::generate(Alg::Es256).expect("a key"));
    for (at, reason) in
        [(keys_of_somebody().await, "unknown_key"), ("http://127.0.0.1:1/keys".into(), "keys_unreachable")]
    {
        let change = |client: &mut Client| {
            client.auth = ClientAuth::PrivateKey;
            client.client_credentials = true;
            client.signing.jwks_uri = Some(at.clone());
        };
        world.edit_client(&id, change).await;
        for issuer in ISSUERS {
            world.wait_s(2);
            let ask = || proof(&world, issuer, &key).from_address("192.0.2.7").send();
            ask().await; // Asks the address, at most once in half a minute.
            world.wait_s(1);
            let (lines, _log) = LogLines::begin();
            for _ in 0..FLOOD {
                let reply = ask().await;
                assert_eq!(reply.status, 503, "{issuer:?} {reason}: {}", reply.text);
                assert!(!reply.header("retry-after").is_empty());
            }
            let text = lines.text();
            assert!(!text.contains("\"ERROR\""), "{issuer:?} {reason}: {text}");
            assert!(text.lines().count() <= LINES_MAX, "{issuer:?} {reason}: {}", text.lines().count());
            let found = lines.take("a client was refused");
            let line = found.first().unwrap_or_else(|| panic!("{issuer:?} {reason}: {text}"));
            assert_eq!([&line["client"], &line["reason"]], [id.as_str(), reason], "{line}");
            assert!(line["address"].as_str().expect("text").starts_with("192.0.2.7"), "{line}");
        }
    }
}

fn proof(world: &World, issuer: Issuer, key: &SigningKey) -> WorldRequest {
    let (now, id) = (world.authority().now().s(), world.data.app.id.as_str());
    let claims = json!({"iss": id, "sub": id, "aud": "x", "iat": now, "exp": now + 60, "jti": "one"});
    let assertion = key.sign(None, &claims).expect("a token");
    let ask = world.post(&format!("{}/{}", issuer.base(world), issuer.token()));
    ask.form(&[
        ("grant_type", "client_credentials"),
        ("client_assertion_type", BEARER),
        ("client_assertion", &assertion),
    ])
}
