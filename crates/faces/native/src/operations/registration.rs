//! The operations on tokens with which clients register themselves.
//!
//! They stand in the one table of operations, with all others.

use crate::answer::Success;
use crate::operation::{Endpoint, Operation, PAGED, Verb, asking, reads, writes};

const TOKENS: &str = "/v1/realms/{realm}/registration-tokens";

pub(super) const LIST: Operation = asking(
    PAGED,
    reads(
        Endpoint::RegistrationTokens,
        TOKENS,
        "listRegistrationTokens",
        "RegistrationTokens",
        "The tokens with which clients of a realm register themselves, those included that count no more; none is shown itself.",
    ),
);

pub(super) const MAKE: Operation = writes(
    Verb::Post,
    Endpoint::MakeRegistrationToken,
    (TOKENS, "makeRegistrationToken"),
    (Some("NewRegistrationToken"), Success::Makes("MadeRegistrationToken")),
    "Makes a token with which clients of the realm register themselves at its OpenID issuer, where that is on \
     (`openid.registration`): an initial access token of RFC 7591. A realm has at most a hundred that count.",
);

pub(super) const REMOVE: Operation = writes(
    Verb::Delete,
    Endpoint::RemoveRegistrationToken,
    ("/v1/registration-tokens/{token}", "removeRegistrationToken"),
    (None, Success::Nothing),
    "Takes such a token back. Clients that registered with it stay.",
);
