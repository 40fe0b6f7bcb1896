//! "Is this session live?", by token and by public id.
//!
//! Whether the session is one of a channel's realm is for the face to say.

use adieu_core::{Check, FoundSession, Session, SessionRecord};
use adieu_core::{Outage, RealmId, SessionId, SessionToken, UserId};
use adieu_store::{Lookup, SessionPage, SessionQuery};

use crate::Authority;

/// A token with what its check said.
#[derive(Clone, Debug)]
pub struct CheckedToken {
    /// The token.
    pub token: SessionToken,
    /// What it opens.
    pub check: Check,
}

impl CheckedToken {
    /// Whether it opens a session: a live one, or one that waits for its second factor.
    pub const fn opens(&self) -> bool {
        match self.check {
            Check::Live(_) | Check::Half(_) => true,
            Check::Not(_) => false,
        }
    }
}

impl Authority {
    /// The token that counts among those that came by one carrier, as several cookies of one name do: the first that opens a
    /// live session of this realm (of any, if none is named), else the first that opens a half signed on one, else the first.
    ///
    /// One that nobody can judge now ends the search: no other speaks in its place (NO-FALSE-NO). How many there may be is bounded
    /// by the size of a request's head alone: dead ones must not hide a live one (HOME-LIMITS, F-4).
    pub async fn check_carrier<'t>(
        &self,
        tokens: impl Iterator<Item = &'t SessionToken> + Send,
        realm: Option<RealmId>,
        touch: bool,
    ) -> Result<Option<CheckedToken>, Outage> {
        let mut counting: Option<(Worth, CheckedToken)> = None;
        for token in tokens {
            let check = self.check(token, touch).get().await?;
            let worth = Worth::of(&check, realm);
            if counting.as_ref().is_none_or(|(best, _)| worth > *best) {
                counting = Some((worth, CheckedToken { token: token.clone(), check }));
            }
            if worth == Worth::Live {
                break;
            }
        }
        Ok(counting.map(|(_, checked)| checked))
    }

    /// Whether the token opens a live session. With `touch` the check counts as activity of its user.
    ///
    /// Three answers: live, not live, and an [`Outage`] for "cannot tell" (NO-FALSE-NO). It is at once when nothing
    /// has to be read.
    pub fn check(&self, token: &SessionToken, touch: bool) -> Lookup<Result<Check, Outage>> {
        match self.inner.store.check(token, touch, self.now()) {
            Lookup::Now(answer) => {
                self.inner.counts.count(&answer);
                Lookup::Now(answer)
            }
            Lookup::Later(check) => {
                let counts = self.inner.counts.clone();
                Lookup::Later(Box::pin(async move {
                    let answer = check.await;
                    counts.count(&answer);
                    answer
                }))
            }
        }
    }

    /// Whether a session's user proved who they are a short while ago: then they may change credentials and end their other
    /// sessions.
    pub fn proven_lately(&self, session: &Session) -> bool {
        session.proven_within(self.policy().recent, self.now())
    }

    /// The session of that public id, live or not; none if there never was one or it was ended.
    pub fn session_by_id(&self, id: SessionId, touch: bool) -> Lookup<Result<Option<FoundSession>, Outage>> {
        match self.inner.store.session_by_id(id, touch, self.now()) {
            Lookup::Now(answer) => {
                self.inner.counts.count_verdict(&answer);
                Lookup::Now(answer)
            }
            Lookup::Later(look) => {
                let counts = self.inner.counts.clone();
                Lookup::Later(Box::pin(async move {
                    let answer = look.await;
                    counts.count_verdict(&answer);
                    answer
                }))
            }
        }
    }

    /// The session of that public id, live, over or ended; none if nothing of it is kept or it is shown to nobody.
    pub async fn session_record(&self, id: SessionId) -> Result<Option<SessionRecord>, Outage> {
        self.store().session_record(id, self.now()).await
    }

    /// The sessions of a user with what became of them, a page at a time, newest first.
    pub async fn user_sessions(&self, user: UserId, query: SessionQuery) -> Result<SessionPage, Outage> {
        self.store().user_sessions(user, query, self.now()).await
    }

    /// How many sessions of a user are live.
    pub async fn count_live_sessions(&self, user: UserId) -> Result<u64, Outage> {
        self.store().count_live_sessions(user, self.now()).await
    }

    /// How many sessions of a user are kept and may be shown, live or over.
    pub async fn count_sessions(&self, user: UserId) -> Result<u64, Outage> {
        self.store().count_sessions(user).await
    }

    /// The sessions of a realm with what became of them, a page at a time, newest first.
    pub async fn realm_sessions(&self, realm: RealmId, query: SessionQuery) -> Result<SessionPage, Outage> {
        self.store().realm_sessions(realm, query, self.now()).await
    }
}

/// How much a token says for its request, the least first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd)]
enum Worth {
    Nothing,
    Half,
    Live,
}

impl Worth {
    fn of(check: &Check, realm: Option<RealmId>) -> Self {
        let meant = |session: &Session| realm.is_none_or(|realm| session.realm == realm);
        match check {
            Check::Live(live) if meant(&live.session) => Self::Live,
            Check::Half(half) if meant(&half.session) => Self::Half,
            Check::Live(_) | Check::Half(_) | Check::Not(_) => Self::Nothing,
        }
    }
}
