//! Whom the demo needs: somebody who signs on, an application, and a worker that administers.
//!
//! Their passwords and secrets are drawn anew for every demo and written nowhere.

use adieu_authority::{
    Authority, Client, ClientAuth, ClientId, NewClient, NewPerson, PasswordRules, Realm, Role,
    RoleAssignment, RoleScope,
};
use anyhow::{Context, Result};

use crate::assembled::AssembledServer;
use crate::commands::demo::applications::{Applications, DESK, SHOP};
use crate::commands::drawn_password::drawn;
use crate::provision;
use crate::real::SystemEntropy;

/// The realm of the demo.
const REALM: &str = "/alpha";

/// A client and what proves it.
pub(super) struct Credential {
    pub(super) id: String,
    pub(super) secret: String,
}

/// Everybody, as programs know them.
pub(super) struct People {
    /// The realm's id, which is PingOne's environment.
    pub(super) environment: String,
    /// The name by which the user signs on.
    pub(super) username: &'static str,
    pub(super) user_id: String,
    pub(super) password: String,
    pub(super) application: Credential,
    /// Another application, in which nobody is shown to sign on.
    pub(super) desk: Credential,
    /// Where the application gets its codes.
    pub(super) redirect_uri: &'static str,
    /// The same in a browser: the demo has no application to show, and so it leads to the front page.
    pub(super) front_page: String,
    pub(super) worker: Credential,
}

/// Makes them in a fresh folder.
pub(super) async fn make(
    server: &AssembledServer,
    public_url: &str,
    applications: &Applications,
) -> Result<People> {
    let authority = &server.authority;
    let realm = authority.realm_at(REALM).await?.with_context(|| format!("realm {REALM}"))?;
    let population = provision::default_population(authority, &realm).await?;
    let (username, redirect_uri) = ("alice", "https://shop.example.test/callback");
    let password = drawn(&SystemEntropy, PasswordRules::default());
    let front_page = format!("{public_url}/");
    let new =
        NewPerson { username: username.into(), password: Some(password.clone()), ..NewPerson::default() };
    let user = authority.create_user(&population, new).await?;
    let application = |name| -> Result<NewClient> {
        let redirect_uris = vec![redirect_uri.into(), front_page.clone()];
        Ok(NewClient { code: true, refresh: true, redirect_uris, ..client(authority, name, vec![])? })
    };
    let role = |role| RoleAssignment { role, scope: RoleScope::Realm(realm.id) };
    let roles = vec![role(Role::IdentityDataAdmin), role(Role::RealmAdmin)];
    let worker = NewClient { client_credentials: true, ..client(authority, "Worker", roles)? };
    Ok(People {
        environment: realm.id.to_string(),
        username,
        user_id: user.id.to_string(),
        password,
        application: told(authority, &realm, application("Shop")?, applications.address(SHOP)).await?,
        desk: told(authority, &realm, application("Desk")?, applications.address(DESK)).await?,
        redirect_uri,
        front_page,
        worker: credential(authority, &realm, worker).await?,
    })
}

fn client(authority: &Authority, name: &str, roles: Vec<RoleAssignment>) -> Result<NewClient> {
    let id: ClientId = authority.draw_uuid().to_string().parse().context("a UUID is a client id")?;
    Ok(NewClient {
        id,
        name: name.into(),
        auth: ClientAuth::Basic,
        code: false,
        refresh: false,
        client_credentials: false,
        pkce_required: false,
        api_scopes: vec![],
        redirect_uris: vec![],
        post_logout_redirect_uris: vec![],
        roles,
    })
}

/// An application that is told of endings at an address.
async fn told(authority: &Authority, realm: &Realm, new: NewClient, address: String) -> Result<Credential> {
    let draft = authority.draft_client(realm.id, new);
    keep(authority, Client { backchannel_logout_uri: Some(address), ..draft }).await
}

async fn credential(authority: &Authority, realm: &Realm, new: NewClient) -> Result<Credential> {
    keep(authority, authority.draft_client(realm.id, new)).await
}

async fn keep(authority: &Authority, draft: Client) -> Result<Credential> {
    let client = authority.keep_new_client(draft).await?;
    let secret = authority.secret_of(&client).context("a client that proves itself has a secret")?;
    Ok(Credential { id: client.id.to_string(), secret })
}
