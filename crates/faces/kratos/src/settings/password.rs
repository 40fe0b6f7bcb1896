//! A user chooses another password in the settings. Contract kratos.md 3.5; K-50.
//!
//! What it has to be, and what ends because of it, is decided below; the session in use lives on.

use adieu_authority::{Actor, DirectoryError, HashError, Origin, PersonError, WeakPassword};

use super::answers::{asked_later, not_signed_on, refused_at, saved};
use super::flow::SettingsFlow;

use crate::answer::Answer;
use crate::call::Call;
use crate::credentials::SessionHolder;
use crate::error::KratosError;
use crate::face::{CHANNEL, Face};
use crate::flow::Message;

pub(super) async fn change(
    face: &Face,
    call: &Call,
    holder: &SessionHolder,
    mut flow: SettingsFlow,
    password: &str,
) -> Result<Answer, KratosError> {
    let said = if password.is_empty() {
        Message::missing("password")
    } else {
        let origin = Origin::of(Actor::User(holder.user.id), CHANNEL, call.address());
        let who = (&*holder.user, holder.session.id);
        match face.authority.change_own_password(who, password, origin).await {
            Ok(edited) => {
                flow.password_changed = true;
                return saved(face, call, flow, holder, &edited.user).await;
            }
            // The same form once more, as a double click sends it: it is done.
            Err(PersonError::Weak(WeakPassword::Unchanged)) if flow.password_changed => {
                return saved(face, call, flow, holder, &holder.user).await;
            }
            Err(PersonError::Weak(weak)) => Message::weak(weak),
            Err(PersonError::Password(HashError::TooLong)) => Message::too_long(password),
            Err(PersonError::Directory(DirectoryError::SessionOver)) => return not_signed_on(face, call),
            Err(PersonError::Password(HashError::Busy)) => {
                return asked_later(face, call, holder, &mut flow, HashError::Busy.into()).await;
            }
            Err(error) => return Err(error.into()),
        }
    };
    refused_at(face, call, holder, &mut flow, vec![("password".to_owned(), said)]).await
}
