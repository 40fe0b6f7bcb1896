//! Applications of a realm by what is asked of all of them at once.
//!
//! What holds for an application is said by core; a removed one is listed under nothing.

use adieu_core::{ApplicationTrait, RealmId, StoredClient};
use rusqlite::{Connection, params};

use crate::rows;

/// The word under which an application is listed. Origins are text of their own: a word before them keeps them apart.
fn word(of: &ApplicationTrait) -> String {
    match of {
        ApplicationTrait::OfAnyOrigin => "any origin".into(),
        ApplicationTrait::OfOrigin(origin) => format!("origin {origin}"),
        ApplicationTrait::EndsByIdToken => "ends by id token".into(),
        ApplicationTrait::KeepsByIdToken => "keeps by id token".into(),
    }
}

fn words(stored: &StoredClient) -> Vec<String> {
    if stored.removed { Vec::new() } else { stored.client.application_traits().iter().map(word).collect() }
}

/// Whether an application of the realm is listed under it.
pub(crate) fn has_application(
    db: &Connection,
    realm: RealmId,
    of: &ApplicationTrait,
) -> rusqlite::Result<bool> {
    db.prepare_cached("SELECT 1 FROM application_trait WHERE realm = ?1 AND word = ?2 LIMIT 1")?
        .exists(params![realm.uuid().as_bytes(), word(of)])
}

/// Lists a client under what holds for it, and under nothing else any more; to be called before it is written.
pub(crate) fn list_application_traits(db: &Connection, stored: &StoredClient) -> rusqlite::Result<()> {
    let client = &stored.client;
    let before = rows::client(db, &client.id)?.map(|before| words(&before)).unwrap_or_default();
    let now = words(stored);
    let realm = client.realm.uuid();
    let put = |sql: &str, word: &String| {
        db.prepare_cached(sql)?.execute(params![realm.as_bytes(), word, client.id.as_str()])
    };
    for gone in before.iter().filter(|word| !now.contains(word)) {
        put("DELETE FROM application_trait WHERE realm = ?1 AND word = ?2 AND client = ?3", gone)?;
    }
    for new in now.iter().filter(|word| !before.contains(word)) {
        put("INSERT OR IGNORE INTO application_trait(realm, word, client) VALUES (?1, ?2, ?3)", new)?;
    }
    Ok(())
}
