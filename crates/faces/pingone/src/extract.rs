//! What requests say about themselves: environment, ids, caller, user agent.
//!
//! Every rejection speaks PingOne. Contract pingone.md 0, 3.5 and 6.

use std::str::FromStr;
use std::sync::Arc;

use adieu_authority::{
    Actor, ClientId, Device, Origin, Outage, Principal, Realm, RealmId, Rights, SessionId, Standing, UserId,
};
use adieu_http_kit::client::{self, Peer};
use adieu_http_kit::media;
use adieu_token::unverified_claim;
use axum::extract::{FromRequest, FromRequestParts, RawPathParams, Request};
use http::header::COOKIE;
use http::request::Parts;
use http::{HeaderMap, Method};

use crate::body;
use crate::cookies::BrowserTokens;
use crate::face::{CHANNEL, CLAIM_ENV, Face};
use crate::manage::input::Input;
use crate::problem::Problem;

/// An id in the path. What is no id names nothing.
async fn id<T: FromStr>(parts: &mut Parts, name: &str) -> Result<T, Problem> {
    let params = RawPathParams::from_request_parts(parts, &()).await.map_err(|_| Problem::NotFound)?;
    let found = params.iter().find(|(found, _)| *found == name);
    found.and_then(|(_, text)| text.parse().ok()).ok_or(Problem::NotFound)
}

/// The environment of an authentication address. An unknown one is not found.
pub(crate) struct Env(pub(crate) Arc<Realm>);

impl FromRequestParts<Face> for Env {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, face: &Face) -> Result<Self, Problem> {
        let env: RealmId = id(parts, "env").await?;
        face.authority().realm(env).await?.map(Self).ok_or(Problem::NotFound)
    }
}

/// A user in the path.
pub(crate) struct OfUser(pub(crate) UserId);

impl FromRequestParts<Face> for OfUser {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Face) -> Result<Self, Problem> {
        id(parts, "user").await.map(Self)
    }
}

/// A session in the path.
pub(crate) struct OfSession(pub(crate) SessionId);

impl FromRequestParts<Face> for OfSession {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Face) -> Result<Self, Problem> {
        id(parts, "session").await.map(Self)
    }
}

/// Who sits at the other end, as far as the request shows it.
#[derive(Clone)]
pub(crate) struct Visitor {
    /// The session tokens that the browser carries.
    pub(crate) tokens: BrowserTokens,
    /// Its cookies as they came.
    pub(crate) cookie_lines: HeaderMap,
    /// The user agent.
    pub(crate) device: Device,
    /// Whether it sends a form, which another site may have made: then no cookie of a page comes along.
    pub(crate) posts: bool,
}

impl Visitor {
    pub(crate) fn of(parts: &Parts) -> Self {
        let address = parts.extensions.get::<Peer>().map(Peer::to_string);
        let user_agent = client::user_agent(&parts.headers);
        let device = Device { address, user_agent, ..Device::default() };
        let lines = parts.headers.get_all(COOKIE).iter();
        let cookie_lines = lines.map(|line| (COOKIE, line.clone())).collect();
        let posts = parts.method == Method::POST;
        Self { tokens: BrowserTokens::of(&parts.headers), cookie_lines, device, posts }
    }

    /// Where an order comes from that this visitor gives about their own session.
    pub(crate) fn origin_of_holder(&self) -> Origin {
        Origin::of_holder(CHANNEL, self.device.address.clone())
    }

    /// Where an order comes from that this visitor brings for somebody.
    pub(crate) fn origin_of(&self, actor: Actor) -> Origin {
        Origin::of(actor, CHANNEL, self.device.address.clone())
    }
}

impl FromRequestParts<Face> for Visitor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Face) -> Result<Self, Problem> {
        Ok(Self::of(parts))
    }
}

/// A caller of the management API whose bearer token is good, with its standing in the environment.
pub(crate) struct Admin {
    pub(crate) realm: Arc<Realm>,
    pub(crate) principal: Principal,
    pub(crate) rights: Rights,
}

impl FromRequestParts<Face> for Admin {
    type Rejection = Problem;

    /// A bad token is 401, whatever the environment; a good one in an unknown environment is 403 (P-57).
    async fn from_request_parts(parts: &mut Parts, face: &Face) -> Result<Self, Problem> {
        let env: RealmId = id(parts, "env").await?;
        let no_access = || Problem::NoAccess { bearer: true };
        let token = adieu_http_kit::auth::bearer(&parts.headers).ok_or_else(no_access)?;
        let authority = face.authority();
        let realm = authority.realm(env).await?;
        let principal = principal(face, realm.as_ref(), token).await?.ok_or_else(no_access)?;
        let realm = realm.ok_or(Problem::Forbidden)?;
        let rights = authority.rights(principal.roles(), realm.id).await?;
        Ok(Self { realm, principal, rights })
    }
}

impl Admin {
    /// Whether there is any session that the caller could reach: by role, or as a user's.
    pub(crate) fn may_touch_sessions(&self) -> bool {
        self.principal.user.is_some() || self.rights.reading != Standing::Nobody
    }

    /// Goes on if the caller is a client in its own name and this holds of its rights. What users let programs do in
    /// their name is said by scopes, and there is none for the management of anything but sessions.
    pub(crate) fn must(&self, hold: impl FnOnce(&Rights) -> bool) -> Result<(), Problem> {
        if self.principal.user.is_none() && hold(&self.rights) { Ok(()) } else { Err(Problem::Forbidden) }
    }
}

/// Who calls with this token. It may be of another environment than the addressed one: where its key is looked for, the
/// token says itself, and what it says is believed when that key has signed it.
async fn principal(
    face: &Face,
    addressed: Option<&Arc<Realm>>,
    token: &str,
) -> Result<Option<Principal>, Outage> {
    let authority = face.authority();
    let claimed = unverified_claim(token, CLAIM_ENV).and_then(|env| env.parse::<RealmId>().ok());
    let realm = match claimed {
        Some(id) => authority.realm(id).await?,
        None => addressed.map(Arc::clone),
    };
    let Some(realm) = realm else { return Ok(None) };
    authority.principal(&realm, token, &face.settings().api_base).await
}

/// A caller of the management API whose bearer token is good, where no environment is named.
pub(crate) struct Caller(pub(crate) Principal);

impl FromRequestParts<Face> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, face: &Face) -> Result<Self, Problem> {
        let no_access = || Problem::NoAccess { bearer: true };
        let token = adieu_http_kit::auth::bearer(&parts.headers).ok_or_else(no_access)?;
        let principal = principal(face, None, token).await?.ok_or_else(no_access)?;
        if principal.user.is_some() || principal.roles().is_empty() {
            return Err(Problem::Forbidden);
        }
        Ok(Self(principal))
    }
}

/// What the path names last, as text.
pub(crate) struct LastNamed(pub(crate) String);

impl FromRequestParts<Face> for LastNamed {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Face) -> Result<Self, Problem> {
        let params = RawPathParams::from_request_parts(parts, &()).await.map_err(|_| Problem::NotFound)?;
        params.iter().last().map(|(_, text)| Self(text.to_owned())).ok_or(Problem::NotFound)
    }
}

/// An application in the path.
pub(crate) struct OfApp(pub(crate) ClientId);

impl FromRequestParts<Face> for OfApp {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Face) -> Result<Self, Problem> {
        id(parts, "app").await.map(Self)
    }
}

/// A sign-on policy in the path.
pub(crate) struct OfPolicy(pub(crate) uuid::Uuid);

impl FromRequestParts<Face> for OfPolicy {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Face) -> Result<Self, Problem> {
        let id: RealmId = id(parts, "policy").await?; // Every id of ours is spelled alike.
        Ok(Self(id.uuid()))
    }
}

/// The body, a JSON object of one of the types that its address takes.
pub(crate) struct Body(pub(crate) Input);

impl FromRequest<Face> for Body {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &Face) -> Result<Self, Problem> {
        let (parts, stream) = request.into_parts();
        if !media::is(&parts.headers, "application/json") {
            return Err(Problem::MediaType);
        }
        Ok(Self(Input::read(&body::bytes(stream).await?)?))
    }
}
