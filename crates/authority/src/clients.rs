//! Clients: made, looked up, and asked for their proof.
//!
//! Secrets are derived and shown on demand; only their hashes are stored (EMPTY-HANDS).

use std::cmp::Ordering;
use std::future::Future;
use std::sync::Arc;

use adieu_core::{
    ApplicationTrait, Client, ClientAuth, ClientDraft, ClientId, ClientSigning, DirectoryError, Origin,
    Outage, PreviousSecret, RealmId, RemoveClientOrder, RoleAssignment, Span, Timestamp, TokenHash, Version,
};

use crate::Authority;
use crate::attempts::{Attempts, unread};
use crate::end::EndingReach;

/// A client to be made.
#[derive(Clone, Debug)]
pub struct NewClient {
    /// Its id.
    pub id: ClientId,
    /// What people call it.
    pub name: String,
    /// How it proves itself.
    pub auth: ClientAuth,
    /// May redeem codes.
    pub code: bool,
    /// Gets refresh tokens.
    pub refresh: bool,
    /// May act in its own name.
    pub client_credentials: bool,
    /// Must use PKCE with S256.
    pub pkce_required: bool,
    /// Scopes of APIs that it is granted.
    pub api_scopes: Vec<String>,
    /// Where codes may be sent.
    pub redirect_uris: Vec<String>,
    /// Where a browser may be sent after a sign-off.
    pub post_logout_redirect_uris: Vec<String>,
    /// What it may do in its own name.
    pub roles: Vec<RoleAssignment>,
}

/// What becomes of what a client holds when it gets another secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeldGrants {
    /// It ends only if the change takes something away, as core decides.
    AsDecided,
    /// It ends.
    Ends,
}

/// How a client gets another secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretRotation {
    /// All before are worth nothing any more, one that counts beside the present one included.
    AtOnce(HeldGrants),
    /// The same, but refused while an earlier one counts beside the present one. What the client holds lives on.
    AtOnceIfAlone,
    /// The one before counts for so long, so that no instance of the client is refused meanwhile. What the client holds lives on.
    /// Refused while an earlier one counts: at most two count at a time, and that one was promised for its time.
    Overlap(Span),
}

/// Why a client did not get another secret.
#[derive(Debug, thiserror::Error)]
pub enum RotationError {
    /// An earlier secret counts beside the present one until then.
    #[error("an earlier secret counts beside the present one still")]
    EarlierCounts {
        /// Until when.
        until: Timestamp,
    },
    /// The directory refused it.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
}

/// Life of access tokens where nothing else is said: one hour (contract pingone.md 2.4).
const ACCESS_LIFE: Span = Span::from_s(3600);
/// Life of refresh tokens where nothing else is said: thirty days (contract pingone.md 2.4).
const REFRESH_LIFE: Span = Span::from_s(30 * 24 * 3600);

impl Authority {
    /// Makes a client. Its secret is derived and never stored: [`Authority::secret_of`] shows it.
    pub async fn create_client(&self, realm: RealmId, new: NewClient) -> Result<Client, DirectoryError> {
        self.keep_new_client(self.draft_client(realm, new)).await
    }

    /// Keeps a client that was drafted, with what a dialect keeps beside it, or neither; its id must be nobody's. Where one of
    /// that id was removed, it gets a secret that the removed one never had, so the secret is to be asked of what is returned.
    pub async fn keep_new_client(&self, draft: impl Into<ClientDraft>) -> Result<Client, DirectoryError> {
        let mut draft = draft.into();
        self.judge_scopes(None, &draft.client)?;
        let mut attempts = Attempts::begin();
        loop {
            match self.store().create_client(draft.clone()).await {
                Err(DirectoryError::Stale) => attempts.again()?,
                Ok(made) => {
                    self.prepare_keys_for(&made).await;
                    return Ok(made);
                }
                refused => return refused,
            }
            let removed = self.removed_client(&draft.client.id).await.map_err(unread)?;
            if let Some(removed) = removed {
                let secret_version = self.secret_version_after(removed.secret_version);
                draft.client = self.with_secret(Client { secret_version, ..draft.client });
            }
        }
    }

    /// A client as it would be made, for whoever has more to say about it before it is kept.
    pub fn draft_client(&self, realm: RealmId, new: NewClient) -> Client {
        let draft = Client {
            id: new.id,
            realm,
            name: new.name,
            enabled: true,
            auth: new.auth,
            secret: None,
            code: new.code,
            refresh: new.refresh,
            client_credentials: new.client_credentials,
            pkce_required: new.pkce_required,
            api_scopes: new.api_scopes,
            redirect_uris: new.redirect_uris,
            post_logout_redirect_uris: new.post_logout_redirect_uris,
            origins: None,
            outlives_session: false,
            require_consent: false,
            ends_by_id_token: false,
            backchannel_logout_uri: None,
            backchannel_logout_session_required: false,
            frontchannel_logout_uri: None,
            frontchannel_logout_session_required: false,
            access_life: ACCESS_LIFE,
            refresh_life: REFRESH_LIFE,
            roles: new.roles,
            signing: ClientSigning::default(),
            acr: None,
            secret_version: by_time(self.now()),
            previous_secret: None,
            generation: by_time(self.now()),
            user_scopes: None,
            identity_generation: 0,
            offline_generation: 0,
            revoked_tokens: Vec::new(),
            version: Version::FIRST,
            created_at: self.now(),
            updated_at: self.now(),
        };
        self.with_secret(draft)
    }

    /// The client with the hash of the secret that its way to prove itself needs, if it needs one.
    pub(crate) fn with_secret(&self, client: Client) -> Client {
        let secret = self.secret_of(&client).map(|secret| TokenHash::of(secret.as_bytes()));
        Client { secret, ..client }
    }

    /// The secret that this installation gives a client: 190 bits, derived (EMPTY-HANDS). One that proves itself in another way, or not at all, has none.
    pub fn secret_of(&self, client: &Client) -> Option<String> {
        let secret = || self.key().client_secret(client.realm, &client.id, client.secret_version);
        client.auth.has_secret().then(secret)
    }

    /// The version of the secret that follows one of this version.
    pub(crate) fn secret_version_after(&self, last: u64) -> u64 {
        (last + 1).max(by_time(self.now()))
    }

    /// Gives a client another secret. The one before is worth nothing any more, or counts for as long as the rotation says; with a
    /// client that has none only the version rises.
    pub async fn rotate_secret(
        &self,
        realm: RealmId,
        id: &ClientId,
        rotation: SecretRotation,
        origin: Origin,
    ) -> Result<Client, RotationError> {
        self.give_another_secret(realm, id, (rotation, None), origin).await
    }

    /// The version of the secret that the next rotation gives a client, for [`Authority::rotate_secret_to`].
    pub fn next_secret_version(&self, client: &Client) -> u64 {
        self.secret_version_after(client.secret_version)
    }

    /// Gives a client the secret of this version, once: where it has that one, it was done before, and nothing changes. Where it
    /// has a later one, the order is stale.
    pub async fn rotate_secret_to(
        &self,
        realm: RealmId,
        id: &ClientId,
        (rotation, secret_version): (SecretRotation, u64),
        origin: Origin,
    ) -> Result<Client, RotationError> {
        self.give_another_secret(realm, id, (rotation, Some(secret_version)), origin).await
    }

    async fn give_another_secret(
        &self,
        realm: RealmId,
        id: &ClientId,
        (rotation, to): (SecretRotation, Option<u64>),
        origin: Origin,
    ) -> Result<Client, RotationError> {
        let (held, overlap, keeps_earlier) = match rotation {
            SecretRotation::AtOnce(held) => (held, None, false),
            SecretRotation::AtOnceIfAlone => (HeldGrants::AsDecided, None, true),
            SecretRotation::Overlap(overlap) => (HeldGrants::AsDecided, Some(overlap), true),
        };
        let mut attempts = Attempts::begin();
        loop {
            let before = self.client(realm, id).await.map_err(unread)?.ok_or(DirectoryError::Unknown)?;
            match to.map(|to| to.cmp(&before.secret_version)) {
                Some(Ordering::Less) => return Err(DirectoryError::Stale.into()),
                Some(Ordering::Equal) => return Ok(Client::clone(&before)),
                Some(Ordering::Greater) | None => {}
            }
            let earlier = before.previous_secret.filter(|earlier| self.now() < earlier.until);
            if let (true, Some(PreviousSecret { until, .. })) = (keeps_earlier, earlier) {
                return Err(RotationError::EarlierCounts { until });
            }
            let previous_secret = overlap.and_then(|overlap| {
                let until = self.now().plus(overlap);
                before.secret.map(|secret| PreviousSecret { secret, until })
            });
            let secret_version = to.unwrap_or_else(|| self.secret_version_after(before.secret_version));
            let next = Client { secret_version, previous_secret, ..Client::clone(&before) };
            match self.changed_client(&before, next.into(), (held, origin.clone())).await {
                Err(DirectoryError::Stale) => attempts.again()?,
                done => return Ok(done?),
            }
        }
    }

    /// The client of that id, if it belongs to the realm.
    pub async fn client(&self, realm: RealmId, id: &ClientId) -> Result<Option<Arc<Client>>, Outage> {
        let client = self.inner.store.client(id).get().await?;
        Ok(client.filter(|client| client.realm == realm))
    }

    /// The client of that id as it was when it was removed, if it was.
    pub async fn removed_client(&self, id: &ClientId) -> Result<Option<Client>, Outage> {
        self.store().removed_client(id).await
    }

    /// The client of that id, whichever realm it belongs to.
    pub async fn any_client(&self, id: &ClientId) -> Result<Option<Arc<Client>>, Outage> {
        self.inner.store.client(id).get().await
    }

    /// The clients of a realm to which a browser may be sent at this address after a sign-off.
    pub async fn clients_with_post_logout_uri(
        &self,
        realm: RealmId,
        uri: &str,
    ) -> Result<Vec<Client>, Outage> {
        self.store().clients_with_post_logout_uri(realm, uri).await
    }

    /// Whether that holds for an application of a realm; how many there are costs nothing.
    pub async fn has_application(&self, realm: RealmId, of: ApplicationTrait) -> Result<bool, Outage> {
        self.store().has_application(realm, of).await
    }

    /// The clients of a realm.
    pub async fn clients(&self, realm: RealmId) -> Result<Vec<Client>, Outage> {
        self.store().clients(realm).await
    }

    /// Removes a client; what it holds ends with it, and what dialects keep beside it goes in the same commit.
    pub async fn remove_client(&self, id: &ClientId, origin: Origin) -> Result<(), DirectoryError> {
        self.removed_from(id, None, origin).await
    }

    /// The same, if the record is still in the version that the caller has read.
    pub async fn remove_client_from(
        &self,
        id: &ClientId,
        from: Version,
        origin: Origin,
    ) -> Result<(), DirectoryError> {
        self.removed_from(id, Some(from), origin).await
    }

    /// The same, if the caller may do that to what the client is; it is asked again where the client was changed meanwhile.
    pub async fn remove_client_if<E, F>(
        &self,
        realm: RealmId,
        id: &ClientId,
        origin: Origin,
        mut allowed: impl FnMut(Arc<Client>) -> F + Send,
    ) -> Result<(), E>
    where
        E: From<DirectoryError>,
        F: Future<Output = Result<(), E>> + Send,
    {
        let mut attempts = Attempts::begin();
        loop {
            let client = self.client(realm, id).await.map_err(unread)?.ok_or(DirectoryError::Unknown)?;
            let from = client.version;
            allowed(client).await?;
            match self.remove_client_from(id, from, origin.clone()).await {
                Err(DirectoryError::Stale) => attempts.again()?,
                done => return Ok(done?),
            }
        }
    }

    async fn removed_from(
        &self,
        id: &ClientId,
        from: Option<Version>,
        origin: Origin,
    ) -> Result<(), DirectoryError> {
        let document_kinds = self.policy().client_documents;
        let order = RemoveClientOrder { client: id.clone(), from, document_kinds, origin };
        let channel = order.origin.channel.clone();
        let ended = self.store().remove_client(order, self.now()).await?;
        self.tell(EndingReach::GRANTS, &channel, &ended);
        Ok(())
    }
}

/// Where a client's generation and the version of its secret begin: above every one of a client of the same id that a restored
/// store has forgotten, because tokens in a client's own name and secrets that were replaced have nothing else that ends them
/// (ENDED-STAYS-ENDED, decision 0009).
fn by_time(now: Timestamp) -> u64 {
    u64::try_from(now.ms()).unwrap_or(0)
}
