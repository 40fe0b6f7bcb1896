//! The session object of the wire. Contract pingone.md 2.1.
//!
//! What is not known is left out rather than invented: a place on earth, an idle limit that does not exist.

use std::net::{IpAddr, SocketAddr};

use adieu_authority::{Method, RECOVERY_CODE, RealmId, Session, State, Timestamp};
use adieu_http_kit::dates::rfc3339_ms;
use serde_json::{Map, Value, json};

use crate::face::Face;
use crate::user_agent::Agent;

/// Under which of the two addresses a session is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum SessionAddress {
    User,
    Environment,
}

/// The sign-on policy of a name and a password; the same in every installation.
pub(crate) const POLICY: &str = "7d1c5b1e-52a4-4f0e-9c3a-0a6d3f1b8e42";

/// The address of an environment in the management API.
pub(crate) fn base(face: &Face, realm: RealmId) -> String {
    format!("{}/v1/environments/{realm}", face.settings().api_base)
}

/// A session as it is shown, with its last activity.
pub(crate) fn session(face: &Face, session: &Session, seen_at: Timestamp, family: SessionAddress) -> Value {
    let base = base(face, session.realm);
    let user = format!("{base}/users/{}", session.user);
    let signed_on = session.state == State::SignedOn;
    let own = match family {
        SessionAddress::User => format!("{user}/sessions/{}", session.id),
        SessionAddress::Environment => format!("{base}/sessions/{}", session.id),
    };
    let mut links = json!({"self": {"href": own}, "environment": {"href": base}});
    let mut shown = Map::new();
    if signed_on {
        links["user"] = json!({"href": user});
    }
    shown.insert("_links".into(), links);
    shown.insert("id".into(), session.id.to_string().into());
    shown.insert("environment".into(), json!({"id": session.realm.to_string()}));
    if signed_on {
        shown.insert("user".into(), json!({"id": session.user.to_string()}));
    }
    shown.insert("createdAt".into(), time(session.opened_at));
    shown.insert("activeAt".into(), time(seen_at));
    if let Some(idle) = session.idle {
        shown.insert("idleTimeoutInMinutes".into(), (idle.s() / 60).into());
    }
    push_device(&mut shown, session);
    shown.insert("lastSignOn".into(), if signed_on { last_sign_on(session) } else { Value::Null });
    Value::Object(shown)
}

fn push_device(shown: &mut Map<String, Value>, session: &Session) {
    if let Some(text) = &session.device.user_agent {
        let agent = Agent::of(text);
        shown.insert("userAgent".into(), text.as_str().into());
        shown.insert("browser".into(), named(agent.browser, agent.browser_version));
        shown.insert("operatingSystem".into(), named(agent.system, agent.system_version));
        shown.insert("device".into(), json!({"type": agent.device}));
    }
    if let Some(address) = remote_ip(session) {
        let location = json!([{"at": time(session.signed_on_at()), "remoteIp": address}]);
        shown.insert("locations".into(), location);
    }
}

fn named(name: &str, version: Option<&str>) -> Value {
    match version {
        Some(version) => json!({"name": name, "version": version}),
        None => json!({"name": name}),
    }
}

fn last_sign_on(session: &Session) -> Value {
    let policy = json!({"id": POLICY, "type": "PINGONE"});
    let mut authenticators: Vec<&str> = Vec::new();
    let mut with = Map::new();
    for method in &session.methods {
        let name = authenticator(method);
        if !authenticators.contains(&name) {
            authenticators.push(name);
        }
        with.insert(name.to_owned(), json!({"at": time(method.at), "policy": policy}));
    }
    let mut last = json!({"at": time(session.signed_on_at())});
    if let Some(address) = remote_ip(session) {
        last["remoteIp"] = address.into();
    }
    last["authenticators"] = json!(authenticators);
    last["withAuthenticator"] = Value::Object(with);
    last["policy"] = policy;
    last
}

/// RFC 8176 names.
fn authenticator(method: &Method) -> &str {
    match method.name.as_ref() {
        "password" => "pwd",
        RECOVERY_CODE => "otp",
        other => other,
    }
}

/// The address without the port that other channels may have stored with it.
pub(crate) fn remote_ip(session: &Session) -> Option<String> {
    let text = session.device.address.as_deref()?;
    let with_port = text.parse::<SocketAddr>().map(|address| address.ip());
    with_port.or_else(|_| text.parse::<IpAddr>()).ok().map(|ip| ip.to_string())
}

/// A moment as the wire has it, to the millisecond.
pub(crate) fn time(at: Timestamp) -> Value {
    rfc3339_ms(at.ms()).into()
}
