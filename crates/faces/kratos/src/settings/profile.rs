//! Users change their own traits in the settings, and the names that follow from them. Contract kratos.md 3.5; K-50.
//!
//! Names by which somebody signs on change only after a proof of a short while ago, like credentials.

use adieu_authority::{Actor, DirectoryError, Origin, User, UserEdit};

use super::answers::{not_signed_on, refused, refused_at, saved};
use super::flow::SettingsFlow;

use crate::answer::Answer;
use crate::call::Call;
use crate::credentials::SessionHolder;
use crate::error::KratosError;
use crate::face::{CHANNEL, Face};
use crate::flow::{Message, SubmittedTraits, faults, known_traits};
use crate::schema::Schema;

/// Whether another name would be signed on by.
pub(super) fn renames(schema: &Schema, user: &User, traits: &SubmittedTraits) -> bool {
    let known = known_traits(user);
    schema.names(&known) != schema.names(&traits.over(&known))
}

pub(super) async fn change(
    face: &Face,
    call: &Call,
    holder: &SessionHolder,
    mut flow: SettingsFlow,
    traits: SubmittedTraits,
) -> Result<Answer, KratosError> {
    let known = known_traits(&holder.user);
    let next = traits.over(&known);
    let wrong = faults(&face.schema, Some(&known), &next);
    flow.entered = Some(next);
    if let Some(message) = traits.unshown(&known) {
        return refused(face, call, holder, &mut flow, message).await;
    }
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

/// What changes of a user: traits that a form says anew stand over those that are there.
fn edit(schema: &Schema, user: &User, traits: &SubmittedTraits) -> UserEdit {
    let known = known_traits(user);
    let traits = traits.over(&known);
    let (before, after) = (schema.names(&known), schema.names(&traits));
    UserEdit {
        username: before.username_after(&after, &user.username),
        email: before.email_after(&after),
        traits: Some(traits.to_string()),
        ..UserEdit::default()
    }
}
