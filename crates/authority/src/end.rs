//! The public road by which sessions end (ONE-ROAD).
//!
//! What is over, and what falls with it, is decided below; here it is logged and counted.

use adieu_core::{Cause, EndError, EndOrder, EndTarget, Ended, Origin, Session};

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
    channel: String,
    address: String,
    reach: &'static str,
}

impl Said {
    /// Of an ending that made room for another session of the same user.
    pub(crate) fn of_newcomer(newcomer: &Session) -> Self {
        Self {
            cause: Cause::Quota.word(),
            actor: "a new sign-on".to_owned(),
            channel: newcomer.channel.0.to_string(),
            address: newcomer.device.address.clone().unwrap_or_default(),
            reach: "one",
        }
    }

    /// Of all sessions of a person whose record changed.
    pub(crate) fn of_person(cause: Cause, origin: &Origin) -> Self {
        Self {
            cause: cause.word(),
            actor: "an administrator".to_owned(),
            channel: origin.channel.0.to_string(),
            address: origin.address.clone().unwrap_or_default(),
            reach: "user",
        }
    }

    fn of(order: &EndOrder) -> Self {
        let actor = match &order.cause {
            Cause::Administrator(actor) => actor.to_string(),
            Cause::SignOff => "the session's user".to_owned(),
            Cause::UserDisabled | Cause::UserRemoved | Cause::PasswordChanged => {
                "an administrator".to_owned()
            }
            Cause::Quota => "a new sign-on".to_owned(),
            Cause::Idle | Cause::Expired | Cause::EndedWithOthers | Cause::Other => "time".to_owned(),
        };
        let reach = match order.target {
            EndTarget::Token(_) | EndTarget::One(_) | EndTarget::OneOf { .. } => "one",
            EndTarget::User(_) => "user",
            EndTarget::UserBut { .. } => "user but one",
            EndTarget::Realm(_) => "realm",
            EndTarget::Grants(_) => "grants of a client",
        };
        let address = order.origin.address.clone().unwrap_or_default();
        Self { cause: order.cause.word(), actor, channel: order.origin.channel.0.to_string(), address, reach }
    }

    pub(crate) fn log(self, ended: &Ended) {
        let Self { cause, actor, channel, address, reach } = self;
        let closed = match ended {
            Ended::Now(closed) => closed,
            Ended::Before => {
                metrics::counter!("adieu_endings_repeated_total", "channel" => channel).increment(1);
                return;
            }
        };
        let user = closed.user.map(|id| id.to_string()).unwrap_or_default();
        let session = closed.session.map(|id| id.to_string()).unwrap_or_default();
        tracing::info!(
            cause, actor, channel, address, reach, user, session, realm = %closed.realm,
            participants = closed.participants.len(), "session ended"
        );
        metrics::counter!("adieu_endings_total", "cause" => cause, "channel" => channel).increment(1);
    }
}
