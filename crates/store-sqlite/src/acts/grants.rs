//! Codes and refresh tokens: read, let core decide, write.
//!
//! A replayed code or token is written down as revoked in the same transaction that refuses it.

use std::sync::Arc;

use adieu_core::grant::{GrantDecision, decide_redeem, decide_rotate};
use adieu_core::{
    Client, ClientId, Grant, GrantAround, GrantError, GrantId, Outage, RedeemOrder, RevokeOrder,
    RevokedToken, RotateOrder, Timestamp, Unwritten, Verdict, decide_revoke, decide_revoke_own,
};
use adieu_store::{Grants, Lookup, Pending};

use crate::acts::family::{SessionFacts, facts_in};
use crate::hooks::Place;
use crate::writer::Batch;
use crate::{SqliteStore, rows};

/// The world around a grant, and its session if that is live.
fn around(
    batch: &Batch<'_>,
    grant: &Grant,
    now: Timestamp,
) -> rusqlite::Result<(GrantAround, Option<SessionFacts>)> {
    let live = facts_in(batch, grant.session)?.filter(|facts| facts.verdict(now) == Verdict::Live);
    let client = rows::client(batch.db, &grant.client)?;
    let client = client.filter(|(client, removed)| client.enabled && !removed).map(|(client, _)| client);
    let outlives_session = match &client {
        Some(client) if client.outlives_session => {
            batch.user(grant.user)?.is_some_and(|user| user.enabled && !user.removed)
        }
        Some(_) | None => false,
    };
    let client_generation = client.map(|client| client.generation);
    let session_epoch = live.as_ref().map(|facts| facts.session.epoch);
    Ok((GrantAround { session_epoch, client_generation, outlives_session }, live))
}

type Outcome = rusqlite::Result<Result<Grant, GrantError>>;

fn decided(
    batch: &mut Batch<'_>,
    id: GrantId,
    now: Timestamp,
    decide: impl Fn(&Grant, GrantAround) -> GrantDecision,
) -> Outcome {
    let Some(grant) = rows::grant(batch.db, id)? else { return Ok(Err(GrantError::Invalid)) };
    let (around, _) = around(batch, &grant, now)?;
    let decision = decide(&grant, around);
    if let Some(write) = decision.write {
        batch.write_grant(write)?;
    }
    Ok(decision.outcome)
}

impl Grants for SqliteStore {
    fn issue(&self, grant: Grant, now: Timestamp) -> Pending<Result<(), GrantError>> {
        self.writer.write(move |batch| {
            let (around, live) = around(batch, &grant, now)?;
            let Some(facts) = live.filter(|_| grant.is_live(around, now)) else {
                return Ok(Err(GrantError::Invalid));
            };
            if rows::grant(batch.db, grant.id)?.is_some() {
                return Ok(Err(GrantError::Invalid)); // 63 random bits met: the caller draws again.
            }
            batch.write_grant(grant.clone())?;
            if let Some(session) = facts.session.joined_by(&grant.client) {
                batch.write_session(session)?;
            }
            Ok(Ok(()))
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
            let Some((client, false)) = rows::client(batch.db, &id)? else {
                return Ok(Err(GrantError::Invalid));
            };
            let Some(revoked_tokens) = decide_revoke_own(&client.revoked_tokens, token, now) else {
                return Ok(Err(
                    Unwritten::NotTaken(Outage::new("the client has too many revoked tokens")).into()
                ));
            };
            batch.write_client(Client { revoked_tokens, ..client }, false).map(Ok)
        })
    }

    fn grant(&self, id: GrantId) -> Lookup<Result<Option<Arc<Grant>>, Outage>> {
        let key = u128::from(id.number());
        if let Some(grant) = self.shared.caches.grants.find(&key) {
            return Lookup::Now(Ok(Some(grant)));
        }
        Lookup::Later(self.readers.read(move |db, shared, read_at| {
            let grant = rows::grant(db, id)?.map(Arc::new);
            shared.pass(Place::RowsRead);
            if let Some(grant) = &grant {
                shared.caches.grants.fill(key, || Arc::clone(grant), read_at);
            }
            Ok(grant)
        }))
    }
}
