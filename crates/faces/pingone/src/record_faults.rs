//! What can be wrong with a record, by this dialect's names of its members.
//!
//! The rules are core's. Contract pingone.md 4.3 and 4.4.

use adieu_authority::RecordFault;

use crate::problem::{ABSOLUTE, Problem};

const FRAMED: &str =
    "The address that browsers tell sign-offs to needs one of its scheme, host and port among these.";

const LIFE: &str = "A life is 1 to 316224000 seconds.";

/// What was refused, by this dialect's name of the member.
impl From<RecordFault> for Problem {
    fn from(fault: RecordFault) -> Self {
        match fault {
            RecordFault::PublicInOwnName => Self::invalid(
                "grantTypes",
                "`CLIENT_CREDENTIALS` needs another `tokenEndpointAuthMethod` than `NONE`.",
            ),
            RecordFault::NoKeys => {
                Self::invalid("jwks", "`PRIVATE_KEY_JWT` needs the application's public keys.")
            }
            RecordFault::ClientName => Self::invalid(
                "name",
                "A name has no control character, none that cannot be seen, and no two blanks together.",
            ),
            RecordFault::TwoSetsOfKeys => {
                Self::invalid("jwksUrl", "The keys are given by `jwks` or by `jwksUrl`, not by both.")
            }
            // This dialect names none of the two algorithms; it takes away the keys that they are for.
            RecordFault::RequestObjectAlgorithm | RecordFault::AssertionAlgorithm => Self::invalid(
                "jwks",
                "A key is wanted for each algorithm that the application is to sign by.",
            ),
            RecordFault::JwksUri => {
                Self::invalid("jwksUrl", "An absolute `https` address without a fragment is wanted.")
            }
            RecordFault::RedirectUri => Self::invalid("redirectUris", ABSOLUTE),
            RecordFault::BackchannelLogoutUri => Self::invalid("backchannelLogoutUri", ABSOLUTE),
            RecordFault::FrontchannelLogoutUri => Self::invalid("redirectUris", FRAMED),
            RecordFault::PostLogoutRedirectUri => Self::invalid("postLogoutRedirectUris", ABSOLUTE),
            RecordFault::Username => Self::invalid(
                "username",
                "A name has 1 to 255 characters, none of them a control and none that cannot be seen, and is no UUID.",
            ),
            RecordFault::UsernameOfAddress => Self::invalid(
                "username",
                "A name in the form of an e-mail address is the user's own address.",
            ),
            RecordFault::Verified(member) => Self::invalid(member, "Administrators say that."),
            RecordFault::Email => Self::invalid("email", "An e-mail address is wanted."),
            // No route of this dialect makes or changes a subscriber.
            RecordFault::SubscriberAddress
            | RecordFault::SubscriberIssuer
            | RecordFault::SubscriberCredential
            | RecordFault::TooManySubscribers => Self::invalid("subscribers", "They are changed elsewhere."),
            RecordFault::TraitUsername => {
                Self::invalid("username", "The user's attributes give another name.")
            }
            RecordFault::TraitEmail => Self::invalid("email", "The user's attributes give another address."),
            RecordFault::AccessLife => Self::invalid("accessTokenValiditySeconds", LIFE),
            RecordFault::RefreshLife => Self::invalid("refreshTokenDuration", LIFE),
            // No route of this dialect has a member for the two behind the first.
            RecordFault::ApiScope { .. }
            | RecordFault::UserScope { .. }
            | RecordFault::UngrantedScope { .. }
            | RecordFault::NoUserScope => {
                Self::invalid("scopes", "A list of scopes of that resource is wanted.")
            }
            RecordFault::Origin => Self::invalid("corsSettings", "An origin is a scheme and a host."),
            RecordFault::BackchannelLogoutSession => Self::invalid("backchannelLogoutUri", ABSOLUTE),
            RecordFault::FrontchannelLogoutSession => Self::invalid("redirectUris", FRAMED),
            RecordFault::PopulationName => {
                Self::invalid("name", "1 to 255 characters, none of them a control, are wanted.")
            }
            RecordFault::RealmPath => {
                Self::invalid("name", "Small letters, digits, `-`, `_` and `.` are wanted.")
            }
        }
    }
}
