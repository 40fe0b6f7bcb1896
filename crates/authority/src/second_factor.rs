//! Recovery codes: made, confirmed, given as the second step of a sign-on, taken away.
//!
//! A code is shown when its set is made and whenever its user asks again; it is derived and never stored (EMPTY-HANDS).
//! Wrong codes are counted like wrong passwords, on an account of their own: a password that fits forgives no code.

use std::sync::Arc;

use adieu_core::LiveSession;
use adieu_core::{
    Channel, CodeSet, ConfirmCodesOrder, ConfirmError, Device, DirectoryError, Edited, Origin, Realm,
    SessionToken, Spending, TokenHash, User, UserEdit, UserId,
};

use crate::Authority;
use crate::sign_on::{SignOn, SignOnFailure, SignedIn, count};
use crate::throttle::Account;

/// Somebody who is signed on by one factor gives a recovery code.
#[derive(Clone)]
pub struct SecondStep {
    /// The realm in which they sign on.
    pub realm: Arc<Realm>,
    /// The channel.
    pub channel: Channel,
    /// The token of the session, which goes on and keeps it.
    pub token: SessionToken,
    /// The user of that session.
    pub user: Arc<User>,
    /// The code. It is in no `Debug` text.
    pub code: String,
    /// The user agent.
    pub device: Device,
}

/// Why the second step was not made.
#[derive(Debug, thiserror::Error)]
pub enum SecondStepFailure {
    /// The user has no recovery codes.
    #[error("the user has no recovery codes")]
    NoCodes,
    /// The code was used before.
    #[error("the recovery code was used before")]
    Used,
    /// It is none of the user's codes.
    #[error("no such recovery code")]
    Wrong,
    /// What keeps from signing on keeps from this, too.
    #[error(transparent)]
    SignOn(#[from] SignOnFailure),
}

impl Authority {
    /// The number of a new set of codes, which counts once it is confirmed.
    pub fn draw_code_set(&self) -> CodeSet {
        CodeSet::from_bytes(self.draw())
    }

    /// The codes of a set, to be shown to their user.
    pub fn recovery_codes(&self, user: UserId, set: CodeSet) -> Vec<String> {
        set.codes(self.key(), user)
    }

    /// Makes a set of codes the second factor of a session's user, in place of any other, and counts the session as
    /// proven by it: whoever confirms the codes has seen them. Both are written, or neither.
    pub async fn confirm_recovery_codes(
        &self,
        live: &LiveSession,
        set: CodeSet,
    ) -> Result<User, ConfirmError> {
        let order = ConfirmCodesOrder { session: live.session.id, set };
        self.store().confirm_recovery_codes(order, self.now()).await
    }

    /// Takes the second factor away from a user, on an administrator's word. For a user's own, see
    /// [`Authority::drop_own_recovery_codes`].
    pub async fn drop_recovery_codes(&self, user: UserId, origin: Origin) -> Result<Edited, DirectoryError> {
        self.edit_user(user, UserEdit { recovery_codes: Some(None), ..UserEdit::default() }, origin).await
    }

    /// The second step: uses up a code and proves the session by it, in one transaction.
    pub async fn second_step(&self, step: SecondStep) -> Result<SignedIn, SecondStepFailure> {
        let set = step.user.recovery_codes.as_ref().ok_or(SecondStepFailure::NoCodes)?.set;
        let account = Account::Codes { user: step.user.id, set };
        let from = self.inner.throttle.take(step.device.address.as_deref(), self.now());
        let tried = from.map_err(SignOnFailure::from)?.at(account, || self.now()).await;
        let tried = tried.map_err(SignOnFailure::from)?;
        let spending = match self.matching_code(&step) {
            Ok(spending) => spending,
            Err(failure) => {
                let left = tried.failed(self.now());
                count(&step.channel, Err(&SignOnFailure::WrongCredentials { left }));
                return Err(failure);
            }
        };
        tried.succeeded(self.now());
        let sign_on = SignOn {
            realm: step.realm,
            channel: step.channel.clone(),
            name: step.user.username.clone(),
            password: String::new(),
            device: step.device,
            previous: Some(step.token),
            keep_token: true,
        };
        let opened = self.open(sign_on, &step.user, None, Some(spending)).await;
        count(&step.channel, opened.as_ref().map(|_| ()));
        opened.map_err(|failure| match failure {
            // Two at once gave the same code, and this one was the later; or the session ended meanwhile.
            SignOnFailure::WrongCredentials { .. } => SecondStepFailure::Used,
            failure => failure.into(),
        })
    }

    /// Which of the user's codes this is. All of them are compared, by their hashes.
    fn matching_code(&self, step: &SecondStep) -> Result<Spending, SecondStepFailure> {
        let codes = step.user.recovery_codes.as_ref().ok_or(SecondStepFailure::NoCodes)?;
        let given = TokenHash::of(step.code.trim().to_lowercase().as_bytes()).to_bytes();
        let all = self.recovery_codes(step.user.id, codes.set);
        let mut found = None;
        for (place, code) in (0_u8..).zip(all) {
            if TokenHash::of(code.as_bytes()).to_bytes() == given {
                found = Some(place);
            }
        }
        let place = found.ok_or(SecondStepFailure::Wrong)?;
        match codes.used_at(place) {
            Some(_) => Err(SecondStepFailure::Used),
            None => Ok(Spending { set: codes.set, place }),
        }
    }
}
