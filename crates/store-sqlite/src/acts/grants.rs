//! Codes and refresh tokens: read, let core decide, write.
//!
//! A replayed code or token is written down as revoked in the same transaction that refuses it.

use std::sync::Arc;

use adieu_core::grant::{GrantDecision, decide_redeem, decide_rotate};
use adieu_core::{
    Client, ClientId, Grant, GrantAround, GrantError, GrantFacts, GrantId, IssueOrder, Outage, Participant,
    ParticipantFacts, RedeemOrder, RevokeOrder, RevokedToken, RotateOrder, SessionId, Timestamp,
    decide_issue, decide_revoke, decide_revoke_own, grant_around, present_client,
};
use adieu_store::{Grants, Lookup, Pending};

use crate::acts::family::facts_in;
use crate::batch::Batch;
use crate::hooks::HookPoint;
use crate::{SqliteStore, rows};

/// What is stored of those whom a grant names.
fn facts_of(batch: &Batch<'_>, grant: &Grant) -> rusqlite::Result<GrantFacts> {
    Ok(GrantFacts {
        session: facts_in(batch, grant.session)?,
        client: present(batch, &grant.client)?,
        user: batch.user(grant.user)?,
        consent: match grant.consent {
            Some(_) => rows::consent(batch.db, grant.user, &grant.client)?,
            None => None,
        },
    })
}

/// A client that was not removed.
fn present(batch: &Batch<'_>, id: &ClientId) -> rusqlite::Result<Option<Client>> {
    Ok(present_client(rows::client(batch.db, id)?))
}

type Outcome = rusqlite::Result<Result<Grant, GrantError>>;

fn decided(
    batch: &mut Batch<'_>,
    id: GrantId,
    now: Timestamp,
    decide: impl FnOnce(&Grant, GrantAround) -> GrantDecision,
) -> Outcome {
    let stored = match rows::grant(batch.db, id)? {
        Some(grant) => Some((grant_around(&facts_of(batch, &grant)?, now), grant)),
        None => None,
    };
    let stored = stored.as_ref().map(|(around, grant)| (grant, *around));
    let decision = GrantDecision::of_stored(stored, decide);
    if let Some(write) = decision.write {
        if decision.outcome.is_err() {
            batch.refuse_in_writing();
        }
        batch.write_grant(write)?;
    }
    Ok(decision.outcome)
}

fn issue(
    batch: &mut Batch<'_>,
    order: &IssueOrder,
    now: Timestamp,
) -> rusqlite::Result<Result<(), GrantError>> {
    let grant = &order.grant;
    let (facts, taken) = (facts_of(batch, grant)?, rows::grant(batch.db, grant.id)?.is_some());
    let participants = match &facts.session {
        Some(facts) => rows::participant_facts(batch.db, &facts.session, &grant.client)?,
        None => ParticipantFacts::default(),
    };
    let issue = match decide_issue(order, &facts, &participants, taken, now) {
        Ok(issue) => issue,
        Err(refusal) => return Ok(Err(refusal)),
    };
    if let Some(facts) = &facts.session {
        rows::write_participant(batch.db, &facts.session, &issue.participant)?;
    }
    batch.write_grant(issue.grant)?;
    issue.session.map_or(Ok(()), |session| batch.write_session(session)).map(Ok)
}

impl Grants for SqliteStore {
    fn issue(&self, order: IssueOrder, now: Timestamp) -> Pending<Result<(), GrantError>> {
        self.writer.write(move |batch| issue(batch, &order, now))
    }

    fn participants(&self, session: SessionId) -> Pending<Result<Vec<Participant>, Outage>> {
        self.readers.read(move |db, shared, _| match rows::kept(db, &shared.cipher, session)? {
            Some(row) => rows::participants(db, row.session()),
            None => Ok(Vec::new()),
        })
    }

    fn redeem(&self, order: RedeemOrder, now: Timestamp) -> Pending<Result<Grant, GrantError>> {
        self.writer.write(move |batch| {
            decided(batch, order.grant, now, |grant, around| decide_redeem(grant, around, &order, now))
        })
    }

    fn rotate(&self, order: RotateOrder, now: Timestamp) -> Pending<Result<Grant, GrantError>> {
        self.writer.write(move |batch| {
            decided(batch, order.grant, now, |grant, around| decide_rotate(grant, around, &order, now))
        })
    }

    fn revoke(&self, order: RevokeOrder, now: Timestamp) -> Pending<Result<(), GrantError>> {
        self.writer.write(move |batch| {
            let decided = decided(batch, order.grant, now, |grant, _| decide_revoke(grant, &order, now))?;
            Ok(decided.map(drop))
        })
    }

    fn revoke_own(
        &self,
        id: ClientId,
        token: RevokedToken,
        now: Timestamp,
    ) -> Pending<Result<(), GrantError>> {
        self.writer.write(move |batch| match decide_revoke_own(present(batch, &id)?.as_ref(), token, now) {
            Ok(stored) => batch.write_client(stored).map(Ok),
            Err(refusal) => Ok(Err(refusal)),
        })
    }

    fn grant(&self, id: GrantId) -> Lookup<Result<Option<Arc<Grant>>, Outage>> {
        let key = u128::from(id.number());
        if let Some(grant) = self.shared.caches.grants.find(&key) {
            return Lookup::Now(Ok(Some(grant)));
        }
        Lookup::Later(self.readers.read(move |db, shared, read_at| {
            let grant = rows::grant(db, id)?.map(Arc::new);
            shared.pass(HookPoint::RowsRead);
            if let Some(grant) = &grant {
                shared.caches.grants.fill(key, || Arc::clone(grant), read_at);
            }
            Ok(grant)
        }))
    }
}
