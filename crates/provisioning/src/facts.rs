//! What is there now, as far as a document speaks of it.
//!
//! Users are read in pages; there is an end to how many a document holds.

use std::collections::{BTreeMap, BTreeSet};

use adieu_authority::{
    Authority, Client, ClientId, Document, Population, Realm, RealmId, Subscriber, UpstreamProvider, User,
    UserId,
};

use crate::document::Declaration;
use crate::error::FactsError;

/// Users that one document holds. Beyond that, backups are the way to move an installation.
const USERS_MAX: usize = 200_000;
const PAGE: u32 = 1000;
/// Documents of one kind in one realm.
const DOCUMENTS_MAX: u32 = 100_000;

/// What there is, realm by realm.
#[derive(Clone)]
pub struct Facts {
    /// The kinds of documents that dialects keep.
    pub kinds: Vec<&'static str>,
    /// The scopes of dialects' APIs.
    pub api_scopes: &'static [&'static str],
    /// The realms, by path.
    pub realms: Vec<RealmFacts>,
    /// Users of realms that a document does not name, as far as it names them.
    pub elsewhere: BTreeSet<UserId>,
    /// What was removed, as far as a document names it.
    pub removed: Removed,
}

/// Ids that are taken although nobody has them any more.
#[derive(Clone, Default)]
pub struct Removed {
    /// Users: nobody gets the id of one again.
    pub users: BTreeSet<UserId>,
    /// Clients, with the realm in which alone the id may come back.
    pub clients: BTreeMap<ClientId, RealmId>,
}

/// A realm and what is in it.
#[derive(Clone)]
pub struct RealmFacts {
    /// The realm.
    pub realm: Realm,
    /// Its populations, oldest first.
    pub populations: Vec<Population>,
    /// Its users, if the realm is named.
    pub users: Vec<User>,
    /// Its clients, by id.
    pub clients: Vec<Client>,
    /// Its subscribers, by name.
    pub subscribers: Vec<Subscriber>,
    /// Its upstream providers, by name.
    pub upstreams: Vec<UpstreamProvider>,
    /// What dialects keep, by kind and id, if the realm is named.
    pub documents: Vec<Document>,
}

impl Facts {
    /// What the authority has; of documents that dialects keep, those of `kinds`. With `only`, users and documents are read of the
    /// realm at that path alone.
    pub async fn gather(
        authority: &Authority,
        only: Option<&str>,
        kinds: &[&'static str],
    ) -> Result<Self, FactsError> {
        Self::read(authority, kinds, |path| only.is_none_or(|only| path == only)).await
    }

    async fn read(
        authority: &Authority,
        kinds: &[&'static str],
        is_meant: impl Fn(&str) -> bool + Send,
    ) -> Result<Self, FactsError> {
        let mut realms = Vec::new();
        let mut count = 0;
        for realm in authority.realms().await? {
            let populations = authority.populations(realm.id).await?;
            let clients = authority.clients(realm.id).await?;
            let subscribers = authority.subscribers(realm.id).await?;
            let upstreams = authority.upstreams(realm.id).await?;
            let (users, documents) = match is_meant(&realm.path) {
                true => {
                    let users = users(authority, realm.id, USERS_MAX - count).await?;
                    count += users.len();
                    (users, kept(authority, realm.id, kinds).await?)
                }
                false => Default::default(),
            };
            realms.push(RealmFacts { realm, populations, users, clients, subscribers, upstreams, documents });
        }
        Ok(Self {
            kinds: kinds.to_vec(),
            api_scopes: authority.policy().api_scopes,
            realms,
            elsewhere: BTreeSet::new(),
            removed: Removed::default(),
        })
    }

    /// What stands around a document: the realms that it names as they are, of others what it may name, and of what it names what
    /// was removed.
    pub async fn around(
        authority: &Authority,
        document: &Declaration,
        kinds: &[&'static str],
    ) -> Result<Self, FactsError> {
        let is_named = |path: &str| document.realms.iter().any(|realm| realm.path == path);
        let mut facts = Self::read(authority, kinds, is_named).await?;
        let users = document.realms.iter().flat_map(|realm| realm.users.iter().flatten());
        let mut ids: BTreeSet<UserId> = users.filter_map(|user| user.id.as_deref()?.parse().ok()).collect();
        let clients = document.realms.iter().flat_map(|realm| realm.clients.iter().flatten());
        let mut client_ids: BTreeSet<ClientId> =
            clients.filter_map(|client| client.client_id.parse().ok()).collect();
        for of in &facts.realms {
            for user in &of.users {
                ids.remove(&user.id);
            }
            for client in &of.clients {
                client_ids.remove(&client.id);
            }
        }
        let ids: Vec<UserId> = ids.into_iter().collect();
        for some in ids.chunks(PAGE as usize) {
            facts.removed.users.extend(authority.removed_users(some.to_vec()).await?);
        }
        for id in ids.into_iter().filter(|id| !facts.removed.users.contains(id)).collect::<Vec<_>>() {
            facts.elsewhere.extend(authority.user(id).await?.map(|user| user.id));
        }
        for id in client_ids {
            let removed = authority.removed_client(&id).await?;
            facts.removed.clients.extend(removed.map(|client| (id, client.realm)));
        }
        Ok(facts)
    }
}

/// The users of a realm, if they are no more than `most`.
async fn users(authority: &Authority, realm: RealmId, most: usize) -> Result<Vec<User>, FactsError> {
    let mut users: Vec<User> = Vec::new();
    loop {
        let after = users.last().map(|user| user.id);
        let page = authority.users(realm, after, PAGE).await?;
        if page.is_empty() {
            return Ok(users);
        }
        users.extend(page);
        if users.len() > most {
            return Err(FactsError::ManyUsers(USERS_MAX));
        }
    }
}

async fn kept(
    authority: &Authority,
    realm: RealmId,
    kinds: &[&'static str],
) -> Result<Vec<Document>, FactsError> {
    let mut documents = Vec::new();
    for kind in kinds.iter().copied() {
        let of_kind = authority.documents(realm, kind, DOCUMENTS_MAX).await?;
        if of_kind.len() as u32 >= DOCUMENTS_MAX {
            return Err(FactsError::ManyDocuments(kind));
        }
        documents.extend(of_kind);
    }
    Ok(documents)
}
