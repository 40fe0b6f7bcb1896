//! Signing on with a name and a password, for every channel. Whether that is enough is for core to say: where it is not, the
//! failure carries what was proven, and the second factor is given with it (`second_factor`).
//!
//! A proof of identity counts no more once all sessions of the user or the realm were ended after it (ENDED-STAYS-ENDED).

use std::borrow::Cow;
use std::sync::Arc;

use adieu_core::{
    Assurance, Channel, Device, Ended, How, Incarnation, Outage, PasswordRenewal, Proof, Quota, Realm,
    Session, SessionSecret, SessionToken, SignOnError, SignOnOrder, Span, Spending, Timestamp, User,
};
use adieu_workers::WorkError;

use crate::Authority;
use crate::end::EndingReach;
use crate::first_factor::FirstFactor;
use crate::sign_on_outcome::{Candidate, SignOnOutcome};
use crate::throttle::{Account, TryRefused};

/// Somebody gives a name and a password.
#[derive(Clone)]
pub struct SignOn {
    /// The realm in which they sign on.
    pub realm: Arc<Realm>,
    /// The channel.
    pub channel: Channel,
    /// Username or e-mail address.
    pub name: String,
    /// The password. It is in no `Debug` text.
    pub password: String,
    /// The user agent.
    pub device: Device,
    /// The token of a session that is to go on if it is the same user's.
    pub previous: Option<SessionToken>,
    /// Whether a session that goes on keeps its token.
    pub keep_token: bool,
    /// The level that is wanted even where the realm asks for less.
    pub level: Assurance,
    /// Whether a session may begin half signed on where the level is not reached.
    pub may_be_half: bool,
}

impl SignOn {
    pub(crate) fn candidate(&self) -> Candidate {
        Candidate::at(&self.realm, &self.channel, &self.device, None)
    }
}

/// What was given to prove an identity.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Given {
    /// The password.
    First,
    /// A recovery code, in a session that is there.
    Second(Spending),
    /// Both.
    Both(Spending),
    /// Something else in place of the password, by the name that the session remembers, and when that was if it was not now.
    Otherwise(&'static str, Option<Timestamp>),
    /// The same and a recovery code.
    OtherwiseAnd(&'static str, Spending),
}

impl Given {
    /// The first factor, when it was given if that was not now, and the code.
    fn parts(self) -> (Option<Cow<'static, str>>, Option<Timestamp>, Option<Spending>) {
        match self {
            Self::First => (Some("password".into()), None, None),
            Self::Second(code) => (None, None, Some(code)),
            Self::Both(code) => (Some("password".into()), None, Some(code)),
            Self::Otherwise(method, at) => (Some(method.into()), at, None),
            Self::OtherwiseAnd(method, code) => (Some(method.into()), None, Some(code)),
        }
    }
}

/// A session for somebody who signed on.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// The session, as it is committed.
    pub session: Arc<Session>,
    /// Its user.
    pub user: Arc<User>,
    /// Its token: the new one, or the presented one where that was to be kept.
    pub token: SessionToken,
    /// How it came about.
    pub how: How,
}

/// Why nobody was signed on.
#[derive(Debug, thiserror::Error)]
pub enum SignOnFailure {
    /// No such user, or another password; which of them is not said.
    #[error("name and password do not fit")]
    WrongCredentials {
        /// How often it may be tried again before it is too often, if that is limited.
        left: Option<u32>,
    },
    /// It was tried too often, of this account or from this address.
    #[error("sign-ons were tried too often")]
    Limited {
        /// When it may be tried again.
        retry_after: Span,
    },
    /// The password is right and the user may not sign on.
    #[error("the user is disabled or locked")]
    Disabled(Arc<User>),
    /// The password is right, and the user's second factor is asked for. What was proven is worth something only together
    /// with it.
    #[error("a second factor is asked for")]
    SecondFactor(FirstFactor),
    /// The password is right, a second factor is asked for, and the user has none.
    #[error("the user has no second factor, and one is asked for")]
    NotEnrolled,
    /// Too many sign-ons at once: later again.
    #[error("too many sign-ons wait")]
    Busy,
    /// The user has as many sessions as one can have.
    #[error("the user has too many sessions")]
    TooMany,
    /// The user has as many sessions as the quota of this channel allows.
    #[error("the user has reached the quota of sessions")]
    Quota,
    /// The store could not tell or not write: nothing is known to be changed.
    #[error("the store did not do the sign-on")]
    Outage(#[source] Outage),
}

impl SignOnFailure {
    pub(crate) const fn outcome(&self) -> SignOnOutcome {
        match self {
            Self::WrongCredentials { .. } => SignOnOutcome::WrongCredentials,
            Self::Limited { .. } => SignOnOutcome::Limited,
            Self::Disabled(_) => SignOnOutcome::Disabled,
            Self::SecondFactor(_) => SignOnOutcome::SecondFactor,
            Self::NotEnrolled => SignOnOutcome::NotEnrolled,
            Self::Busy => SignOnOutcome::Busy,
            Self::TooMany => SignOnOutcome::TooMany,
            Self::Quota => SignOnOutcome::Quota,
            Self::Outage(_) => SignOnOutcome::Outage,
        }
    }
}

/// What a sign-on came to.
pub(crate) fn outcome(result: &Result<SignedIn, SignOnFailure>) -> SignOnOutcome {
    result.as_ref().err().map_or(SignOnOutcome::SignedOn, SignOnFailure::outcome)
}

impl From<WorkError> for SignOnFailure {
    fn from(error: WorkError) -> Self {
        match error {
            WorkError::Busy => Self::Busy,
            WorkError::Faulted => Self::Outage(Outage::new(error)),
        }
    }
}

impl From<TryRefused> for SignOnFailure {
    fn from(refused: TryRefused) -> Self {
        match refused {
            TryRefused::Busy => Self::Busy,
            TryRefused::UsedUp(retry_after) => Self::Limited { retry_after },
        }
    }
}

impl Authority {
    /// Counts what became of a sign-on, and logs it if nobody is signed on.
    pub(crate) fn note_sign_on(&self, who: &Candidate, outcome: SignOnOutcome) {
        who.note(outcome, &self.inner.sign_on_lines, self.now());
    }

    /// Verifies name and password and gives a session: a new one, or the presented one renewed or begun anew.
    pub async fn sign_on(&self, sign_on: SignOn) -> Result<SignedIn, SignOnFailure> {
        let mut who = sign_on.candidate();
        let result = self.sign_on_unnoted(sign_on, &mut who).await;
        self.note_sign_on(&who, outcome(&result));
        result
    }

    async fn sign_on_unnoted(&self, sign_on: SignOn, who: &mut Candidate) -> Result<SignedIn, SignOnFailure> {
        let user = self.proven(&sign_on, who).await?;
        if !user.may_sign_on(self.now()) {
            return Err(SignOnFailure::Disabled(user));
        }
        let user = self.with_current_hash(&sign_on, user).await;
        let quota = self.policy().quota_for(&sign_on.realm.path, &sign_on.channel);
        self.open(sign_on, &user, quota, Given::First).await
    }

    /// A session for a user whose identity was proven elsewhere, such as to whoever has the data folder, or who has just been made.
    pub async fn open_proven(
        &self,
        realm: Arc<Realm>,
        channel: Channel,
        device: Device,
        user: &User,
    ) -> Result<SignedIn, SignOnFailure> {
        self.open(Self::sign_on_of(realm, channel, device, user), user, None, Given::First).await
    }

    /// The sign-on of a user who has proven to be there otherwise than by name and password.
    pub(crate) fn sign_on_of(realm: Arc<Realm>, channel: Channel, device: Device, user: &User) -> SignOn {
        SignOn {
            realm,
            channel,
            name: user.username.clone(),
            password: String::new(),
            device,
            previous: None,
            keep_token: false,
            level: Assurance::One,
            may_be_half: true,
        }
    }

    /// The user whom name and password prove, unless that was tried too often. Whom the name means is noted either way.
    pub(crate) async fn proven(
        &self,
        sign_on: &SignOn,
        who: &mut Candidate,
    ) -> Result<Arc<User>, SignOnFailure> {
        // The address is judged before anything is looked up.
        let tried = self.inner.throttle.take(sign_on.device.address.as_deref(), self.now())?;
        let found = self.store().user_named(sign_on.realm.id, &sign_on.name);
        let user = found.await.map_err(SignOnFailure::Outage)?;
        who.user = user.as_ref().map(|user| user.id);
        let account = match &user {
            Some(user) => {
                let whence = self.whence(user, tried.network()).await.map_err(SignOnFailure::Outage)?;
                Account::password_of(user, whence)
            }
            None => Account::unknown(sign_on.realm.id, &sign_on.name),
        };
        let tried = tried.at(account, || self.now()).await?;
        let stored = user.as_ref().and_then(|user| user.password.as_deref());
        let matches = self.inner.hashing.verify(tried.source(), &sign_on.password, stored).await?;
        match user.filter(|_| matches) {
            Some(user) => {
                tried.succeeded(self.now());
                Ok(user)
            }
            None => Err(SignOnFailure::WrongCredentials { left: tried.failed(self.now()) }),
        }
    }

    /// A hash that was made elsewhere, or at another cost, is replaced while the password is at hand, unless somebody has
    /// changed the password since it was verified. If that fails, the next sign-on tries again. Gives the user with the hash
    /// that is stored then.
    pub(crate) async fn with_current_hash(&self, sign_on: &SignOn, user: Arc<User>) -> Arc<User> {
        let Some(verified) = user.password.clone() else { return user };
        if self.inner.hashing.is_current(&verified) {
            return user;
        }
        let Ok(renewed) = self.hash_own_password(user.id, &sign_on.password).await else { return user };
        let renewal = PasswordRenewal { verified, renewed: renewed.clone() };
        match self.store().renew_password(user.id, renewal, self.now()).await {
            Ok(true) => Arc::new(User { password: Some(renewed), ..User::clone(&user) }),
            Ok(false) => user,
            Err(error) => {
                tracing::warn!(user = %user.id, %error, "an old password hash was not replaced");
                user
            }
        }
    }

    /// A session for a proven user: by the password, by the recovery code that it spends, or by both.
    pub(crate) async fn open(
        &self,
        sign_on: SignOn,
        user: &User,
        quota: Option<Quota>,
        given: Given,
    ) -> Result<SignedIn, SignOnFailure> {
        let (method, authenticated_at, spends) = given.parts();
        let secret = SessionSecret::from_bytes(self.draw());
        let limits = self.policy().limits_for(&sign_on.realm.path, &sign_on.channel);
        if let Some(previous) = &sign_on.previous {
            // Its end may move: it must be found by its provider's logout for as long as it may live.
            let until = self.now().plus(limits.absolute);
            let kept = self.upstream_notes_outlast(previous.id, until).await;
            kept.map_err(|unwritten| SignOnFailure::Outage(unwritten.into_outage()))?;
        }
        let order = SignOnOrder {
            realm: sign_on.realm.id,
            proof: Proof::of(user, &sign_on.realm),
            limits,
            quota,
            channel: sign_on.channel,
            method,
            authenticated_at,
            spends,
            level: sign_on.level,
            may_be_half: sign_on.may_be_half,
            device: sign_on.device,
            previous: sign_on.previous.clone(),
            keep_token: sign_on.keep_token,
            secret: secret.clone(),
            incarnation: Incarnation::from_bits(u64::from_be_bytes(self.draw())),
        };
        let signed_on = self.store().open_session(order, self.now()).await.map_err(|error| match error {
            SignOnError::Disabled => SignOnFailure::Disabled(Arc::new(user.clone())),
            SignOnError::SecondFactor => SignOnFailure::SecondFactor(FirstFactor::of(user, &sign_on.realm)),
            SignOnError::NotEnrolled => SignOnFailure::NotEnrolled,
            // Ended meanwhile: the proof counts no more, and must be given anew like a wrong one.
            SignOnError::UnknownUser | SignOnError::Superseded | SignOnError::Code => {
                SignOnFailure::WrongCredentials { left: None }
            }
            SignOnError::TooMany => SignOnFailure::TooMany,
            SignOnError::Quota => SignOnFailure::Quota,
            SignOnError::Unwritten(unwritten) => SignOnFailure::Outage(unwritten.into_outage()),
        })?;
        for closed in signed_on.ended {
            self.tell(EndingReach::ONE, &signed_on.session.channel, &Ended::Now(closed));
        }
        self.inner.places.forget(user.id);
        let fresh = SessionToken { id: signed_on.session.id, secret };
        let kept = signed_on.session.token_hash.matches(&fresh.secret);
        let token = if kept { fresh } else { sign_on.previous.unwrap_or(fresh) };
        tracing::info!(
            user = %signed_on.user.id, session = %signed_on.session.id, channel = %signed_on.session.channel.0,
            address = signed_on.session.device.address.as_deref().unwrap_or_default(),
            realm = %signed_on.session.realm, how = ?signed_on.how, "signed on"
        );
        Ok(SignedIn {
            session: Arc::new(signed_on.session),
            user: Arc::new(signed_on.user),
            token,
            how: signed_on.how,
        })
    }
}
