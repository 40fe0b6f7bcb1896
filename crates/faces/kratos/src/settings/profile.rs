//! Users change their own traits in the settings, and the names that follow from them. Contract kratos.md 3.5; K-50.
//!
//! Names by which somebody signs on change only after a proof of a short while ago, like credentials.

use adieu_authority::{Actor, DirectoryError, Origin, User, UserEdit};
use serde_json::Value;

use super::answers::{not_signed_on, refused, refused_at, saved};
use super::flow::SettingsFlow;

use crate::answer::Answer;
use crate::call::Call;
use crate::credentials::SessionHolder;
use crate::error::KratosError;
use crate::face::{CHANNEL, Face};
use crate::flow::{Message, faults, known_traits};
use crate::schema::{Names, Schema};

/// Whether another name would be signed on by.
pub(super) fn renames(schema: &Schema, user: &User, traits: &Value) -> bool {
    schema.names(&known_traits(user)) != schema.names(traits)
}

pub(super) async fn change(
    face: &Face,
    call: &Call,
    holder: &SessionHolder,
    mut flow: SettingsFlow,
    traits: Value,
) -> Result<Answer, KratosError> {
    let wrong = faults(&face.schema, &traits);
    flow.entered = Some(traits.clone());
    if !wrong.is_empty() {
        return refused_at(face, call, holder, &mut flow, wrong).await;
    }
    let origin = Origin::of(Actor::User(holder.user.id), CHANNEL, call.address());
    let who = (holder.user.id, holder.session.id);
    let change = |user: &User| Ok(edit(&face.schema, user, &traits));
    match face.authority.change_own_traits(who, change, origin).await {
        Ok(edited) => saved(face, call, flow, holder, &edited.user).await,
        Err(DirectoryError::Taken(_)) => refused(face, call, holder, &mut flow, Message::name_taken()).await,
        Err(DirectoryError::Fault(fault)) => {
            refused(face, call, holder, &mut flow, Message::unsound(&fault.to_string())).await
        }
        Err(DirectoryError::SessionOver) => not_signed_on(face, call),
        Err(error) => Err(error.into()),
    }
}

/// What changes of a user. A name that no trait gave stays.
fn edit(schema: &Schema, user: &User, traits: &Value) -> UserEdit {
    let (before, after) = (schema.names(&known_traits(user)), schema.names(traits));
    let username = following(&user.username, &before, &after);
    UserEdit { username, email: Some(after.email), traits: Some(traits.to_string()), ..UserEdit::default() }
}

/// What a name becomes that a trait gave.
fn following(username: &str, before: &Names, after: &Names) -> Option<String> {
    let mut given = [&before.username, &before.email].into_iter().flatten();
    let next = || after.username.clone().or_else(|| after.email.clone());
    given.any(|name| name == username).then(next).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: a name follows from the trait that gave it, and from nothing else.
    #[test]
    fn a_name_follows_its_trait() {
        let names = |username: Option<&str>, email: &str| Names {
            username: username.map(str::to_owned),
            email: Some(email.to_owned()),
        };
        let (before, bare) = (names(Some("ada"), "ada@x.test"), names(None, "ada@x.test"));
        let after = names(Some("countess"), "ada@y.test");
        for (username, before, after, wanted) in [
            ("ada", &before, &after, Some("countess")),
            ("ada@x.test", &bare, &after, Some("countess")),
            ("ada@x.test", &bare, &names(None, "ada@y.test"), Some("ada@y.test")),
            ("dora", &bare, &after, None),
        ] {
            assert_eq!(following(username, before, after).as_deref(), wanted, "{username}");
        }
    }
}
