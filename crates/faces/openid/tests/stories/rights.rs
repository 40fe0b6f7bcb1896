//! Who may do what here, route by route, and what another method or an unknown realm is told.
//!
//! The table names every route behind the path of an issuer.

use adieu_authority::{NewUpstream, UpstreamEdit};
use adieu_face_openid::routes;
use adieu_testkit::World;
use adieu_testkit::failing::Failure;
use adieu_testkit::rights::{Line, assert_complete};

use crate::fixture::ALPHA;
use crate::registration::with_registration;

/// Whom a route serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Serves {
    Everybody,
    /// Whoever signs on, or is signed on, in a browser that was shown the form.
    TheBrowser,
    /// A client that proves itself.
    Clients,
    /// Whoever holds an access token.
    Holders,
}

const TABLE: [Line<Serves>; 25] = [
    ("GET HEAD", ".well-known/openid-configuration", Serves::Everybody),
    ("GET HEAD", ".well-known/oauth-authorization-server", Serves::Everybody),
    ("GET HEAD", "jwks", Serves::Everybody),
    ("GET POST", "authorize", Serves::Everybody),
    ("POST", "par", Serves::Clients),
    ("GET POST", "sign-on", Serves::TheBrowser),
    ("POST", "choose", Serves::TheBrowser),
    ("POST", "consent", Serves::TheBrowser),
    ("GET HEAD POST", "applications", Serves::TheBrowser),
    ("POST", "token", Serves::Clients),
    ("POST", "introspect", Serves::Clients),
    ("POST", "revoke", Serves::Clients),
    ("POST", "global-token-revocation", Serves::Holders),
    ("GET POST", "userinfo", Serves::Holders),
    ("GET POST", "logout", Serves::Everybody),
    ("GET POST", "sign-off", Serves::TheBrowser),
    ("GET HEAD", "signed-off", Serves::Everybody),
    ("GET HEAD", "check-session", Serves::Everybody),
    ("GET", "upstream/{name}/begin", Serves::Everybody),
    ("GET", "upstream/{name}/callback", Serves::TheBrowser),
    ("POST", "upstream/{name}/second-step", Serves::TheBrowser),
    ("POST", "upstream/{name}/backchannel-logout", Serves::Everybody),
    ("GET", "upstream/{name}/frontchannel-logout", Serves::Everybody),
    ("POST", "register", Serves::Holders),
    ("GET PUT DELETE", "register/{client}", Serves::Holders),
];

#[test]
fn the_table_names_every_route() {
    assert_complete(&TABLE, routes());
}

/// Goal: a caller who may not is told so by every route that does not serve everybody, and nothing else is said.
#[tokio::test]
async fn nobody_gets_anything_unproven() {
    let world = with_registration().await;
    let nowhere = NewUpstream {
        name: "corp".into(),
        title: "Corp".into(),
        issuer: "http://127.0.0.1:9".into(),
        client_id: "adieu".into(),
        edit: UpstreamEdit::default(),
    };
    world.authority().create_upstream(&world.data.realm, nowhere).await.expect("a provider");
    for (methods, path, serves) in TABLE {
        for method in methods.split(' ') {
            let reads = method != "POST";
            let method = method.parse().expect("a method");
            let fields = [("grant_type", "client_credentials"), ("token", "x")];
            let path = path.replace("{name}", "corp");
            let ask = world.ask(method, &format!("{ALPHA}/{path}")).form(&fields);
            let status = ask.send().await.status.as_u16();
            let expected: &[u16] = match serves {
                Serves::Clients | Serves::Holders => &[401],
                // The sign-off of who is not signed on is done.
                Serves::TheBrowser if path == "sign-off" => &[303],
                // An address that leads back to its request.
                Serves::TheBrowser if path == "sign-on" => &[303, 403],
                // A question whose user is not signed on any more is asked anew.
                Serves::TheBrowser if !reads && ["choose", "consent"].contains(&path.as_str()) => &[303],
                // Whoever is not signed on is told that nobody is.
                Serves::TheBrowser if reads && path == "applications" => &[200],
                Serves::TheBrowser => &[403],
                // Session management is off.
                Serves::Everybody if path == "check-session" => &[404],
                // The provider does not answer.
                Serves::Everybody if path.ends_with("/begin") => &[502],
                Serves::Everybody => &[200, 303, 400],
            };
            assert!(expected.contains(&status), "{methods} {path}: {status}");
        }
    }
}

/// Goal: what is not there is 404, and another method is 405 with those that there are.
#[tokio::test]
async fn what_is_not_there_is_said_so() {
    let world = with_registration().await;
    for path in
        ["/o", "/o/", "/o/nowhere/token", "/o/alpha/device", "/o/nowhere/.well-known/openid-configuration"]
    {
        assert_eq!(world.get(path).send().await.status, 404, "{path}");
    }
    for (methods, path, _) in TABLE {
        let path = path.replace("{name}", "corp");
        let reply = world.ask("PATCH".parse().expect("a method"), &format!("{ALPHA}/{path}")).send().await;
        assert_eq!(
            (reply.status.as_u16(), reply.header("allow")),
            (405, &*methods.replace(' ', ", ")),
            "{path}"
        );
    }
}

/// Goal: NO-FALSE-NO: what the store cannot say is 503 with a word about when, on pages and for programs.
#[tokio::test]
async fn cannot_tell_is_503() {
    let mut world = World::start().await;
    let token = world.sign_on_kratos("alice", "Rabbit-hole-11").await;
    let failing = world.with_failing_store().await;
    failing.fail(Failure::Everything);
    for path in ["authorize?client_id=x&prompt=none", "logout", "userinfo"] {
        let ask = world.get(&format!("{ALPHA}/{path}")).cookie("adieu_session", &token).bearer("x.y.z");
        let reply = ask.send().await;
        assert_eq!(
            (reply.status.as_u16(), reply.header("retry-after")),
            (503, "1"),
            "{path}: {}",
            reply.text
        );
    }
}
