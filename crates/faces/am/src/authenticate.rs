//! `/json/…/authenticate`: sign-on by a pair of headers, or by callbacks that are filled in and sent back.
//!
//! One name-and-password service; other kinds of index lead nowhere. Contract am.md 3.1 to 3.4,
//!

pub(crate) mod attempt;
mod carried;

use std::sync::Arc;

use adieu_authority::{
    Assurance, FirstFactor, Outage, Proven, Realm, RealmId, SecondFactor, SecondStepFailure, SessionToken,
    SignOn, SignOnFailure, SignedIn,
};
use adieu_http_kit::{encoded_words, media};
use axum::body::Body;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method};
use serde::Serialize;
use serde_json::Value;

use self::carried::ToUpgrade;
use crate::address::Addressed;
use crate::answer::{Extras, json};
use crate::beside;
use crate::call::{self, CHANNEL, Call};
use crate::caller;
use crate::cookies::shown;
use crate::error::AmError;
use crate::face::Face;
use crate::version::{ApiVersion, AskedVersion, Registered};

static VERSIONS: [Registered; 2] = [
    Registered { version: ApiVersion(1, 2), header: "resource=1.2" },
    Registered { version: ApiVersion(2, 1), header: "resource=2.1" },
];

/// Kinds of index that AM has. Only a service can be asked for here.
const INDEX_TYPES: [&str; 7] =
    ["module", "user", "role", "level", "composite_advice", "resource", "transaction"];

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SignedOn<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    token_id: Option<&'a str>,
    success_url: &'a str,
    realm: &'a str,
}

/// A name and a password, as somebody gave them.
pub(crate) struct Pair {
    pub(crate) name: String,
    pub(crate) password: String,
}

/// What a request brings to sign on with.
enum Filled {
    /// Name and password.
    Pair(Pair),
    /// The second factor after the first.
    Code { first: FirstFactor, code: String },
}

/// What a request to the resource comes to.
pub(crate) async fn answer(
    face: &Face,
    call: &Call,
    body: Body,
    addressed: &Addressed<'_, '_>,
    extras: &mut Extras,
) -> Result<Vec<u8>, AmError> {
    if *call.method() != Method::POST {
        return Err(AmError::NotAllowed("POST"));
    }
    if !addressed.rest.is_empty() {
        return Err(AmError::UnknownResource(addressed.rest.join("/")));
    }
    let wanted = AskedVersion::of(call.headers())?;
    let served = wanted.serve(&VERSIONS, face.settings.version_default);
    extras.served = Some(served.map_err(|unserved| unserved.of_authenticate())?);
    caller::refuse_forged_sign_on(call)?;
    let body = read(call, body).await?;
    let service = service(face, call)?;
    let realm = &addressed.realm;
    let upgrade = carried::to_upgrade(face, call, realm.id).await?;
    let filled = match body.get("authId") {
        None | Some(Value::Null) => pair_of(call.headers()).map(Filled::Pair),
        Some(Value::String(id)) => attempt::filled(face, realm, id, &body).await?,
        Some(Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
            return Err(AmError::AttemptUnreadable);
        }
    };
    extras.cookies = face.cookies.balancer();
    let fresh = body.get("authId").is_none();
    let wish = Wish { service, ..Wish::of(face, call, realm, upgrade) };
    match filled {
        Some(filled) => wish.with(filled, extras).await,
        None if fresh && let Some(text) = wish.used_again().await? => Ok(wish.said(Some(&text))),
        None => {
            let name = text_of(call.headers(), "x-openam-username").unwrap_or_default();
            attempt::asked(face, call, realm, (service, &name)).await
        }
    }
}

/// What a request wants to come of the pair that it has, or will be asked for.
struct Wish<'a> {
    face: &'a Face,
    call: &'a Call,
    realm: &'a Arc<Realm>,
    service: &'a str,
    success_url: String,
    /// The proof is enough.
    no_session: bool,
    upgrade: Option<ToUpgrade>,
}

impl<'a> Wish<'a> {
    fn of(face: &'a Face, call: &'a Call, realm: &'a Arc<Realm>, upgrade: Option<ToUpgrade>) -> Self {
        let goto = call.params.first("goto").and_then(|goto| face.goto.check(goto));
        let success_url = goto.unwrap_or_else(|| face.settings.success_url.clone());
        let no_session = carried::said(call, "noSession");
        Self { face, call, realm, service: "", success_url, no_session, upgrade }
    }

    /// The token text of a session that is there already and does.
    async fn used_again(&self) -> Result<Option<String>, AmError> {
        if self.no_session || self.upgrade.is_some() {
            return Ok(None);
        }
        carried::used_again(self.face, self.call, self.realm).await
    }

    /// Signs on, or asks for what is still missing.
    async fn with(self, filled: Filled, extras: &mut Extras) -> Result<Vec<u8>, AmError> {
        let Self { face, call, realm, service, .. } = self;
        let proven = match self.proven(filled).await? {
            Ok(proven) => proven,
            Err(first) => return attempt::asked_code(face, call, realm, service, first).await,
        };
        if self.no_session {
            face.authority.conclude(proven).await?;
            return Ok(self.said(None));
        }
        let signed_in = match face.authority.open_for(proven).await {
            Ok(signed_in) => signed_in,
            // The user made a second factor at this very moment.
            Err(SignOnFailure::SecondFactor(first)) => {
                return attempt::asked_code(face, call, realm, service, first).await;
            }
            Err(failure) => return Err(failure.into()),
        };
        extras.cookies = beside::signed_on(face, call, realm, &signed_in).await?;
        let text = if face.settings.token_in_body { shown(&signed_in.token) } else { String::new() };
        Ok(self.said(Some(&text)))
    }

    /// What was proven, or the first factor if that was not enough. A session is upgraded by its own user only.
    async fn proven(&self, filled: Filled) -> Result<Result<Proven, FirstFactor>, AmError> {
        let Self { face, call, realm, .. } = *self;
        let previous = match &self.upgrade {
            _ if self.no_session => None,
            Some(upgrade) => Some(upgrade.token.clone()),
            None => previous(face, call, realm.id).await?,
        };
        let proven = match filled {
            Filled::Pair(pair) => match face.authority.prove(attempted(call, realm, pair, previous)).await {
                Ok(proven) => Ok(proven),
                Err(SignOnFailure::SecondFactor(first)) => Err(first),
                Err(failure) => return Err(failure.into()),
            },
            Filled::Code { first, code } => {
                Ok(face.authority.prove_second(second(call, realm, first, code, previous)).await?)
            }
        };
        let user = match &proven {
            Ok(proven) => proven.user().id,
            Err(first) => first.user(),
        };
        match &self.upgrade {
            Some(upgrade) if !self.no_session && upgrade.live.user.id != user => Err(AmError::OtherUser),
            Some(_) | None => Ok(proven),
        }
    }

    fn said(&self, token_id: Option<&str>) -> Vec<u8> {
        json(&SignedOn { token_id, success_url: &self.success_url, realm: &self.realm.path })
    }
}

/// The token of the session that the same user agent carries: it goes on under a new token, also one that was reset.
async fn previous(face: &Face, call: &Call, realm: RealmId) -> Result<Option<SessionToken>, Outage> {
    Ok(caller::counting(face, call.headers(), Some(realm), false).await?.map(|checked| checked.token))
}

/// Opens a session for a pair that fits, proven as far as is wanted. `led` is the token of the session that the same form has led to:
/// it goes on, where the browser carries none that opens one.
pub(crate) async fn signed_on(
    face: &Face,
    call: &Call,
    realm: &Arc<Realm>,
    pair: Pair,
    (level, led): (Assurance, Option<SessionToken>),
) -> Result<SignedIn, SignOnFailure> {
    let carried = caller::counting(face, call.headers(), Some(realm.id), false).await;
    let carried = carried.map_err(SignOnFailure::Outage)?;
    let (carried, led) = match carried {
        Some(carried) if led.is_none() || carried.opens() => (Some(carried.token), None),
        Some(_) | None => (None, led),
    };
    let sign_on =
        SignOn { level, keep_token: led.is_some(), ..attempted(call, realm, pair, carried.or(led)) };
    face.authority.sign_on(sign_on).await
}

/// Opens a session for whoever gives the second factor after the first.
pub(crate) async fn signed_on_by_code(
    face: &Face,
    call: &Call,
    realm: &Arc<Realm>,
    first: FirstFactor,
    code: String,
) -> Result<SignedIn, SecondStepFailure> {
    let previous = previous(face, call, realm.id).await.map_err(SignOnFailure::Outage)?;
    let given = second(call, realm, first, code, previous);
    let proven = face.authority.prove_second(given).await?;
    Ok(face.authority.open_for(proven).await?)
}

fn second(
    call: &Call,
    realm: &Arc<Realm>,
    first: FirstFactor,
    code: String,
    previous: Option<SessionToken>,
) -> SecondFactor {
    let device = call.device();
    SecondFactor { realm: Arc::clone(realm), channel: CHANNEL, first, code, device, previous }
}

fn attempted(call: &Call, realm: &Arc<Realm>, pair: Pair, previous: Option<SessionToken>) -> SignOn {
    SignOn {
        realm: Arc::clone(realm),
        channel: CHANNEL,
        name: pair.name,
        password: pair.password,
        device: call.device(),
        previous,
        keep_token: false,
        level: Assurance::One,
        may_be_half: false,
    }
}

/// The body: JSON, or nothing of any type.
async fn read(call: &Call, body: Body) -> Result<Value, AmError> {
    let body = call::whole(body).await?;
    let named = call.headers().contains_key(CONTENT_TYPE);
    if !body.is_empty() && named && !media::is(call.headers(), "application/json") {
        return Err(AmError::NotJsonType);
    }
    call::json(&body)
}

/// The pair in the headers; half a pair is none.
fn pair_of(headers: &HeaderMap) -> Option<Pair> {
    let name = text_of(headers, "x-openam-username")?;
    Some(Pair { name: name.trim().to_owned(), password: text_of(headers, "x-openam-password")? })
}

/// A header's text, encoded words decoded; an empty one is none.
fn text_of(headers: &HeaderMap, name: &str) -> Option<String> {
    let text = encoded_words::decode(&String::from_utf8_lossy(headers.get(name)?.as_bytes()));
    (!text.is_empty()).then_some(text)
}

/// The service that the query asks for, by its configured name.
fn service<'f>(face: &'f Face, call: &Call) -> Result<&'f str, AmError> {
    let services = &face.settings.services;
    let default = services.first().map_or("ldapService", String::as_str);
    let Some(kind) = call.param("authIndexType")?.map(str::trim) else { return Ok(default) };
    if INDEX_TYPES.iter().any(|known| known.eq_ignore_ascii_case(kind)) {
        return Err(AmError::NoConfiguration);
    }
    if !kind.eq_ignore_ascii_case("service") {
        return Err(AmError::UnknownIndexType);
    }
    let value = call.param("authIndexValue")?.unwrap_or_default().trim();
    let known = services.iter().find(|service| service.eq_ignore_ascii_case(value));
    known.map(String::as_str).ok_or(AmError::NoConfiguration)
}
