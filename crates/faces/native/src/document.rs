//! The OpenAPI 3.1 document, written from the table of operations. It can't name a route that is none, or miss one.
//!
//! `docs/openapi.json` is a copy for readers; a test keeps it true, and others hold every answer against it.

mod declaration_schemas;
mod ending_schemas;
mod notice_schemas;
mod registration_schemas;
mod schemas;
mod signing_schemas;
mod subscriber_schemas;
mod upstream_schemas;

use http::Method;
use serde_json::{Map, Value, json};

use crate::answer::{EVENT_STREAM, Success};
use crate::input::REASON;
use crate::notices::{FOLLOWED_S, FOLLOWED_S_MAX, WAIT_S};
use crate::operation::{Endpoint, Operation};
use crate::operations::ALL;
use crate::page::{AFTER, LIMIT, LIMIT_DEFAULT, LIMIT_MAX};
use crate::problem::{PROBLEM_JSON, ProblemKind};
use crate::repeats::KEY_MAX;
use crate::upstreams::{ISSUER, SUB};

/// The document of the API.
pub fn document() -> Value {
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "adieu native API",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Realms, users, clients, sessions and their endings, on the admin listener.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/", "description": "The admin listener."}],
        "security": [{"token": []}],
        "paths": paths(),
        "components": {
            "schemas": components(),
            "securitySchemes": {
                "token": {
                    "type": "http", "scheme": "bearer",
                    "description": "`admin.token` of the configuration; asked for where one is configured.",
                },
            },
        },
    })
}

fn components() -> Value {
    let more = [
        subscriber_schemas::all(),
        upstream_schemas::all(),
        registration_schemas::all(),
        declaration_schemas::all(),
    ];
    schemas::all(more.concat())
}

fn paths() -> Value {
    let mut paths = Map::new();
    for operation in ALL {
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        path[operation.method().as_str().to_ascii_lowercase()] = described(operation);
        if operation.method() == Method::GET {
            path["head"] = head(operation);
        }
    }
    Value::Object(paths)
}

fn described(operation: &Operation) -> Value {
    let mut described = json!({
        "operationId": operation.id,
        "summary": operation.about,
        "parameters": parameters(operation),
        "responses": responses(operation, true),
    });
    if let Some(schema) = operation.body {
        described["requestBody"] = json!({
            "required": true,
            "content": {"application/json": {"schema": reference(schema)}},
        });
    }
    described
}

/// What `HEAD` answers: the same, without a body.
fn head(operation: &Operation) -> Value {
    json!({
        "operationId": format!("{}Head", operation.id),
        "summary": "The same without a body.",
        "parameters": parameters(operation),
        "responses": responses(operation, false),
    })
}

fn parameters(operation: &Operation) -> Vec<Value> {
    let mut parameters = Vec::new();
    for name in operation.parameters() {
        let schema = match name {
            "client" => schemas::client_id(),
            "upstream" => json!({"type": "string", "maxLength": 80}),
            _ => schemas::uuid(),
        };
        parameters.push(json!({"name": name, "in": "path", "required": true, "schema": schema}));
    }
    for name in operation.query {
        let of_endings = matches!(operation.endpoint, Endpoint::Endings) && ![LIMIT, AFTER].contains(name);
        let (schema, about) = if of_endings { ending_schemas::queried(name) } else { queried(name) };
        let mut parameter = json!({"name": name, "in": "query", "schema": schema, "description": about});
        // The two that name a link; all others may be left out.
        if [ISSUER, SUB].contains(name) {
            parameter["required"] = true.into();
        }
        parameters.push(parameter);
    }
    if operation.has_key() {
        parameters.push(json!({
            "name": "Idempotency-Key", "in": "header",
            "schema": {"type": "string", "minLength": 1, "maxLength": KEY_MAX, "pattern": "^[ -~]+$"},
            "description": "For 24 hours the same key with the same order gets the same answer, with another order 422.",
        }));
    }
    parameters
}

fn queried(name: &str) -> (Value, &'static str) {
    match name {
        LIMIT => (
            json!({"type": "integer", "minimum": 1, "maximum": LIMIT_MAX, "default": LIMIT_DEFAULT}),
            "Items of a page.",
        ),
        AFTER => (
            json!({"type": "string", "pattern": "^[A-Za-z0-9_-]+$"}),
            "The `next` of the page before; opaque.",
        ),
        REASON => (schemas::reason(), "Why; kept with what ends because of it."),
        WAIT_S => (
            json!({"type": "integer", "minimum": 0, "maximum": FOLLOWED_S_MAX, "default": FOLLOWED_S}),
            "For how many seconds at most.",
        ),
        ISSUER => (json!({"type": "string"}), "The issuer of an upstream provider."),
        SUB => (json!({"type": "string"}), "The issuer's name for the person."),
        "live" => (json!({"type": "boolean"}), "Only live sessions, or only others."),
        "path" => (json!({"type": "string"}), "The path of a realm; then it alone is shown, if it is there."),
        _ => (json!({"type": "string"}), "A username or an e-mail address."),
    }
}

fn responses(operation: &Operation, bodies: bool) -> Value {
    let mut responses = Map::new();
    responses.insert(operation.done.status().as_str().to_owned(), success(operation.done, bodies));
    let kinds = operation.problems();
    for kind in &kinds {
        let status = kind.facts().0;
        let same = kinds.iter().filter(|other| other.facts().0 == status).copied();
        responses.entry(status.as_str()).or_insert_with(|| problem(&same.collect::<Vec<_>>(), bodies));
    }
    responses.sort_keys();
    Value::Object(responses)
}

fn success(done: Success, bodies: bool) -> Value {
    let (about, schema) = match done {
        Success::Shows(schema) => ("It is so.", Some(schema)),
        Success::Makes(schema) => ("It is made.", Some(schema)),
        Success::Streams => ("It is followed.", None),
        Success::Nothing => ("It is so.", None),
    };
    let mut response = json!({"description": about});
    if let Some(schema) = schema.filter(|_| bodies) {
        response["content"] = json!({"application/json": {"schema": reference(schema)}});
    }
    if done == Success::Streams && bodies {
        response["content"] = json!({EVENT_STREAM: {"schema": {"type": "string"}}});
    }
    if let Some(links) = links(done).filter(|_| bodies) {
        response["links"] = links;
    }
    if matches!(done, Success::Makes(_)) {
        response["headers"] = json!({"Location": {"schema": {"type": "string"}, "description": "Its path."}});
    }
    response
}

/// Where an answer leads: what was made can be ended, and of a session in a list there is more to know.
fn links(done: Success) -> Option<Value> {
    let ends =
        |member: &str| json!({"ends": {"operationId": "end", "requestBody": {member: "$response.body#/id"}}});
    match done {
        Success::Makes("Realm") => Some(ends("realm")),
        Success::Makes("User") => Some(ends("user")),
        Success::Makes("MadeClient") => Some(ends("client")),
        Success::Shows("Sessions") => Some(json!({
            "first": {"operationId": "readSession", "parameters": {"session": "$response.body#/items/0/id"}},
        })),
        Success::Shows("Session") => Some(ends("session")),
        Success::Shows("FoundEndings") => Some(json!({
            "first": {"operationId": "readEnding", "parameters": {"ending": "$response.body#/items/0/id"}},
        })),
        Success::Makes(_) | Success::Shows(_) | Success::Streams | Success::Nothing => None,
    }
}

/// All problems of one status.
fn problem(kinds: &[ProblemKind], bodies: bool) -> Value {
    let titles: Vec<_> = kinds.iter().map(|kind| format!("{} (`{}`)", kind.facts().2, kind.uri())).collect();
    let mut response = json!({"description": titles.join("; ") + "."});
    if bodies {
        let types: Vec<_> = kinds.iter().map(|kind| kind.uri()).collect();
        response["content"] = json!({PROBLEM_JSON: {"schema": {
            "allOf": [reference("Problem"), {"properties": {"type": {"enum": types}}}],
        }}});
    }
    response
}

fn reference(schema: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{schema}")})
}
