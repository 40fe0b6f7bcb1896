//! One application: its client, what is kept beside it, and who may touch it.
//!
//! Answers no request itself. Contract pingone.md 4.3.

use std::sync::Arc;

use adieu_authority::{Client, ClientAuth, ClientId, RealmId, is_web_address};
use serde_json::Value;

use crate::extract::Admin;
use crate::face::Face;
use crate::manage::kept::DocumentKind;
use crate::manage::role_assignments::outranks;
use crate::problem::Problem;

/// What is kept of an application beside its client.
pub(in crate::manage) const KIND: DocumentKind = DocumentKind("pingone.application");

/// An application that the caller administers.
pub(in crate::manage) async fn find(
    face: &Face,
    admin: &Admin,
    id: &ClientId,
) -> Result<Arc<Client>, Problem> {
    admin.must(|rights| rights.clients)?;
    face.authority().client(admin.realm.id, id).await?.ok_or(Problem::NotFound)
}

/// Whoever may not give an application its roles may not act as it either.
pub(in crate::manage) async fn outranks_client(
    face: &Face,
    admin: &Admin,
    client: &Client,
) -> Result<(), Problem> {
    let beyond: Vec<_> =
        client.roles.iter().copied().filter(|role| !admin.principal.roles().contains(role)).collect();
    outranks(face, admin, &beyond).await
}

/// The page where an application wants its people to sign on, if it has one of its own. Contract pingone.md 1.4, S14
pub(crate) async fn login_page(
    face: &Face,
    realm: RealmId,
    id: &ClientId,
) -> Result<Option<String>, Problem> {
    let kept = KIND.read(face, realm, id.as_str()).await?;
    let page = kept.and_then(|kept| kept["loginPageUrl"].as_str().map(str::to_owned));
    Ok(page.filter(|page| is_web_address(page))) // Kept ones may be older than the rule.
}

/// Members that are addresses.
pub(in crate::manage) const ADDRESSES: [&str; 4] =
    ["homePageUrl", "loginPageUrl", "initiateLoginUri", "targetLinkUri"];

/// What is kept without the addresses that nobody may be shown: what a document brought, or what is older than the rule.
pub(in crate::manage) fn without_odd_addresses(mut kept: Value) -> Value {
    let odd = |value: Option<&Value>| value.is_some_and(|value| !value.as_str().is_some_and(is_web_address));
    if let Some(members) = kept.as_object_mut() {
        for name in ADDRESSES {
            if odd(members.get(name)) {
                members.remove(name);
            }
        }
        if odd(members.get("icon").and_then(|icon| icon.get("href"))) {
            members.remove("icon");
        }
    }
    kept
}

/// How a client proves itself, in the vendor's words.
pub(in crate::manage) const METHODS: [(&str, ClientAuth); 4] = [
    ("NONE", ClientAuth::None),
    ("CLIENT_SECRET_BASIC", ClientAuth::Basic),
    ("CLIENT_SECRET_POST", ClientAuth::Post),
    ("PRIVATE_KEY_JWT", ClientAuth::PrivateKey),
];
