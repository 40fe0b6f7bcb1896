//! The first start: the realms of the configuration, each with a population.
//!
//! Idempotent: what is there stays as it is.

use adieu_authority::{Authority, DEFAULT_POPULATION, Population, ROOT, Realm, RealmId};
use anyhow::{Context, Result};
use uuid::{Uuid, uuid};

use crate::config::{Config, RealmConfig};

/// The id of `/alpha` in development mode, so that requests can be written down before the first start.
pub const ALPHA_IN_DEVELOPMENT: Uuid = uuid!("a1fa0000-0000-4000-8000-000000000001");

/// The id that a realm of the configuration gets, if it is not drawn. Nothing if the text is none.
pub(crate) fn id_of(realm: &RealmConfig, development: bool) -> Option<RealmId> {
    match &realm.id {
        Some(id) => id.parse().ok(),
        None => (development && realm.path == "/alpha").then(|| RealmId::from_uuid(ALPHA_IN_DEVELOPMENT)),
    }
}

/// Makes the realms that are missing. Says which were made.
pub async fn realms(authority: &Authority, config: &Config) -> Result<Vec<Realm>> {
    let mut made = Vec::new();
    let named = config.realms.iter().map(|realm| (realm.path.as_str(), id_of(realm, config.development)));
    // A realm `/` of the configuration says which id it gets.
    let root = named.clone().find(|(path, _)| *path == ROOT).unwrap_or((ROOT, None));
    for (path, id) in std::iter::once(root).chain(named) {
        if authority.realm_at(path).await?.is_some() {
            continue;
        }
        let id = id.unwrap_or_else(|| RealmId::from_uuid(authority.draw_uuid()));
        match authority.create_realm(id, path).await {
            Ok(realm) => made.push(realm),
            // Another node that starts at this moment has made it.
            Err(_) if authority.realm_at(path).await?.is_some() => {}
            Err(error) => return Err(error).with_context(|| format!("realm {path}")),
        }
    }
    for realm in &made {
        // The faces ask for the ids of realms when they are built, and take what was seen before.
        authority.realm_at(&realm.path).await?;
    }
    Ok(made)
}

/// The population that a realm began with.
pub async fn default_population(authority: &Authority, realm: &Realm) -> Result<Population> {
    let populations = authority.populations(realm.id).await?;
    match populations.into_iter().next() {
        Some(population) => Ok(population),
        // Somebody has removed all of them.
        None => Ok(authority.create_population(realm, DEFAULT_POPULATION).await?),
    }
}
