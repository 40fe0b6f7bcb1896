//! What became of a sign-on: one count for each, and one line in the log for each that failed.
//!
//! The line says who, as far as that is known by id, through which channel, from where and why not. What was typed is in no line: a
//! name that nobody has may be a password in the wrong field (EMPTY-HANDS).

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use adieu_core::{Channel, Device, Realm, RealmId, Timestamp, UserId};

/// What a sign-on came to, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignOnOutcome {
    /// A session is open.
    SignedOn,
    /// No such user, or another password.
    WrongCredentials,
    /// A recovery code that does not fit, or was used before.
    WrongCode,
    /// Tried too often.
    Limited,
    /// The user may not sign on.
    Disabled,
    /// The password is right, and the second factor is awaited.
    SecondFactor,
    /// A second factor is asked for, and the user has none.
    NotEnrolled,
    /// Too many at once.
    Busy,
    /// The user has as many sessions as one can have.
    TooMany,
    /// The user has as many sessions as the channel allows.
    Quota,
    /// What came back from another provider proves nobody: it is none of ours, is refused there, or is of somebody unknown here.
    NotVouchedFor,
    /// The store could not tell or not write.
    Outage,
}

impl SignOnOutcome {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::SignedOn,
        Self::WrongCredentials,
        Self::WrongCode,
        Self::Limited,
        Self::Disabled,
        Self::SecondFactor,
        Self::NotEnrolled,
        Self::Busy,
        Self::TooMany,
        Self::Quota,
        Self::NotVouchedFor,
        Self::Outage,
    ];

    /// The word in metrics and in the log.
    pub const fn word(self) -> &'static str {
        match self {
            Self::SignedOn => "signed_on",
            Self::WrongCredentials => "wrong_credentials",
            Self::WrongCode => "wrong_code",
            Self::Limited => "limited",
            Self::Disabled => "disabled",
            Self::SecondFactor => "second_factor",
            Self::NotEnrolled => "not_enrolled",
            Self::Busy => "busy",
            Self::TooMany => "too_many",
            Self::Quota => "quota",
            Self::NotVouchedFor => "not_vouched_for",
            Self::Outage => "outage",
        }
    }
}

/// Who tries to sign on, as far as that is known.
pub(crate) struct Candidate {
    realm: RealmId,
    channel: Channel,
    address: Option<String>,
    /// The user whom the name means, whether the password was right or not.
    pub(crate) user: Option<UserId>,
}

impl Candidate {
    pub(crate) fn at(realm: &Realm, channel: &Channel, device: &Device, user: Option<UserId>) -> Self {
        Self { realm: realm.id, channel: channel.clone(), address: device.address.clone(), user }
    }

    /// The same, of whom it is known who it is.
    pub(crate) fn known(self, user: UserId) -> Self {
        Self { user: Some(user), ..self }
    }

    /// Counts what became of a sign-on, and logs it if no session was opened: the opening of a session is logged where it happens.
    pub(crate) fn note(&self, outcome: SignOnOutcome, lines: &SignOnLines, now: Timestamp) {
        let channel = self.channel.0.to_string();
        metrics::counter!("adieu_sign_ons_total", "channel" => channel, "outcome" => outcome.word())
            .increment(1);
        match outcome {
            SignOnOutcome::SignedOn => {}
            SignOnOutcome::SecondFactor => self.log(outcome, "sign-on waits for the second factor", 0),
            SignOnOutcome::Limited
            | SignOnOutcome::Busy
            | SignOnOutcome::WrongCredentials
            | SignOnOutcome::WrongCode
            | SignOnOutcome::Disabled
            | SignOnOutcome::NotEnrolled
            | SignOnOutcome::TooMany
            | SignOnOutcome::Quota
            | SignOnOutcome::NotVouchedFor
            | SignOnOutcome::Outage => {
                if let Some(left_out) = lines.take(outcome, now) {
                    self.log(outcome, "sign-on failed", left_out);
                }
            }
        }
    }

    fn log(&self, outcome: SignOnOutcome, message: &'static str, left_out: u64) {
        tracing::info!(
            reason = outcome.word(), user = self.user.map(|id| id.to_string()).unwrap_or_default(),
            realm = %self.realm, channel = &*self.channel.0,
            address = self.address.as_deref().unwrap_or_default(),
            left_out = (left_out > 0).then_some(left_out), "{message}"
        );
    }
}

/// Lines of each outcome in a second. A sign-on with a password costs a hash and comes in tens; one that is refused before costs nothing,
/// and a flood brings as many as it likes (HOME-LIMITS).
const LINES_MAX: u64 = 100;
/// The same of what comes back from another provider, which anybody can make up.
const NOT_VOUCHED_FOR_LINES_MAX: u64 = 20;

/// How many lines were written in this second, for each outcome: a flood of one hides no other.
#[derive(Default)]
pub(crate) struct SignOnLines([RefusalLines; SignOnOutcome::ALL.len()]);

impl SignOnLines {
    fn take(&self, outcome: SignOnOutcome, now: Timestamp) -> Option<u64> {
        let of_outcome = SignOnOutcome::ALL.iter().position(|one| *one == outcome)?;
        let max = match outcome {
            SignOnOutcome::NotVouchedFor => NOT_VOUCHED_FOR_LINES_MAX,
            _ => LINES_MAX,
        };
        self.0.get(of_outcome)?.take_up_to(max, now)
    }
}

/// How many lines were written in this second about what was refused untried, and how many were left out.
#[derive(Default)]
pub(crate) struct RefusalLines {
    second: AtomicI64,
    seen: AtomicU64,
    left_out: AtomicU64,
}

impl RefusalLines {
    /// Whether one more line of so many in a second is written, and how many were left out before it. Two that come at the turn of a second may
    /// both begin it: then some lines more are written.
    pub(crate) fn take_up_to(&self, max: u64, now: Timestamp) -> Option<u64> {
        let second = now.s();
        if self.second.swap(second, Ordering::Relaxed) != second {
            self.seen.store(0, Ordering::Relaxed);
        }
        if self.seen.fetch_add(1, Ordering::Relaxed) < max {
            Some(self.left_out.swap(0, Ordering::Relaxed))
        } else {
            self.left_out.fetch_add(1, Ordering::Relaxed);
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: HOME-LIMITS: a flood of refused sign-ons fills no disk with lines, hides no other, and the log says how many it left out.
    #[test]
    fn lines_about_refusals_have_a_bound_in_each_second() {
        let (lines, at) = (SignOnLines::default(), |s: i64| Timestamp::from_ms(s * 1000));
        let written =
            (0..1000).filter(|_| lines.take(SignOnOutcome::Limited, at(7)).is_some()).count() as u64;
        assert_eq!(written, LINES_MAX);
        assert_eq!(lines.take(SignOnOutcome::WrongCredentials, at(7)), Some(0));
        assert_eq!(lines.take(SignOnOutcome::Limited, at(8)), Some(1000 - LINES_MAX));
        assert_eq!(lines.take(SignOnOutcome::Limited, at(8)), Some(0));
    }

    #[test]
    fn every_outcome_has_a_word_of_its_own() {
        let words: std::collections::BTreeSet<_> = SignOnOutcome::ALL.map(SignOnOutcome::word).into();
        assert_eq!(words.len(), SignOnOutcome::ALL.len());
    }
}
