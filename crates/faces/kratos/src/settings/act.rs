//! What a settings flow does: recovery codes made, confirmed, shown and taken away.
//!
//! Made codes count for nothing before they are confirmed: whoever closes the page has what they had. A session that ended while
//! its request was on its way changes nothing: it is answered like one that was over before.

use adieu_authority::{Actor, ConfirmError, DirectoryError, Origin};

use super::answers::{not_signed_on, refused, saved, shown};
use super::flow::{Button, SettingsFlow};
use crate::answer::Answer;
use crate::call::Call;
use crate::credentials::SessionHolder;
use crate::error::KratosError;
use crate::face::{CHANNEL, Face};
use crate::flow::Message;

/// The `reason` of a message that such a submission gets; the texts are ours.
const NOT_MADE: &str = "You must (re-)generate recovery backup codes before you can save them.";
const NONE_THERE: &str = "You can not reveal recovery backup codes because you have none.";

pub(super) async fn on(
    face: &Face,
    call: &Call,
    holder: SessionHolder,
    mut flow: SettingsFlow,
    pressed: Button,
) -> Result<Answer, KratosError> {
    let origin = Origin::of(Actor::User(holder.user.id), CHANNEL, call.address());
    match pressed {
        Button::Regenerate => {
            flow.offer(Some(face.authority.draw_code_set()));
            shown(face, call, flow, &holder.user).await
        }
        Button::Reveal if holder.user.recovery_codes.is_none() => {
            let message = Message::unusable("You have no recovery codes.", NONE_THERE);
            refused(face, call, &holder, &mut flow, message).await
        }
        Button::Reveal => {
            flow.revealed = true;
            shown(face, call, flow, &holder.user).await
        }
        Button::Confirm => {
            let Some(set) = flow.offered() else {
                let message = Message::unusable("Please make new recovery codes first.", NOT_MADE);
                return refused(face, call, &holder, &mut flow, message).await;
            };
            let proves = face.settings.enrolling_proves;
            match face.authority.confirm_recovery_codes(holder.session.id, set, proves).await {
                Ok(user) => {
                    flow.codes_kept = true;
                    saved(face, call, flow, &holder, &user).await
                }
                Err(ConfirmError::NotLive) => not_signed_on(face, call),
                Err(ConfirmError::Unwritten(unwritten)) => Err(unwritten.into()),
            }
        }
        Button::Disable => {
            let (user, session) = (holder.user.id, holder.session.id);
            match face.authority.drop_own_recovery_codes(user, session, origin).await {
                Ok(edited) => saved(face, call, flow, &holder, &edited.user).await,
                Err(DirectoryError::SessionOver) => not_signed_on(face, call),
                Err(refusal) => Err(refusal.into()),
            }
        }
    }
}
