//! Changes of clients: made, changed, removed, and what becomes of their grants with it.
//!
//! A removed client stays behind as the generation of its grants, so that one of the same id starts above them.

use crate::cause::Cause;
use crate::directory::{Client, DirectoryError, TakenMember};
use crate::document::{DocumentChange, DocumentChanges, DocumentFacts, decide_document_changes};
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

impl StoredClient {
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
/// ending left: see [`Client::under`].
#[derive(Clone, Debug)]
pub struct ClientChanges {
    /// The record.
    pub client: Client,
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
    /// The changes of clients, each of another one.
    pub clients: Vec<EditClientOrder>,
    /// The changes of documents, each of another one.
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
pub fn decide_edit_clients(
    facts: &ClientsFacts,
    order: &EditClientsOrder,
) -> Result<(Vec<ClientChanges>, DocumentChanges), DirectoryError> {
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
    Ok(ClientChanges { client, documents: draft.documents_over(beside)?, end: None })
}

/// Decides a change of a client. What it holds ends when it is switched off, when it may no longer ask for something, and where
/// the order says so; nothing of it comes back (ENDED-STAYS-ENDED). `beside` are the facts about the documents that the change
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
    let client = Client { version, created_at: before.created_at, ..next.clone() }.under(before);
    let ends = order.ends_grants || client.gets_less_than(before);
    let end = ends.then(|| grants_ended(&client, &order.origin));
    Ok(ClientChanges { client, documents: order.next.documents_over(beside)?, end })
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
        client,
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

    /// Whether it was switched off or lost one of its grant types.
    fn gets_less_than(&self, before: &Self) -> bool {
        let may = |client: &Self| [client.enabled, client.code, client.refresh, client.client_credentials];
        may(before).into_iter().zip(may(self)).any(|(before, now)| before && !now)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::directory::ClientAuth;
    use crate::document::Document;
    use crate::origin::Channel;
    use crate::record_fault::RecordFault;
    use crate::revoked_token::RevokedToken;
    use crate::time::{Span, Timestamp};

    pub(crate) fn shop() -> Client {
        Client {
            id: "shop".parse().expect("an id"),
            realm: RealmId::from_uuid(Uuid::from_u128(1)),
            name: "Shop".into(),
            enabled: true,
            auth: ClientAuth::None,
            secret: None,
            code: true,
            refresh: true,
            client_credentials: false,
            pkce_required: false,
            api_scopes: vec![],
            redirect_uris: vec![],
            post_logout_redirect_uris: vec![],
            origins: None,
            outlives_session: false,
            require_consent: false,
            ends_by_id_token: false,
            backchannel_logout_uri: None,
            backchannel_logout_session_required: false,
            frontchannel_logout_uri: None,
            frontchannel_logout_session_required: false,
            access_life: Span::from_s(300),
            refresh_life: Span::from_s(300),
            roles: vec![],
            acr: None,
            secret_version: 0,
            previous_secret: None,
            generation: 7,
            offline_generation: 0,
            revoked_tokens: vec![RevokedToken { token: Uuid::from_u128(3), until: Timestamp::from_ms(9) }],
            version: Version::from_stored(4),
            created_at: Timestamp::from_ms(1),
            updated_at: Timestamp::from_ms(2),
        }
    }

    fn stored(removed: bool) -> StoredClient {
        StoredClient { client: shop(), removed }
    }

    fn change(from: u64, next: Client) -> EditClientOrder {
        let origin = Origin::of_holder(Channel::named("test"), None);
        EditClientOrder { from: Version::from_stored(from), next: next.into(), ends_grants: false, origin }
    }

    fn edit(before: StoredClient, order: EditClientOrder) -> Result<ClientChanges, DirectoryError> {
        decide_edit_client(Some(&before), &order, &[])
    }

    #[test]
    fn what_a_dialect_keeps_beside_a_client_is_written_with_it_or_not_at_all() {
        let body = |text: &str, realm| Document {
            realm,
            kind: "application".into(),
            id: "shop".into(),
            body: text.into(),
            version: Version::FIRST,
        };
        let stored_document = Document { version: Version::from_stored(3), ..body("old", shop().realm) };
        let beside = [DocumentFacts { stored: Some(stored_document), ..DocumentFacts::default() }];
        let order = |from, document| EditClientOrder {
            next: ClientDraft { client: shop(), documents: vec![DocumentChange::Put(document)] },
            ..change(from, shop())
        };
        let before = stored(false);
        let fits = order(4, body("new", shop().realm));
        let changed = decide_edit_client(Some(&before), &fits, &beside).expect("a change");
        let [document] = &changed.documents.written[..] else { panic!("it is written") };
        assert_eq!((document.body.as_str(), document.version.number()), ("new", 4));
        let stale = decide_edit_client(Some(&before), &order(3, body("new", shop().realm)), &beside);
        assert!(matches!(stale, Err(DirectoryError::Stale)), "{stale:?}");
        let elsewhere = order(4, body("new", RealmId::from_uuid(Uuid::from_u128(2))));
        let unknown = decide_edit_client(Some(&before), &elsewhere, &beside);
        assert!(matches!(unknown, Err(DirectoryError::Unknown)), "{unknown:?}");
    }

    #[test]
    fn a_client_that_comes_back_starts_above_its_old_grants_and_versions() {
        let same = Client { generation: 0, revoked_tokens: vec![], version: Version::FIRST, ..shop() };
        let new = Client { secret_version: 1, ..same.clone() };
        let make = |before: Option<StoredClient>, new: Client| {
            decide_create_client(before.as_ref(), &new.into(), &[])
        };
        let back = make(Some(stored(true)), new.clone()).expect("it was removed").client;
        assert_eq!((back.generation, back.revoked_tokens.len(), back.version.number()), (8, 1, 5));
        let with_its_old_secret = make(Some(stored(true)), same);
        assert!(matches!(with_its_old_secret, Err(DirectoryError::Stale)), "{with_its_old_secret:?}");
        let made = make(None, new.clone()).expect("nobody has the id").client;
        assert_eq!((made.generation, made.version), (0, Version::FIRST));
        let taken = make(Some(stored(false)), new.clone());
        assert!(matches!(taken, Err(DirectoryError::Taken(_))), "{taken:?}");
        let elsewhere = Client { realm: RealmId::from_uuid(Uuid::from_u128(2)), ..new };
        let taken = make(Some(stored(true)), elsewhere);
        assert!(matches!(taken, Err(DirectoryError::Taken(_))), "{taken:?}");
    }

    #[test]
    fn a_change_keeps_what_is_not_its_to_say_and_is_refused_when_it_is_stale() {
        let next = Client { name: "Store".into(), generation: 0, revoked_tokens: vec![], ..shop() };
        let changed = edit(stored(false), change(4, next.clone())).expect("a change");
        assert!(changed.end.is_none());
        let client = changed.client;
        assert_eq!((client.name.as_str(), client.generation, client.revoked_tokens.len()), ("Store", 7, 1));
        assert_eq!(client.version.number(), 5);
        let stale = edit(stored(false), change(3, next.clone()));
        assert!(matches!(stale, Err(DirectoryError::Stale)), "{stale:?}");
        let gone = edit(stored(true), change(4, next));
        assert!(matches!(gone, Err(DirectoryError::Unknown)), "{gone:?}");
    }

    #[test]
    fn what_a_client_holds_ends_when_it_loses_something_or_where_that_is_asked_for() {
        let off = Client { enabled: false, ..shop() };
        for less in [off.clone(), Client { code: false, ..shop() }, Client { refresh: false, ..shop() }] {
            let changed = edit(stored(false), change(4, less.clone())).expect("a change");
            let end = changed.end.expect("its grants end");
            assert_eq!(end.target, EndTarget::Grants(less.id.clone()));
            let again = StoredClient { client: less, removed: false };
            let changed = edit(again, change(4, shop())).expect("a change");
            assert!(changed.end.is_none(), "what it gets back, it begins anew with");
        }
        let rotated = Client { secret_version: 1, ..shop() };
        let kept = edit(stored(false), change(4, rotated.clone())).expect("a change");
        assert!(kept.end.is_none());
        let asked = EditClientOrder { ends_grants: true, ..change(4, rotated) };
        assert!(edit(stored(false), asked).expect("a change").end.is_some());
    }

    /// S-7, S-20: the rule is asked when a client is made and when it changes, and of what is new.
    #[test]
    fn what_no_client_may_be_is_refused_whoever_asks() {
        let uris = |uri: &str| vec![uri.to_owned()];
        let cases = [
            (Client { client_credentials: true, ..shop() }, RecordFault::PublicInOwnName),
            (Client { redirect_uris: uris("nonsense"), ..shop() }, RecordFault::RedirectUri),
            (
                Client { post_logout_redirect_uris: uris("javascript:alert(1)"), ..shop() },
                RecordFault::PostLogoutRedirectUri,
            ),
            (
                Client {
                    redirect_uris: uris("https://shop.example.test/cb"),
                    frontchannel_logout_uri: Some("https://evil.example.test/out".into()),
                    ..shop()
                },
                RecordFault::FrontchannelLogoutUri,
            ),
        ];
        for (wrong, fault) in cases {
            let refused = |answer: Result<ClientChanges, DirectoryError>| matches!(answer, Err(DirectoryError::Fault(found)) if found == fault);
            let made = decide_create_client(None, &wrong.clone().into(), &[]);
            assert!(refused(made), "{fault:?}");
            assert!(refused(edit(stored(false), change(4, wrong))), "{fault:?}");
        }
        let old = Client { redirect_uris: uris("nonsense"), ..shop() };
        let stored = StoredClient { client: old.clone(), removed: false };
        let renamed = edit(stored, change(4, Client { name: "Store".into(), ..old }));
        assert!(renamed.is_ok(), "what was taken once hinders no other change: {renamed:?}");
        let old = Client { client_credentials: true, ..shop() };
        let stored = StoredClient { client: old.clone(), removed: false };
        let off = edit(stored, change(4, Client { enabled: false, ..old })).expect("it can be switched off");
        assert!(off.end.is_some(), "what it holds ends");
    }

    #[test]
    fn a_client_is_removed_once_and_in_the_version_that_was_read() {
        let order = |from| RemoveClientOrder {
            document_kinds: &[],
            client: stored(false).client.id,
            from,
            origin: Origin::of_holder(Channel::named("test"), None),
        };
        let removed = decide_remove_client(Some(&stored(false)), &order(None)).expect("removed");
        assert_eq!(removed.client.version.number(), 5);
        let end = removed.end.expect("what it holds ends");
        assert!(matches!(end.target, EndTarget::Grants(id) if id == removed.client.id));
        let twice = decide_remove_client(Some(&stored(true)), &order(None));
        assert!(matches!(twice, Err(DirectoryError::Unknown)), "{twice:?}");
        let stale = decide_remove_client(Some(&stored(false)), &order(Some(Version::FIRST)));
        assert!(matches!(stale, Err(DirectoryError::Stale)), "{stale:?}");
    }
}
