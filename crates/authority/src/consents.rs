//! What users have agreed to that clients get: remembered, listed, withdrawn.
//!
//! Whether a request is covered by what is remembered is asked where requests are read. Only consents that stand for their clients
//! are shown to anybody.

use std::sync::Arc;

use adieu_core::{
    Client, ClientId, Consent, ConsentError, ConsentOrder, Outage, SessionId, Unwritten, UserId,
};
use adieu_store::SessionQuery;

use crate::Authority;

/// Sessions of a user that are looked at in one go for what a client holds because of them.
const SESSIONS_AT_ONCE: u32 = 100;

impl Authority {
    /// A user's consent to a client, if it counts for the client.
    pub async fn consent(&self, user: UserId, client: &Client) -> Result<Option<Arc<Consent>>, Outage> {
        let found = self.store().consent(user, &client.id).get().await?;
        Ok(found.filter(|found| found.counts_for(client)))
    }

    /// The clients that a user has agreed to, with what they get, by id; those included that are called otherwise meanwhile, and hold
    /// what they were granted.
    pub async fn consents(&self, user: UserId) -> Result<Vec<(Consent, Arc<Client>)>, Outage> {
        let mut counting = Vec::new();
        for consent in self.store().consents(user).await? {
            let client = self.store().client(&consent.client).get().await?;
            counting
                .extend(client.filter(|client| consent.stands_for(client)).map(|client| (consent, client)));
        }
        Ok(counting)
    }

    /// Remembers that a user agrees, beside what the user agreed to before.
    pub async fn give_consent(&self, order: ConsentOrder) -> Result<Consent, ConsentError> {
        let consent = self.store().give_consent(order, self.now()).await?;
        tracing::info!(user = %consent.user, client = %consent.client, scope = consent.scope, "consent given");
        Ok(consent)
    }

    /// Withdraws a user's consent to a client; says whether there was one. All that was granted because of it is dead at once,
    /// offline access included. What the client holds because of the user's live sessions without one, as an application of one's
    /// own may, is revoked before it, as far as that is remembered: whoever hears of an [`Outage`] asks again.
    pub async fn withdraw_consent(&self, user: UserId, client: &ClientId) -> Result<bool, Outage> {
        if self.store().consent(user, client).get().await?.is_none() {
            return Ok(false);
        }
        if let Some(client) = self.store().client(client).get().await? {
            for session in self.sessions_of(user).await? {
                self.revoke_held(session, &client).await?;
            }
        }
        let withdrawn = self.store().withdraw_consent(user, client.clone()).await;
        let withdrawn = withdrawn.map_err(Unwritten::into_outage)?;
        if withdrawn {
            tracing::info!(user = %user, client = %client, "consent withdrawn");
        }
        Ok(withdrawn)
    }

    /// The live sessions of a user.
    async fn sessions_of(&self, user: UserId) -> Result<Vec<SessionId>, Outage> {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let query = SessionQuery { after, most: SESSIONS_AT_ONCE, live: Some(true) };
            let page = self.user_sessions(user, query).await?;
            all.extend(page.sessions.iter().map(|record| record.session.id));
            after = page.next;
            if after.is_none() {
                return Ok(all);
            }
        }
    }
}
