//! The operations on subscribers.
//!
//! They stand in the one table of operations, with all others.

use crate::answer::Success;
use crate::operation::{Endpoint, Operation, PAGED, Verb, also, asking, reads, writes};
use crate::problem::ProblemKind;

const SUBSCRIBERS: &str = "/v1/realms/{realm}/subscribers";
const SUBSCRIBER: &str = "/v1/subscribers/{subscriber}";

pub(super) const LIST: Operation = asking(
    PAGED,
    reads(
        Endpoint::Subscribers,
        SUBSCRIBERS,
        "listSubscribers",
        "Subscribers",
        "Who hears of every ending in a realm, by name.",
    ),
);

pub(super) const MAKE: Operation = also(
    &[ProblemKind::NameTaken],
    writes(
        Verb::Post,
        Endpoint::MakeSubscriber,
        (SUBSCRIBERS, "makeSubscriber"),
        (Some("NewSubscriber"), Success::Makes("MadeSubscriber")),
        "Makes a subscriber; it is told of what ends from then on. The secret of a webhook that brings none is drawn, and shown in \
         this answer and in no other. A realm has at most 32.",
    ),
);

pub(super) const READ: Operation = reads(
    Endpoint::Subscriber,
    SUBSCRIBER,
    "readSubscriber",
    "Subscriber",
    "One subscriber, without its secret.",
);

pub(super) const CHANGE: Operation = also(
    &[ProblemKind::Stale],
    writes(
        Verb::Patch,
        Endpoint::ChangeSubscriber,
        (SUBSCRIBER, "changeSubscriber"),
        (Some("SubscriberChange"), Success::Shows("Subscriber")),
        "Changes what is named and leaves the rest. While it is switched off it is told of nothing; what it was owed until then is not \
         told later. Another address is tried at once with what waits; one of another system that leads to another scheme, host or port \
         comes with that system's `secret` anew.",
    ),
);

pub(super) const ROTATE: Operation = also(
    &[ProblemKind::EarlierSecretCounts, ProblemKind::Stale],
    writes(
        Verb::Post,
        Endpoint::RotateSubscriberSecret,
        ("/v1/subscribers/{subscriber}/secret", "rotateSubscriberSecret"),
        (Some("SubscriberSecret"), Success::Shows("MadeSubscriber")),
        "Gives a subscriber another secret, drawn or brought along. For `overlap_s` seconds a webhook's calls are signed by the one before, \
         too; while an earlier one counts so, another rotation is refused, unless `overlap_s` is 0.",
    ),
);

pub(super) const REMOVE: Operation = writes(
    Verb::Delete,
    Endpoint::RemoveSubscriber,
    (SUBSCRIBER, "removeSubscriber"),
    (None, Success::Nothing),
    "Removes a subscriber; what it is owed still is told to nobody.",
);
