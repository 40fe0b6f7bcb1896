//! Makes one planned change through the authority.
//!
//! Decides nothing: what is to change was planned.

use adieu_authority::{
    Authority, Client, ClientAuth, ClientId, DirectoryError, FirstPopulation, NewClient, NewPerson,
    NewSubscriber, NewUpstream, Origin, RealmId, Receiver, Subscriber, UserEdit, UserId, Version,
};

use crate::error::{SecretError, StepError};
use crate::plan::{
    Change, ClientEdit, NewPopulation, PasswordFrom, PlannedSubscriber, PlannedUser, with_secret,
};
use crate::secrets::Secrets;

/// A client or subscriber that was made, and the secret that it was given.
pub struct Made {
    /// Whose it is.
    pub whose: Receiver,
    /// The secret, to be shown once to whoever applies.
    pub secret: String,
}

/// What a first password or a secret is, once it was looked up.
pub(crate) enum Password {
    Plain(String),
    Hash(String),
}

pub(crate) fn look_up(from: &PasswordFrom, secrets: &dyn Secrets) -> Result<Password, SecretError> {
    Ok(match from {
        PasswordFrom::Hash(hash) => Password::Hash(hash.clone()),
        PasswordFrom::Source(source) => Password::Plain(secrets.look_up(source)?),
    })
}

/// Makes a change; a client or subscriber that it made is told of with its secret.
pub(crate) async fn make(
    authority: &Authority,
    origin: &Origin,
    change: Change,
    password: Option<Password>,
) -> Result<Option<Made>, StepError> {
    match change {
        Change::MakeRealm(id, path, first) => make_realm(authority, id, &path, first).await?,
        Change::MadeWithRealm(_) => {}
        Change::MakePopulation(new) => {
            authority.create_population_as(new.id, new.realm, &new.name, new.description).await?;
        }
        Change::EditPopulation(next) => drop(authority.edit_population_from(next.version, next).await?),
        Change::MakeUser(new) => make_user(authority, *new, password).await?,
        Change::EditUser(id, from, edit, _) => {
            edit_user(authority, origin, (id, from), *edit, password).await?
        }
        Change::MakeClient(realm, id, edit) => return make_client(authority, realm, id, &edit).await,
        Change::EditClient(realm, id, from, edit) => {
            let change = |client: &mut Client| edit.apply_to(client);
            authority.edit_client_from((realm, &id), from, origin.clone(), change).await?;
        }
        Change::MakeSubscriber(realm, new) => return make_subscriber(authority, realm, *new, password).await,
        Change::EditSubscriber(id, from, edit) => {
            let change = |subscriber: &mut Subscriber| edit.apply_to(subscriber);
            authority.edit_subscriber_from(&id, from, plain(password).as_deref(), change).await?;
        }
        Change::RemoveSubscriber(id, from) => authority.remove_subscriber_from(&id, from).await?,
        Change::MakeUpstream(realm, new, _) => make_upstream(authority, realm, *new, password).await?,
        Change::EditUpstream((realm, name), from, edit, _) => {
            let edit = with_secret(*edit, plain(password));
            authority.edit_upstream((realm, &name), Some(from), edit).await?;
        }
        Change::RemoveUpstream(realm, name, from) => {
            authority.remove_upstream((realm, &name), Some(from)).await?
        }
        Change::PutDocument(from, next) => drop(authority.keep_document_from(from, next).await?),
        Change::RemoveDocument(realm, kind, id, from) => {
            authority.remove_document_from((realm, kind, &id), from).await?;
        }
        Change::RemoveUser(id, from) => drop(authority.remove_user_from(id, from, origin.clone()).await?),
        Change::RemoveClient(id, from) => authority.remove_client_from(&id, from, origin.clone()).await?,
        Change::RemovePopulation(id, from) => authority.remove_population_from(id, from).await?,
    }
    Ok(None)
}

async fn make_realm(
    authority: &Authority,
    id: RealmId,
    path: &str,
    first: Option<NewPopulation>,
) -> Result<(), StepError> {
    match first {
        Some(NewPopulation { id: population, name, description, .. }) => {
            let first = FirstPopulation { id: population, name, description };
            authority.create_realm_with(id, path, first).await?;
        }
        None => drop(authority.create_realm(id, path).await?),
    }
    Ok(())
}

async fn make_upstream(
    authority: &Authority,
    realm: RealmId,
    new: NewUpstream,
    secret: Option<Password>,
) -> Result<(), StepError> {
    let realm = authority.realm(realm).await?.ok_or(DirectoryError::Unknown)?;
    let new = NewUpstream { edit: with_secret(new.edit, plain(secret)), ..new };
    authority.create_upstream(&realm, new).await?;
    Ok(())
}

fn plain(secret: Option<Password>) -> Option<String> {
    match secret {
        Some(Password::Plain(secret)) => Some(secret),
        Some(Password::Hash(_)) | None => None,
    }
}

async fn make_user(
    authority: &Authority,
    new: PlannedUser,
    password: Option<Password>,
) -> Result<(), StepError> {
    let population = authority.population(new.population).await?.ok_or(DirectoryError::Unknown)?;
    let (password, password_hash) = match password {
        Some(Password::Plain(password)) => (Some(password), None),
        Some(Password::Hash(hash)) => (None, Some(hash)),
        None => (None, None),
    };
    let person = NewPerson { password, password_hash, ..new.person };
    authority.create_user_as(new.id, &population, person).await?;
    Ok(())
}

async fn edit_user(
    authority: &Authority,
    origin: &Origin,
    (id, from): (UserId, Version),
    edit: UserEdit,
    password: Option<Password>,
) -> Result<(), StepError> {
    let hash = match password {
        Some(Password::Plain(password)) => {
            let user = authority.user(id).await?.ok_or(DirectoryError::Unknown)?;
            let names = edit.applied_to(&user, user.updated_at).names();
            Some(authority.hash_new_password(user.realm, &names, &password).await?)
        }
        Some(Password::Hash(hash)) => Some(hash),
        None => None,
    };
    let edit = UserEdit { password: hash.map(Some), ..edit };
    authority.edit_user_from(id, from, edit, origin.clone()).await?;
    Ok(())
}

async fn make_client(
    authority: &Authority,
    realm: RealmId,
    id: ClientId,
    edit: &ClientEdit,
) -> Result<Option<Made>, StepError> {
    let mut client = authority.draft_client(realm, bare(id.clone(), edit.auth()));
    edit.apply_to(&mut client);
    let client = authority.keep_new_client(client).await?;
    let secret = authority.secret_of(&client);
    Ok(secret.map(|secret| Made { whose: Receiver::Client(id), secret }))
}

async fn make_subscriber(
    authority: &Authority,
    realm: RealmId,
    new: PlannedSubscriber,
    secret: Option<Password>,
) -> Result<Option<Made>, StepError> {
    let credential = plain(secret);
    let PlannedSubscriber { id, kind, address, enabled, secret: _ } = new;
    let whose = Receiver::Subscriber(id.clone());
    let made = authority.create_subscriber(realm, NewSubscriber { id, kind, address, enabled, credential });
    Ok(made.await?.secret.map(|secret| Made { whose, secret }))
}

/// A client of which nothing more is said. RFC 7591 §2: it redeems codes; RFC 9700 §2.1.1: with PKCE.
fn bare(id: ClientId, auth: ClientAuth) -> NewClient {
    NewClient {
        name: id.to_string(),
        id,
        auth,
        code: true,
        refresh: false,
        client_credentials: false,
        pkce_required: true,
        api_scopes: vec![],
        redirect_uris: vec![],
        post_logout_redirect_uris: vec![],
        roles: vec![],
    }
}
