//! Clients: listed, made, read, changed, removed. The secret is shown when a client is made, and never again.
//!
//! A client that is switched off or removed keeps nothing: what it held ends and does not come back with it.

use std::sync::Arc;

use adieu_authority::{
    Client, ClientId, ClientSigning, DirectoryError, HeldGrants, NewClient, Outage, RoleAssignment,
    RotationError, SecretRotation, Span,
};
use adieu_provisioning::client_words::{AuthMethod, GRANT_TYPES_DEFAULT, GrantType, scope_words};
use axum::body::Body;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::answer::Done;
use crate::client_signing::{
    ASSERTION, ID_TOKEN, REQUEST_OBJECT, SigningMembers, USERINFO, algorithm, keys, nullable_algorithm,
};
use crate::face::{Call, Face};
use crate::input::{nullable, present, sound};
use crate::page::ListPage;
use crate::problem::{Problem, ProblemKind};
use crate::repeats::IdempotencyKey;
use crate::roles::{self, RolesInput};
use crate::{input, realms, wire};

/// Longest name, in characters.
const NAME_MAX: usize = 255;
/// Addresses of one list, and characters of one (HOME-LIMITS).
const URIS_MAX: usize = 100;
const URI_MAX: usize = 2048;
/// For how long a secret may count beside the next one: ninety days.
const OVERLAP_S_MAX: i64 = 90 * 24 * 3600;
/// What is kept of a rotation for its repetitions.
const SECRET_VERSION: &str = "secret_version";
/// The longest life of a token: ten years.
const LIFE_S_MAX: i64 = 10 * 366 * 24 * 3600;

pub(super) async fn list(api: &Face, call: &Call) -> Result<Done, Problem> {
    let page = ListPage::of(&call.query)?;
    let all = api.authority.clients(realms::of(api, call).await?.id).await?;
    Ok(page.cut(all, |client| client.id.to_string(), wire::client))
}

pub(super) async fn read(api: &Face, call: &Call) -> Result<Done, Problem> {
    Ok(Done::Shown(wire::client(of(api, call).await?.as_ref())))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewClientBody {
    #[serde(default, deserialize_with = "present")]
    client_id: Option<String>,
    client_name: String,
    #[serde(default)]
    token_endpoint_auth_method: AuthMethod,
    #[serde(default = "grant_types_default")]
    grant_types: Vec<GrantType>,
    #[serde(default = "yes")]
    pkce_required: bool,
    #[serde(default)]
    require_consent: bool,
    #[serde(default)]
    api_scopes: Vec<String>,
    #[serde(default, deserialize_with = "nullable")]
    scope: Option<Option<String>>,
    #[serde(default)]
    redirect_uris: Vec<String>,
    #[serde(default)]
    post_logout_redirect_uris: Vec<String>,
    #[serde(default, deserialize_with = "nullable")]
    backchannel_logout_uri: Option<Option<String>>,
    #[serde(default)]
    backchannel_logout_session_required: bool,
    #[serde(default, deserialize_with = "nullable")]
    frontchannel_logout_uri: Option<Option<String>>,
    #[serde(default)]
    frontchannel_logout_session_required: bool,
    #[serde(default, deserialize_with = "nullable")]
    jwks: Option<Option<Value>>,
    #[serde(default, deserialize_with = "nullable")]
    jwks_uri: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    id_token_signed_response_alg: Option<String>,
    #[serde(default, deserialize_with = "nullable")]
    userinfo_signed_response_alg: Option<Option<String>>,
    #[serde(default, deserialize_with = "nullable")]
    request_object_signing_alg: Option<Option<String>>,
    #[serde(default, deserialize_with = "nullable")]
    token_endpoint_auth_signing_alg: Option<Option<String>>,
    #[serde(default)]
    roles: RolesInput,
}

/// PKCE, unless a client says that it has none (RFC 9700 §2.1.1).
const fn yes() -> bool {
    true
}

fn grant_types_default() -> Vec<GrantType> {
    GRANT_TYPES_DEFAULT.to_vec()
}

pub(super) async fn make(api: &Face, call: &Call, body: Body) -> Result<Done, Problem> {
    let realm = realms::of(api, call).await?.id;
    let new: NewClientBody = input::object(call, body).await?;
    sound("client_name", &new.client_name, NAME_MAX)?;
    addresses("redirect_uris", Some(&new.redirect_uris))?;
    addresses("post_logout_redirect_uris", Some(&new.post_logout_redirect_uris))?;
    scopes(Some(&new.api_scopes))?;
    let signing = SigningMembers {
        jwks: keys(new.jwks.as_ref())?,
        jwks_uri: new.jwks_uri,
        id_token: algorithm(ID_TOKEN, new.id_token_signed_response_alg.as_ref())?,
        userinfo: nullable_algorithm(USERINFO, new.userinfo_signed_response_alg.as_ref())?,
        request_object: nullable_algorithm(REQUEST_OBJECT, new.request_object_signing_alg.as_ref())?,
        assertion: nullable_algorithm(ASSERTION, new.token_endpoint_auth_signing_alg.as_ref())?,
    };
    let id = new.client_id.unwrap_or_else(|| api.authority.draw_uuid().to_string());
    let id: ClientId = input::id("client_id", &id)?;
    let wanted = NewClient {
        id,
        name: new.client_name,
        auth: new.token_endpoint_auth_method.into(),
        code: new.grant_types.contains(&GrantType::AuthorizationCode),
        refresh: new.grant_types.contains(&GrantType::RefreshToken),
        client_credentials: new.grant_types.contains(&GrantType::ClientCredentials),
        pkce_required: new.pkce_required,
        api_scopes: new.api_scopes,
        redirect_uris: new.redirect_uris,
        post_logout_redirect_uris: new.post_logout_redirect_uris,
        roles: roles::read(api, &new.roles).await?,
    };
    let draft = Client {
        require_consent: new.require_consent,
        user_scopes: new.scope.flatten().as_deref().map(scope_words),
        backchannel_logout_uri: new.backchannel_logout_uri.flatten(),
        backchannel_logout_session_required: new.backchannel_logout_session_required,
        frontchannel_logout_uri: new.frontchannel_logout_uri.flatten(),
        frontchannel_logout_session_required: new.frontchannel_logout_session_required,
        signing: signing.applied_to(ClientSigning::default()),
        ..api.authority.draft_client(realm, wanted)
    };
    let client = api.authority.keep_new_client(draft).await?;
    let mut shown = wire::client(&client);
    shown["client_secret"] = api.authority.secret_of(&client).into();
    let id = percent_encoding::utf8_percent_encode(client.id.as_str(), percent_encoding::NON_ALPHANUMERIC);
    Ok(Done::Made { at: format!("/v1/clients/{id}"), shown })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClientChange {
    #[serde(default, deserialize_with = "present")]
    client_name: Option<String>,
    #[serde(default, deserialize_with = "present")]
    enabled: Option<bool>,
    #[serde(default, deserialize_with = "present")]
    grant_types: Option<Vec<GrantType>>,
    #[serde(default, deserialize_with = "present")]
    pkce_required: Option<bool>,
    #[serde(default, deserialize_with = "present")]
    api_scopes: Option<Vec<String>>,
    #[serde(default, deserialize_with = "nullable")]
    scope: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    redirect_uris: Option<Vec<String>>,
    #[serde(default, deserialize_with = "present")]
    post_logout_redirect_uris: Option<Vec<String>>,
    #[serde(default, deserialize_with = "nullable")]
    origins: Option<Option<Vec<String>>>,
    #[serde(default, deserialize_with = "present")]
    offline_access: Option<bool>,
    #[serde(default, deserialize_with = "present")]
    require_consent: Option<bool>,
    #[serde(default, deserialize_with = "present")]
    ends_by_id_token: Option<bool>,
    #[serde(default, deserialize_with = "nullable")]
    backchannel_logout_uri: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    backchannel_logout_session_required: Option<bool>,
    #[serde(default, deserialize_with = "nullable")]
    frontchannel_logout_uri: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    frontchannel_logout_session_required: Option<bool>,
    #[serde(default, deserialize_with = "present")]
    access_life_s: Option<i64>,
    #[serde(default, deserialize_with = "nullable")]
    jwks: Option<Option<Value>>,
    #[serde(default, deserialize_with = "nullable")]
    jwks_uri: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    id_token_signed_response_alg: Option<String>,
    #[serde(default, deserialize_with = "nullable")]
    userinfo_signed_response_alg: Option<Option<String>>,
    #[serde(default, deserialize_with = "nullable")]
    request_object_signing_alg: Option<Option<String>>,
    #[serde(default, deserialize_with = "nullable")]
    token_endpoint_auth_signing_alg: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    refresh_life_s: Option<i64>,
    #[serde(default, deserialize_with = "present")]
    roles: Option<RolesInput>,
    #[serde(default, deserialize_with = "present")]
    reason: Option<String>,
}

impl ClientChange {
    fn check(&self) -> Result<(), Problem> {
        if let Some(name) = &self.client_name {
            sound("client_name", name, NAME_MAX)?;
        }
        addresses("redirect_uris", self.redirect_uris.as_deref())?;
        addresses("post_logout_redirect_uris", self.post_logout_redirect_uris.as_deref())?;
        addresses("origins", self.origins.as_ref().and_then(|origins| origins.as_deref()))?;
        scopes(self.api_scopes.as_deref())?;
        life("access_life_s", self.access_life_s)?;
        life("refresh_life_s", self.refresh_life_s)
    }

    /// Changes what is named.
    fn apply_to(&self, client: &mut Client, read: &ReadMembers) {
        set(&mut client.name, self.client_name.as_ref());
        set(&mut client.enabled, self.enabled.as_ref());
        if let Some(types) = &self.grant_types {
            GrantType::set_all(types, client);
        }
        set(&mut client.pkce_required, self.pkce_required.as_ref());
        set(&mut client.api_scopes, self.api_scopes.as_ref());
        let named = self.scope.as_ref().map(|scope| scope.as_deref().map(scope_words));
        set(&mut client.user_scopes, named.as_ref());
        set(&mut client.redirect_uris, self.redirect_uris.as_ref());
        set(&mut client.post_logout_redirect_uris, self.post_logout_redirect_uris.as_ref());
        set(&mut client.origins, self.origins.as_ref());
        set(&mut client.outlives_session, self.offline_access.as_ref());
        set(&mut client.require_consent, self.require_consent.as_ref());
        set(&mut client.ends_by_id_token, self.ends_by_id_token.as_ref());
        set(&mut client.backchannel_logout_uri, self.backchannel_logout_uri.as_ref());
        set(
            &mut client.backchannel_logout_session_required,
            self.backchannel_logout_session_required.as_ref(),
        );
        set(&mut client.frontchannel_logout_uri, self.frontchannel_logout_uri.as_ref());
        set(
            &mut client.frontchannel_logout_session_required,
            self.frontchannel_logout_session_required.as_ref(),
        );
        set(&mut client.access_life, self.access_life_s.map(Span::from_s).as_ref());
        set(&mut client.refresh_life, self.refresh_life_s.map(Span::from_s).as_ref());
        client.signing = read.signing.applied_to(std::mem::take(&mut client.signing));
        set(&mut client.roles, read.roles.as_ref());
    }
}

/// What of a change had to be read first.
struct ReadMembers {
    roles: Option<Vec<RoleAssignment>>,
    signing: SigningMembers,
}

fn set<T: Clone>(place: &mut T, value: Option<&T>) {
    if let Some(value) = value {
        place.clone_from(value);
    }
}

pub(super) async fn change(api: &Face, call: &Call, body: Body) -> Result<Done, Problem> {
    let (before, origin) = (of(api, call).await?, call.origin());
    let change: ClientChange = input::object(call, body).await?;
    let origin = origin.because(input::reason(change.reason.as_deref())?);
    change.check()?;
    let roles = match &change.roles {
        None => None,
        Some(wanted) => Some(roles::read(api, wanted).await?),
    };
    let signing = SigningMembers {
        jwks: keys(change.jwks.as_ref())?,
        jwks_uri: change.jwks_uri.clone(),
        id_token: algorithm(ID_TOKEN, change.id_token_signed_response_alg.as_ref())?,
        userinfo: nullable_algorithm(USERINFO, change.userinfo_signed_response_alg.as_ref())?,
        request_object: nullable_algorithm(REQUEST_OBJECT, change.request_object_signing_alg.as_ref())?,
        assertion: nullable_algorithm(ASSERTION, change.token_endpoint_auth_signing_alg.as_ref())?,
    };
    let read = ReadMembers { roles, signing };
    let edit = |client: &mut Client| change.apply_to(client, &read);
    let client = api.authority.edit_client(before.realm, &before.id, origin, edit).await?;
    Ok(Done::Shown(wire::client(&client)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RotationBody {
    #[serde(default)]
    end_grants: bool,
    #[serde(default, deserialize_with = "present")]
    overlap_s: Option<i64>,
    #[serde(default, deserialize_with = "present")]
    reason: Option<String>,
}

impl RotationBody {
    fn rotation(&self) -> Result<SecretRotation, Problem> {
        match (self.end_grants, self.overlap_s.unwrap_or(0)) {
            (false, 0) if self.overlap_s.is_none() => Ok(SecretRotation::AtOnceIfAlone),
            (false, 0) => Ok(SecretRotation::AtOnce(HeldGrants::AsDecided)),
            (true, 0) => Ok(SecretRotation::AtOnce(HeldGrants::Ends)),
            (false, s) if (1..=OVERLAP_S_MAX).contains(&s) => Ok(SecretRotation::Overlap(Span::from_s(s))),
            (true, s) if (1..=OVERLAP_S_MAX).contains(&s) => Err(Problem::invalid(
                "end_grants, overlap_s: what ends everything at once leaves no secret for later.",
            )),
            (..) => Err(Problem::invalid(format!("overlap_s: 0 to {OVERLAP_S_MAX} seconds"))),
        }
    }
}

/// Another secret; the answer shows it, and the same answer is given to a repetition with the same key.
pub(super) async fn rotate(api: &Face, call: &Call, body: Body) -> Result<Done, Problem> {
    let key = IdempotencyKey::of(&call.parts.headers)?;
    let before = of(api, call).await?;
    let wanted: RotationBody = input::object(call, body).await?;
    let (rotation, reason) = (wanted.rotation()?, input::reason(wanted.reason.as_deref())?);
    let meaning = format!("rotation {} {rotation:?} {reason:?}", before.id);
    let origin = call.origin().because(reason);
    let Some(key) = key else {
        let rotated = api.authority.rotate_secret(before.realm, &before.id, rotation, origin).await?;
        return Ok(with_secret(api, &rotated));
    };
    let _turn = api.repeats.turn(&key).await;
    // The secret is derived again, not kept (EMPTY-HANDS). Its version is kept before it counts, so that no repetition makes another.
    let drawn = json!({SECRET_VERSION: api.authority.next_secret_version(&before)});
    let kept = api.settled(&key, &meaning, drawn).await?;
    let version =
        kept[SECRET_VERSION].as_u64().ok_or_else(|| Outage::new("a kept rotation has no version"))?;
    match api.authority.rotate_secret_to(before.realm, &before.id, (rotation, version), origin).await {
        Ok(client) => Ok(with_secret(api, &client)),
        Err(RotationError::Directory(DirectoryError::Stale)) => {
            let gone = "The client was given yet another secret since this key was first used.";
            Err(Problem::new(ProblemKind::Stale, gone))
        }
        // A commit in doubt, or one that was not taken, is for the repetition to settle.
        Err(error @ RotationError::Directory(DirectoryError::Unwritten(_))) => Err(error.into()),
        Err(refusal) => {
            api.free(&key).await;
            Err(refusal.into())
        }
    }
}

fn with_secret(api: &Face, client: &Client) -> Done {
    let mut shown = wire::client(client);
    shown["client_secret"] = api.authority.secret_of(client).into();
    Done::Shown(shown)
}

pub(super) async fn remove(api: &Face, call: &Call) -> Result<Done, Problem> {
    let id: ClientId = input::named(call, "client")?;
    let origin = call.origin().because(input::queried_reason(call)?);
    api.authority.remove_client(&id, origin).await?;
    Ok(Done::Nothing)
}

/// The client that the path names.
async fn of(api: &Face, call: &Call) -> Result<Arc<Client>, Problem> {
    let id: ClientId = input::named(call, "client")?;
    api.authority.any_client(&id).await?.ok_or_else(|| Problem::unknown("client"))
}

/// Short enough to be kept, and visible. Whether a browser may be sent there is for core to say.
fn addresses(member: &str, list: Option<&[String]>) -> Result<(), Problem> {
    let visible = |uri: &String| {
        (1..=URI_MAX).contains(&uri.len()) && uri.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#')
    };
    let all = list.unwrap_or_default();
    if let Some(uri) = all.iter().find(|uri| uri.contains('#')) {
        let fault = "has a fragment (what begins with #), and none may be there";
        return Err(Problem::invalid(format!("{member}: {:?} {fault}", shortened(uri))));
    }
    if let Some(uri) = all.iter().find(|uri| uri.contains(char::is_whitespace)) {
        return Err(Problem::invalid(format!("{member}: {:?} has a space in it", shortened(uri))));
    }
    match list {
        Some(list) if list.len() > URIS_MAX || !list.iter().all(visible) => {
            let rule =
                format!("{member}: at most {URIS_MAX} addresses of at most {URI_MAX} visible characters");
            Err(Problem::invalid(rule))
        }
        Some(_) | None => Ok(()),
    }
}

/// As much of an address as an answer repeats.
fn shortened(uri: &str) -> &str {
    &uri[..uri.floor_char_boundary(100)]
}

fn scopes(list: Option<&[String]>) -> Result<(), Problem> {
    let list = list.unwrap_or_default();
    // RFC 6749 §3.3
    let word = |scope: &String| {
        (1..=NAME_MAX).contains(&scope.len())
            && scope.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\')
    };
    if list.len() <= URIS_MAX && list.iter().all(word) {
        return Ok(());
    }
    Err(Problem::invalid(format!("api_scopes: at most {URIS_MAX} words of visible characters")))
}

fn life(member: &str, s: Option<i64>) -> Result<(), Problem> {
    match s {
        Some(s) if !(1..=LIFE_S_MAX).contains(&s) => {
            Err(Problem::invalid(format!("{member}: 1 to {LIFE_S_MAX} seconds")))
        }
        Some(_) | None => Ok(()),
    }
}
