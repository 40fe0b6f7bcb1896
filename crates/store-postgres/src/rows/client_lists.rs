//! Clients by their addresses after a sign-off, and applications of a realm by what is asked of all of them at once.
//!
//! What holds for an application is said by core; a removed one is listed under nothing.

use adieu_core::{ApplicationTrait, Client, ClientId, RealmId, StoredClient};
use adieu_store_records::Damaged;

use crate::rows::{KeptClient, realm_value};
use crate::shared::Ciphers;
use crate::working::{ColumnKind, Columns, Kept, StoreQuestion, Value};

/// A client in a list: the realm, what it is listed under, and the client.
type Key = (RealmId, String, ClientId);

/// An address to go to after a sign-off.
#[derive(Clone, Debug)]
pub(crate) struct ListedUri(pub(crate) Key);

/// What holds for an application.
#[derive(Clone, Debug)]
pub(crate) struct ListedTrait(pub(crate) Key);

/// The word under which an application is listed. Origins are text of their own: a word before them keeps them apart.
pub(crate) fn trait_word(of: &ApplicationTrait) -> String {
    match of {
        ApplicationTrait::OfAnyOrigin => "any origin".into(),
        ApplicationTrait::OfOrigin(origin) => format!("origin {origin}"),
        ApplicationTrait::EndsByIdToken => "ends by id token".into(),
        ApplicationTrait::KeepsByIdToken => "keeps by id token".into(),
    }
}

/// Under which addresses a client is listed.
pub(crate) fn listed_uris(stored: &StoredClient) -> Vec<Key> {
    let client = &stored.client;
    let uris = if stored.removed { &[][..] } else { &client.post_logout_redirect_uris };
    uris.iter().map(|uri| (client.realm, uri.clone(), client.id.clone())).collect()
}

/// Under which words a client is listed.
pub(crate) fn listed_traits(stored: &StoredClient) -> Vec<Key> {
    let client = &stored.client;
    let traits = if stored.removed { Vec::new() } else { client.application_traits() };
    traits.iter().map(|of| (client.realm, trait_word(of), client.id.clone())).collect()
}

macro_rules! listed {
    ($row:ident, $table:expr, $under:expr) => {
        impl Kept for $row {
            type Key = Key;
            const TABLE: &'static str = $table;
            const KEY: &'static [(&'static str, ColumnKind)] =
                &[("realm", ColumnKind::Bytes), ($under, ColumnKind::Text), ("client", ColumnKind::Text)];
            const REST: &'static [(&'static str, ColumnKind)] = &[];

            fn key(&self) -> Key {
                self.0.clone()
            }

            fn key_values((realm, under, client): &Key) -> Vec<Value> {
                vec![realm_value(*realm), Value::text(under), Value::text(client.as_str())]
            }

            fn read_key(columns: &mut Columns<'_>) -> Result<Key, Damaged> {
                let (realm, under) = (columns.realm()?, columns.text("list of clients")?.to_owned());
                let client = columns.text("client id")?.parse().map_err(|_| Damaged("client id"))?;
                Ok((realm, under, client))
            }

            fn read(key: Key, _: &mut Columns<'_>, _: &Ciphers) -> Result<Self, Damaged> {
                Ok(Self(key))
            }

            fn values(&self) -> Vec<Value> {
                vec![]
            }
        }
    };
}

listed!(ListedUri, "post_logout_uri", "uri");
listed!(ListedTrait, "application_trait", "word");

/// The clients of a realm to which a browser may be sent at an address after a sign-off, by id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ClientsWithUri(pub(crate) RealmId, pub(crate) String);

impl StoreQuestion for ClientsWithUri {
    type Answer = Vec<Client>;
    const SQL: &'static str = "SELECT q.n, c.id, c.realm, c.generation, c.removed, c.secret, c.version, c.told, c.detail
        FROM unnest($1::bigint[], $2::bytea[], $3::text[]) AS q(n, realm, uri)
        JOIN post_logout_uri l ON l.realm = q.realm AND l.uri = q.uri JOIN client c ON c.id = l.client AND c.removed = 0
        ORDER BY q.n, c.id";
    const KINDS: &'static [ColumnKind] = &[ColumnKind::Bytes, ColumnKind::Text];

    fn values(&self) -> Vec<Value> {
        vec![realm_value(self.0), Value::text(&self.1)]
    }

    fn read(
        &self,
        answer: &mut Self::Answer,
        columns: &mut Columns<'_>,
        ciphers: &Ciphers,
    ) -> Result<(), Damaged> {
        let id = KeptClient::read_key(columns)?;
        answer.push(KeptClient::read(id, columns, ciphers)?.0.client);
        Ok(())
    }
}

/// Whether an application of a realm is listed under a word.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct HasTrait(pub(crate) RealmId, pub(crate) String);

impl StoreQuestion for HasTrait {
    type Answer = bool;
    const SQL: &'static str =
        "SELECT q.n FROM unnest($1::bigint[], $2::bytea[], $3::text[]) AS q(n, realm, word)
        WHERE EXISTS (SELECT 1 FROM application_trait l WHERE l.realm = q.realm AND l.word = q.word)";
    const KINDS: &'static [ColumnKind] = &[ColumnKind::Bytes, ColumnKind::Text];

    fn values(&self) -> Vec<Value> {
        vec![realm_value(self.0), Value::text(&self.1)]
    }

    fn read(&self, answer: &mut bool, _: &mut Columns<'_>, _: &Ciphers) -> Result<(), Damaged> {
        *answer = true;
        Ok(())
    }
}
