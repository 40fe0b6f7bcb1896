//! Clients: made, looked up, and asked for their proof.
//!
//! Secrets are derived and shown on demand; only their hashes are stored (EMPTY-HANDS).

use std::sync::Arc;

use adieu_core::{Client, ClientAuth, ClientId, Outage, Purpose, RealmId, RoleAssignment, Span, TokenHash};
use adieu_store::DirectoryError;

use crate::Authority;

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
    /// Where codes may be sent.
    pub redirect_uris: Vec<String>,
    /// Where a browser may be sent after a sign-off.
    pub post_logout_redirect_uris: Vec<String>,
    /// What it may do in its own name.
    pub roles: Vec<RoleAssignment>,
}

/// Life of access tokens where nothing else is said: one hour (contract pingone.md 2.4).
const ACCESS_LIFE: Span = Span::from_s(3600);
/// Life of refresh tokens where nothing else is said: thirty days (contract pingone.md 2.4).
const REFRESH_LIFE: Span = Span::from_s(30 * 24 * 3600);

impl Authority {
    /// Makes a client. Its secret is derived and never stored: [`Authority::client_secret`] shows it.
    pub async fn create_client(&self, realm: RealmId, new: NewClient) -> Result<Client, DirectoryError> {
        let secret = match new.auth {
            ClientAuth::None => None,
            ClientAuth::Basic | ClientAuth::Post => {
                Some(TokenHash::of(self.client_secret(realm, &new.id).as_bytes()))
            }
        };
        let client = Client {
            id: new.id,
            realm,
            name: new.name,
            enabled: true,
            auth: new.auth,
            secret,
            code: new.code,
            refresh: new.refresh,
            client_credentials: new.client_credentials,
            pkce_required: new.pkce_required,
            redirect_uris: new.redirect_uris,
            post_logout_redirect_uris: new.post_logout_redirect_uris,
            origins: None,
            outlives_session: false,
            ends_by_id_token: false,
            access_life: ACCESS_LIFE,
            refresh_life: REFRESH_LIFE,
            roles: new.roles,
            generation: 0,
            created_at: self.now(),
            updated_at: self.now(),
        };
        self.store().put_client(client.clone()).await?;
        Ok(client)
    }

    /// The secret that this installation gives a client: 190 bits, derived (EMPTY-HANDS).
    pub fn client_secret(&self, realm: RealmId, id: &ClientId) -> String {
        let name = format!("{realm} {id}");
        self.key().derive_text(Purpose::ClientSecret, name.as_bytes(), 0)
    }

    /// The client of that id, if it belongs to the realm.
    pub async fn client(&self, realm: RealmId, id: &ClientId) -> Result<Option<Arc<Client>>, Outage> {
        let client = self.inner.store.client(id).get().await?;
        Ok(client.filter(|client| client.realm == realm))
    }

    /// The client of that id, whichever realm it belongs to.
    pub async fn any_client(&self, id: &ClientId) -> Result<Option<Arc<Client>>, Outage> {
        self.inner.store.client(id).get().await
    }

    /// The clients of a realm.
    pub async fn clients(&self, realm: RealmId) -> Result<Vec<Client>, Outage> {
        self.store().clients(realm).await
    }

    /// Replaces what is stored of a client.
    pub async fn put_client(&self, client: Client) -> Result<(), DirectoryError> {
        self.store().put_client(client).await
    }

    /// Removes a client; its grants die with it.
    pub async fn remove_client(&self, id: &ClientId) -> Result<(), DirectoryError> {
        self.store().remove_client(id).await
    }
}
