//! Codes and refresh tokens: read, let core decide, write.
//!
//! A replayed code or token is written down as revoked in the same transaction that refuses it.

use std::sync::Arc;

use adieu_core::grant::{GrantDecision, decide_redeem, decide_rotate};
use adieu_core::{
    ClientId, Grant, GrantAround, GrantError, GrantFacts, GrantId, IssueOrder, Outage, Participant,
    ParticipantFacts, RedeemOrder, RevokeOrder, RevokedToken, RotateOrder, SessionId, Timestamp,
    decide_issue, decide_revoke, decide_revoke_own, grant_around, present_client,
};
use adieu_store::{Grants, Lookup, Pending};

use crate::PostgresStore;
use crate::batch::Batch;
use crate::rows::{KeptGrant, KeptParticipant};
use crate::working::Looked;

/// What is stored of those whom a grant names.
fn facts_of(batch: &Batch, grant: &Grant) -> Looked<GrantFacts> {
    let (session, user) = (batch.facts(grant.session), batch.user(grant.user));
    let client = batch.client(&grant.client);
    let consent = grant.consent.map(|_| batch.consent(grant.user, &grant.client)).transpose();
    Ok(GrantFacts { session: session?, client: client?, user: user?, consent: consent?.flatten() })
}

type Outcome = Looked<Result<Grant, GrantError>>;

fn decided(
    batch: &mut Batch,
    id: GrantId,
    now: Timestamp,
    decide: impl FnOnce(&Grant, GrantAround) -> GrantDecision,
) -> Outcome {
    let stored = match batch.grant(id)? {
        Some(grant) => Some((grant_around(&facts_of(batch, &grant)?, now), grant)),
        None => None,
    };
    let stored = stored.as_ref().map(|(around, grant)| (grant.as_ref(), *around));
    let decision = GrantDecision::of_stored(stored, decide);
    if let Some(write) = decision.write {
        if decision.outcome.is_err() {
            batch.refuse_in_writing();
        }
        batch.grants.put(KeptGrant(Arc::new(write)));
    }
    Ok(decision.outcome)
}

fn issue(batch: &mut Batch, order: &IssueOrder, now: Timestamp) -> Looked<Result<(), GrantError>> {
    let grant = &order.grant;
    let (facts, taken) = (facts_of(batch, grant), batch.grant(grant.id));
    let (facts, taken) = (facts?, taken?.is_some());
    let participants = match &facts.session {
        Some(facts) => participant_facts(batch, &facts.session, &grant.client)?,
        None => ParticipantFacts::default(),
    };
    let issue = match decide_issue(order, &facts, &participants, taken, now) {
        Ok(issue) => issue,
        Err(refusal) => return Ok(Err(refusal)),
    };
    if let Some(facts) = &facts.session {
        batch.participants.put(KeptParticipant::of(&issue.participant, &facts.session));
    }
    batch.grants.put(KeptGrant(Arc::new(issue.grant)));
    issue.session.map_or(Ok(()), |session| batch.write_session(session)).map(Ok)
}

/// What is stored of the participants of a session, for one more grant of a client.
fn participant_facts(
    batch: &Batch,
    session: &adieu_core::Session,
    client: &ClientId,
) -> Looked<ParticipantFacts> {
    let all = batch.participants(session)?;
    let of_all_epochs = u32::try_from(all.len()).unwrap_or(u32::MAX);
    let own = all.into_iter().find(|one| one.epoch == session.epoch && one.client == *client);
    Ok(ParticipantFacts { own, of_all_epochs })
}

impl Grants for PostgresStore {
    fn issue(&self, order: IssueOrder, now: Timestamp) -> Pending<Result<(), GrantError>> {
        self.writer.write(move |batch| issue(batch, &order, now))
    }

    fn participants(&self, session: SessionId) -> Pending<Result<Vec<Participant>, Outage>> {
        self.reader.read(move |batch| match batch.kept(session)? {
            Some(row) => batch.participants(row.session()),
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
        self.writer.write(move |batch| {
            let client = present_client(batch.stored_client_to_change(&id)?);
            match decide_revoke_own(client.as_ref(), token, now) {
                Ok(stored) => batch.write_client(stored).map(Ok),
                Err(refusal) => Ok(Err(refusal)),
            }
        })
    }

    fn grant(&self, id: GrantId) -> Lookup<Result<Option<Arc<Grant>>, Outage>> {
        Lookup::Later(self.reader.read(move |batch| batch.grant(id)))
    }
}
