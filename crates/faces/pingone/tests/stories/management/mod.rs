//! The management API: what programs written for PingOne set up around sessions.
//!
//! Contract pingone.md 3.2, 3.3, 4.1 to 4.4.

mod account;
mod applications;
mod environments;
mod members;
mod one_commit;
mod overtaken;
mod policies;
mod rights;
mod secured;
mod users;
mod workflow;

use http::Method;
use serde_json::Value;

use crate::fixture::{Ask, FaceFixture, Reply};

pub(super) const FORBIDDEN: Option<(&str, Option<&str>)> = Some(("INSUFFICIENT_PERMISSIONS", None));
pub(crate) const NOBODY: &str = "6f0d8a51-3c1e-4b7a-9d52-8e2b4f7c1a90";

/// A channel and the token of a worker that administers its environment.
pub(super) struct Office {
    pub(super) fixture: FaceFixture,
    pub(super) bearer: String,
}

impl Office {
    pub(super) async fn open() -> Self {
        let fixture = FaceFixture::open().await;
        let bearer = fixture.worker().await;
        Self { fixture, bearer }
    }

    pub(super) fn ask(&self, method: &str, path: &str) -> Ask {
        let method: Method = method.parse().expect("a method");
        let path = if path.starts_with('/') { path.to_owned() } else { self.fixture.m(path) };
        self.fixture.ask(method, &path).bearer(&self.bearer)
    }

    pub(super) async fn send(&self, method: &str, path: &str, body: Value) -> Reply {
        let ask = self.ask(method, path).header("content-type", "application/json");
        ask.body(body.to_string()).send().await
    }

    /// Makes something and checks that it can be read back where it says it stands.
    pub(super) async fn create(&self, path: &str, body: Value) -> Value {
        let reply = self.send("POST", path, body).await;
        assert_eq!(reply.status, 201, "{path}: {}", reply.text);
        let made = reply.json();
        assert_eq!(self.read(&own(&made)).await, made, "{path}");
        made
    }

    pub(super) async fn read(&self, path: &str) -> Value {
        let reply = self.ask("GET", path).send().await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.text);
        reply.json()
    }

    pub(super) async fn delete(&self, path: &str) {
        let reply = self.ask("DELETE", path).send().await;
        assert_eq!((reply.status.as_u16(), reply.text.as_str()), (204, ""), "{path}");
        self.ask("GET", path).send().await.assert_error(404, "NOT_FOUND", None);
    }

    /// The refusal of a value.
    pub(super) async fn refused(&self, method: &str, path: &str, body: Value, code: &str, target: &str) {
        let reply = self.send(method, path, body).await;
        reply.assert_error(400, "INVALID_DATA", Some((code, Some(target))));
    }
}

/// The path of an object's own address.
pub(super) fn own(object: &Value) -> String {
    let href = object["_links"]["self"]["href"].as_str().expect("an address");
    href.strip_prefix(crate::fixture::API).expect("our address").to_owned()
}

pub(super) fn id(object: &Value) -> String {
    object["id"].as_str().expect("an id").to_owned()
}
