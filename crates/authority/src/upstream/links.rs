//! Who somebody from an upstream provider is here: links from (issuer, sub) to a user.
//!
//! A link is made by an administrator, or with a user that is made for an unknown person. Nobody is found by a name or an
//! address, and no link is turned to another user while its own is there.

use std::future::ready;

use adieu_core::{
    DirectoryError, Outage, OwnName, Realm, RealmId, UPSTREAM_LINKS_MAX, UpstreamIdentity, UpstreamProvider,
    User, UserId, Version, is_subject, looks_like_id, own_username_is_sound, username_is_sound,
};
use adieu_store::Document;
use serde::{Deserialize, Serialize};

use super::record::{self, LINK, LINKS_OF_USER, LinkBody, link_id};
use super::sign_on::UpstreamFailure;
use crate::Authority;
use crate::attempts::unread;
use crate::people::{NewPerson, PersonError};

/// How often a link is read again that somebody else writes at the same moment.
const TRIES: usize = 16;

/// A person of an issuer who is a user here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpstreamLink {
    /// The issuer.
    pub issuer: String,
    /// Its name for the person.
    pub sub: String,
}

/// Why a person was not linked to a user.
#[derive(Debug, thiserror::Error)]
pub enum UpstreamLinkError {
    /// The issuer has no such names.
    #[error("sub: 1 to 255 visible characters")]
    Subject,
    /// The person is another user already.
    #[error("that person is another user of the realm")]
    OtherUser,
    /// As many people lead to the user as may.
    #[error("at most {UPSTREAM_LINKS_MAX} people of upstream providers lead to one user")]
    TooMany,
    /// The directory refused.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
}

impl From<Outage> for UpstreamLinkError {
    fn from(outage: Outage) -> Self {
        Self::Directory(unread(outage))
    }
}

impl Authority {
    /// Who of upstream providers is this user.
    pub async fn upstream_links(&self, user: &User) -> Result<Vec<UpstreamLink>, Outage> {
        let kept = self.document(user.realm, LINKS_OF_USER, &user.id.to_string()).await?;
        Ok(kept.map(|kept| links(&kept)).unwrap_or_default())
    }

    /// Links a person of a provider to a user of its realm. A link that leads to nobody any more is made anew.
    pub async fn link_upstream(
        &self,
        provider: &UpstreamProvider,
        sub: &str,
        user: &User,
    ) -> Result<(), UpstreamLinkError> {
        if !is_subject(sub) {
            return Err(UpstreamLinkError::Subject);
        }
        if user.realm != provider.realm {
            return Err(DirectoryError::Unknown.into());
        }
        let before = self.upstream_user(provider.realm, &provider.issuer, sub).await?;
        if before.is_some_and(|before| before.id != user.id) {
            return Err(UpstreamLinkError::OtherUser);
        }
        let link = UpstreamLink { issuer: provider.issuer.clone(), sub: sub.to_owned() };
        // The list comes first: what stands in it and leads nowhere is harmless, and a second try finds both.
        self.list_upstream_link(user, &link).await?;
        self.keep_upstream_link(user.realm, &link, user.id).await?;
        Ok(())
    }

    /// Takes a link away; says whether it was there. Sessions that came through it live on.
    pub async fn unlink_upstream(&self, user: &User, link: &UpstreamLink) -> Result<bool, DirectoryError> {
        let id = link_id(&link.issuer, &link.sub);
        let kept = self.document(user.realm, LINK, &id).await.map_err(unread)?;
        let own = kept.filter(|kept| leads_to(kept) == Some(user.id));
        let was_there = match own {
            Some(kept) => self.remove_document_from((user.realm, LINK, &id), kept.version).await?,
            None => false,
        };
        if self.upstream_links(user).await.map_err(unread)?.contains(link) {
            let name = user.id.to_string();
            let without = self.change_document((user.realm, LINKS_OF_USER, &name), |before| {
                let mut all = before.map(|before| links(&before)).unwrap_or_default();
                all.retain(|one| one != link);
                ready(Ok::<_, DirectoryError>(record::text(&all)))
            });
            without.await?;
        }
        Ok(was_there)
    }

    /// Forgets whom a removed user was upstream.
    pub(crate) async fn forget_upstream_links(
        &self,
        realm: RealmId,
        user: UserId,
    ) -> Result<(), DirectoryError> {
        let name = user.to_string();
        let Some(kept) = self.document(realm, LINKS_OF_USER, &name).await.map_err(unread)? else {
            return Ok(());
        };
        for link in links(&kept) {
            let id = link_id(&link.issuer, &link.sub);
            let led = self.document(realm, LINK, &id).await.map_err(unread)?;
            if let Some(led) = led.filter(|led| leads_to(led) == Some(user)) {
                self.remove_document_from((realm, LINK, &id), led.version).await?;
            }
        }
        self.remove_document(realm, LINKS_OF_USER, &name).await.map(drop)
    }

    /// The user whom a person of an issuer is.
    pub(super) async fn upstream_user(
        &self,
        realm: RealmId,
        issuer: &str,
        sub: &str,
    ) -> Result<Option<std::sync::Arc<User>>, Outage> {
        let link = self.document(realm, LINK, &link_id(issuer, sub)).await?;
        let Some(id) = link.as_ref().and_then(leads_to) else { return Ok(None) };
        Ok(self.user(id).await?.filter(|user| user.realm == realm))
    }

    /// The user whom an unknown person becomes, where the realm says so. The link is written first and names the user to be
    /// made: whoever was interrupted there makes that user the next time.
    pub(super) async fn made_upstream_user(
        &self,
        realm: &Realm,
        provider: &UpstreamProvider,
        identity: &UpstreamIdentity,
    ) -> Result<User, UpstreamFailure> {
        let sub = || identity.sub.as_str().into();
        if !provider.creates_users {
            return Err(UpstreamFailure::UnknownPerson(sub()));
        }
        let username = identity.username.clone().unwrap_or_else(|| identity.sub.clone());
        // Many providers know people by UUIDs, and here those are ids.
        let username = match looks_like_id(&username) {
            true => format!("{}-{username}", provider.name),
            false => username,
        };
        username_is_sound(None, &username)
            .and_then(|()| {
                let email = identity.email.as_deref();
                own_username_is_sound(None, OwnName { username: &username, email })
            })
            .map_err(|_| UpstreamFailure::NameUnusable(sub()))?;
        if self.user_named(realm.id, &username).await?.is_some() {
            return Err(UpstreamFailure::NameTaken(sub()));
        }
        let home = self.populations(realm.id).await?.into_iter().next();
        let home = home.ok_or_else(|| Outage::new("a realm without a population"))?;
        let link = UpstreamLink { issuer: provider.issuer.clone(), sub: identity.sub.clone() };
        let id = self.upstream_user_to_be(realm.id, &link).await?;
        let id = id.ok_or_else(|| UpstreamFailure::NameTaken(sub()))?; // By the same person: the caller looks for the link once more.
        let person = NewPerson { username, email: identity.email.clone(), ..NewPerson::default() };
        let made = self.create_user_as(id, &home, person).await.map_err(|error| match error {
            PersonError::Directory(DirectoryError::Taken(_)) => UpstreamFailure::NameTaken(sub()),
            PersonError::Directory(DirectoryError::Fault(_)) => UpstreamFailure::NameUnusable(sub()),
            PersonError::Directory(error) => error.into(),
            PersonError::Password(_) | PersonError::Weak(_) => UpstreamFailure::NameUnusable(sub()),
        })?;
        self.list_upstream_link(&made, &link).await.map_err(|error| match error {
            UpstreamLinkError::Directory(error) => UpstreamFailure::from(error),
            UpstreamLinkError::Subject | UpstreamLinkError::OtherUser | UpstreamLinkError::TooMany => {
                UpstreamFailure::UnknownPerson(sub())
            }
        })?;
        tracing::info!(user = %made.id, realm = realm.path, upstream = provider.name, "a user was made for an unknown person");
        Ok(made)
    }

    /// The id that the link names, if its user was never made; else a new one, which the link names from now on. None if its user is
    /// there by now: the same person came twice at once.
    async fn upstream_user_to_be(
        &self,
        realm: RealmId,
        link: &UpstreamLink,
    ) -> Result<Option<UserId>, DirectoryError> {
        let id = link_id(&link.issuer, &link.sub);
        for _ in 0..TRIES {
            let before = self.document(realm, LINK, &id).await.map_err(unread)?;
            if let Some(named) = before.as_ref().and_then(leads_to)
                && self.removed_users(vec![named]).await.map_err(unread)?.is_empty()
            {
                return Ok(self.user(named).await.map_err(unread)?.is_none().then_some(named));
            }
            let drawn = UserId::from_uuid(self.draw_uuid());
            match self.keep_upstream_link_from(before, realm, link, drawn).await {
                Ok(()) => return Ok(Some(drawn)),
                // Of two who link one person at once, one does: the other reads whom.
                Err(DirectoryError::Stale) => {}
                Err(error) => return Err(error),
            }
        }
        Err(DirectoryError::Stale)
    }

    async fn keep_upstream_link(
        &self,
        realm: RealmId,
        link: &UpstreamLink,
        user: UserId,
    ) -> Result<(), DirectoryError> {
        let id = link_id(&link.issuer, &link.sub);
        let before = self.document(realm, LINK, &id).await.map_err(unread)?;
        self.keep_upstream_link_from(before, realm, link, user).await
    }

    async fn keep_upstream_link_from(
        &self,
        before: Option<Document>,
        realm: RealmId,
        link: &UpstreamLink,
        user: UserId,
    ) -> Result<(), DirectoryError> {
        let id = link_id(&link.issuer, &link.sub);
        let body = record::text(&LinkBody {
            issuer: link.issuer.clone(),
            sub: link.sub.clone(),
            user: user.to_string(),
        });
        let version = before.as_ref().map_or(Version::FIRST, |before| before.version);
        let next = Document { realm, kind: LINK.to_owned(), id, body, version };
        self.keep_document_from(before.map(|before| before.version), next).await.map(drop)
    }

    async fn list_upstream_link(&self, user: &User, link: &UpstreamLink) -> Result<(), UpstreamLinkError> {
        let name = user.id.to_string();
        if self.upstream_links(user).await?.contains(link) {
            return Ok(());
        }
        let listed = self.change_document((user.realm, LINKS_OF_USER, &name), |before| {
            let mut all = before.map(|before| links(&before)).unwrap_or_default();
            if !all.contains(link) {
                all.push(link.clone());
            }
            ready(match all.len() > UPSTREAM_LINKS_MAX {
                true => Err(UpstreamLinkError::TooMany),
                false => Ok(record::text(&all)),
            })
        });
        listed.await.map(drop)
    }
}

fn links(kept: &Document) -> Vec<UpstreamLink> {
    serde_json::from_str(&kept.body).unwrap_or_default()
}

fn leads_to(kept: &Document) -> Option<UserId> {
    serde_json::from_str::<LinkBody>(&kept.body).ok()?.user()
}
