//! One application: its client, what is kept beside it, and who may touch it.
//!
//! Answers no request itself. Contract pingone.md 4.3.

use std::sync::Arc;

use adieu_authority::{Client, ClientAuth, ClientId, RealmId, is_redirect_uri};

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
    Ok(page.filter(|page| is_redirect_uri(page))) // Kept ones may be older than the rule.
}

/// How a client proves itself, in the vendor's words.
pub(in crate::manage) const METHODS: [(&str, ClientAuth); 3] = [
    ("NONE", ClientAuth::None),
    ("CLIENT_SECRET_BASIC", ClientAuth::Basic),
    ("CLIENT_SECRET_POST", ClientAuth::Post),
];
