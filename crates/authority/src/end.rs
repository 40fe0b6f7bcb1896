//! The public road by which sessions end (ONE-ROAD).
//!
//! What is over, and what falls with it, is decided below; here it is logged and counted.

use adieu_core::{Channel, EndError, EndOrder, EndTarget, Ended, EndedSessions, EndingId, Reason};

use crate::{Authority, endings};

impl Authority {
    /// Ends what the order means, whichever dialect asked.
    ///
    /// ENDED-IS-DURABLE: on `Ok` the ending is on disk. NO-STALE-YES: no check that begins afterwards says live.
    pub async fn end(&self, order: EndOrder) -> Result<Ended, EndError> {
        let (reach, channel) = (EndingReach::of(&order.target), order.origin.channel.clone());
        let ended = self.store().end(order, self.now()).await?;
        self.tell(reach, &channel, &ended);
        Ok(ended)
    }

    /// Notes an ending for whoever answers the request, counts it, and says in the log who, whom, why, from where; no secret
    /// (EMPTY-HANDS).
    pub(crate) fn tell(&self, reach: EndingReach, channel: &Channel, ended: &Ended) {
        match ended {
            Ended::Now(sessions) => {
                if sessions.may_be_told {
                    self.wake_after_ending();
                }
                let id = ended.place().map(|place| self.ending_id(place));
                if let Some(id) = id {
                    endings::note(id);
                }
                reach.log(sessions, id);
            }
            Ended::Before => {
                let channel = channel.0.to_string();
                metrics::counter!("adieu_endings_repeated_total", "channel" => channel).increment(1);
            }
        }
    }
}

/// How far an ending reaches, as a log line says it.
#[derive(Clone, Copy)]
pub(crate) struct EndingReach(&'static str);

impl EndingReach {
    /// One session.
    pub(crate) const ONE: Self = Self("one");
    /// All that a client held.
    pub(crate) const GRANTS: Self = Self("grants of a client");
    /// All sessions of a user.
    pub(crate) const USER: Self = Self("user");

    fn of(target: &EndTarget) -> Self {
        match target {
            EndTarget::Token(_) | EndTarget::One(_) | EndTarget::OneOf { .. } => Self::ONE,
            EndTarget::User(_) => Self::USER,
            EndTarget::UserAndGrants(_) => Self("user, with all grants"),
            EndTarget::UserBut { .. } => Self("user but one"),
            EndTarget::Realm(_) => Self("realm"),
            EndTarget::Grants(_) => Self::GRANTS,
        }
    }

    fn log(self, ended: &EndedSessions, id: Option<EndingId>) {
        let record = &ended.record;
        let (cause, channel) = (record.cause.word(), record.channel.0.to_string());
        // Written out only where it is logged; what is not known has no field.
        tracing::info!(
            cause, actor = %record.actor, channel = &*record.channel.0, reach = self.0,
            user = ended.user.map(display), session = ended.session.map(display), realm = %ended.realm,
            address = record.address.as_deref(), reason = record.reason.as_ref().map(Reason::as_str),
            participants = ended.participants, ending = id.map(display), "session ended"
        );
        metrics::counter!("adieu_endings_total", "cause" => cause, "channel" => channel).increment(1);
    }
}
