//! Signing on in two steps, for dialects that have something to decide in between: whether the proven user is the one
//! whose session is to go on, or whether a session is wanted at all.
//!
//! A [`Proven`] comes from a proof and from nothing else, so no dialect can open a session for whom nobody proved to
//! be.

use std::sync::Arc;

use adieu_core::User;

use crate::Authority;
use crate::sign_on::{SignOn, SignOnFailure, SignedIn, count};

/// Somebody whose name and password fit, and who may sign on. No session is opened yet.
pub struct Proven {
    sign_on: SignOn,
    user: Arc<User>,
}

impl Proven {
    /// Who it is.
    pub fn user(&self) -> &User {
        &self.user
    }
}

impl Authority {
    /// Verifies name and password and opens nothing.
    pub async fn prove(&self, sign_on: SignOn) -> Result<Proven, SignOnFailure> {
        let proven = match self.proven(&sign_on).await {
            Ok(user) if user.enabled => {
                self.renew_hash(&sign_on, &user).await;
                Ok(Proven { user, sign_on: sign_on.clone() })
            }
            Ok(user) => Err(SignOnFailure::Disabled(user)),
            Err(failure) => Err(failure),
        };
        if let Err(failure) = &proven {
            count(&sign_on.channel, Err(failure));
        }
        proven
    }

    /// A session for somebody who proved to be there: a new one, or the presented one renewed or begun anew. A proof is
    /// worth nothing once all the user's sessions were ended after it (ENDED-STAYS-ENDED).
    pub async fn open_for(&self, proven: Proven) -> Result<SignedIn, SignOnFailure> {
        let Proven { sign_on, user } = proven;
        let channel = sign_on.channel.clone();
        let quota = self.policy().quota_for(&sign_on.realm.path, &sign_on.channel);
        let opened = self.open(sign_on, &user, quota, None).await;
        count(&channel, opened.as_ref().map(|_| ()));
        opened
    }
}
