//! The operations on upstream providers.
//!
//! They stand in the one table of operations, with all others.

use crate::answer::Success;
use crate::operation::{Endpoint, Operation, PAGED, Verb, also, asking, reads, writes};
use crate::problem::ProblemKind;
use crate::upstreams::{ISSUER, SUB};

const ALL_OF_REALM: &str = "/v1/realms/{realm}/upstreams";
const ONE: &str = "/v1/upstreams/{upstream}";
const LINKS_OF_USER: &str = "/v1/users/{user}/upstream-links";

pub(super) const LIST: Operation = asking(
    PAGED,
    reads(
        Endpoint::Upstreams,
        ALL_OF_REALM,
        "listUpstreams",
        "Upstreams",
        "The upstream providers of a realm, by name: other OpenID Providers through which its users sign on. A realm has eight at \
         most.",
    ),
);

pub(super) const MAKE: Operation = also(
    &[ProblemKind::NameTaken, ProblemKind::Stale],
    writes(
        Verb::Post,
        Endpoint::MakeUpstream,
        (ALL_OF_REALM, "makeUpstream"),
        (Some("NewUpstream"), Success::Makes("Upstream")),
        "Lets the users of a realm sign on through another OpenID Provider. Its secret is sealed and never shown.",
    ),
);

pub(super) const READ: Operation =
    reads(Endpoint::Upstream, ONE, "readUpstream", "Upstream", "One upstream provider, without its secret.");

pub(super) const CHANGE: Operation = also(
    &[ProblemKind::NameTaken, ProblemKind::Stale],
    writes(
        Verb::Patch,
        Endpoint::ChangeUpstream,
        (ONE, "changeUpstream"),
        (Some("UpstreamChange"), Success::Shows("Upstream")),
        "Changes what is named and leaves the rest. Name and issuer never change.",
    ),
);

pub(super) const REMOVE: Operation = also(
    &[ProblemKind::Stale],
    writes(
        Verb::Delete,
        Endpoint::RemoveUpstream,
        (ONE, "removeUpstream"),
        (None, Success::Nothing),
        "Removes an upstream provider. Sessions that came through it live on, and are not ended by it any more; links stay for \
         another provider of the same issuer.",
    ),
);

pub(super) const LINK: Operation = also(
    &[ProblemKind::NameTaken, ProblemKind::Stale],
    writes(
        Verb::Post,
        Endpoint::LinkUpstream,
        ("/v1/upstreams/{upstream}/links", "linkUpstream"),
        (Some("NewUpstreamLink"), Success::Nothing),
        "Says who a person of the provider is here: whoever the issuer calls `sub` signs on as this user. A person who is another \
         user already stays that one.",
    ),
);

pub(super) const LINKS: Operation = reads(
    Endpoint::UpstreamLinks,
    LINKS_OF_USER,
    "listUpstreamLinks",
    "UpstreamLinks",
    "Who of upstream providers is this user: sixteen at most.",
);

pub(super) const UNLINK: Operation = also(
    &[ProblemKind::Stale],
    asking(
        &[ISSUER, SUB],
        writes(
            Verb::Delete,
            Endpoint::UnlinkUpstream,
            (LINKS_OF_USER, "unlinkUpstream"),
            (None, Success::Nothing),
            "Says that a person of an issuer is this user no more. Both parameters are needed. Sessions live on.",
        ),
    ),
);
