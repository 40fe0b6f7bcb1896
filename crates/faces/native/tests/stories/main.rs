//! Stories of the API for administrators. Every answer is held against the document: its status, and its body's schema.
//!
//! Through the real admin router over the embedded engine; only the clock stands still.

mod client_keys;
mod consents;
mod declarations;
mod document;
mod endings;
mod found_endings;
mod notices;
mod people;
mod registration_tokens;
mod sessions;
mod subscribers;
mod things;
mod upstreams;

use adieu_face_native::document;
use adieu_testkit::World;
use adieu_testkit::world::Reply;
use http::Method;
use serde_json::{Value, json};

/// Asks, and checks that the document knows the answer.
async fn ask(world: &World, method: Method, path: &str, body: Option<Value>) -> Reply {
    ask_with(world, method, path, body, &[]).await
}

async fn ask_with(
    world: &World,
    method: Method,
    path: &str,
    body: Option<Value>,
    headers: &[(&str, &str)],
) -> Reply {
    let mut ask = world.admin(method.clone(), path);
    for (name, value) in headers {
        ask = ask.header(name, value);
    }
    if let Some(body) = &body {
        ask = ask.json(body);
    }
    let reply = ask.send().await;
    if let Some(operation) = operation(&method, path) {
        documented(&operation, &reply);
    }
    reply
}

async fn get(world: &World, path: &str) -> Value {
    let reply = ask(world, Method::GET, path, None).await;
    assert_eq!(reply.status, 200, "{path}: {}", reply.text);
    reply.json()
}

async fn end(world: &World, order: Value) -> Reply {
    ask(world, Method::POST, "/v1/endings", Some(order)).await
}

async fn is_live(world: &World, token: &str) -> bool {
    world.get("/sessions/whoami").header("x-session-token", token).send().await.status == 200
}

/// A session of Alice's: its token and its id.
async fn alice(world: &World) -> (String, String) {
    signed_on(world, "alice", "Rabbit-hole-11").await
}

async fn signed_on(world: &World, name: &str, password: &str) -> (String, String) {
    let token = world.sign_on_kratos(name, password).await;
    let whoami = world.get("/sessions/whoami").header("x-session-token", &token).send().await;
    let id = whoami.json()["id"].as_str().expect("an id").to_owned();
    (token, id)
}

fn problem(reply: &Reply) -> (u16, String) {
    let kind = reply.json()["type"].as_str().expect("a problem").to_owned();
    assert_eq!(reply.header("content-type"), "application/problem+json");
    (reply.status.as_u16(), kind.trim_start_matches("urn:adieu:problem:").to_owned())
}

/// The operation of a path in the document.
fn operation(method: &Method, path: &str) -> Option<Value> {
    let path = path.split('?').next().unwrap_or_default();
    let segments: Vec<&str> = path.split('/').collect();
    let document = document();
    let paths = document["paths"].as_object().expect("paths");
    let same = |template: &str| {
        let parts: Vec<&str> = template.split('/').collect();
        parts.len() == segments.len()
            && parts.iter().zip(&segments).all(|(part, found)| part.starts_with('{') || part == found)
    };
    let (_, found) = paths.iter().find(|(template, _)| same(template))?;
    found.get(method.as_str().to_ascii_lowercase()).cloned()
}

/// Whether the document has this status for the operation, and this body for the status.
fn documented(operation: &Value, reply: &Reply) {
    let response = &operation["responses"][reply.status.as_str()];
    let id = &operation["operationId"];
    assert!(response.is_object(), "{id} answers {}, which is not documented: {}", reply.status, reply.text);
    match response["content"].as_object().and_then(|content| content.iter().next()) {
        None => assert_eq!(reply.text, "", "{id}"),
        Some((media_type, content)) => {
            assert_eq!(reply.header("content-type"), media_type, "{id}");
            fits(&content["schema"], &reply.json(), id);
        }
    }
}

fn fits(schema: &Value, value: &Value, what: &Value) {
    let whole = json!({"allOf": [schema], "components": document()["components"]});
    let validator = jsonschema::validator_for(&whole).expect("a schema");
    let errors: Vec<_> = validator.iter_errors(value).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{what}: {errors:?}\n{value:#}");
}
