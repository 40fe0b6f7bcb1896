//! What is there now, as far as a document speaks of it.
//!
//! Users are read in pages; there is an end to how many a document holds.

use adieu_authority::{Authority, Client, Document, Population, Realm, RealmId, User};

use crate::error::FactsError;

/// Users that one document holds. Beyond that, backups are the way to move an installation.
const USERS_MAX: usize = 200_000;
const PAGE: u32 = 1000;
/// Documents of one kind in one realm.
const DOCUMENTS_MAX: u32 = 100_000;

/// Everything, realm by realm.
#[derive(Clone)]
pub struct Facts {
    /// The kinds of documents that dialects keep.
    pub kinds: Vec<&'static str>,
    /// The realms, by path.
    pub realms: Vec<RealmFacts>,
}

/// A realm and what is in it.
#[derive(Clone)]
pub struct RealmFacts {
    /// The realm.
    pub realm: Realm,
    /// Its populations, oldest first.
    pub populations: Vec<Population>,
    /// Its users.
    pub users: Vec<User>,
    /// Its clients, by id.
    pub clients: Vec<Client>,
    /// What dialects keep, by kind and id.
    pub documents: Vec<Document>,
}

impl Facts {
    /// What the authority has; of documents that dialects keep, those of `kinds`.
    pub async fn gather(authority: &Authority, kinds: &[&'static str]) -> Result<Self, FactsError> {
        let mut realms = Vec::new();
        let mut count = 0;
        for realm in authority.realms().await? {
            let mut users: Vec<User> = Vec::new();
            loop {
                let after = users.last().map(|user| user.id);
                let page = authority.users(realm.id, after, PAGE).await?;
                if page.is_empty() {
                    break;
                }
                count += page.len();
                if count > USERS_MAX {
                    return Err(FactsError::ManyUsers(USERS_MAX));
                }
                users.extend(page);
            }
            let populations = authority.populations(realm.id).await?;
            let clients = authority.clients(realm.id).await?;
            let documents = kept(authority, realm.id, kinds).await?;
            realms.push(RealmFacts { realm, populations, users, clients, documents });
        }
        Ok(Self { kinds: kinds.to_vec(), realms })
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
