//! What can be wrong with what an application asks in its own name, in one word each, and how many lines of each are written.
//!
//! The words stand in metrics and in the log, and in no answer.

use adieu_core::{GrantFault, Timestamp};

use crate::request_lines::LINES_MAX;
use crate::sign_on_outcome::RefusalLines;

/// What was wrong with what a client asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientRefusalReason {
    /// The request names no client, or two.
    NoClient,
    /// It names one that the realm does not have.
    UnknownClient,
    /// It names one that is disabled.
    DisabledClient,
    /// The client proves itself in another way than it is to, or not at all.
    OtherMethod,
    /// The secret is not the client's, or counts no more.
    WrongSecret,
    /// What it signed is not signed with a key of the client, by its algorithm.
    AssertionSignature,
    /// What it signed does not say that it is of the client.
    AssertionClaims,
    /// What it signed is too old, does not count yet, or counts too long.
    AssertionTime,
    /// What it signed is for somebody else.
    AssertionAudience,
    /// What it signed names a key that the client did not have when its keys were read lately, and may have by now.
    UnknownKey,
    /// The keys of the client cannot be asked for where they stand.
    KeysUnreachable,
    /// What it signed was taken before.
    UsedAssertion,
    /// There is no such code or token.
    UnknownGrant,
    /// The code or token is another client's, or another issuer's.
    GrantOfAnother,
    /// The time of the code or token is over.
    ExpiredGrant,
    /// The session, the consent or the grant that it stands on is over.
    EndedGrant,
    /// It was used before; what it led to is revoked.
    UsedGrant,
    /// As many clients take part in the session as one has room for.
    SessionFull,
    /// The redirect address is not the one of the code, or not registered.
    RedirectUri,
    /// The PKCE verifier is missing, or does not fit.
    CodeVerifier,
    /// A parameter is missing, is repeated, or means nothing.
    InvalidRequest,
    /// A request object is not taken.
    RequestObject,
    /// No known scope, or more than was granted.
    Scope,
    /// Tokens are asked for another place.
    Target,
    /// The client may not do that.
    NotAllowed,
    /// A grant type that does not exist here.
    GrantType,
    /// The client asks too often.
    TooOften,
    /// The token of a registration is not one.
    Token,
    /// What a client says of itself at its registration is not taken.
    Metadata,
}

impl ClientRefusalReason {
    /// All of them.
    pub const ALL: [Self; 29] = [
        Self::NoClient,
        Self::UnknownClient,
        Self::DisabledClient,
        Self::OtherMethod,
        Self::WrongSecret,
        Self::AssertionSignature,
        Self::AssertionClaims,
        Self::AssertionTime,
        Self::AssertionAudience,
        Self::UnknownKey,
        Self::KeysUnreachable,
        Self::UsedAssertion,
        Self::UnknownGrant,
        Self::GrantOfAnother,
        Self::ExpiredGrant,
        Self::EndedGrant,
        Self::UsedGrant,
        Self::SessionFull,
        Self::RedirectUri,
        Self::CodeVerifier,
        Self::InvalidRequest,
        Self::RequestObject,
        Self::Scope,
        Self::Target,
        Self::NotAllowed,
        Self::GrantType,
        Self::TooOften,
        Self::Token,
        Self::Metadata,
    ];

    /// The word in metrics and in the log.
    pub const fn word(self) -> &'static str {
        match self {
            Self::NoClient => "no_client",
            Self::UnknownClient => "unknown_client",
            Self::DisabledClient => "disabled_client",
            Self::OtherMethod => "other_method",
            Self::WrongSecret => "wrong_secret",
            Self::AssertionSignature => "assertion_signature",
            Self::AssertionClaims => "assertion_claims",
            Self::AssertionTime => "assertion_time",
            Self::AssertionAudience => "assertion_audience",
            Self::UnknownKey => "unknown_key",
            Self::KeysUnreachable => "keys_unreachable",
            Self::UsedAssertion => "used_assertion",
            Self::UnknownGrant => "unknown_grant",
            Self::GrantOfAnother => "grant_of_another",
            Self::ExpiredGrant => "expired_grant",
            Self::EndedGrant => "ended_grant",
            Self::UsedGrant => "used_grant",
            Self::SessionFull => "session_full",
            Self::RedirectUri => "redirect_uri",
            Self::CodeVerifier => "code_verifier",
            Self::InvalidRequest => "invalid_request",
            Self::RequestObject => "request_object",
            Self::Scope => "scope",
            Self::Target => "target",
            Self::NotAllowed => "not_allowed",
            Self::GrantType => "grant_type",
            Self::TooOften => "too_often",
            Self::Token => "token",
            Self::Metadata => "metadata",
        }
    }
}

impl From<GrantFault> for ClientRefusalReason {
    fn from(fault: GrantFault) -> Self {
        match fault {
            GrantFault::Unknown => Self::UnknownGrant,
            GrantFault::OfAnother => Self::GrantOfAnother,
            GrantFault::Expired => Self::ExpiredGrant,
            GrantFault::Over => Self::EndedGrant,
            GrantFault::RedirectUri => Self::RedirectUri,
            GrantFault::Verifier => Self::CodeVerifier,
        }
    }
}

/// How many lines were written in this second, for each reason.
#[derive(Default)]
pub(crate) struct ClientRefusalLines([RefusalLines; ClientRefusalReason::ALL.len()]);

impl ClientRefusalLines {
    /// Whether one more line of this reason is written, and how many of it were left out before.
    pub(crate) fn take(&self, reason: ClientRefusalReason, now: Timestamp) -> Option<u64> {
        let of_reason = ClientRefusalReason::ALL.iter().position(|one| *one == reason)?;
        self.0.get(of_reason)?.take_up_to(LINES_MAX, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_a_word_of_its_own() {
        let words: std::collections::BTreeSet<_> =
            ClientRefusalReason::ALL.map(ClientRefusalReason::word).into();
        assert_eq!(words.len(), ClientRefusalReason::ALL.len());
    }

    /// Goal: a flood of one mistake takes no line from another, and the log says how many it left out.
    #[test]
    fn a_flood_of_one_mistake_hides_no_other() {
        let (lines, now) = (ClientRefusalLines::default(), Timestamp::from_ms(7000));
        let flood = (0..1000).filter(|_| lines.take(ClientRefusalReason::UnknownClient, now).is_some());
        assert_eq!(flood.count() as u64, LINES_MAX);
        assert_eq!(lines.take(ClientRefusalReason::WrongSecret, now), Some(0));
        let later = now.plus(adieu_core::Span::from_s(1));
        assert_eq!(lines.take(ClientRefusalReason::UnknownClient, later), Some(1000 - LINES_MAX));
    }
}
