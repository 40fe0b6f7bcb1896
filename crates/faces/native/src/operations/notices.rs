//! The operations on notices.
//!
//! They stand in the one table of operations, with all others.

use crate::answer::Success;
use crate::notices::WAIT_S;
use crate::operation::{Endpoint, Operation, PAGED, Verb, asking, reads, writes};
use crate::problem::ProblemKind;

pub(super) const ENDING: Operation = asking(
    PAGED,
    reads(
        Endpoint::Ending,
        "/v1/endings/{ending}",
        "readEnding",
        "ToldEnding",
        "One ending: how, what it reached, who took part, and which of them have been told, a page of receipts at a time. Its id is \
         in the answer to the request that ended something, and in the answer's header `Adieu-Ending`.",
    ),
);

pub(super) const EVENTS: Operation = Operation {
    done: Success::Streams,
    also: &[ProblemKind::Busy],
    ..asking(
        &[WAIT_S],
        reads(
            Endpoint::EndingEvents,
            "/v1/endings/{ending}/events",
            "followEnding",
            "",
            "What becomes of the notices of an ending, as server-sent events. `receipt` has one receipt as `readEnding` shows it: \
             each of the first 500 once at the beginning, and again whenever something came of it. `notices` is the last event: how many \
             there are in each state, once all are settled or after `wait_s` seconds.",
        ),
    )
};

pub(super) const RETRY: Operation = writes(
    Verb::Post,
    Endpoint::RetryNotices,
    ("/v1/endings/{ending}/retry", "retryNotices"),
    (None, Success::Shows("Retold")),
    "Has the notices of an ending that are not confirmed tried at once, and for another day; those that were refused or given up, \
     too.",
);

pub(super) const GIVE_UP: Operation = writes(
    Verb::Post,
    Endpoint::GiveUpNotices,
    ("/v1/endings/{ending}/give-up", "giveUpNotices"),
    (None, Success::Shows("Retold")),
    "Gives the notices of an ending up that are pending: they are tried no more.",
);

pub(super) const RECEIVERS: Operation = asking(
    PAGED,
    reads(
        Endpoint::Receivers,
        "/v1/receivers",
        "listReceivers",
        "Receivers",
        "Those who are told of endings, from when they have an address, and those who were, and how each does: subscribers by name, then \
         clients by id.",
    ),
);
