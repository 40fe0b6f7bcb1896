//! What every page here needs: the authority, the settings, and what the dialects said as a page shows it.
//!
//! It decides nothing.

use std::sync::Arc;

use adieu_authority::{Authority, Channel, Outage, Realm, RealmId, SessionToken};
use adieu_pages_kit::{Link, SeenByDialect};

use crate::settings::{DialectAnswer, NamedAddress, Settings};

/// The channel of these pages, as endings, metrics and logs name it.
pub(crate) const CHANNEL: Channel = Channel::named("pages");

/// The face.
pub(crate) struct Face {
    pub(crate) authority: Authority,
    pub(crate) settings: Settings,
}

impl Face {
    /// The realm of a session. Missing is a fault of the installation, not of the caller.
    pub(crate) async fn realm(&self, id: RealmId) -> Result<Arc<Realm>, Outage> {
        let realm = self.authority.realm(id).await?;
        realm.ok_or_else(|| Outage::new("a session is of a realm that does not exist"))
    }

    /// What every dialect says of the session that a token opens, or opened.
    pub(crate) async fn seen(&self, realm: &Realm, token: &SessionToken) -> Vec<DialectAnswer> {
        (self.settings.dialects)(realm.id, realm.path.clone(), token.clone()).await
    }
}

/// The answers as a page shows them.
pub(crate) fn shown(answers: &[DialectAnswer]) -> Vec<SeenByDialect<'_>> {
    answers
        .iter()
        .map(|answer| SeenByDialect {
            dialect: answer.dialect,
            request: &answer.request,
            live: answer.live,
            said: &answer.said,
        })
        .collect()
}

/// Addresses as links.
pub(crate) fn links(addresses: &[NamedAddress]) -> Vec<Link<'_>> {
    addresses.iter().map(|one| Link { href: &one.address, text: &one.name }).collect()
}
