//! Changes of clients: made, changed, removed, and what becomes of their grants with it.
//!
//! A removed client stays behind as the generation of its grants, so that one of the same id starts above them.

use std::collections::BTreeSet;

use crate::cause::Cause;
use crate::client_bounds::client_is_within_bounds;
use crate::directory::{Client, DirectoryError, TakenMember};
use crate::document::{
    DocumentChange, DocumentChanges, DocumentFacts, decide_document_changes, each_of_another_one,
};
use crate::ended::Ended;
use crate::ending::{EndKind, EndOrder, EndTarget};
use crate::ids::{ClientId, RealmId};
use crate::origin::Origin;
use crate::record_rules::client_is_sound;
use crate::version::Version;

/// What is stored under a client's id.
#[derive(Clone, Debug)]
pub struct StoredClient {
    /// The client.
    pub client: Client,
    /// Whether it was removed.
    pub removed: bool,
}

impl From<Client> for StoredClient {
    fn from(client: Client) -> Self {
        Self { client, removed: false }
    }
}

impl StoredClient {
    /// This record over what is stored now: see [`Client::under`].
    #[must_use]
    pub fn under(self, now: Option<&Self>) -> Self {
        match now {
            Some(now) => Self { client: self.client.under(&now.client), ..self },
            None => self,
        }
    }

    fn present(&self) -> Result<&Client, DirectoryError> {
        if self.removed { Err(DirectoryError::Unknown) } else { Ok(&self.client) }
    }
}

/// A client as it is to be, with what a dialect keeps beside it, where that changes, too.
#[derive(Clone, Debug)]
pub struct ClientDraft {
    /// The client.
    pub client: Client,
    /// What becomes of documents of the client's realm with it.
    pub documents: Vec<DocumentChange>,
}

impl From<Client> for ClientDraft {
    fn from(client: Client) -> Self {
        Self { client, documents: Vec::new() }
    }
}

impl ClientChanges {
    /// Whether the client is told at another address than before that sessions are over, or no more: see
    /// [`ReceiverHealth::told_elsewhere`](crate::ReceiverHealth::told_elsewhere).
    pub fn told_elsewhere(&self, before: Option<&StoredClient>) -> bool {
        let address = |stored: &StoredClient| stored.client.backchannel_logout_uri.clone();
        before.is_some_and(|before| address(before) != address(&self.stored))
    }
}

impl ClientDraft {
    /// The documents as they are to be written.
    fn documents_over(&self, facts: &[DocumentFacts]) -> Result<DocumentChanges, DirectoryError> {
        decide_document_changes(self.client.realm, &self.documents, facts)
    }
}

/// Somebody changes a client.
#[derive(Clone, Debug)]
pub struct EditClientOrder {
    /// The version of the record that the change was made from.
    pub from: Version,
    /// The client as it is to be. Its generations and its revoked tokens are not for changes to say.
    pub next: ClientDraft,
    /// Whether all that it holds ends with the change, as may be asked for when its secret is in wrong hands.
    pub ends_grants: bool,
    /// Where the order came from.
    pub origin: Origin,
}

/// What a change of a client comes to. The order to end grants is carried out first, and the record is written over what the
/// ending left: see [`StoredClient::under`].
#[derive(Clone, Debug)]
pub struct ClientChanges {
    /// The record.
    pub stored: StoredClient,
    /// The documents that change with it.
    pub documents: DocumentChanges,
    /// What ends because of it.
    pub end: Option<EndOrder>,
}

/// Somebody changes several clients and documents of a realm together: all of it happens, or nothing.
#[derive(Clone, Debug)]
pub struct EditClientsOrder {
    /// The realm.
    pub realm: RealmId,
    /// The changes of clients, each of another one; else the order is stale.
    pub clients: Vec<EditClientOrder>,
    /// The changes of documents, each of another one, those beside the clients included; else the order is stale.
    pub documents: Vec<DocumentChange>,
}

/// The facts about what an order to change several clients names.
#[derive(Clone, Debug, Default)]
pub struct ClientsFacts {
    /// What is stored of each client, with the facts about the documents that its change brings.
    pub clients: Vec<(Option<StoredClient>, Vec<DocumentFacts>)>,
    /// The facts about each document.
    pub documents: Vec<DocumentFacts>,
}

/// Decides the change of several clients and documents.
///
/// # Panics
/// If the facts are not about each of the clients, or not about each of the documents.
pub fn decide_edit_clients(
    facts: &ClientsFacts,
    order: &EditClientsOrder,
) -> Result<(Vec<ClientChanges>, DocumentChanges), DirectoryError> {
    assert_eq!(order.clients.len(), facts.clients.len(), "facts about each client");
    let mut ids = BTreeSet::new();
    if !order.clients.iter().all(|one| ids.insert(&one.next.client.id)) {
        return Err(DirectoryError::Stale); // The second change of a client starts from what the first one left.
    }
    let beside = order.clients.iter().flat_map(|one| &one.next.documents);
    each_of_another_one(order.documents.iter().chain(beside))?;
    let documents = decide_document_changes(order.realm, &order.documents, &facts.documents)?;
    let decided = order.clients.iter().zip(&facts.clients).map(|(order_of_one, (before, beside))| {
        if order_of_one.next.client.realm != order.realm {
            return Err(DirectoryError::Unknown);
        }
        decide_edit_client(before.as_ref(), order_of_one, beside)
    });
    Ok((decided.collect::<Result<_, _>>()?, documents))
}

/// A client after a change.
#[derive(Clone, Debug)]
pub struct EditedClient {
    /// As it is now.
    pub client: Client,
    /// What ended because of it.
    pub ended: Option<Ended>,
}

/// Decides the making of a client. One that comes back starts above every grant of its first life, keeps the tokens that were
/// revoked then (ENDED-STAYS-ENDED), and needs a secret of a later version than the last one of its first life: with any
/// other, the draft is stale. `beside` are the facts about the documents that the draft brings.
pub fn decide_create_client(
    before: Option<&StoredClient>,
    draft: &ClientDraft,
    beside: &[DocumentFacts],
) -> Result<ClientChanges, DirectoryError> {
    let new = &draft.client;
    client_is_sound(None, new.into())?;
    client_is_within_bounds(None, new)?;
    let client = match before {
        None => Client { version: Version::FIRST, ..new.clone() },
        Some(StoredClient { client, removed: true }) if client.realm == new.realm => {
            if new.secret_version <= client.secret_version {
                return Err(DirectoryError::Stale);
            }
            Client {
                generation: client.generation + 1,
                offline_generation: client.offline_generation + 1,
                revoked_tokens: client.revoked_tokens.clone(),
                version: client.version.next(),
                ..new.clone()
            }
        }
        Some(_) => return Err(DirectoryError::Taken(TakenMember::Id)),
    };
    Ok(ClientChanges { stored: client.into(), documents: draft.documents_over(beside)?, end: None })
}

/// Decides a change of a client. What it holds ends when it is switched off, when it may no longer ask for something or not without
/// its users' consent, and where the order says so; nothing of it comes back (ENDED-STAYS-ENDED). `beside` are the facts about the documents that the change
/// brings.
pub fn decide_edit_client(
    before: Option<&StoredClient>,
    order: &EditClientOrder,
    beside: &[DocumentFacts],
) -> Result<ClientChanges, DirectoryError> {
    let before = before.ok_or(DirectoryError::Unknown)?.present()?;
    let next = &order.next.client;
    if before.realm != next.realm {
        return Err(DirectoryError::Unknown);
    }
    let version = before.version.after_change_from(order.from)?;
    client_is_sound(Some(before), next.into())?;
    client_is_within_bounds(Some(before), next)?;
    let client = Client { version, created_at: before.created_at, ..next.clone() }.under(before);
    let ends = order.ends_grants || client.gets_less_than(before);
    let end = ends.then(|| grants_ended(&client, &order.origin));
    Ok(ClientChanges { stored: client.into(), documents: order.next.documents_over(beside)?, end })
}

/// Somebody removes a client.
#[derive(Clone, Debug)]
pub struct RemoveClientOrder {
    /// Which.
    pub client: ClientId,
    /// The version of the record that was read, if it is to be that one.
    pub from: Option<Version>,
    /// The kinds of documents that dialects keep beside clients: those of this client are removed with it.
    pub document_kinds: &'static [&'static str],
    /// Where the order came from.
    pub origin: Origin,
}

/// Decides the removal of a client; what it holds ends with it, so that it says who ended it and why.
pub fn decide_remove_client(
    before: Option<&StoredClient>,
    order: &RemoveClientOrder,
) -> Result<ClientChanges, DirectoryError> {
    let before = before.ok_or(DirectoryError::Unknown)?.present()?;
    if let Some(from) = order.from {
        before.version.is_still(from)?;
    }
    let client = Client { version: before.version.next(), ..before.clone() };
    Ok(ClientChanges {
        end: Some(grants_ended(&client, &order.origin)),
        documents: DocumentChanges::default(),
        stored: StoredClient { client, removed: true },
    })
}

/// The order that ends all that a client holds.
fn grants_ended(client: &Client, origin: &Origin) -> EndOrder {
    EndOrder {
        realm: None,
        target: EndTarget::Grants(client.id.clone()),
        kind: EndKind::End,
        cause: Cause::Administrator,
        spare: None,
        within: None,
        origin: origin.clone(),
    }
}

/// Decides which client an id means for callers: none that was removed.
pub fn present_client(stored: Option<StoredClient>) -> Option<Client> {
    stored.filter(|stored| !stored.removed).map(|stored| stored.client)
}

/// Decides which client an id means for whoever asks what was removed.
pub fn removed_client(stored: Option<StoredClient>) -> Option<Client> {
    stored.filter(|stored| stored.removed).map(|stored| stored.client)
}

impl Client {
    /// This record with the generations and the revoked tokens of the one that is stored now. Endings alone raise the first and
    /// revocation alone adds to the last, so a change never takes them back; a change that lets no more tokens outlive their session
    /// raises the second, so that another one brings none of them back (ENDED-STAYS-ENDED).
    #[must_use]
    pub fn under(self, now: &Self) -> Self {
        let bound_again = now.outlives_session && !self.outlives_session;
        Self {
            generation: now.generation,
            offline_generation: now.offline_generation + u64::from(bound_again),
            revoked_tokens: now.revoked_tokens.clone(),
            ..self
        }
    }

    /// This record, as a change of `before`, with what becomes of its secret; and whether that is to be made anew. `following` gives
    /// the version of the secret that follows one.
    ///
    /// A secret that was taken away does not come back when the client proves itself by one again. An older version may have taken
    /// it away, and it left the version as it was. A secret that is shown in another place is the same one, and the one before was
    /// promised for its time.
    #[must_use]
    pub fn with_secret_over(self, before: &Self, following: impl FnOnce(u64) -> u64) -> (Self, bool) {
        let without = !self.auth.has_secret();
        let secret_version = match before.secret.is_none() && !without {
            true => following(before.secret_version),
            false => self.secret_version,
        };
        let anew = self.auth != before.auth || secret_version != before.secret_version;
        let previous_secret = self.previous_secret.filter(|_| !without);
        (Self { secret_version, previous_secret, ..self }, anew)
    }

    /// Whether it was switched off, lost one of its grant types, or became somebody else's, who gets nothing that nobody agreed to.
    fn gets_less_than(&self, before: &Self) -> bool {
        let may = |client: &Self| {
            let unasked = !client.require_consent;
            [client.enabled, client.code, client.refresh, client.client_credentials, unasked]
        };
        may(before).into_iter().zip(may(self)).any(|(before, now)| before && !now)
    }
}

#[cfg(test)]
pub(crate) mod tests;
