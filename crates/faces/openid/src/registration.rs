//! `register`: clients make themselves, with a token that an administrator gave out, and change and remove themselves later.
//!
//! Off unless the installation says otherwise. Whoever holds no token learns nothing. RFC 7591, RFC 7592, OpenID Connect Dynamic Client
//! Registration 1.0; standards.md 2.7.

use std::fmt::Display;
use std::sync::Arc;

use adieu_authority::{
    Actor, Client, ClientId, ClientRefusal, ClientRefusalReason, ClientRegistrationError, DirectoryError,
    Realm,
};
use adieu_http_kit::auth::bearer;
use adieu_http_kit::{body, json, media};
use adieu_oidc::{ClientMetadata, MetadataError, shown_metadata};
use axum::body::Body;
use axum::response::Response;
use http::{Method, StatusCode};
use serde_json::{Map, Value};

use crate::address::Endpoint;
use crate::answer::{created, nothing, private};
use crate::call::{BODY_BYTES_MAX, BODY_PATIENCE, Call};
use crate::error::OpenIdError;
use crate::face::{CHANNEL, Face};

/// What is written down of what is wrong with metadata (HOME-LIMITS).
const DETAIL_BYTES_MAX: usize = 256;
/// Members of an answer that a change does not send back. RFC 7592 §2.2
const NOT_SENT_BACK: [&str; 4] = [
    "registration_access_token",
    "registration_client_uri",
    "client_secret_expires_at",
    "client_id_issued_at",
];

/// A client registers. S-REG-1 to S-REG-3
pub(crate) async fn register(
    face: &Face,
    call: &Call,
    body: Body,
    realm: &Arc<Realm>,
) -> Result<Response, OpenIdError> {
    noted(face, call, realm, None, made(face, call, body, realm).await).await
}

async fn made(face: &Face, call: &Call, body: Body, realm: &Arc<Realm>) -> Result<Response, OpenIdError> {
    let token = bearer(call.headers()).ok_or(OpenIdError::Token { shown: false })?;
    let no_token = || OpenIdError::Token { shown: true };
    face.authority.initial_token(realm.id, token).await?.ok_or_else(no_token)?;
    let said = metadata(call, body).await?;
    let asked = ClientMetadata::read(&said)?;
    asked.leads_away(&face.settings.own_origins, None)?;
    let draft = asked.draft(&face.authority, realm.id)?;
    signs_already(face, realm, &draft, None).await?;
    match face.authority.register_client(draft, token).await {
        Ok(client) => Ok(created(shown(face, realm, &client))),
        Err(ClientRegistrationError::Token) => Err(no_token()),
        Err(ClientRegistrationError::Directory(error)) => Err(error.into()),
    }
}

/// A client looks at itself, changes or removes itself. S-REG-4
pub(crate) async fn registered(
    face: &Face,
    call: &Call,
    body: Body,
    realm: &Arc<Realm>,
) -> Result<Response, OpenIdError> {
    noted(face, call, realm, named(call), managed(face, call, body, realm).await).await
}

async fn managed(face: &Face, call: &Call, body: Body, realm: &Arc<Realm>) -> Result<Response, OpenIdError> {
    let client = caller(face, call, realm).await?;
    let origin = call.origin_of(Actor::Client(client.id.clone()));
    if *call.method() == Method::DELETE {
        face.authority.remove_client(&client.id, origin).await?;
        let mut done = nothing();
        *done.status_mut() = StatusCode::NO_CONTENT;
        return Ok(done);
    }
    if *call.method() != Method::PUT {
        return Ok(private(shown(face, realm, &client)));
    }
    let said = metadata(call, body).await?;
    is_about(face, &client, &said)?;
    let next = ClientMetadata::read(&said)?;
    next.leads_away(&face.settings.own_origins, Some(&client))?;
    let mut wanted = client.as_ref().clone();
    next.apply_to(&mut wanted);
    signs_already(face, realm, &wanted, Some(&client)).await?;
    let say = |client: &mut Client| next.apply_to(client);
    let changed = face.authority.change_registered_client(realm.id, &client.id, origin, say).await?;
    Ok(private(shown(face, realm, &changed)))
}

/// Writes down that a client was refused at its registration, if it was: for want of the right token, or for what it says.
async fn noted(
    face: &Face,
    call: &Call,
    realm: &Realm,
    client: Option<ClientId>,
    answer: Result<Response, OpenIdError>,
) -> Result<Response, OpenIdError> {
    let (reason, detail) = match &answer {
        Err(OpenIdError::Token { .. }) => (ClientRefusalReason::Token, None),
        Err(error @ OpenIdError::Metadata(_)) => (ClientRefusalReason::Metadata, Some(error.to_string())),
        Ok(_) | Err(_) => return answer,
    };
    face.authority
        .note_client_refusal(ClientRefusal {
            realm,
            channel: CHANNEL,
            endpoint: "registration",
            address: call.peer().map(|peer| peer as &(dyn Display + Sync)),
            client,
            reason,
            detail: detail.as_deref().map(|said| &said[..said.floor_char_boundary(DETAIL_BYTES_MAX)]),
        })
        .await;
    answer
}

/// The client that the path names.
fn named(call: &Call) -> Option<ClientId> {
    call.path().rsplit('/').next().and_then(|id| id.parse().ok())
}

/// The client of the path, which this is the token of. RFC 7592 §2: nobody learns whether there is another one.
async fn caller(face: &Face, call: &Call, realm: &Realm) -> Result<Arc<Client>, OpenIdError> {
    let token = bearer(call.headers()).ok_or(OpenIdError::Token { shown: false })?;
    let no_token = || OpenIdError::Token { shown: true };
    let id = named(call).ok_or_else(no_token)?;
    let client = face.authority.registered_client(realm.id, &id, token).await?;
    client.filter(|client| client.enabled).ok_or_else(no_token)
}

/// A change names its client, and its secret where it names one, and sends back nothing else that it was given. RFC 7592 §2.2
fn is_about(face: &Face, client: &Client, said: &Map<String, Value>) -> Result<(), MetadataError> {
    let wrong = |why: &str| Err(MetadataError::Metadata(why.to_owned()));
    if said.get("client_id").and_then(Value::as_str) != Some(client.id.as_str()) {
        return wrong("client_id: the one of the address");
    }
    if NOT_SENT_BACK.iter().any(|name| said.contains_key(*name)) {
        return wrong(
            "what the registration gave the client is not sent back, but for client_id and client_secret",
        );
    }
    match said.get("client_secret").map(Value::as_str) {
        Some(given) if given != face.authority.secret_of(client).as_deref() => {
            wrong("client_secret: the present one, or none")
        }
        Some(_) | None => Ok(()),
    }
}

/// A client that registers itself gets what is signed by keys that the realm has, or what it has by now: everybody reads the realm's JWK
/// Set, and a client does not add to it.
async fn signs_already(
    face: &Face,
    realm: &Realm,
    wanted: &Client,
    before: Option<&Client>,
) -> Result<(), OpenIdError> {
    let signed = |client: &Client| [Some(client.signing.id_token), client.signing.userinfo];
    let has = before.map(signed).unwrap_or_default();
    let new = signed(wanted).into_iter().filter(|one| !has.contains(one)).flatten();
    match face.authority.algorithm_without_key(realm, new).await? {
        None => Ok(()),
        Some(algorithm) => {
            let name = algorithm.name();
            Err(MetadataError::Metadata(format!(
                "the realm has no key of {name}: its administrator makes one"
            ))
            .into())
        }
    }
}

async fn metadata(call: &Call, body: Body) -> Result<Map<String, Value>, OpenIdError> {
    if !media::is(call.headers(), "application/json") {
        return Err(OpenIdError::NotJson);
    }
    let bytes = body::read(body, BODY_BYTES_MAX, BODY_PATIENCE).await?;
    match json::read(&bytes) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) | Err(_) => {
            Err(MetadataError::Metadata("the body is a JSON object with each member once".to_owned()).into())
        }
    }
}

fn shown(face: &Face, realm: &Realm, client: &Client) -> String {
    let at = format!("{}/{}", face.url(realm, Endpoint::REGISTER), client.id);
    shown_metadata(&face.authority, client, &at).to_string()
}

/// What the directory refuses of a client that registers or changes itself.
impl From<DirectoryError> for OpenIdError {
    fn from(error: DirectoryError) -> Self {
        match error {
            DirectoryError::Fault(fault) => MetadataError::from(fault).into(),
            DirectoryError::Unwritten(unwritten) => unwritten.into(),
            // It was removed a moment ago.
            DirectoryError::Unknown => Self::Token { shown: true },
            DirectoryError::Taken(_)
            | DirectoryError::NotEmpty
            | DirectoryError::Stale
            | DirectoryError::SessionOver => Self::Busy,
        }
    }
}

impl From<MetadataError> for OpenIdError {
    fn from(error: MetadataError) -> Self {
        Self::Metadata(error)
    }
}
