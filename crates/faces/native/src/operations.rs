//! Every operation of the API: the one table that routes, checks queries, and is written out as the OpenAPI document.
//!
//! Which problems an operation may answer follows from its shape; only the odd ones are named.

mod consents;
mod notices;
mod registration;
mod subscribers;
mod upstreams;

use crate::answer::Success;
use crate::input::REASON;
use crate::operation::{Endpoint, Operation, PAGED, Verb, also, asking, reads, writes};
use crate::page::{AFTER, LIMIT};
use crate::problem::ProblemKind;

const REALMS: &str = "/v1/realms";
const KEYS: &str = "/v1/realms/{realm}/keys";
const USERS: &str = "/v1/realms/{realm}/users";
const USER: &str = "/v1/users/{user}";
const CLIENTS: &str = "/v1/realms/{realm}/clients";
const CLIENT: &str = "/v1/clients/{client}";
const ENDINGS: &str = "/v1/endings";
const DECLARATION: &str = "/v1/declaration";

/// All of them, in the order of the document.
pub(super) static ALL: &[Operation] = &[
    reads(Endpoint::Document, "/v1/openapi.json", "readDocument", "Document", "This document."),
    asking(
        &[LIMIT, AFTER, "path"],
        reads(
            Endpoint::Realms,
            REALMS,
            "listRealms",
            "Realms",
            "Realms, by path; with `path`, the one there.",
        ),
    ),
    also(
        &[ProblemKind::NameTaken],
        writes(
            Verb::Post,
            Endpoint::MakeRealm,
            (REALMS, "makeRealm"),
            (Some("NewRealm"), Success::Makes("Realm")),
            "Makes a realm with a population in it.",
        ),
    ),
    reads(Endpoint::Realm, "/v1/realms/{realm}", "readRealm", "Realm", "One realm."),
    asking(
        PAGED,
        reads(
            Endpoint::Populations,
            "/v1/realms/{realm}/populations",
            "listPopulations",
            "Populations",
            "The populations of a realm, oldest first; the first is where users go who are put nowhere else.",
        ),
    ),
    asking(
        PAGED,
        reads(
            Endpoint::Keys,
            KEYS,
            "listKeys",
            "SigningKeys",
            "The keys by which a realm signs, oldest first.",
        ),
    ),
    writes(
        Verb::Post,
        Endpoint::RotateKey,
        (KEYS, "rotateKey"),
        (Some("KeyRotation"), Success::Shows("SigningKey")),
        "Gives the realm a next key of an algorithm. It is published for three minutes before it signs, and the one before \
         signs until then, so no token is refused. While one waits to sign, that one is the answer.",
    ),
    asking(
        &[LIMIT, AFTER, "name", "contains"],
        reads(
            Endpoint::Users,
            USERS,
            "listUsers",
            "Users",
            "The users of a realm, by id; with `name`, the one whose username or e-mail address it is, in any letter case; with `contains`, \
             those whose username or e-mail address has that in it. Such a page looks at 10,000 users at most: it may be short, or \
             empty, and still have a next one.",
        ),
    ),
    also(
        &[ProblemKind::NameTaken, ProblemKind::Busy],
        writes(
            Verb::Post,
            Endpoint::MakeUser,
            (USERS, "makeUser"),
            (Some("NewUser"), Success::Makes("User")),
            "Makes a user. Without a password nobody can sign on as them.",
        ),
    ),
    reads(Endpoint::User, USER, "readUser", "User", "One user."),
    also(
        &[ProblemKind::NameTaken],
        writes(
            Verb::Patch,
            Endpoint::ChangeUser,
            (USER, "changeUser"),
            (Some("UserChange"), Success::Shows("User")),
            "Changes what is named and leaves the rest. `enabled: false` ends all sessions of the user for good; `locked: true` \
             keeps the user from signing on and ends none.",
        ),
    ),
    asking(
        &[REASON],
        writes(
            Verb::Delete,
            Endpoint::RemoveUser,
            (USER, "removeUser"),
            (None, Success::Nothing),
            "Removes a user and ends all their sessions, of which nothing is shown any more.",
        ),
    ),
    also(
        &[ProblemKind::Busy],
        writes(
            Verb::Put,
            Endpoint::SetPassword,
            ("/v1/users/{user}/password", "setPassword"),
            (Some("NewPassword"), Success::Nothing),
            "Sets the password. `end_sessions` says whether all sessions of the user end in the same commit; without it the policy \
             of the realm does.",
        ),
    ),
    writes(
        Verb::Post,
        Endpoint::UnlockUser,
        ("/v1/users/{user}/unlock", "unlockUser"),
        (None, Success::Nothing),
        "Unlocks the account and forgives the failed sign-ons of the user, who may try again at once. Setting a password and \
         enabling a disabled user forgive failed sign-ons, too, and leave the account locked.",
    ),
    asking(
        &[REASON],
        writes(
            Verb::Delete,
            Endpoint::DropCodes,
            ("/v1/users/{user}/recovery-codes", "dropRecoveryCodes"),
            (None, Success::Nothing),
            "Takes the second factor away from a user who has lost it. Sessions live on; where everybody is asked for one, the user \
             makes another at the next sign-on.",
        ),
    ),
    consents::LIST,
    consents::WITHDRAW,
    asking(
        PAGED,
        reads(Endpoint::Clients, CLIENTS, "listClients", "Clients", "The clients of a realm, by id."),
    ),
    also(
        &[ProblemKind::NameTaken],
        writes(
            Verb::Post,
            Endpoint::MakeClient,
            (CLIENTS, "makeClient"),
            (Some("NewClient"), Success::Makes("MadeClient")),
            "Makes a client. Its secret is shown in this answer and in no other.",
        ),
    ),
    reads(Endpoint::Client, CLIENT, "readClient", "Client", "One client, without its secret."),
    writes(
        Verb::Patch,
        Endpoint::ChangeClient,
        (CLIENT, "changeClient"),
        (Some("ClientChange"), Success::Shows("Client")),
        "Changes what is named and leaves the rest. `enabled: false`, or a grant type less, ends everything that the client \
         holds.",
    ),
    also(
        &[ProblemKind::EarlierSecretCounts, ProblemKind::Stale, ProblemKind::KeyReused],
        writes(
            Verb::Post,
            Endpoint::RotateSecret,
            ("/v1/clients/{client}/secret", "rotateSecret"),
            (Some("SecretRotation"), Success::Shows("MadeClient")),
            "Gives a client another secret, which is shown in this answer and in no other, but to a repetition with the same \
             key; the one before is worth nothing any more, or counts beside it for `overlap_s` seconds. While an earlier one \
             counts so, another rotation is refused, unless `overlap_s` is 0 or `end_grants` is true: then all earlier ones end \
             at once. With `end_grants` everything that the client holds ends in the same commit.",
        ),
    ),
    asking(
        &[REASON],
        writes(
            Verb::Delete,
            Endpoint::RemoveClient,
            (CLIENT, "removeClient"),
            (None, Success::Nothing),
            "Removes a client; everything that it holds ends.",
        ),
    ),
    subscribers::LIST,
    subscribers::MAKE,
    subscribers::READ,
    subscribers::CHANGE,
    subscribers::ROTATE,
    subscribers::REMOVE,
    upstreams::LIST,
    upstreams::MAKE,
    upstreams::READ,
    upstreams::CHANGE,
    upstreams::REMOVE,
    upstreams::LINK,
    upstreams::LINKS,
    upstreams::UNLINK,
    registration::LIST,
    registration::MAKE,
    registration::REMOVE,
    asking(
        &[LIMIT, AFTER, "live"],
        reads(
            Endpoint::SessionsOfRealm,
            "/v1/realms/{realm}/sessions",
            "listSessionsOfRealm",
            "Sessions",
            "The sessions of a realm, newest first, with what became of them. A page may be short and still have a next one.",
        ),
    ),
    asking(
        &[LIMIT, AFTER, "live"],
        reads(
            Endpoint::SessionsOfUser,
            "/v1/users/{user}/sessions",
            "listSessionsOfUser",
            "Sessions",
            "The newest 10,000 sessions of a user, newest first, with what became of them.",
        ),
    ),
    reads(
        Endpoint::Session,
        "/v1/sessions/{session}",
        "readSession",
        "Session",
        "One session, live or not. Looking is no activity of its user.",
    ),
    also(
        &[ProblemKind::NotFound, ProblemKind::KeyReused],
        writes(
            Verb::Post,
            Endpoint::End,
            (ENDINGS, "end"),
            (Some("EndOrder"), Success::Shows("Ending")),
            "Ends a session, all sessions of a user (or all but one), all of a realm, or everything that a client holds. \
             When the answer is there, the ending is durable, and no check says live any more.",
        ),
    ),
    asking(
        &[LIMIT, AFTER, "realm", "user", "client", "cause", "actor", "state", "since", "until"],
        reads(
            Endpoint::Endings,
            ENDINGS,
            "listEndings",
            "FoundEndings",
            "Endings of the installation, the newest first, in the order in which they were written down; what time ended is written \
             down within a second where somebody is told of it, and else by the sweep. A page looks at 2,000 endings at most and says how far back it came: it may be short, or empty, and \
             still have a next one. Endings are kept as long as what is left of sessions.",
        ),
    ),
    notices::ENDING,
    notices::EVENTS,
    notices::RETRY,
    notices::GIVE_UP,
    notices::RECEIVERS,
    also(
        &[ProblemKind::NotFound],
        asking(
            &["realm"],
            reads(
                Endpoint::Declaration,
                DECLARATION,
                "readDeclaration",
                "Declaration",
                "Realms, populations, users, clients and what dialects keep as a document; with `realm`, of the realm at that \
                 path. No password, secret or session is in it.",
            ),
        ),
    ),
    also(
        &[ProblemKind::NotFound, ProblemKind::NameTaken, ProblemKind::Stale, ProblemKind::Busy],
        writes(
            Verb::Post,
            Endpoint::Declare,
            (DECLARATION, "declare"),
            (Some("DeclareOrder"), Success::Shows("Declared")),
            "Makes things as a document says; a second time there is nothing to change. It stops after ten seconds, and before a \
             step that is refused if any was made; it says how much is left and which plan that is. With `dry_run` it only \
             shows the plan.",
        ),
    ),
    also(
        &[ProblemKind::NameTaken, ProblemKind::Stale, ProblemKind::Busy],
        writes(
            Verb::Post,
            Endpoint::CarryOut,
            ("/v1/declaration/{plan}", "carryOutPlan"),
            (Some("CarryOutOrder"), Success::Shows("Declared")),
            "Carries a plan out, as it was shown, for ten seconds or up to a step that is refused; the answer names what is left \
             by a new plan, which says why if its first step is refused again. A plan is kept for a quarter of an hour by the \
             process that made it; of one that is gone, make another.",
        ),
    ),
];
