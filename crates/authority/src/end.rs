//! The public road by which sessions end (ONE-ROAD).
//!
//! What is over, and what falls with it, is decided below; here it is logged and counted.

use adieu_core::{Actor, Cause, EndError, EndOrder, Ended, Origin, Session, Target};

use crate::Authority;

impl Authority {
    /// Ends what the order means, whichever dialect asked.
    ///
    /// ENDED-IS-DURABLE: on `Ok` the ending is on disk. NO-STALE-YES: no check that begins afterwards says live.
    pub async fn end(&self, order: EndOrder) -> Result<Ended, EndError> {
        let said = Said::of(&order);
        let ended = self.store().end(order, self.now()).await?;
        said.log(&ended);
        Ok(ended)
    }
}

/// What the log says of an ending: who, whom, why, from where; no secret (EMPTY-HANDS).
pub(crate) struct Said {
    cause: &'static str,
    actor: String,
    door: String,
    address: String,
    reach: &'static str,
}

impl Said {
    /// Of an ending that made room for another session of the same user.
    pub(crate) fn of_newcomer(newcomer: &Session) -> Self {
        Self {
            cause: Cause::Quota.word(),
            actor: "a new sign-on".to_owned(),
            door: newcomer.door.0.to_string(),
            address: newcomer.device.address.clone().unwrap_or_default(),
            reach: "one",
        }
    }

    /// Of all sessions of a person whose record changed.
    pub(crate) fn of_person(cause: Cause, origin: &Origin) -> Self {
        Self {
            cause: cause.word(),
            actor: "an administrator".to_owned(),
            door: origin.door.0.to_string(),
            address: origin.address.clone().unwrap_or_default(),
            reach: "user",
        }
    }

    fn of(order: &EndOrder) -> Self {
        let actor = match &order.cause {
            Cause::Administrator(Actor::Client(id)) => format!("client {id}"),
            Cause::Administrator(Actor::User(id)) => format!("user {id}"),
            Cause::Administrator(Actor::Operator) => "operator".to_owned(),
            Cause::SignOff => "the session's user".to_owned(),
            Cause::UserDisabled | Cause::UserRemoved | Cause::PasswordChanged => {
                "an administrator".to_owned()
            }
            Cause::Quota => "a new sign-on".to_owned(),
            Cause::Idle | Cause::Expired | Cause::EndedWithOthers => "time".to_owned(),
        };
        let reach = match order.target {
            Target::Token(_) | Target::One(_) | Target::OneOf { .. } => "one",
            Target::User(_) => "user",
            Target::UserBut { .. } => "user but one",
            Target::Realm(_) => "realm",
            Target::Grants(_) => "grants of a client",
        };
        let address = order.origin.address.clone().unwrap_or_default();
        Self { cause: order.cause.word(), actor, door: order.origin.door.0.to_string(), address, reach }
    }

    pub(crate) fn log(self, ended: &Ended) {
        let Self { cause, actor, door, address, reach } = self;
        let closed = match ended {
            Ended::Now(closed) => closed,
            Ended::Before => {
                metrics::counter!("adieu_endings_repeated_total", "door" => door).increment(1);
                return;
            }
        };
        let user = closed.user.map(|id| id.to_string()).unwrap_or_default();
        let session = closed.session.map(|id| id.to_string()).unwrap_or_default();
        tracing::info!(
            cause, actor, door, address, reach, user, session, realm = %closed.realm,
            participants = closed.participants.len(), "session ended"
        );
        metrics::counter!("adieu_endings_total", "cause" => cause, "door" => door).increment(1);
    }
}
