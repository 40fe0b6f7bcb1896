//! Recovery by an administrator's help: a code or a link is given out, and whoever has it signs on once.
//!
//! What it lies in between is a flow of the dialect. The second factor of a user who has one is asked for as after a password:
//! who is to recover that, too, has it taken away first.

use std::sync::Arc;

use adieu_core::{
    Beyond, Channel, Device, Outage, Proof, Quota, Realm, RecoveryPass, RecoveryWay, Span, Unwritten, User,
    UserId,
};
use adieu_store::FlowId;

use crate::Authority;
use crate::sign_on::{Given, SignOnFailure, SignedIn};
use crate::sign_on_outcome::{Candidate, SignOnOutcome};
use crate::throttle::Account;

/// Under which user the number of the newest code or link is kept, for as long as that lasts.
const NEWEST: &str = "recovery-newest";

fn newest_of(user: UserId) -> FlowId {
    user.uuid().into_bytes()
}

/// Somebody gives what an administrator has given out.
pub struct Recovery {
    /// The realm in which they sign on.
    pub realm: Arc<Realm>,
    /// The channel.
    pub channel: Channel,
    /// The user agent.
    pub device: Device,
    /// What was given out.
    pub pass: RecoveryPass,
    /// Its secret, as it was given.
    pub given: String,
    /// Whether all other sessions of the user end.
    pub ends_others: bool,
}

/// Why nobody was signed on by recovery.
#[derive(Debug, thiserror::Error)]
pub enum RecoveryFailure {
    /// It is not the secret, or it was tried too often. What is left may be tried again.
    #[error("the code or link is not good for a recovery")]
    Wrong(Option<RecoveryPass>),
    /// What keeps from signing on keeps from this, too. The code or link is as good as before.
    #[error(transparent)]
    SignOn(#[from] SignOnFailure),
}

impl RecoveryFailure {
    const fn outcome(&self) -> SignOnOutcome {
        match self {
            Self::Wrong(_) => SignOnOutcome::WrongCode,
            Self::SignOn(failure) => failure.outcome(),
        }
    }
}

impl Authority {
    /// A new code or link for a user, for so long, and its secret, which is shown to the caller only. It
    /// takes the place of any that the user was given before.
    pub async fn give_out_recovery(
        &self,
        user: &User,
        realm: &Realm,
        (way, life): (RecoveryWay, Span),
    ) -> Result<(RecoveryPass, String), Unwritten> {
        let pass = RecoveryPass::new(self.draw(), user, realm, way);
        let secret = pass.secret(self.key());
        self.put_flow(newest_of(user.id), NEWEST, realm.id, life, pass.number.to_vec()).await?;
        Ok((pass, secret))
    }

    /// Whether the user was given no other one since.
    async fn is_newest(&self, pass: &RecoveryPass) -> Result<bool, Outage> {
        let newest = self.flow(newest_of(pass.user), NEWEST).await?;
        Ok(newest.is_some_and(|newest| newest.body == pass.number))
    }

    /// A session for whoever gives the secret. The caller has taken the pass away, so that no other one uses it at the same time.
    pub async fn recover(&self, recovery: Recovery) -> Result<SignedIn, RecoveryFailure> {
        let user = Some(recovery.pass.user);
        let who = Candidate::at(&recovery.realm, &recovery.channel, &recovery.device, user);
        let result = self.recover_unnoted(recovery).await;
        let outcome = result.as_ref().err().map_or(SignOnOutcome::SignedOn, RecoveryFailure::outcome);
        self.note_sign_on(&who, outcome);
        result
    }

    async fn recover_unnoted(&self, recovery: Recovery) -> Result<SignedIn, RecoveryFailure> {
        let Recovery { realm, channel, device, pass, given, ends_others } = recovery;
        let tried = self.inner.throttle.take(device.address.as_deref(), self.now());
        let account = Account::Recovery { user: pass.user, pass: pass.number };
        let tried = tried.map_err(SignOnFailure::from)?.at(account, || self.now()).await;
        let tried = tried.map_err(SignOnFailure::from)?;
        let newest = self.is_newest(&pass).await.map_err(SignOnFailure::Outage)?;
        let proof = match pass.tried(self.key(), &given) {
            Ok(proof) => proof,
            Err(left) => {
                tried.failed(self.now());
                return Err(RecoveryFailure::Wrong(left));
            }
        };
        let user = self.user(proof.user).await.map_err(SignOnFailure::Outage)?;
        // Ended, removed, or given another one meanwhile: it counts no more.
        let user = user.filter(|user| newest && user.realm == realm.id && Proof::of(user, &realm) == proof);
        let Some(user) = user else { return Err(RecoveryFailure::Wrong(None)) };
        tried.succeeded(self.now());
        let quota = match ends_others {
            true => Some(Quota { max: 1, beyond: Beyond::EndAll }),
            false => self.policy().quota_for(&realm.path, &channel),
        };
        let sign_on = Self::sign_on_of(realm, channel, device, &user);
        match self.open(sign_on, &user, quota, Given::Otherwise(pass.way.method(), None)).await {
            // All the user's sessions ended after it was given out.
            Err(SignOnFailure::WrongCredentials { .. }) => Err(RecoveryFailure::Wrong(None)),
            opened => Ok(opened?),
        }
    }
}
