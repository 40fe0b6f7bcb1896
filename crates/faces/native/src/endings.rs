//! Endings: the act that everything here is for. A target, perhaps a reason, and an answer that is true.
//!
//! ENDED-IS-DURABLE: the answer is given when the ending is on disk. A key makes a repetition harmless (`repeats`).

pub(crate) mod found;
mod preview;

use std::sync::Arc;

use adieu_authority::{
    Cause, ClientId, ENDED_COUNTED_MAX, EndKind, EndOrder, EndTarget, Ended, EndingId, EndingRecord, Origin,
    RealmId, SessionId, Span, UserId,
};
use axum::body::Body;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::answer::Done;
use crate::face::{Call, Face};
use crate::input::{self, present};
use crate::notices::WAIT_S_MAX;
use crate::problem::Problem;
use crate::repeats::IdempotencyKey;
use crate::{notices, wire};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    #[serde(default, deserialize_with = "present")]
    session: Option<String>,
    #[serde(default, deserialize_with = "present")]
    user: Option<String>,
    #[serde(default, deserialize_with = "present")]
    except: Option<String>,
    #[serde(default)]
    grants: bool,
    #[serde(default, deserialize_with = "present")]
    realm: Option<String>,
    #[serde(default, deserialize_with = "present")]
    client: Option<String>,
    #[serde(default)]
    dry_run: bool,
    #[serde(default, deserialize_with = "present")]
    wait_s: Option<i64>,
    #[serde(default, deserialize_with = "present")]
    reason: Option<String>,
}

impl Order {
    /// How long to wait for those who are told.
    fn wait(&self) -> Result<Option<Span>, Problem> {
        match self.wait_s {
            Some(s) if !(0..=WAIT_S_MAX).contains(&s) => {
                Err(Problem::invalid(format!("wait_s: 0 to {WAIT_S_MAX}")))
            }
            wait_s => Ok(wait_s.map(Span::from_s)),
        }
    }

    fn target(&self) -> Result<EndTarget, Problem> {
        let Self { session, user, except, realm, client, grants, .. } = self;
        match (session, user, except, realm, client) {
            (None, Some(id), None, None, None) if *grants => {
                Ok(EndTarget::UserAndGrants(input::id("user", id)?))
            }
            _ if *grants => Err(Problem::invalid("grants: goes with user, and not with except")),
            (Some(id), None, None, None, None) => Ok(EndTarget::One(input::id::<SessionId>("session", id)?)),
            (None, Some(id), None, None, None) => Ok(EndTarget::User(input::id::<UserId>("user", id)?)),
            (None, Some(user), Some(keep), None, None) => {
                Ok(EndTarget::UserBut { user: input::id("user", user)?, keep: input::id("except", keep)? })
            }
            (None, None, None, Some(id), None) => Ok(EndTarget::Realm(input::id::<RealmId>("realm", id)?)),
            (None, None, None, None, Some(id)) => Ok(EndTarget::Grants(input::id::<ClientId>("client", id)?)),
            _ => Err(Problem::invalid("Name one of session, user (perhaps with except), realm, client.")),
        }
    }
}

pub(super) async fn end(api: &Face, call: &Call, body: Body) -> Result<Done, Problem> {
    let key = IdempotencyKey::of(&call.parts.headers)?;
    let order: Order = input::object(call, body).await?;
    let (target, reason) = (order.target()?, input::reason(order.reason.as_deref())?);
    let wait = order.wait()?;
    if order.dry_run {
        return preview::of(api, &target).await.map(Done::Shown);
    }
    // The meaning of the body, not its spelling, is what a repetition must repeat.
    let meaning = format!("{target:?} {reason:?}");
    let origin = call.origin().because(reason);
    let Some(key) = key else {
        return carried_out(api, target, origin, wait).await.map(Done::Shown);
    };
    let _turn = api.repeats.turn(&key).await;
    if let Some(before) = api.answered_before(&key, &meaning).await? {
        return Ok(Done::Shown(before));
    }
    match carried_out(api, target, origin, wait).await {
        Ok(answer) => {
            api.remember(&key, &meaning, &answer).await;
            Ok(Done::Shown(answer))
        }
        Err(problem) => {
            api.free(&key).await;
            Err(problem)
        }
    }
}

async fn carried_out(
    api: &Face,
    target: EndTarget,
    origin: Origin,
    wait: Option<Span>,
) -> Result<Value, Problem> {
    let named = Named::of(api, &target).await?;
    let (kind, cause) = (EndKind::End, Cause::Administrator);
    let ended = api
        .authority
        .end(EndOrder { realm: None, target, kind, cause, spare: None, within: None, origin })
        .await?;
    let id = ended.place().map(|place| api.authority.ending_id(place));
    let (when, record, live) = match ended {
        Ended::Now(ended) => ("now", Some(ended.record), ended.live),
        Ended::Before => ("before", named.earlier(api).await?, None),
    };
    let mut answer = named.answer(when, id, record.as_deref());
    if let Some(live) = live {
        answer["did_end"] = json!({"live_sessions": live, "more": live == ENDED_COUNTED_MAX});
    }
    if let (Some(id), Some(wait)) = (id, wait) {
        // The ending stands, whatever can be told of its notices.
        answer["notices"] = notices::waited_for(api, id, wait).await.unwrap_or_default();
    }
    Ok(answer)
}

/// What an order names, as it is shown again.
#[derive(Default)]
struct Named {
    session: Option<SessionId>,
    user: Option<UserId>,
    realm: Option<RealmId>,
    client: Option<ClientId>,
    /// The clients that took part in the session.
    clients: Vec<ClientId>,
}

impl Named {
    /// Looks up whose things they are. Whether they end is decided below, in one transaction.
    async fn of(api: &Face, target: &EndTarget) -> Result<Self, Problem> {
        let mut named = Self::default();
        match target {
            EndTarget::One(session) | EndTarget::OneOf { session, .. } => {
                let found = api.authority.session_record(*session).await?;
                let found = found.ok_or_else(|| Problem::unknown("session"))?;
                (named.session, named.user) = (Some(found.session.id), Some(found.session.user));
                named.realm = Some(found.session.realm);
                named.clients = found.clients;
            }
            EndTarget::User(user) | EndTarget::UserAndGrants(user) => named.user(api, *user).await?,
            EndTarget::UserBut { user, keep } => {
                named.user(api, *user).await?;
                let kept =
                    api.authority.session_record(*keep).await?.filter(|kept| kept.session.user == *user);
                // A slip in this id would end all of them.
                kept.ok_or_else(|| Problem::invalid("except: no session of this user"))?;
            }
            EndTarget::Realm(realm) => {
                let realm = api.authority.realm(*realm).await?.ok_or_else(|| Problem::unknown("realm"))?;
                named.realm = Some(realm.id);
            }
            EndTarget::Grants(client) => {
                let client = api.authority.any_client(client).await?;
                let client = client.ok_or_else(|| Problem::unknown("client"))?;
                (named.realm, named.client) = (Some(client.realm), Some(client.id.clone()));
            }
            EndTarget::Token(_) => {} // No order of this face brings a token.
        }
        Ok(named)
    }

    async fn user(&mut self, api: &Face, id: UserId) -> Result<(), Problem> {
        let user = api.authority.user(id).await?.ok_or_else(|| Problem::unknown("user"))?;
        (self.user, self.realm) = (Some(user.id), Some(user.realm));
        Ok(())
    }

    /// How the session ended before, if that is known.
    async fn earlier(&self, api: &Face) -> Result<Option<Arc<EndingRecord>>, Problem> {
        let Some(session) = self.session else { return Ok(None) };
        let found = api.authority.session_record(session).await?;
        Ok(found.and_then(|one| one.fate.ending().cloned()).map(Arc::new))
    }

    fn answer(self, ended: &str, id: Option<EndingId>, record: Option<&EndingRecord>) -> Value {
        let text = |id: &dyn ToString| id.to_string();
        json!({
            "id": id.map(|id| text(&id)), "ended": ended, "would_end": null, "did_end": null, "ending": wire::ending(record),
            "session": self.session.map(|id| text(&id)), "user": self.user.map(|id| text(&id)),
            "realm": self.realm.map(|id| text(&id)), "client": self.client.map(|id| text(&id)),
            "clients": self.clients.iter().map(|id| text(id)).collect::<Vec<_>>(), "notices": null,
        })
    }
}
