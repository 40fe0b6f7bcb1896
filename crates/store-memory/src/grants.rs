//! Codes and refresh tokens: read, let core decide, write.
//!
//! A replayed code or token is written down as revoked by the act that refuses it.

use std::sync::Arc;

use adieu_core::grant::{GrantDecision, decide_redeem, decide_rotate};
use adieu_core::{
    ClientId, Grant, GrantAround, GrantError, GrantFacts, GrantId, IssueOrder, Outage, Participant,
    ParticipantFacts, RedeemOrder, RevokeOrder, RevokedToken, RotateOrder, SessionId, Timestamp,
    decide_issue, decide_revoke, decide_revoke_own, grant_around,
};
use adieu_store::{Grants, Lookup, Pending};

use crate::MemoryStore;
use crate::tables::Tables;

impl Grants for MemoryStore {
    fn issue(&self, order: IssueOrder, now: Timestamp) -> Pending<Result<(), GrantError>> {
        self.act(|tables| tables.issue(&order, now))
    }

    fn participants(&self, session: SessionId) -> Pending<Result<Vec<Participant>, Outage>> {
        self.act(|tables| {
            let row = tables.row(session);
            Ok(row.map(|row| tables.participants_of(row.session()).to_vec()).unwrap_or_default())
        })
    }

    fn redeem(&self, order: RedeemOrder, now: Timestamp) -> Pending<Result<Grant, GrantError>> {
        self.act(|tables| {
            tables.decided(order.grant, now, |grant, around| decide_redeem(grant, around, &order, now))
        })
    }

    fn rotate(&self, order: RotateOrder, now: Timestamp) -> Pending<Result<Grant, GrantError>> {
        self.act(|tables| {
            tables.decided(order.grant, now, |grant, around| decide_rotate(grant, around, &order, now))
        })
    }

    fn revoke(&self, order: RevokeOrder, now: Timestamp) -> Pending<Result<(), GrantError>> {
        self.act(|tables| {
            let decided = tables.decided(order.grant, now, |grant, _| decide_revoke(grant, &order, now));
            decided.map(drop)
        })
    }

    fn revoke_own(
        &self,
        id: ClientId,
        token: RevokedToken,
        now: Timestamp,
    ) -> Pending<Result<(), GrantError>> {
        self.act(|tables| {
            let stored = decide_revoke_own(tables.client(&id).as_ref(), token, now)?;
            tables.write_client(stored);
            Ok(())
        })
    }

    fn grant(&self, id: GrantId) -> Lookup<Result<Option<Arc<Grant>>, Outage>> {
        self.look(|tables| Ok(tables.grants.get(&id).cloned()))
    }
}

impl Tables {
    /// What is stored of those whom a grant names.
    fn grant_facts(&self, grant: &Grant) -> GrantFacts {
        GrantFacts {
            session: self.facts_of(grant.session),
            client: self.client(&grant.client),
            user: self.users.get(&grant.user).cloned(),
            consent: grant.consent.and_then(|_| self.consent(grant.user, &grant.client)),
        }
    }

    fn issue(&mut self, order: &IssueOrder, now: Timestamp) -> Result<(), GrantError> {
        let grant = &order.grant;
        let (facts, taken) = (self.grant_facts(grant), self.grants.contains_key(&grant.id));
        let stored = facts.session.as_ref().map(|facts| &*facts.session);
        let all = stored.map_or(&[][..], |session| self.participants_of(session));
        let participants =
            stored.map(|session| ParticipantFacts::among(all, session, &grant.client)).unwrap_or_default();
        let issue = decide_issue(order, &facts, &participants, taken, now)?;
        if let Some(session) = facts.session.map(|facts| facts.session) {
            let all = self.participants.entry(session.locator).or_default();
            let joined = issue.participant;
            match all.iter_mut().find(|one| (&one.client, one.epoch) == (&joined.client, joined.epoch)) {
                Some(own) => *own = joined,
                None => all.push(joined),
            }
        }
        self.write_grant(issue.grant);
        if let Some(session) = issue.session {
            self.write_session(session);
        }
        Ok(())
    }

    fn decided(
        &mut self,
        id: GrantId,
        now: Timestamp,
        decide: impl FnOnce(&Grant, GrantAround) -> GrantDecision,
    ) -> Result<Grant, GrantError> {
        let stored =
            self.grants.get(&id).map(|grant| (&**grant, grant_around(&self.grant_facts(grant), now)));
        let decision = GrantDecision::of_stored(stored, decide);
        if let Some(write) = decision.write {
            self.write_grant(write);
        }
        decision.outcome
    }
}
