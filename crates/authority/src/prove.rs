//! Signing on in two steps, for dialects that have something to decide in between: whether the proven user is the one
//! whose session is to go on, or whether a session is wanted at all.
//!
//! A [`Proven`] comes from a proof and from nothing else, so no dialect can open a session for whom nobody proved to
//! be.

use std::future::ready;
use std::sync::Arc;

use adieu_core::{Actor, Assurance, DirectoryError, Origin, Spending, User, UserEdit};

use crate::Authority;
use crate::first_factor::FirstFactor;
use crate::sign_on::{Given, SignOn, SignOnFailure, SignedIn, outcome};

/// Somebody who proved to be there as far as is asked, and may sign on. No session is opened yet.
pub struct Proven {
    pub(crate) sign_on: SignOn,
    pub(crate) user: Arc<User>,
    /// The recovery code that was given, too. It is used up with what the proof leads to.
    pub(crate) code: Option<Spending>,
}

impl Proven {
    /// Who it is.
    pub fn user(&self) -> &User {
        &self.user
    }
}

impl Authority {
    /// Verifies name and password and opens nothing. Where they are not enough, the failure says what is missing.
    pub async fn prove(&self, sign_on: SignOn) -> Result<Proven, SignOnFailure> {
        let mut who = sign_on.candidate();
        let proven = match self.proven(&sign_on, &mut who).await {
            Ok(user) if user.may_sign_on(self.now()) => {
                let user = self.with_current_hash(&sign_on, user).await;
                match user.level_by(sign_on.realm.second_factor).max(sign_on.level) {
                    Assurance::One => Ok(Proven { user, sign_on: sign_on.clone(), code: None }),
                    Assurance::Two if user.assurance() == Assurance::Two => {
                        Err(SignOnFailure::SecondFactor(FirstFactor::of(&user, &sign_on.realm)))
                    }
                    Assurance::Two => Err(SignOnFailure::NotEnrolled),
                }
            }
            Ok(user) => Err(SignOnFailure::Disabled(user)),
            Err(failure) => Err(failure),
        };
        if let Err(failure) = &proven {
            self.note_sign_on(&who, failure.outcome());
        }
        proven
    }

    /// A session for somebody who proved to be there: a new one, or the presented one renewed or begun anew. A proof is
    /// worth nothing once all sessions of the user or the realm were ended after it (ENDED-STAYS-ENDED).
    pub async fn open_for(&self, proven: Proven) -> Result<SignedIn, SignOnFailure> {
        let Proven { sign_on, user, code } = proven;
        let who = sign_on.candidate().known(user.id);
        let quota = self.policy().quota_for(&sign_on.realm.path, &sign_on.channel);
        let opened = self.open(sign_on, &user, quota, code.map_or(Given::First, Given::Both)).await;
        self.note_sign_on(&who, outcome(&opened));
        opened
    }

    /// Nothing but the proof was wanted: what it used up is used up.
    pub async fn conclude(&self, proven: Proven) -> Result<(), SignOnFailure> {
        let Proven { sign_on, user, code } = proven;
        let Some(code) = code else { return Ok(()) };
        let who = sign_on.candidate().known(user.id);
        let origin = Origin::of(Actor::User(user.id), sign_on.channel, sign_on.device.address);
        let now = self.now();
        let used = self.change_user(user.id, origin, |user| {
            let spent = user.recovery_codes.as_ref().and_then(|codes| codes.spent(code, now));
            let edit = |codes| UserEdit { recovery_codes: Some(Some(codes)), ..UserEdit::default() };
            ready(spent.map(edit).ok_or(DirectoryError::Unknown))
        });
        let failure = match used.await {
            Ok(_) => return Ok(()),
            Err(DirectoryError::Unwritten(unwritten)) => SignOnFailure::Outage(unwritten.into_outage()),
            // Used by somebody else, taken away, or changed too often meanwhile: the proof counts no more.
            Err(
                DirectoryError::Unknown
                | DirectoryError::Taken(_)
                | DirectoryError::Fault(_)
                | DirectoryError::NotEmpty
                | DirectoryError::Stale
                | DirectoryError::SessionOver,
            ) => SignOnFailure::WrongCredentials { left: None },
        };
        self.note_sign_on(&who, failure.outcome());
        Err(failure)
    }
}
