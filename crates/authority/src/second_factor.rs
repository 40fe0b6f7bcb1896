//! Recovery codes: made, confirmed, given as the second step of a sign-on, taken away.
//!
//! A code is shown when its set is made and whenever its user asks again; it is derived and never stored (EMPTY-HANDS).
//! Wrong codes are counted like wrong passwords, on an account of their own: a password that fits forgives no code.

use std::sync::Arc;

use adieu_core::{
    Assurance, Channel, CodeSet, ConfirmCodesOrder, ConfirmError, Device, DirectoryError, Edited, Origin,
    Realm, SessionId, SessionToken, Spending, TokenHash, User, UserEdit, UserId,
};

use crate::Authority;
use crate::first_factor::FirstFactor;
use crate::prove::Proven;
use crate::sign_on::{Given, SignOn, SignOnFailure, SignedIn};
use crate::sign_on_outcome::{Candidate, SignOnOutcome};
use crate::throttle::Account;

/// Somebody who is signed on by one factor gives a recovery code.
#[derive(Clone)]
pub struct SecondStep {
    /// The realm in which they sign on.
    pub realm: Arc<Realm>,
    /// The channel.
    pub channel: Channel,
    /// The token of the session, which goes on.
    pub token: SessionToken,
    /// Whether it keeps that token.
    pub keep_token: bool,
    /// The user of that session.
    pub user: Arc<User>,
    /// The code. It is in no `Debug` text.
    pub code: String,
    /// The user agent.
    pub device: Device,
}

/// Somebody whose password was right gives a recovery code.
#[derive(Clone)]
pub struct SecondFactor {
    /// The realm in which they sign on.
    pub realm: Arc<Realm>,
    /// The channel.
    pub channel: Channel,
    /// What was proven before.
    pub first: FirstFactor,
    /// The code. It is in no `Debug` text.
    pub code: String,
    /// The user agent.
    pub device: Device,
    /// The token of a session that is to go on if it is the same user's.
    pub previous: Option<SessionToken>,
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

impl SecondStepFailure {
    const fn outcome(&self) -> SignOnOutcome {
        match self {
            Self::NoCodes => SignOnOutcome::NotEnrolled,
            Self::Used | Self::Wrong => SignOnOutcome::WrongCode,
            Self::SignOn(failure) => failure.outcome(),
        }
    }
}

impl Authority {
    /// The number of a new set of codes, which counts once it is confirmed.
    pub fn draw_code_set(&self) -> CodeSet {
        CodeSet::drawn(self.draw())
    }

    /// The codes of a set, to be shown to their user.
    pub fn recovery_codes(&self, user: UserId, set: CodeSet) -> Vec<String> {
        set.codes(self.key(), user)
    }

    /// Makes a set of codes the second factor of a session's user, in place of any other. Where that is said to prove, the
    /// session counts as proven by it: whoever confirms the codes has seen them. Both are written, or neither.
    pub async fn confirm_recovery_codes(
        &self,
        session: SessionId,
        set: CodeSet,
        proves: bool,
    ) -> Result<User, ConfirmError> {
        let order = ConfirmCodesOrder { session, set, proves };
        self.store().confirm_recovery_codes(order, self.now()).await
    }

    /// Takes the second factor away from a user, on an administrator's word. For a user's own, see
    /// [`Authority::drop_own_recovery_codes`].
    pub async fn drop_recovery_codes(&self, user: UserId, origin: Origin) -> Result<Edited, DirectoryError> {
        self.edit_user(user, UserEdit { recovery_codes: Some(None), ..UserEdit::default() }, origin).await
    }

    /// The second step: uses up a code and proves the session by it, in one transaction.
    pub async fn second_step(&self, step: SecondStep) -> Result<SignedIn, SecondStepFailure> {
        let who = Candidate::at(&step.realm, &step.channel, &step.device, Some(step.user.id));
        let result = self.second_step_unnoted(step).await;
        let outcome = result.as_ref().err().map_or(SignOnOutcome::SignedOn, SecondStepFailure::outcome);
        self.note_sign_on(&who, outcome);
        result
    }

    async fn second_step_unnoted(&self, step: SecondStep) -> Result<SignedIn, SecondStepFailure> {
        let spending = self.code_given(&step.user, &step.device, &step.code).await?;
        let quota = self.policy().quota_for(&step.realm.path, &step.channel);
        let sign_on = SignOn {
            realm: step.realm,
            channel: step.channel,
            name: step.user.username.clone(),
            password: String::new(),
            device: step.device,
            previous: Some(step.token),
            keep_token: step.keep_token,
            level: Assurance::Two,
            may_be_half: false,
        };
        let opened = self.open(sign_on, &step.user, quota, Given::Second(spending)).await;
        opened.map_err(|failure| match failure {
            // Two at once gave the same code, and this one was the later; or the session ended meanwhile.
            SignOnFailure::WrongCredentials { .. } => SecondStepFailure::Used,
            failure => failure.into(),
        })
    }

    /// The second factor after the first, where no session is there: both together prove who it is. The code is used up with
    /// what the proof leads to.
    pub async fn prove_second(&self, given: SecondFactor) -> Result<Proven, SecondStepFailure> {
        let who = Candidate::at(&given.realm, &given.channel, &given.device, Some(given.first.user()));
        let result = self.prove_second_unnoted(given).await;
        if let Err(failure) = &result {
            self.note_sign_on(&who, failure.outcome());
        }
        result
    }

    async fn prove_second_unnoted(&self, given: SecondFactor) -> Result<Proven, SecondStepFailure> {
        let SecondFactor { realm, channel, first, code, device, previous } = given;
        let user = self.user(first.user()).await.map_err(SignOnFailure::Outage)?;
        // Ended, disabled, locked, removed or given another password meanwhile: the first factor counts no more, either.
        let user = user.filter(|user| first.counts_for(user, &realm) && user.may_sign_on(self.now()));
        let user = user.ok_or(SignOnFailure::WrongCredentials { left: None })?;
        let code = Some(self.code_given(&user, &device, &code).await?);
        let sign_on = SignOn {
            realm,
            channel,
            name: user.username.clone(),
            password: String::new(),
            device,
            previous,
            keep_token: false,
            level: Assurance::Two,
            may_be_half: false,
        };
        Ok(Proven { sign_on, user, code })
    }

    /// Which of the user's codes was given, unless that was tried too often.
    async fn code_given(
        &self,
        user: &User,
        device: &Device,
        code: &str,
    ) -> Result<Spending, SecondStepFailure> {
        let set = user.recovery_codes.as_ref().ok_or(SecondStepFailure::NoCodes)?.set;
        if code.trim().is_empty() {
            return Err(SecondStepFailure::Wrong); // Nobody has guessed at anything.
        }
        let from = self.inner.throttle.take(device.address.as_deref(), self.now());
        let from = from.map_err(SignOnFailure::from)?;
        let whence = self.whence(user, from.network()).await.map_err(SignOnFailure::Outage)?;
        let tried = from.at(Account::codes_of(user, set, whence), || self.now()).await;
        let tried = tried.map_err(SignOnFailure::from)?;
        match self.matching_code(user, code) {
            Ok(spending) => {
                tried.succeeded(self.now());
                Ok(spending)
            }
            Err(failure) => {
                tried.failed(self.now());
                Err(failure)
            }
        }
    }

    /// Which of the user's codes this is, in whatever letter case and groups it was typed. All of them are compared, by their
    /// hashes.
    fn matching_code(&self, user: &User, code: &str) -> Result<Spending, SecondStepFailure> {
        let codes = user.recovery_codes.as_ref().ok_or(SecondStepFailure::NoCodes)?;
        let typed: String = code.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
        let given = TokenHash::of(typed.to_lowercase().as_bytes()).to_bytes();
        let all = self.recovery_codes(user.id, codes.set);
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
