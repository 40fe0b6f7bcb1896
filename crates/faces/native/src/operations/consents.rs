//! The operations on consents.
//!
//! They stand in the one table of operations, with all others.

use crate::answer::Success;
use crate::operation::{Endpoint, Operation, PAGED, Verb, asking, reads, writes};

pub(super) const LIST: Operation = asking(
    PAGED,
    reads(
        Endpoint::Consents,
        "/v1/users/{user}/consents",
        "listConsents",
        "Consents",
        "What a user has allowed to which clients, by client.",
    ),
);

pub(super) const WITHDRAW: Operation = writes(
    Verb::Delete,
    Endpoint::WithdrawConsent,
    ("/v1/users/{user}/consents/{client}", "withdrawConsent"),
    (None, Success::Nothing),
    "Withdraws what a user has allowed to a client. Everything that the client holds of the user ends at once, access that outlives \
     sessions included; sessions live on, and the user is asked anew.",
);
