//! Upstream providers of realms, and who of them is which user. A secret is taken and never shown.
//!
//! A provider's id names its realm and, behind a dot, itself. `docs/upstream.md`.

use std::sync::Arc;

use adieu_authority::{
    DirectoryError, NewUpstream, Realm, RealmId, UpstreamEdit, UpstreamLink, UpstreamLinkError,
    UpstreamProvider, UpstreamProviderError, UpstreamSecret, User, UserId,
};
use adieu_http_kit::upstream_paths::issuer_path;
use axum::body::Body;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::answer::Done;
use crate::face::{Call, Face};
use crate::input::{self, nullable, present};
use crate::page::ListPage;
use crate::problem::{Problem, ProblemKind};
use crate::{page, realms, wire};

/// Who links are about, in a query.
pub(super) const ISSUER: &str = "issuer";
pub(super) const SUB: &str = "sub";

pub(super) async fn list(api: &Face, call: &Call) -> Result<Done, Problem> {
    let page = ListPage::of(&call.query)?;
    let realm = realms::of(api, call).await?;
    let all = api.authority.upstreams(realm.id).await?;
    Ok(page.cut(all, |one| one.name.clone(), |one| shown(&realm, one)))
}

pub(super) async fn read(api: &Face, call: &Call) -> Result<Done, Problem> {
    let (realm, provider) = of(api, call).await?;
    Ok(Done::Shown(shown(&realm, &provider)))
}

/// What a body says of all but the name and the issuer.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProviderChange {
    #[serde(default, deserialize_with = "present")]
    title: Option<String>,
    #[serde(default, deserialize_with = "present")]
    client_id: Option<String>,
    #[serde(default, deserialize_with = "nullable")]
    client_secret: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    scopes: Option<Vec<String>>,
    #[serde(default, deserialize_with = "present")]
    creates_users: Option<bool>,
    #[serde(default, deserialize_with = "present")]
    username_claim: Option<String>,
    #[serde(default, deserialize_with = "nullable")]
    email_claim: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    enabled: Option<bool>,
}

impl From<ProviderChange> for UpstreamEdit {
    fn from(change: ProviderChange) -> Self {
        Self {
            title: change.title,
            client_id: change.client_id,
            secret: change.client_secret.map(|secret| secret.map(UpstreamSecret)),
            scopes: change.scopes,
            creates_users: change.creates_users,
            username_claim: change.username_claim,
            email_claim: change.email_claim,
            enabled: change.enabled,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewProvider {
    name: String,
    #[serde(default, deserialize_with = "present")]
    title: Option<String>,
    issuer: String,
    client_id: String,
    #[serde(default, deserialize_with = "nullable")]
    client_secret: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    scopes: Option<Vec<String>>,
    #[serde(default, deserialize_with = "present")]
    creates_users: Option<bool>,
    #[serde(default, deserialize_with = "present")]
    username_claim: Option<String>,
    #[serde(default, deserialize_with = "nullable")]
    email_claim: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    enabled: Option<bool>,
}

pub(super) async fn make(api: &Face, call: &Call, body: Body) -> Result<Done, Problem> {
    let realm = realms::of(api, call).await?;
    let new: NewProvider = input::object(call, body).await?;
    let edit = UpstreamEdit {
        secret: new.client_secret.map(|secret| secret.map(UpstreamSecret)),
        scopes: new.scopes,
        creates_users: new.creates_users,
        username_claim: new.username_claim,
        email_claim: new.email_claim,
        enabled: new.enabled,
        ..UpstreamEdit::default()
    };
    let title = new.title.unwrap_or_else(|| new.name.clone());
    let new = NewUpstream { name: new.name, title, issuer: new.issuer, client_id: new.client_id, edit };
    let provider = api.authority.create_upstream(&realm, new).await?;
    let shown = shown(&realm, &provider);
    Ok(Done::Made { at: format!("/v1/upstreams/{}", id(&provider)), shown })
}

pub(super) async fn change(api: &Face, call: &Call, body: Body) -> Result<Done, Problem> {
    let (realm, provider) = of(api, call).await?;
    let change: ProviderChange = input::object(call, body).await?;
    let changed = api.authority.edit_upstream((realm.id, &provider.name), None, change.into()).await?;
    Ok(Done::Shown(shown(&realm, &changed)))
}

pub(super) async fn remove(api: &Face, call: &Call) -> Result<Done, Problem> {
    let (realm, provider) = of(api, call).await?;
    api.authority.remove_upstream((realm.id, &provider.name), None).await?;
    Ok(Done::Nothing)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewLink {
    sub: String,
    user: String,
}

pub(super) async fn link(api: &Face, call: &Call, body: Body) -> Result<Done, Problem> {
    let (_, provider) = of(api, call).await?;
    let NewLink { sub, user } = input::object(call, body).await?;
    let user: UserId = input::id("user", &user)?;
    let user = api.authority.user(user).await?.filter(|user| user.realm == provider.realm);
    let user = user.ok_or_else(|| Problem::invalid("user: no such user in the realm of the provider"))?;
    api.authority.link_upstream(&provider, &sub, &user).await?;
    Ok(Done::Nothing)
}

pub(super) async fn links(api: &Face, call: &Call) -> Result<Done, Problem> {
    let user = user_of(api, call).await?;
    let links = api.authority.upstream_links(&user).await?;
    let items = links.iter().map(|link| json!({"issuer": link.issuer, "sub": link.sub}));
    Ok(page::shown(items.collect(), None))
}

pub(super) async fn unlink(api: &Face, call: &Call) -> Result<Done, Problem> {
    let user = user_of(api, call).await?;
    let text = |name| {
        let text = call.query.text(name).ok_or_else(|| Problem::malformed(format!("{name}: it is missing")));
        text.map(str::to_owned)
    };
    let link = UpstreamLink { issuer: text(ISSUER)?, sub: text(SUB)? };
    match api.authority.unlink_upstream(&user, &link).await? {
        true => Ok(Done::Nothing),
        false => Err(Problem::new(ProblemKind::NotFound, "That person does not lead to this user.")),
    }
}

/// The provider that the path names, and its realm.
async fn of(api: &Face, call: &Call) -> Result<(Arc<Realm>, UpstreamProvider), Problem> {
    let unknown = || Problem::unknown("upstream provider");
    let (realm, name) = call.id.split_once('.').ok_or_else(unknown)?;
    let realm: RealmId = realm.parse().map_err(|_| unknown())?;
    let realm = api.authority.realm(realm).await?.ok_or_else(unknown)?;
    let provider = api.authority.upstream(realm.id, name).await?.ok_or_else(unknown)?;
    Ok((realm, provider))
}

async fn user_of(api: &Face, call: &Call) -> Result<Arc<User>, Problem> {
    let id: UserId = input::named(call, "user")?;
    api.authority.user(id).await?.ok_or_else(|| Problem::unknown("user"))
}

fn id(provider: &UpstreamProvider) -> String {
    format!("{}.{}", provider.realm, provider.name)
}

fn shown(realm: &Realm, provider: &UpstreamProvider) -> Value {
    json!({
        "id": id(provider), "realm": provider.realm.to_string(), "name": provider.name,
        "title": provider.title, "issuer": provider.issuer, "client_id": provider.client_id,
        "has_secret": provider.sealed_secret.is_some(), "scopes": provider.scopes,
        "creates_users": provider.creates_users, "username_claim": provider.username_claim,
        "email_claim": provider.email_claim, "enabled": provider.enabled,
        "path": format!("{}/upstream/{}", issuer_path(&realm.path), provider.name),
        "created_at": wire::at(provider.created_at), "updated_at": wire::at(provider.updated_at),
    })
}

impl From<UpstreamProviderError> for Problem {
    fn from(error: UpstreamProviderError) -> Self {
        match error {
            UpstreamProviderError::Fault(fault) => Self::invalid(fault.to_string()),
            UpstreamProviderError::TooMany => Self::invalid(error.to_string()),
            UpstreamProviderError::Directory(DirectoryError::Taken(_)) => {
                Self::new(ProblemKind::NameTaken, "name: another one of the realm has it.")
            }
            UpstreamProviderError::Directory(error) => error.into(),
        }
    }
}

impl From<UpstreamLinkError> for Problem {
    fn from(error: UpstreamLinkError) -> Self {
        match error {
            UpstreamLinkError::Subject | UpstreamLinkError::TooMany => Self::invalid(error.to_string()),
            UpstreamLinkError::OtherUser => {
                Self::new(ProblemKind::NameTaken, "sub: that person is another user of the realm.")
            }
            UpstreamLinkError::Directory(error) => error.into(),
        }
    }
}
