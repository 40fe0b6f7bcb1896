//! What the log says of applications that are refused, at every issuer: which one, from where, and why; and never what was shown.
//!
//! What the applications are answered stands elsewhere: it does not change by this.

use adieu_authority::{Client, ClientAuth, NewClient, Span};
use adieu_testkit::World;
use adieu_testkit::world::{Reply, WorldRequest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::log_lines::LogLines;
use crate::response_modes::{ISSUERS, Issuer};

const FROM: &str = "192.0.2.7";
const CALLBACK: &str = "https://shop.example.test/callback";
const LINE: &str = "a client was refused";
const CODE: &str = "authorization_code";

fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

/// The one line that a request leads to.
async fn line_of(lines: &LogLines, ask: WorldRequest, status: u16) -> Value {
    lines.take("");
    let reply: Reply = ask.from_address(FROM).send().await;
    assert_eq!(reply.status, status, "{}", reply.text);
    let text = lines.text();
    let found = lines.take(LINE);
    let [line] = found.as_slice() else { panic!("{} lines: {text}", found.len()) };
    assert_eq!(line["address"].as_str().map(|address| address.starts_with(FROM)), Some(true), "{line}");
    line.clone()
}

/// The request of the shop at an endpoint of an issuer, with its own proof.
fn asked(world: &World, issuer: Issuer, endpoint: &str, form: &[(&str, &str)]) -> WorldRequest {
    let app = &world.data.app;
    let ask = world.post(&format!("{}/{endpoint}", issuer.base(world)));
    ask.header("authorization", &basic(app.id.as_str(), world.data.secret(app))).form(form)
}

async fn code(world: &World, issuer: Issuer, session: &str, more: &str) -> String {
    let reply = issuer.signed_on(issuer.authorize(world, more), session).send().await;
    let (_, rest) = reply.location().split_once("code=").unwrap_or_else(|| panic!("{}", reply.location()));
    rest.split('&').next().expect("a code").to_owned()
}

/// S-CA-1 to S-CA-4: whoever does not prove to be the application leaves one line, at every issuer and endpoint, with what was
/// wrong, and without what was shown. A name that no application has may be a secret in the wrong field.
#[tokio::test]
async fn an_application_that_does_not_prove_itself_leaves_a_line() {
    let world = World::start().await;
    let (lines, _log) = LogLines::begin();
    let app = &world.data.app;
    let (id, secret) = (app.id.as_str(), world.data.secret(app));
    for issuer in ISSUERS {
        let revoke = if matches!(issuer, Issuer::Am) { "token/revoke" } else { "revoke" };
        for (endpoint, word) in
            [(issuer.token(), "token"), ("introspect", "introspection"), (revoke, "revocation")]
        {
            let ask = || {
                let ask = world.post(&format!("{}/{endpoint}", issuer.base(&world)));
                (ask, [("grant_type", CODE), ("code", "x"), ("token", "x")].to_vec())
            };
            let by_header = |id: &str, secret: &str| {
                let (ask, form) = ask();
                ask.header("authorization", &basic(id, secret)).form(&form)
            };
            let by_form = |more: &[(&'static str, &str)]| {
                let (ask, form) = ask();
                ask.form(&[form.as_slice(), more].concat())
            };
            for (request, client, reason) in [
                (by_header(id, "another-secret-1"), id, "wrong_secret"),
                (by_form(&[("client_id", id), ("client_secret", secret)]), id, "other_method"),
                (by_form(&[("client_id", id)]), id, "other_method"),
                (by_header("shown-in-no-line-1", "another-secret-1"), "", "unknown_client"),
                (by_header(secret, id), "", "unknown_client"),
                (by_form(&[]), "", "no_client"),
            ] {
                lines.take("");
                let reply = request.from_address(FROM).send().await;
                assert!([400, 401].contains(&reply.status.as_u16()), "{}", reply.text);
                let text = lines.text();
                for shown in [secret, "another-secret-1", "shown-in-no-line-1"] {
                    assert!(!text.contains(shown), "{text}");
                }
                let found = lines.take(LINE);
                let [line] = found.as_slice() else { panic!("{issuer:?} {endpoint}: {text}") };
                let said = ["client", "reason", "endpoint"].map(|name| line[name].as_str().expect("text"));
                assert_eq!(said, [client, reason, word], "{issuer:?} {endpoint}: {line}");
                assert_eq!(line["realm"], world.data.realm.id.to_string());
                assert_eq!(line["channel"], channel(issuer));
                assert!(line["address"].as_str().expect("text").starts_with(FROM), "{line}");
                if reason == "other_method" {
                    assert_eq!(line["registered"], "client_secret_basic", "{line}");
                }
            }
        }
    }
}

fn channel(issuer: Issuer) -> &'static str {
    match issuer {
        Issuer::PingOne => "pingone",
        Issuer::Am => "am",
        Issuer::Native => "openid",
    }
}

/// S-TOK-1 to S-TOK-5: why a code or a refresh token bought nothing is in the log, and not in the answer.
#[tokio::test]
async fn what_a_code_failed_on_is_in_the_log() {
    let world = World::start().await;
    let session = world.sign_on_kratos("alice", "Rabbit-hole-11").await;
    let (lines, _log) = LogLines::begin();
    let shop = world.data.app.id.as_str();
    let two = &world.data.app_two;
    // RFC 7636 appendix B.
    let challenge = "&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";
    for issuer in ISSUERS {
        let at = issuer.token();
        let bought = |code: String, to: &'static str| {
            asked(&world, issuer, at, &[("grant_type", CODE), ("code", &code), ("redirect_uri", to)])
        };
        let by_the_other = |code: String| {
            let ask = world.post(&format!("{}/{at}", issuer.base(&world)));
            let ask = ask.header("authorization", &basic(two.id.as_str(), world.data.secret(two)));
            ask.form(&[("grant_type", CODE), ("code", &code), ("redirect_uri", CALLBACK)])
        };
        for (request, client, reason) in [
            (
                bought(code(&world, issuer, &session, "").await, "https://shop.example.test/other"),
                shop,
                "redirect_uri",
            ),
            (bought(code(&world, issuer, &session, challenge).await, CALLBACK), shop, "code_verifier"),
            (bought("made-up".into(), CALLBACK), shop, "unknown_grant"),
            (by_the_other(code(&world, issuer, &session, "").await), two.id.as_str(), "grant_of_another"),
        ] {
            let line = line_of(&lines, request, 400).await;
            assert_eq!([&line["client"], &line["reason"]], [client, reason], "{issuer:?}: {line}");
        }
        let used = code(&world, issuer, &session, "").await;
        assert_eq!(bought(used.clone(), CALLBACK).send().await.status, 200);
        let line = line_of(&lines, bought(used, CALLBACK), 400).await;
        assert_eq!(line["reason"], "used_grant", "{issuer:?}: {line}");
        let late = code(&world, issuer, &session, "").await;
        world.wait_s(3600 / 2);
        let line = line_of(&lines, bought(late, CALLBACK), 400).await;
        assert_eq!(line["reason"], "expired_grant", "{issuer:?}: {line}");
        let line = line_of(&lines, asked(&world, issuer, at, &[("grant_type", "password")]), 400).await;
        assert_eq!(line["reason"], "grant_type", "{issuer:?}: {line}");
        let line = line_of(&lines, asked(&world, issuer, at, &[("grant_type", CODE)]), 400).await;
        assert_eq!([&line["reason"], &line["detail"]], ["invalid_request", "`code` is missing."], "{line}");
    }
}

/// S-REG-1, S-REG-4, RFC 9126 §2.3: so it is with pushed requests, and with whoever registers or manages itself by a token that is
/// none.
#[tokio::test]
async fn pushed_requests_and_registrations_leave_a_line() {
    let mut world = World::start().await;
    world.restart_with(|config| config.openid.registration = true).await;
    let named = NewClient {
        id: "register".parse().expect("an id"),
        name: "Register".into(),
        auth: ClientAuth::Post,
        code: false,
        refresh: false,
        client_credentials: true,
        pkce_required: false,
        api_scopes: vec![],
        redirect_uris: vec![],
        post_logout_redirect_uris: vec![],
        roles: vec![],
    };
    world.authority().create_client(world.data.realm.id, named).await.expect("a client");
    let (lines, _log) = LogLines::begin();
    let native = Issuer::Native;
    let wrong = [("client_id", world.data.app.id.as_str()), ("client_secret", "another-secret-1")];
    let line = line_of(&lines, world.post("/o/alpha/par").form(&wrong), 401).await;
    assert_eq!([&line["endpoint"], &line["reason"]], ["pushed_request", "other_method"], "{line}");
    let elsewhere = [("response_type", "code"), ("redirect_uri", "https://shop.example.test/callback/")];
    let line = line_of(&lines, asked(&world, native, "par", &elsewhere), 400).await;
    assert_eq!([&line["reason"], &line["client"]], ["redirect_uri", world.data.app.id.as_str()], "{line}");
    assert_eq!(line["detail"], "https://shop.example.test/callback/", "{line}");

    let metadata = json!({"redirect_uris": ["https://till.example.test/cb"]});
    let ask = world.post("/o/alpha/register").bearer("another-secret-1").json(&metadata);
    let line = line_of(&lines, ask, 401).await;
    // The path ends like the name of that application, and names none.
    assert_eq!(
        [&line["endpoint"], &line["reason"], &line["client"]],
        ["registration", "token", ""],
        "{line}"
    );
    let made = world.authority().make_initial_token(world.data.realm.id, Span::from_s(3600), 1).await;
    let token = made.expect("a token").1;
    let bad = json!({"redirect_uris": ["http://till.example.test/cb#x"]});
    let line = line_of(&lines, world.post("/o/alpha/register").bearer(&token).json(&bad), 400).await;
    assert_eq!(line["reason"], "metadata", "{line}");
    let made = world.post("/o/alpha/register").bearer(&token).json(&metadata).send().await.json();
    let id = made["client_id"].as_str().expect("an id");
    let line = line_of(&lines, world.get(&format!("/o/alpha/register/{id}")).bearer("x"), 401).await;
    assert_eq!([&line["client"], &line["reason"]], [id, "token"], "{line}");
}

/// HOME-LIMITS: a flood of refused applications fills no disk with lines.
#[tokio::test]
async fn a_flood_of_refused_applications_is_bounded_in_the_log() {
    let world = World::start().await;
    let (lines, _log) = LogLines::begin();
    let app: &Client = &world.data.app;
    let wrong = || {
        let ask = world.post("/o/alpha/introspect").form(&[("token", "x")]);
        ask.header("authorization", &basic(app.id.as_str(), "another-secret-1")).from_address(FROM).send()
    };
    for _ in 0..150 {
        assert_eq!(wrong().await.status, 401);
    }
    assert_eq!(lines.take(LINE).len(), 20);
    // Another mistake is written down all the same.
    let ask = world.get("/o/alpha/authorize?client_id=nobody&redirect_uri=https://a.test/cb");
    let line = line_of(&lines, ask, 400).await;
    assert_eq!([&line["reason"], &line["left_out"]], [&json!("unknown_client"), &Value::Null], "{line}");
    world.wait_s(1);
    wrong().await;
    assert_eq!(lines.take(LINE)[0]["left_out"], 130);
}

/// S-OP-8: an application that is disabled is told apart from one that there is not, in the log only.
#[tokio::test]
async fn a_disabled_application_is_told_apart_in_the_log() {
    let world = World::start().await;
    let app = world.data.app.id.clone();
    world.edit_client(&app, |client| client.enabled = false).await;
    let (lines, _log) = LogLines::begin();
    for issuer in ISSUERS {
        let path = format!(
            "{}/authorize?response_type=code&scope=openid&client_id={}&redirect_uri={CALLBACK}",
            issuer.base(&world),
            app.as_str()
        );
        let line = line_of(&lines, world.get(&path), 400).await;
        assert_eq!([&line["reason"], &line["client"]], ["disabled_client", app.as_str()], "{issuer:?}");
    }
}

/// The id that an error of PingOne's shows leads to its line, whoever it is about. Contract pingone.md 5.1
#[tokio::test]
async fn the_id_of_an_error_leads_to_its_line() {
    let world = World::start().await;
    let (lines, _log) = LogLines::begin();
    let request = asked(&world, Issuer::PingOne, "token", &[("grant_type", CODE), ("code", "made-up")]);
    let reply = request.send().await;
    assert_eq!(reply.status, 400, "{}", reply.text);
    let id = reply.header("correlation-id");
    let refused = lines.take("request refused");
    assert!(!id.is_empty() && refused.iter().any(|line| line["id"] == id), "{id}: {refused:?}");
}

/// S-OP-8: an address that is not registered is in the log as it came, with its application, whichever issuer is asked; where there
/// is none, that is said.
#[tokio::test]
async fn an_address_that_is_not_registered_is_in_the_log() {
    let world = World::start().await;
    let (lines, _log) = LogLines::begin();
    let app = world.data.app.id.as_str();
    for issuer in ISSUERS {
        for (to, detail, page) in [
            (
                "&redirect_uri=https://shop.example.test/callback/%0A%25",
                "https://shop.example.test/callback/%0A%",
                "is not registered",
            ),
            ("", "`redirect_uri` is missing.", "is missing"),
        ] {
            lines.take("");
            let path = format!(
                "{}/authorize?response_type=code&scope=openid&client_id={app}{to}",
                issuer.base(&world)
            );
            let reply = world.get(&path).header("accept", "text/html").from_address(FROM).send().await;
            assert_eq!(reply.status, 400, "{}", reply.text);
            if !matches!(issuer, Issuer::Am) {
                assert!(reply.text.contains(page), "{}", reply.text);
            }
            let found = lines.take(LINE);
            let [line] = found.as_slice() else { panic!("{issuer:?}: {found:?}") };
            let said =
                ["client", "reason", "endpoint", "detail"].map(|name| line[name].as_str().expect("text"));
            assert_eq!(said, [app, "redirect_uri", "authorize", detail], "{issuer:?}");
            assert!(line["address"].as_str().expect("text").starts_with(FROM), "{line}");
        }
    }
}
