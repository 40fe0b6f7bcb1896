//! Makes one planned change through the authority.
//!
//! Decides nothing: what is to change was planned.

use adieu_authority::{
    Actor, Authority, Channel, ClientAuth, ClientId, DirectoryError, NewClient, NewPerson, Origin, RealmId,
    UserEdit, UserId,
};

use crate::error::{SecretError, StepError};
use crate::plan::{Change, ClientEdit, PasswordFrom, PlannedUser};
use crate::secrets::{Secrets, sound};

/// A client that was made, and the secret that it was given.
pub struct Made {
    /// The client.
    pub client: ClientId,
    /// Its secret, to be shown once to whoever applies; it can be derived again at any time.
    pub secret: String,
}

/// What a first password is, once it was looked up.
pub(crate) enum Password {
    Plain(String),
    Hash(String),
}

pub(crate) fn look_up(from: &PasswordFrom, secrets: &dyn Secrets) -> Result<Password, SecretError> {
    Ok(match from {
        PasswordFrom::Hash(hash) => Password::Hash(hash.clone()),
        PasswordFrom::Source(source) => Password::Plain(sound(secrets.look_up(source)?)?),
    })
}

/// Makes a change; a client that it made is told of with its secret.
pub(crate) async fn make(
    authority: &Authority,
    change: Change,
    password: Option<Password>,
) -> Result<Option<Made>, StepError> {
    match change {
        Change::MakeRealm(id, path) => {
            authority.create_realm(id, &path).await?;
        }
        Change::MakePopulation(new) => {
            authority.create_population_as(new.id, new.realm, &new.name, new.description).await?;
        }
        Change::EditPopulation(population) => {
            authority.edit_population(population).await?;
        }
        Change::MakeUser(new) => make_user(authority, *new, password).await?,
        Change::EditUser(id, edit, _) => edit_user(authority, id, *edit, password).await?,
        Change::MakeClient(realm, id, edit) => return make_client(authority, realm, id, &edit).await,
        Change::EditClient(realm, id, edit) => {
            authority.edit_client(realm, &id, |client| edit.apply_to(client)).await?;
        }
        Change::PutDocument(document) => authority.put_document(document).await?,
        Change::RemoveDocument(realm, kind, id) => {
            authority.remove_document(realm, kind, &id).await?;
        }
        Change::RemoveUser(id) => {
            authority.remove_user(id, origin()).await?;
        }
        Change::RemoveClient(id) => authority.remove_client(&id).await?,
        Change::RemovePopulation(id) => authority.remove_population(id).await?,
    }
    Ok(None)
}

fn origin() -> Origin {
    Origin::of(Actor::Operator, Channel::named("command"), None)
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
    id: UserId,
    edit: UserEdit,
    password: Option<Password>,
) -> Result<(), StepError> {
    let hash = match password {
        Some(Password::Plain(password)) => Some(authority.hash_password(&password).await?),
        Some(Password::Hash(hash)) => Some(hash),
        None => None,
    };
    authority.edit_user(id, UserEdit { password: hash.map(Some), ..edit }, origin()).await?;
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
    let secret = authority.secret_of(&client);
    authority.put_client(client).await?;
    Ok(secret.map(|secret| Made { client: id, secret }))
}

/// A client of which nothing more is said. RFC 7591 §2: it redeems codes.
fn bare(id: ClientId, auth: ClientAuth) -> NewClient {
    NewClient {
        name: id.to_string(),
        id,
        auth,
        code: true,
        refresh: false,
        client_credentials: false,
        pkce_required: false,
        redirect_uris: vec![],
        post_logout_redirect_uris: vec![],
        roles: vec![],
    }
}
