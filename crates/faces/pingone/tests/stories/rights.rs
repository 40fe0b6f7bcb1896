//! Who may what in PingOne's dialect: every route of authentication and of management.
//!
//! Contract pingone.md 3.1 and 3.3 to 3.5. Requests about sessions are about one of Alice's.

use adieu_testkit::rights::{Line, assert_complete, assert_kept};

use crate::fixture::{ALICE, BOB, CHECK, FaceFixture, RESET};
use crate::management::NOBODY;

/// Who may.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum May {
    /// Anybody; what a flow or a cookie allows is the affair of flows and cookies.
    Anybody,
    /// A client with its secret.
    Client,
    /// Whoever has an access token of a user.
    Holder,
    /// The user, in a token of that scope, and who has a role over them.
    Own,
    /// Who has a role in the environment.
    Role,
    /// Who has a role over the whole installation.
    Root,
}
use May::{Anybody, Client, Holder, Own, Role, Root};

pub(crate) const TABLE: [Line<May>; 49] = [
    ("GET POST", "/{env}/as/authorize", Anybody),
    ("GET", "/{env}/as/resume", Anybody),
    ("GET POST", "/{env}/as/signoff", Anybody),
    ("GET", "/{env}/as/idpSignoff", Anybody),
    ("GET", "/{env}/as/signon", Anybody),
    ("GET POST", "/{env}/signon/", Anybody),
    ("GET POST", "/{env}/flows/{flow}", Anybody),
    ("GET HEAD", "/{env}/as/jwks", Anybody),
    ("GET HEAD", "/{env}/as/.well-known/openid-configuration", Anybody),
    ("POST", "/{env}/as/token", Client),
    ("POST", "/{env}/as/introspect", Client),
    ("POST", "/{env}/as/revoke", Client),
    ("GET POST", "/{env}/as/userinfo", Holder),
    ("GET", "/v1/environments/{env}/users/{user}/sessions", Own),
    ("GET DELETE", "/v1/environments/{env}/users/{user}/sessions/{session}", Own),
    ("GET", "/v1/environments/{env}/sessions/{session}", Own),
    ("POST", "/v1/environments/{env}/sessions/{session}", Role),
    ("GET POST DELETE", "/v1/environments/{env}/sessions/me", Own),
    ("GET", "/v1/environments", Role),
    ("POST", "/v1/environments", Root),
    ("GET PUT", "/v1/environments/{env}", Role),
    ("GET", "/v1/roles", Role),
    ("GET", "/v1/roles/{role}", Role),
    ("GET POST", "/v1/environments/{env}/populations", Role),
    ("GET PUT DELETE", "/v1/environments/{env}/populations/{population}", Role),
    ("GET POST", "/v1/environments/{env}/users", Role),
    ("GET POST PUT PATCH DELETE", "/v1/environments/{env}/users/{user}", Role),
    ("GET POST PUT", "/v1/environments/{env}/users/{user}/password", Role),
    ("GET PUT", "/v1/environments/{env}/users/{user}/population", Role),
    ("GET PUT", "/v1/environments/{env}/users/{user}/enabled", Role),
    ("GET POST", "/v1/environments/{env}/users/{user}/roleAssignments", Role),
    ("GET DELETE", "/v1/environments/{env}/users/{user}/roleAssignments/{assignment}", Role),
    ("GET POST", "/v1/environments/{env}/applications", Role),
    ("GET PUT DELETE", "/v1/environments/{env}/applications/{app}", Role),
    ("GET POST", "/v1/environments/{env}/applications/{app}/secret", Role),
    ("GET POST", "/v1/environments/{env}/applications/{app}/roleAssignments", Role),
    ("GET DELETE", "/v1/environments/{env}/applications/{app}/roleAssignments/{assignment}", Role),
    ("GET POST", "/v1/environments/{env}/applications/{app}/grants", Role),
    ("GET PUT DELETE", "/v1/environments/{env}/applications/{app}/grants/{grant}", Role),
    ("GET", "/v1/environments/{env}/resources", Role),
    ("GET", "/v1/environments/{env}/resources/{resource}", Role),
    ("GET", "/v1/environments/{env}/resources/{resource}/scopes", Role),
    ("GET POST", "/v1/environments/{env}/signOnPolicies", Role),
    ("GET PUT DELETE", "/v1/environments/{env}/signOnPolicies/{policy}", Role),
    ("GET POST", "/v1/environments/{env}/signOnPolicies/{policy}/actions", Role),
    ("GET PUT DELETE", "/v1/environments/{env}/signOnPolicies/{policy}/actions/{action}", Role),
    ("GET POST", "/v1/environments/{env}/applications/{app}/signOnPolicyAssignments", Role),
    (
        "GET PUT DELETE",
        "/v1/environments/{env}/applications/{app}/signOnPolicyAssignments/{assignment}",
        Role,
    ),
    ("GET POST PUT", "/v1/environments/{env}/ssoCookieSettings", Role),
];

#[test]
fn the_table_names_every_route() {
    assert_complete(&TABLE, adieu_face_pingone::routes());
}

/// Goal: a path has the methods that the table gives it and no other, `HEAD` least of all (a look must not sign anybody off).
#[tokio::test]
async fn no_path_has_other_methods() {
    let fixture = FaceFixture::open().await;
    let of_path = |wanted: &str| {
        let lines = TABLE.into_iter().filter(|(_, path, _)| *path == wanted);
        lines.flat_map(|(methods, _, _)| methods.split(' ')).collect::<Vec<_>>()
    };
    for (_, path, _) in TABLE {
        let methods = of_path(path);
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
            if !methods.contains(&method) {
                let reply = fixture
                    .ask(method.parse().expect("a method"), &filled(&fixture, path, NOBODY))
                    .send()
                    .await;
                assert_eq!(
                    (reply.status.as_u16(), reply.header("allow")),
                    (405, methods.join(", ").as_str()),
                    "{path}"
                );
            }
        }
    }
}

/// A path about this session of Alice's, or about things that do not exist: whoever may remove them removes nothing.
pub(crate) fn filled(fixture: &FaceFixture, path: &str, session: &str) -> String {
    let alice = fixture.world.data.alice.id.to_string();
    let one = |part: &str| match part {
        "{env}" => fixture.env(),
        "{user}" if path.contains("/sessions") => alice.clone(),
        "{session}" => session.to_owned(),
        // A role is the same in every environment: the first one.
        "{role}" => "5a1f0d3e-8c47-4b62-9e10-7d2c6b3a4f01".to_owned(),
        part if part.starts_with('{') => NOBODY.to_owned(),
        part => part.to_owned(),
    };
    path.split('/').map(one).collect::<Vec<_>>().join("/")
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Caller {
    Nobody,
    /// A bearer that nobody has made.
    Stranger,
    /// An application by its id and a wrong secret.
    Impostor,
    /// The same by its own.
    Shop,
    /// A client in its own name, without a role.
    Plain,
    Bob,
    Alice,
    /// A client with roles in the environment.
    Worker,
}
use Caller::{Alice, Bob, Impostor, Nobody, Plain, Shop, Stranger, Worker};
const CALLERS: [Caller; 8] = [Nobody, Stranger, Impostor, Shop, Plain, Bob, Alice, Worker];

fn refusal(may: May, caller: Caller) -> Option<u16> {
    let bearer = matches!(caller, Plain | Bob | Alice | Worker);
    match may {
        Anybody => None,
        Client => (caller != Shop).then_some(401),
        _ if !bearer => Some(401),
        Holder => (![Alice, Bob].contains(&caller)).then_some(401),
        Own => [Plain, Bob].contains(&caller).then_some(403),
        Role => (caller != Worker).then_some(403),
        Root => Some(403),
    }
}

const SCOPES: &str = "openid p1:read:sessions p1:delete:sessions";

async fn ask(
    fixture: &FaceFixture,
    plain: &str,
    (method, path, may): Line<May>,
    caller: Caller,
) -> (u16, String) {
    let shop = fixture.shop();
    let token = async |who| {
        fixture.world.wait_s(1); // Beyond ten sessions the oldest ends.
        fixture.sign_on_to(&shop, who, None, SCOPES).await
    };
    let theirs = if may == Own || path.contains("{session}") { Some(token(ALICE).await) } else { None };
    let (session, st) = theirs.map(|held| (held.sid, held.st)).unwrap_or((NOBODY.into(), String::new()));
    let ask = fixture.ask(method.parse().expect("a method"), &filled(fixture, path, &session));
    let mut cookie = st;
    let ask = match caller {
        Nobody => ask,
        Stranger => ask.bearer("a.b.c"),
        Impostor => ask.basic(&shop.id, "wrong"),
        Shop => ask.basic(&shop.id, &shop.secret),
        Plain => ask.bearer(plain),
        Bob => ask.bearer(&token(BOB).await.access),
        Alice => {
            let own = token(ALICE).await;
            // One's own sign-on may be reset, and one's other sessions deleted.
            if method == "POST" {
                cookie = own.st.clone();
            }
            ask.bearer(&own.access)
        }
        Worker => ask.bearer(&fixture.worker().await),
    };
    let ask = if path.ends_with("/me") { ask.cookie(&cookie) } else { ask };
    let reply = match path {
        _ if ["GET", "HEAD", "DELETE"].contains(&method) => ask,
        "/{env}/flows/{flow}" => ask.header("content-type", CHECK).body("{}"),
        path if path.contains("/sessions/") => ask.header("content-type", RESET),
        path if path.starts_with("/v1/") => {
            ask.header("content-type", "application/json").body(r#"{"name":"x"}"#)
        }
        _ => ask.form(&[("token", "x"), ("grant_type", "refresh_token"), ("refresh_token", "x")]),
    };
    let reply = reply.send().await;
    (reply.status.as_u16(), reply.text)
}

/// Goal: no route lets in whom the table does not name.
#[tokio::test]
async fn every_route_asks_who_may() {
    let fixture = FaceFixture::open().await;
    let plain = fixture.client("plain", vec![]).await;
    assert_kept(&TABLE, &CALLERS, refusal, async |line, caller| ask(&fixture, &plain, line, caller).await)
        .await;
}
