//! Subscribers of a realm: listed, made, read, changed, given another credential, removed. A secret that is drawn is shown once.
//!
//! What a subscriber is told, and from when on, is decided in core.

use adieu_authority::{
    CredentialRotation, NewSubscriber, Span, Subscriber, SubscriberId, Timestamp, WithSecret,
};
use adieu_provisioning::subscriber_words::KindWords;
use axum::body::Body;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::answer::Done;
use crate::face::{Call, Face};
use crate::input::{self, nullable, present};
use crate::page::ListPage;
use crate::problem::Problem;
use crate::realms;
use crate::wire::at;

/// For how long a secret may count beside the next one: ninety days.
pub(crate) const OVERLAP_S_MAX: i64 = 90 * 24 * 3600;

pub(super) async fn list(api: &Face, call: &Call) -> Result<Done, Problem> {
    let page = ListPage::of(&call.query)?;
    let all = api.authority.subscribers(realms::of(api, call).await?.id).await?;
    let now = api.authority.now();
    Ok(page.cut(all, |one| one.id.to_string(), |one| shown(one, now)))
}

pub(super) async fn read(api: &Face, call: &Call) -> Result<Done, Problem> {
    Ok(Done::Shown(shown(&of(api, call).await?, api.authority.now())))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewSubscriberBody {
    #[serde(default, deserialize_with = "present")]
    id: Option<String>,
    kind: String,
    address: String,
    #[serde(default = "yes")]
    enabled: bool,
    #[serde(default, deserialize_with = "present")]
    causes: Option<Vec<String>>,
    #[serde(default, deserialize_with = "present")]
    subject_format: Option<String>,
    #[serde(default, deserialize_with = "present")]
    issuer: Option<String>,
    #[serde(default, deserialize_with = "present")]
    secret: Option<String>,
}

const fn yes() -> bool {
    true
}

pub(super) async fn make(api: &Face, call: &Call, body: Body) -> Result<Done, Problem> {
    let realm = realms::of(api, call).await?.id;
    let new: NewSubscriberBody = input::object(call, body).await?;
    let id = new.id.unwrap_or_else(|| api.authority.draw_uuid().to_string());
    let NewSubscriberBody { kind, causes, subject_format, issuer, .. } = new;
    let words = KindWords { kind, causes, subject_format, issuer };
    let wanted = NewSubscriber {
        id: name(&id)?,
        kind: read_kind(&words)?,
        address: new.address,
        enabled: new.enabled,
        credential: new.secret,
    };
    let made = api.authority.create_subscriber(realm, wanted).await?;
    let path = format!("/v1/subscribers/{}", made.subscriber.id);
    Ok(Done::Made { at: path, shown: with_secret(made, api.authority.now()) })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SubscriberChange {
    #[serde(default, deserialize_with = "present")]
    address: Option<String>,
    #[serde(default, deserialize_with = "present")]
    enabled: Option<bool>,
    #[serde(default, deserialize_with = "present")]
    causes: Option<Vec<String>>,
    #[serde(default, deserialize_with = "present")]
    subject_format: Option<String>,
    #[serde(default, deserialize_with = "nullable")]
    issuer: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    secret: Option<String>,
}

impl SubscriberChange {
    /// The words of the kind as they are to be.
    fn words(&self, before: &Subscriber) -> KindWords {
        let mut words = KindWords::of(&before.kind);
        if self.causes.is_some() {
            words.causes.clone_from(&self.causes);
        }
        if self.subject_format.is_some() {
            words.subject_format.clone_from(&self.subject_format);
        }
        if let Some(issuer) = &self.issuer {
            words.issuer.clone_from(issuer);
        }
        words
    }
}

pub(super) async fn change(api: &Face, call: &Call, body: Body) -> Result<Done, Problem> {
    let change: SubscriberChange = input::object(call, body).await?;
    let before = of(api, call).await?;
    read_kind(&change.words(&before))?;
    let edit = |next: &mut Subscriber| {
        if let Some(address) = &change.address {
            next.address.clone_from(address);
        }
        next.enabled = change.enabled.unwrap_or(next.enabled);
        if let Ok(kind) = change.words(next).read() {
            next.kind = kind;
        }
    };
    let changed = api.authority.edit_subscriber(&before.id, change.secret.as_deref(), edit).await?;
    Ok(Done::Shown(shown(&changed, api.authority.now())))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RotationBody {
    #[serde(default, deserialize_with = "present")]
    secret: Option<String>,
    #[serde(default, deserialize_with = "present")]
    overlap_s: Option<i64>,
}

pub(super) async fn rotate(api: &Face, call: &Call, body: Body) -> Result<Done, Problem> {
    let wanted: RotationBody = input::object(call, body).await?;
    let overlap = match wanted.overlap_s {
        Some(s) if !(0..=OVERLAP_S_MAX).contains(&s) => {
            return Err(Problem::invalid(format!("overlap_s: 0 to {OVERLAP_S_MAX} seconds")));
        }
        overlap => overlap.map(Span::from_s),
    };
    let id = of(api, call).await?.id;
    let rotation = CredentialRotation { credential: wanted.secret, overlap };
    let rotated = api.authority.rotate_credential(&id, rotation).await?;
    Ok(Done::Shown(with_secret(rotated, api.authority.now())))
}

pub(super) async fn remove(api: &Face, call: &Call) -> Result<Done, Problem> {
    let id: SubscriberId = input::named(call, "subscriber")?;
    api.authority.remove_subscriber(&id).await?;
    Ok(Done::Nothing)
}

/// The subscriber that the path names.
async fn of(api: &Face, call: &Call) -> Result<Subscriber, Problem> {
    let id: SubscriberId = input::named(call, "subscriber")?;
    api.authority.subscriber(&id).await?.ok_or_else(|| Problem::unknown("subscriber"))
}

fn name(text: &str) -> Result<SubscriberId, Problem> {
    let rule = "id: 1 to 64 letters, digits, '-', '_' and '.' of ASCII";
    text.parse().map_err(|_| Problem::invalid(rule))
}

fn read_kind(words: &KindWords) -> Result<adieu_authority::SubscriberKind, Problem> {
    words.read().map_err(|fault| Problem::invalid(fault.to_string()))
}

fn shown(one: &Subscriber, now: Timestamp) -> Value {
    let KindWords { kind, causes, subject_format, issuer } = KindWords::of(&one.kind);
    let until = one.previous.as_ref().map(|previous| previous.until).filter(|until| now < *until);
    json!({
        "id": one.id.to_string(), "realm": one.realm.to_string(), "kind": kind, "address": one.address,
        "enabled": one.enabled, "causes": causes, "subject_format": subject_format, "issuer": issuer,
        "previous_secret_until": until.map(at), "created_at": at(one.created_at), "updated_at": at(one.updated_at),
    })
}

fn with_secret(made: WithSecret, now: Timestamp) -> Value {
    let mut shown = shown(&made.subscriber, now);
    shown["secret"] = made.secret.into();
    shown
}
