//! The first start: the realms of the configuration, each with a population.
//!
//! Idempotent: what is there stays as it is.

use adieu_authority::{Authority, DEFAULT_POPULATION, Population, ROOT, Realm, RealmId};
use anyhow::{Context, Result};
use uuid::{Uuid, uuid};

use crate::config::Config;

/// The id of `/alpha` in development mode, so that requests can be written down before the first start.
pub const ALPHA_IN_DEVELOPMENT: Uuid = uuid!("a1fa0000-0000-4000-8000-000000000001");

/// Makes the realms that are missing. Says which were made.
pub async fn realms(authority: &Authority, config: &Config) -> Result<Vec<Realm>> {
    let mut made = Vec::new();
    let root = (ROOT.to_owned(), None);
    let named = config.realms.iter().map(|realm| (realm.path.clone(), realm.id.clone()));
    for (path, id) in std::iter::once(root).chain(named) {
        if authority.realm_at(&path).await?.is_some() {
            continue;
        }
        let id = match id {
            Some(id) => id.parse()?,
            None if config.development && path == "/alpha" => RealmId::from_uuid(ALPHA_IN_DEVELOPMENT),
            None => RealmId::from_uuid(authority.draw_uuid()),
        };
        let realm = authority.create_realm(id, &path).await.with_context(|| format!("realm {path}"))?;
        made.push(realm);
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
