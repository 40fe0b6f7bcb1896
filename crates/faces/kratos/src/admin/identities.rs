//! Identities for administrators: made, read, listed, changed, deleted. Contract kratos.md 2.7; K-53, K-54.
//!
//! Setting one inactive ends its sessions for good (Q5); deleting one ends them and takes their records away.

use std::sync::Arc;

use adieu_authority::{Actor, NewPerson, Origin, RealmId, User, UserEdit, UserId};
use adieu_http_kit::form::Params;
use axum::body::Body;
use axum::http::header::LOCATION;
use axum::http::{HeaderValue, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::admin::identity::{IdentityBody, IdentityInput, PasswordInput, credentials};
use crate::admin::patch::IdentityPatch;
use crate::answer::{Answer, empty, json as json_answer};
use crate::call::{Call, read_json};
use crate::error::KratosError;
use crate::face::{CHANNEL, Face};
use crate::links::{self, NumberedPage};
use crate::members::fold_at;

/// The mark before the first identity.
const BEGINNING: &str = "00000000-0000-0000-0000-000000000000";
/// The address of the list.
const LIST: &str = "/admin/identities";
/// Identities that are read at once on the way to a page.
const STEP_MAX: u64 = 1000;
/// Ids in one filter, and identities in one batch. Contract kratos.md 2.7
const IDS_MAX: usize = 500;
const BATCH_MAX: usize = 1000;
/// Batches with clear passwords are smaller: each has to be hashed.
const BATCH_CLEAR_MAX: usize = 200;
/// Filters of which one at most may be given.
const FILTERS: [&str; 5] = [
    "ids",
    "credentials_identifier",
    "preview_credentials_identifier_similar",
    "credentials_identifier_similar",
    "organization_id",
];

pub(super) async fn create(face: &Face, call: &Call, body: Body) -> Result<Answer, KratosError> {
    let wanted = IdentityBody::parse(&read_json(call, body).await?)?.wanted(face, None)?;
    let user = made(face, wanted).await?;
    let wire = face.identity_for_admin(&user, Some(credentials(&user, false)));
    let mut answer = json_answer(StatusCode::CREATED, &wire);
    // Quirk: the address is without `/admin`. K-53
    let location = format!("{}/identities/{}", face.settings.admin_base, user.id);
    if let Ok(location) = HeaderValue::from_str(&location) {
        answer.headers_mut().insert(LOCATION, location);
    }
    Ok(answer)
}

async fn made(face: &Face, wanted: IdentityInput) -> Result<User, KratosError> {
    let realm = face.realm_id().await?;
    let population = face.authority.populations(realm).await?.into_iter().next();
    let population = population.ok_or_else(KratosError::not_stored)?;
    let (password, password_hash) = match wanted.password {
        Some(PasswordInput::Clear(clear)) => (Some(clear), None),
        Some(PasswordInput::Hashed(hash)) => (None, Some(hash)),
        None => (None, None),
    };
    let new = NewPerson {
        username: wanted.username,
        email: wanted.email,
        external_id: wanted.external_id,
        disabled: !wanted.enabled,
        locked: false,
        password,
        password_hash,
        traits: Some(wanted.traits),
        metadata_public: wanted.metadata_public,
        metadata_admin: wanted.metadata_admin,
        roles: Vec::new(),
    };
    Ok(face.authority.create_user(&population, new).await?)
}

#[derive(Deserialize)]
struct Batch {
    identities: Vec<BatchItem>,
}

#[derive(Deserialize)]
struct BatchItem {
    create: Value,
    patch_id: Option<Uuid>,
}

/// Many at once. Each is made or refused for itself; the answer says which.
pub(super) async fn create_many(face: &Face, call: &Call, body: Body) -> Result<Answer, KratosError> {
    let bytes = read_json(call, body).await?;
    let unparseable = |error: serde_json::Error| KratosError::unparseable(error.to_string());
    let mut body: Value = serde_json::from_slice(&bytes).map_err(unparseable)?;
    fold_at(&mut body, &[], &["identities"]);
    fold_at(&mut body, &["identities"], &["create", "patch_id"]);
    let batch: Batch = serde_json::from_value(body).map_err(unparseable)?;
    let too_many = || KratosError::malformed("There are too many identities in one request.");
    if batch.identities.len() > BATCH_MAX {
        return Err(too_many());
    }
    let read = |item: BatchItem| (IdentityBody::read(item.create), item.patch_id);
    let bodies: Vec<_> = batch.identities.into_iter().map(read).collect();
    let clear = |body: &Result<IdentityBody, _>| body.as_ref().is_ok_and(IdentityBody::has_clear_password);
    if bodies.iter().filter(|(body, _)| clear(body)).count() > BATCH_CLEAR_MAX {
        return Err(too_many());
    }
    let mut results = Vec::with_capacity(bodies.len());
    for (body, patch_id) in bodies {
        let result = match body.and_then(|body| body.wanted(face, None)) {
            Ok(wanted) => made(face, wanted).await,
            Err(error) => Err(error),
        };
        results.push(match result {
            Ok(user) => json!({"action": "create", "identity": user.id.to_string(), "patch_id": patch_id}),
            Err(error) if error.status.is_server_error() => return Err(error),
            Err(error) => json!({
                "action": "error", "patch_id": patch_id, "error": crate::answer::error_object(&error, None),
            }),
        });
    }
    Ok(json_answer(StatusCode::OK, &json!({"identities": results})))
}

pub(super) async fn read(face: &Face, call: &Call, id: &str) -> Result<Answer, KratosError> {
    let user = found(face, id).await?;
    Ok(shown(face, &user, &Params::parse(call.query())))
}

pub(super) async fn read_external(face: &Face, call: &Call, id: &str) -> Result<Answer, KratosError> {
    let id = percent_encoding::percent_decode_str(id).decode_utf8_lossy();
    let realm = face.realm_id().await?;
    let user = face.authority.user_external(realm, &id).await?.ok_or_else(KratosError::not_stored)?;
    Ok(shown(face, &user, &Params::parse(call.query())))
}

pub(super) async fn list(face: &Face, call: &Call) -> Result<Answer, KratosError> {
    let params = Params::parse(call.query());
    if FILTERS.iter().filter(|name| params.first(name).is_some()).count() > 1 {
        return Err(KratosError::malformed("These filters can not be combined."));
    }
    let size = links::size(&params)?;
    let realm = face.realm_id().await?;
    let (users, next) = if let Some(name) = params.first("credentials_identifier") {
        (face.authority.user_named(realm, name).await?.into_iter().collect(), None)
    } else if params.first("ids").is_some() {
        (of_ids(face, &params).await?, None)
    } else if let Some(part) = params.first(FILTERS[2]).or(params.first(FILTERS[3])) {
        similar(face, realm, part, (&params, size)).await?
    } else if params.first(FILTERS[4]).is_some() {
        return Err(KratosError::malformed("This filter is not supported."));
    } else if let Some(page) = NumberedPage::of(&params) {
        let (users, more) = numbered(face, realm, page).await?;
        let mut answer = shown_all(face, &users, &params);
        page.lead_on(&mut answer, LIST, &params, more);
        return Ok(answer);
    } else {
        page(face, &params, size).await?
    };
    let mut answer = shown_all(face, &users, &params);
    links::lead_on_by_mark(&mut answer, LIST, &params, (size, BEGINNING, next));
    Ok(answer)
}

fn shown_all(face: &Face, users: &[Arc<User>], params: &Params) -> Answer {
    let with_config = wants_config(params);
    let wires: Vec<_> = users
        .iter()
        .map(|user| face.identity_for_admin(user, Some(credentials(user, with_config))))
        .collect();
    json_answer(StatusCode::OK, &wires)
}

async fn page(
    face: &Face,
    params: &Params,
    size: u32,
) -> Result<(Vec<Arc<User>>, Option<String>), KratosError> {
    let realm = face.realm_id().await?;
    let (users, more) = behind(face, realm, place(params)?, size).await?;
    let next = users.last().filter(|_| more).map(|user| mark_of(user.id));
    Ok((users, next))
}

/// Identities with this part in a name by which they sign on. A page may be short, and still have a next one.
async fn similar(
    face: &Face,
    realm: RealmId,
    part: &str,
    (params, size): (&Params, u32),
) -> Result<(Vec<Arc<User>>, Option<String>), KratosError> {
    if part.trim().is_empty() {
        return Err(KratosError::malformed("The part of a name is empty."));
    }
    let found = face.authority.users_with(realm, part, place(params)?, size as usize).await?;
    Ok((found.users.into_iter().map(Arc::new).collect(), found.next.map(mark_of)))
}

/// Behind whom a page begins.
fn place(params: &Params) -> Result<Option<UserId>, KratosError> {
    let unknown = || KratosError::malformed("The page token is none that this list has given.");
    match links::token(params) {
        None | Some(BEGINNING) => Ok(None),
        Some(token) => mark(token).map(Some).ok_or_else(unknown),
    }
}

fn mark_of(user: UserId) -> String {
    URL_SAFE_NO_PAD.encode(user.uuid())
}

/// So many identities behind one, and whether there are more.
async fn behind(
    face: &Face,
    realm: RealmId,
    after: Option<UserId>,
    size: u32,
) -> Result<(Vec<Arc<User>>, bool), KratosError> {
    let mut users = face.authority.users(realm, after, size + 1).await?;
    let more = users.len() > size as usize;
    users.truncate(size as usize);
    Ok((users.into_iter().map(Arc::new).collect(), more))
}

/// A page by its number: what lies before it is walked over, as the list has no other way there.
async fn numbered(
    face: &Face,
    realm: RealmId,
    page: NumberedPage,
) -> Result<(Vec<Arc<User>>, bool), KratosError> {
    let (mut after, mut before) = (None, page.before());
    while let step @ 1.. = u32::try_from(before.min(STEP_MAX)).unwrap_or(0) {
        let (passed, more) = behind(face, realm, after, step).await?;
        if !more {
            return Ok((Vec::new(), false));
        }
        after = passed.last().map(|user| user.id);
        before -= u64::from(step);
    }
    behind(face, realm, after, page.size()).await
}

/// The user that a page token stands behind.
fn mark(token: &str) -> Option<UserId> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    Uuid::from_slice(&bytes).ok().map(UserId::from_uuid)
}

async fn of_ids(face: &Face, params: &Params) -> Result<Vec<Arc<User>>, KratosError> {
    let ids: Vec<&str> = params.all("ids").collect();
    if ids.len() > IDS_MAX {
        return Err(KratosError::malformed(format!("At most {IDS_MAX} ids can be named.")));
    }
    let mut users = Vec::new();
    for id in ids {
        let refused = |_| KratosError::malformed(format!("{id:?} is no UUID."));
        let id = UserId::from_uuid(Uuid::try_parse(id).map_err(refused)?);
        users.extend(in_realm(face, id).await?);
    }
    Ok(users)
}

/// The whole of an identity anew. Credentials stay unless the body brings some.
pub(super) async fn replace(face: &Face, call: &Call, body: Body, id: &str) -> Result<Answer, KratosError> {
    let user = found(face, id).await?;
    let body = &read_json(call, body).await?;
    let edited = face.authority.change_user(user.id, origin(call), |user| async move {
        let edit = edit(face, IdentityBody::parse(body)?.wanted(face, Some(&user))?).await?;
        // The body has all traits anew.
        Ok::<_, KratosError>(UserEdit { says_verified: true, ..edit })
    });
    Ok(shown(face, &edited.await?.user, &Params::parse(call.query())))
}

/// JSON Patch on an identity, as it is when the patch is stored.
pub(super) async fn patch(face: &Face, call: &Call, body: Body, id: &str) -> Result<Answer, KratosError> {
    let user = found(face, id).await?;
    let patch = &IdentityPatch::parse(&read_json(call, body).await?)?;
    let edited = face.authority.change_user(user.id, origin(call), |user| async move {
        edit(face, patch.applied_to(face, &user)?).await
    });
    Ok(shown(face, &edited.await?.user, &Params::parse(call.query())))
}

/// What changes of a user; the password only if the body brings one.
async fn edit(face: &Face, wanted: IdentityInput) -> Result<UserEdit, KratosError> {
    let password = match &wanted.password {
        None => None,
        Some(PasswordInput::Clear(clear)) => {
            let realm = face.realm_id().await?;
            let names: Vec<_> =
                std::iter::once(wanted.username.clone()).chain(wanted.email.clone()).collect();
            Some(Some(face.authority.hash_new_password(realm, &names, clear).await?))
        }
        Some(PasswordInput::Hashed(hash)) => Some(Some(hash.clone())),
    };
    Ok(UserEdit {
        password,
        username: Some(wanted.username),
        email: Some(wanted.email),
        external_id: Some(wanted.external_id),
        enabled: Some(wanted.enabled),
        traits: Some(wanted.traits),
        metadata_public: Some(wanted.metadata_public),
        metadata_admin: Some(wanted.metadata_admin),
        ..UserEdit::default()
    })
}

pub(super) async fn remove(face: &Face, call: &Call, id: &str) -> Result<Answer, KratosError> {
    let user = found(face, id).await?;
    face.authority.remove_user(user.id, origin(call)).await?;
    Ok(empty(StatusCode::NO_CONTENT))
}

/// The last first factor stays; there is one kind of it here.
pub(super) async fn remove_credential(
    face: &Face,
    call: &Call,
    id: &str,
    kind: &str,
) -> Result<Answer, KratosError> {
    let user = found(face, id).await?;
    match kind {
        // For whoever has lost the codes; the sessions live on, proven by what is left.
        "lookup_secret" if user.recovery_codes.is_some() => {
            face.authority.drop_recovery_codes(user.id, origin(call)).await?;
            Ok(empty(StatusCode::NO_CONTENT))
        }
        "password" if user.password.is_some() => {
            Err(KratosError::malformed("The last first factor can not be removed."))
        }
        _ => Err(KratosError::not_found("This identity has no such credential.")),
    }
}

/// The user of an id in a path. Quirk: a malformed one is not found. Contract kratos.md 2.7
async fn found(face: &Face, id: &str) -> Result<Arc<User>, KratosError> {
    let id = Uuid::try_parse(id).map_err(|_| KratosError::not_stored())?;
    in_realm(face, UserId::from_uuid(id)).await?.ok_or_else(KratosError::not_stored)
}

pub(super) async fn in_realm(face: &Face, id: UserId) -> Result<Option<Arc<User>>, KratosError> {
    let realm = face.realm_id().await?;
    Ok(face.authority.user(id).await?.filter(|user| user.realm == realm))
}

fn shown(face: &Face, user: &User, params: &Params) -> Answer {
    let credentials = credentials(user, wants_config(params));
    json_answer(StatusCode::OK, &face.identity_for_admin(user, Some(credentials)))
}

fn wants_config(params: &Params) -> bool {
    params.all("include_credential").any(|kind| kind == "password")
}

fn origin(call: &Call) -> Origin {
    Origin::of(Actor::Operator, CHANNEL, call.address())
}
