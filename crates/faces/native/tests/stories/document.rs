//! The document tells the truth: every route is in it and nothing else, and what it says of refusals happens.
//!
//! Nothing is compared with a list of its own: the router, the document and the answers are held against each other.

use std::collections::BTreeSet;

use adieu_face_native::{document, routes};
use adieu_testkit::World;
use adieu_testkit::world::Reply;
use http::Method;
use serde_json::{Value, json};

use super::{documented, problem};

/// Every operation of the document: method, path and description.
fn operations() -> Vec<(Method, String, Value)> {
    let document = document();
    let paths = document["paths"].as_object().expect("paths");
    let of_path = |(path, item): (&String, &Value)| {
        let item = item.as_object().expect("a path item");
        let one = |(verb, operation): (&String, &Value)| {
            let method: Method = verb.to_ascii_uppercase().parse().expect("a method");
            (method, path.clone(), operation.clone())
        };
        item.iter().map(one).collect::<Vec<_>>()
    };
    paths.iter().flat_map(of_path).collect()
}

#[test]
fn every_route_is_in_the_document_and_nothing_else_is() {
    let routed = routes().flat_map(|(method, path)| {
        let head = (method == Method::GET).then(|| format!("HEAD {path}"));
        [Some(format!("{method} {path}")), head].into_iter().flatten()
    });
    let documented = operations().into_iter().map(|(method, path, _)| format!("{method} {path}"));
    assert_eq!(routed.collect::<BTreeSet<_>>(), documented.collect());
}

/// Goal: the API speaks the words of the product, not those of a dialect.
#[test]
fn no_dialect_is_spoken() {
    // The members of clients are those of RFC 7591 and OpenID Connect, whose word this is.
    let members = [
        "post_logout_redirect_uris",
        "backchannel_logout_uri",
        "backchannel_logout_session_required",
        "frontchannel_logout_uri",
        "frontchannel_logout_session_required",
    ];
    let text = document().to_string().to_lowercase();
    let text = members.iter().fold(text, |text, member| text.replace(member, ""));
    for word in ["logout", "log out", "signoff", "sign-off", "sign off", "revoke", "terminate", "environment"]
    {
        assert!(!text.contains(word), "{word}");
    }
}

/// Goal: the copy for readers is the document that is served.
#[tokio::test]
async fn the_copy_for_readers_is_up_to_date() {
    let world = World::start().await;
    let served = world.admin(Method::GET, "/v1/openapi.json").send().await;
    assert_eq!((served.status.as_u16(), served.json()), (200, document()));
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../docs/openapi.json");
    let wanted = format!("{:#}\n", document());
    let written = std::fs::read_to_string(path).unwrap_or_default();
    if written != wanted && std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, wanted).expect("the copy can be written");
        return;
    }
    assert_eq!(written, wanted, "run UPDATE_DOCS=1 cargo test -p adieu-face-native copy_for_readers");
}

/// A path with an id in its braces.
fn filled(path: &str, id: &str) -> String {
    let parts = path.split('/').map(|part| if part.starts_with('{') { id } else { part });
    parts.collect::<Vec<_>>().join("/")
}

/// The id of an upstream provider.
async fn upstream(world: &World) -> String {
    let new = json!({"name": "corp", "issuer": "https://id.corp.test", "client_id": "adieu"});
    let path = format!("/v1/realms/{}/upstreams", world.data.realm.id);
    let made = world.admin(Method::POST, &path).json(&new).send().await.json();
    made["id"].as_str().expect("an id").to_owned()
}

async fn send(world: &World, method: &Method, path: &str, media_type: &str, body: String) -> Reply {
    world.admin(method.clone(), path).header("content-type", media_type).body(body).send().await
}

/// Goal: each refusal that follows from an operation's shape happens, with its documented status and body.
#[tokio::test]
async fn what_the_document_says_of_refusals_happens() {
    let world = World::start().await;
    let (realm, user) = (world.data.realm.id.to_string(), world.data.alice.id.to_string());
    let upstream = upstream(&world).await;
    for (method, template, operation) in operations() {
        if method == Method::HEAD {
            continue;
        }
        let id = if template.contains("{realm}") { realm.as_str() } else { user.as_str() };
        let id = if template.contains("{client}") { world.data.app.id.as_str() } else { id };
        let id = if template.contains("{upstream}") { upstream.as_str() } else { id };
        let path = filled(&template, id);
        let check = |reply: Reply, expect: u16| {
            assert_eq!(reply.status.as_u16(), expect, "{method} {path}: {}", reply.text);
            documented(&operation, &reply);
        };
        let no_body = || send(&world, &method, &path, "application/json", String::new());
        if template.contains('{') {
            let unknown = filled(&template, "00000000-0000-4000-8000-000000000000");
            let body = if operation.get("requestBody").is_some() { "{}" } else { "" };
            check(send(&world, &method, &unknown, "application/json", body.into()).await, 404);
        }
        check(
            send(&world, &method, &format!("{path}?no-such=1"), "application/json", String::new()).await,
            400,
        );
        // Also where no body is read: a server that was told to send a form here changes nothing.
        if method != Method::GET {
            let form = ("application/x-www-form-urlencoded", "logout_token=x");
            check(send(&world, &method, &path, form.0, form.1.into()).await, 415);
            check(send(&world, &method, &path, "text/plain", "{}".into()).await, 415);
        }
        if operation.get("requestBody").is_some() {
            check(no_body().await, 400);
            check(send(&world, &method, &path, "application/json", "[1]".into()).await, 422);
            // A document with all users of an installation is larger than anything else that is sent.
            let too_many = if template.starts_with("/v1/declaration") { 81 * 1024 * 1024 } else { 70_000 };
            check(send(&world, &method, &path, "application/json", " ".repeat(too_many)).await, 413);
        }
    }
}

/// Goal: the members that a body may have by the document are those that are read.
#[tokio::test]
async fn the_members_of_bodies_are_those_that_are_read() {
    let world = World::start().await;
    let (document, upstream) = (document(), upstream(&world).await);
    for (method, template, operation) in operations() {
        let Some(reference) =
            operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].as_str()
        else {
            continue;
        };
        let schema = document.pointer(reference.trim_start_matches('#')).expect("a schema");
        let closed = schema["oneOf"].as_array().cloned().unwrap_or_else(|| vec![schema.clone()]);
        let members: BTreeSet<String> = closed
            .iter()
            .flat_map(|object| object["properties"].as_object().expect("properties").keys().cloned())
            .collect();
        let id = if template.contains("{realm}") {
            world.data.realm.id.to_string()
        } else {
            world.data.alice.id.to_string()
        };
        let id = if template.contains("{client}") { world.data.app.id.to_string() } else { id };
        let id = if template.contains("{upstream}") { upstream.clone() } else { id };
        let body = json!({"no such member": 1}).to_string();
        let reply = send(&world, &method, &filled(&template, &id), "application/json", body).await;
        assert_eq!(problem(&reply), (422, "invalid".into()));
        // The refusal names what is read: "unknown field `…`, expected one of `a`, `b`".
        let detail = reply.json()["detail"].as_str().expect("a detail").to_owned();
        let read: BTreeSet<String> = detail.split('`').skip(3).step_by(2).map(str::to_owned).collect();
        assert_eq!(read, members, "{method} {template}: {detail}");
    }
}

/// Goal: other methods and paths are refused as problems, with `Allow`; `HEAD` goes where `GET` goes.
#[tokio::test]
async fn other_methods_and_paths_are_problems() {
    let world = World::start().await;
    let reply = world.admin(Method::DELETE, "/v1/realms").send().await;
    assert_eq!(
        (problem(&reply), reply.header("allow")),
        ((405, "method-not-allowed".into()), "GET, HEAD, POST")
    );
    for path in ["/v1", "/v1/", "/v1/nothing", "/v1/realms/"] {
        let reply = world.admin(Method::GET, path).send().await;
        assert_eq!(problem(&reply), (404, "no-such-path".into()), "{path}");
    }
    let head = world.admin(Method::HEAD, "/v1/realms").send().await;
    assert_eq!((head.status.as_u16(), head.text.as_str()), (200, ""));
}
