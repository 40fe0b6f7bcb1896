//! The upstream providers of a realm: made, listed, changed, removed. A secret is sealed and never shown again.
//!
//! They lie in documents, so what names a version is taken from that version or refused, like everywhere.

use std::future::ready;

use adieu_core::{
    DirectoryError, Outage, Realm, RealmId, UPSTREAMS_MAX, UpstreamFault, UpstreamProvider, Version,
    upstream_secret_is_sound,
};
use adieu_keyring::SealPurpose;
use adieu_store::Document;

use super::record::{self, PROVIDER};
use crate::Authority;

/// A provider to be made. Its `Debug` text shows no secret (EMPTY-HANDS).
#[derive(Clone, Debug)]
pub struct NewUpstream {
    /// Its name in addresses.
    pub name: String,
    /// Its name on the button.
    pub title: String,
    /// Its issuer identifier.
    pub issuer: String,
    /// As which client it knows this installation.
    pub client_id: String,
    /// All else.
    pub edit: UpstreamEdit,
}

/// A secret that its `Debug` text does not show.
#[derive(Clone, PartialEq, Eq)]
pub struct UpstreamSecret(pub String);

impl std::fmt::Debug for UpstreamSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

/// What changes of a provider. What is absent stays as it is, or gets its default.
#[derive(Clone, Debug, Default)]
pub struct UpstreamEdit {
    /// Its name on the button.
    pub title: Option<String>,
    /// As which client it knows this installation.
    pub client_id: Option<String>,
    /// What proves that; none takes it away.
    pub secret: Option<Option<UpstreamSecret>>,
    /// What it is asked for.
    pub scopes: Option<Vec<String>>,
    /// Whether unknown people become users.
    pub creates_users: Option<bool>,
    /// The claim of a new user's name.
    pub username_claim: Option<String>,
    /// The claim of a new user's e-mail address.
    pub email_claim: Option<Option<String>>,
    /// Whether anybody signs on through it.
    pub enabled: Option<bool>,
}

/// Why a provider was not made, changed or removed.
#[derive(Debug, thiserror::Error)]
pub enum UpstreamProviderError {
    /// It cannot be as it is said to be.
    #[error(transparent)]
    Fault(#[from] UpstreamFault),
    /// The realm has as many as one may have.
    #[error("a realm has at most {UPSTREAMS_MAX} upstream providers")]
    TooMany,
    /// The directory refused.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
}

impl From<Outage> for UpstreamProviderError {
    fn from(outage: Outage) -> Self {
        Self::Directory(crate::attempts::unread(outage))
    }
}

impl Authority {
    /// The upstream providers of a realm, by name.
    pub async fn upstreams(&self, realm: RealmId) -> Result<Vec<UpstreamProvider>, Outage> {
        // One more than may be: of two that are made at once the later one sees both.
        let all = self.documents(realm, PROVIDER, 2 * UPSTREAMS_MAX as u32).await?;
        Ok(all.into_iter().filter_map(record::provider).collect())
    }

    /// Those through which people may sign on, as they are offered: the names in addresses, and those on buttons.
    pub async fn upstreams_offered(&self, realm: RealmId) -> Result<Vec<(String, String)>, Outage> {
        let all = self.upstreams(realm).await?;
        Ok(all.into_iter().filter(|one| one.enabled).map(|one| (one.name, one.title)).collect())
    }

    /// The one of that name.
    pub async fn upstream(&self, realm: RealmId, name: &str) -> Result<Option<UpstreamProvider>, Outage> {
        Ok(self.document(realm, PROVIDER, name).await?.and_then(record::provider))
    }

    /// Makes one.
    pub async fn create_upstream(
        &self,
        realm: &Realm,
        new: NewUpstream,
    ) -> Result<UpstreamProvider, UpstreamProviderError> {
        let NewUpstream { name, title, issuer, client_id, edit } = new;
        let now = self.now();
        let bare = UpstreamProvider {
            realm: realm.id,
            name,
            title,
            issuer,
            client_id,
            sealed_secret: None,
            scopes: ["openid", "profile", "email"].map(str::to_owned).to_vec(),
            creates_users: false,
            username_claim: "preferred_username".to_owned(),
            email_claim: Some("email".to_owned()),
            enabled: true,
            created_at: now,
            updated_at: now,
            version: Version::FIRST,
        };
        let provider = self.edited_upstream(bare, edit)?;
        let full = |count: usize| count >= UPSTREAMS_MAX;
        if full(self.upstreams(realm.id).await?.len()) {
            return Err(UpstreamProviderError::TooMany);
        }
        let made = self.create_document(document(&provider)).await?;
        if self.upstreams(realm.id).await?.len() > UPSTREAMS_MAX {
            // Others were made at the same moment.
            self.remove_document_from((realm.id, PROVIDER, &provider.name), made.version).await?;
            return Err(UpstreamProviderError::TooMany);
        }
        tracing::info!(realm = realm.path, upstream = provider.name, "an upstream provider was added");
        Ok(UpstreamProvider { version: made.version, ..provider })
    }

    /// Changes one: from this version if one is named.
    pub async fn edit_upstream(
        &self,
        (realm, name): (RealmId, &str),
        from: Option<Version>,
        edit: UpstreamEdit,
    ) -> Result<UpstreamProvider, UpstreamProviderError> {
        let changed = self.change_document((realm, PROVIDER, name), |before| {
            let next = before.and_then(record::provider).ok_or(DirectoryError::Unknown).and_then(|before| {
                from.map_or(Ok(()), |from| before.version.is_still(from))?;
                Ok(before)
            });
            let next = next.map_err(UpstreamProviderError::from);
            ready(
                next.and_then(|before| {
                    Ok(record::provider_text(&self.edited_upstream(before, edit.clone())?))
                }),
            )
        });
        let changed: Document = changed.await?;
        record::provider(changed).ok_or_else(|| UpstreamProviderError::Directory(DirectoryError::Unknown))
    }

    /// Removes one, in this version if one is named. Sessions that came through it live on; its logouts are taken no more.
    pub async fn remove_upstream(
        &self,
        (realm, name): (RealmId, &str),
        from: Option<Version>,
    ) -> Result<(), DirectoryError> {
        let removed = match from {
            Some(from) => self.remove_document_from((realm, PROVIDER, name), from).await?,
            None => self.remove_document(realm, PROVIDER, name).await?,
        };
        if removed { Ok(()) } else { Err(DirectoryError::Unknown) }
    }

    fn edited_upstream(
        &self,
        before: UpstreamProvider,
        edit: UpstreamEdit,
    ) -> Result<UpstreamProvider, UpstreamFault> {
        let sealed_secret = match edit.secret {
            None => before.sealed_secret.clone(),
            Some(None) => None,
            Some(Some(UpstreamSecret(secret))) => {
                upstream_secret_is_sound(&secret)?;
                let place = UpstreamProvider::place_of_secret(before.realm, &before.name);
                Some(self.inner.keyring.seal(SealPurpose::UpstreamSecret, &place, secret.as_bytes()))
            }
        };
        let next = UpstreamProvider {
            sealed_secret,
            title: edit.title.unwrap_or(before.title),
            client_id: edit.client_id.unwrap_or(before.client_id),
            scopes: edit.scopes.unwrap_or(before.scopes),
            creates_users: edit.creates_users.unwrap_or(before.creates_users),
            username_claim: edit.username_claim.unwrap_or(before.username_claim),
            email_claim: edit.email_claim.unwrap_or(before.email_claim),
            enabled: edit.enabled.unwrap_or(before.enabled),
            updated_at: self.now(),
            ..before
        };
        next.is_sound()?;
        Ok(next)
    }

    /// What proves this installation to a provider.
    pub(super) fn upstream_secret(&self, provider: &UpstreamProvider) -> Result<Option<String>, Outage> {
        let Some(sealed) = &provider.sealed_secret else { return Ok(None) };
        let place = UpstreamProvider::place_of_secret(provider.realm, &provider.name);
        let opened = self.inner.keyring.open(SealPurpose::UpstreamSecret, &place, sealed);
        let opened =
            opened.map_err(|_| Outage::new("the secret of an upstream provider cannot be opened"))?;
        String::from_utf8(opened)
            .map(Some)
            .map_err(|_| Outage::new("the secret of an upstream provider is no text"))
    }
}

fn document(provider: &UpstreamProvider) -> Document {
    Document {
        realm: provider.realm,
        kind: PROVIDER.to_owned(),
        id: provider.name.clone(),
        body: record::provider_text(provider),
        version: provider.version,
    }
}
