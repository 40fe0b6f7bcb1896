//! Endings: the act that everything here is for. A target, perhaps a reason, and an answer that is true.
//!
//! ENDED-IS-DURABLE: the answer is given when the ending is on disk. A key makes a repetition harmless (`repeats`).

use adieu_authority::{
    Actor, Cause, ClientId, EndKind, EndOrder, EndTarget, Ended, RealmId, SessionId, UserId,
};
use axum::body::Body;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::answer::Done;
use crate::face::{Call, Face};
use crate::input::{self, present};
use crate::problem::Problem;
use crate::repeats::IdempotencyKey;
use crate::wire;

/// The longest reason, in bytes.
const REASON_MAX: usize = 64;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    #[serde(default, deserialize_with = "present")]
    session: Option<String>,
    #[serde(default, deserialize_with = "present")]
    user: Option<String>,
    #[serde(default, deserialize_with = "present")]
    except: Option<String>,
    #[serde(default, deserialize_with = "present")]
    realm: Option<String>,
    #[serde(default, deserialize_with = "present")]
    client: Option<String>,
    #[serde(default, deserialize_with = "present")]
    reason: Option<String>,
}

impl Order {
    fn target(&self) -> Result<EndTarget, Problem> {
        let Self { session, user, except, realm, client, .. } = self;
        match (session, user, except, realm, client) {
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

    fn reason(&self) -> Result<Option<&str>, Problem> {
        let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte);
        let word = |text: &&str| (1..=REASON_MAX).contains(&text.len()) && text.bytes().all(letter);
        match self.reason.as_deref() {
            Some(text) if !word(&text) => {
                let rule = "reason: a word of at most 64 small letters, digits, '-', '_' and '.'";
                Err(Problem::invalid(rule))
            }
            reason => Ok(reason),
        }
    }
}

pub(super) async fn end(api: &Face, call: &Call, body: Body) -> Result<Done, Problem> {
    let (key, origin) = (IdempotencyKey::of(&call.parts.headers)?, call.origin());
    let order: Order = input::object(call, body).await?;
    let (target, reason) = (order.target()?, order.reason()?.map(str::to_owned));
    let Some(key) = key else {
        return carried_out(api, target, reason, origin).await.map(Done::Shown);
    };
    // The meaning of the body, not its spelling, is what a repetition must repeat.
    let meaning = format!("{target:?} {reason:?}");
    let _turn = api.repeats.turn(&key).await;
    if let Some(before) = api.answered_before(&key, &meaning).await? {
        return Ok(Done::Shown(before));
    }
    let answer = carried_out(api, target, reason, origin).await?;
    api.remember(&key, &meaning, &answer).await;
    Ok(Done::Shown(answer))
}

async fn carried_out(
    api: &Face,
    target: EndTarget,
    reason: Option<String>,
    origin: adieu_authority::Origin,
) -> Result<Value, Problem> {
    let named = Named::of(api, &target).await?;
    if let Some(reason) = &reason {
        tracing::info!(reason, target = ?target, "an ending is ordered for this reason");
    }
    let cause = Cause::Administrator(Actor::Operator);
    let order = EndOrder { realm: None, target, kind: EndKind::End, cause, spare: None, origin };
    let ended = api.authority.end(order).await?;
    Ok(named.answer(api, &ended, reason))
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
                let found = found.ok_or_else(|| Problem::unknown("session"))?.session;
                (named.session, named.user) = (Some(found.id), Some(found.user));
                named.realm = Some(found.realm);
                named.clients = found.participants.clone();
            }
            EndTarget::User(user) => named.user(api, *user).await?,
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

    fn answer(self, api: &Face, ended: &Ended, reason: Option<String>) -> Value {
        let ended = match ended {
            Ended::Now(_) => "now",
            Ended::Before => "before",
        };
        let text = |id: &dyn ToString| id.to_string();
        json!({
            "ended": ended, "at": wire::at(api.authority.now()), "reason": reason,
            "session": self.session.map(|id| text(&id)), "user": self.user.map(|id| text(&id)),
            "realm": self.realm.map(|id| text(&id)), "client": self.client.map(|id| text(&id)),
            "clients": self.clients.iter().map(|id| text(id)).collect::<Vec<_>>(),
        })
    }
}
