//! What was done in a run, as those who did it saw it, in the order in which it happened.
//!
//! Callers write down what they ask for and what they are answered, receivers what reaches them and what they reply. Nothing
//! here looks into the store, and nothing is judged.

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use adieu_core::{EndingId, NotLive};

/// A node of the installation.
pub(crate) type NodeNumber = usize;
/// A user.
pub(crate) type UserNumber = usize;
/// A client, also as a receiver; subscribers have the numbers behind those of clients.
pub(crate) type ReceiverNumber = usize;
/// A session, as callers know it by its public id.
pub(crate) type SessionNumber = usize;
/// A session token that somebody was given.
pub(crate) type TokenNumber = usize;
/// A code that some client was given.
pub(crate) type CodeNumber = usize;
/// A refresh token that some client was given.
pub(crate) type RefreshNumber = usize;
/// An order that somebody gave.
pub(crate) type OpNumber = usize;
/// A try to tell a receiver.
pub(crate) type TryNumber = usize;

/// What a caller asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// A session for a name and a password; perhaps with the token of one that is to go on.
    SignOn {
        user: UserNumber,
        password: u32,
        previous: Option<(TokenNumber, SessionNumber)>,
        keep_token: bool,
    },
    /// Whether a token opens a live session.
    Check { token: TokenNumber, touch: bool },
    /// The end of the session that a token opens.
    EndToken { token: TokenNumber },
    /// The end of a session by its id.
    EndSession { session: SessionNumber },
    /// The end of a session of a user, by both ids.
    EndOneOf { user: UserNumber, session: SessionNumber },
    /// The end of a sign-on; the session keeps its id.
    Reset { session: SessionNumber },
    /// The end of all sessions of a user.
    EndUser { user: UserNumber, grants: bool },
    /// The end of all but one.
    EndUserBut { user: UserNumber, keep: SessionNumber },
    /// The end of all sessions of the first realm.
    EndRealm,
    /// The end of all that a client holds.
    EndClient { client: ReceiverNumber },
    /// A user chooses another password in a session.
    OwnPassword { token: TokenNumber, session: SessionNumber, user: UserNumber, password: u32 },
    /// An administrator gives a user another password.
    SetPassword { user: UserNumber, password: u32 },
    /// An administrator lets a user sign on, or not.
    SetEnabled { user: UserNumber, enabled: bool },
    /// An administrator deletes a user.
    Remove { user: UserNumber },
    /// A code for a client, in a session.
    Issue { token: TokenNumber, session: SessionNumber, client: ReceiverNumber },
    /// What a code is worth.
    Redeem { code: CodeNumber },
    /// What a refresh token is worth.
    Refresh { refresh: RefreshNumber },
    /// The live sessions of a user, counted.
    Count { user: UserNumber },
    /// A batch of upkeep.
    Sweep,
    /// A batch of what time ends and somebody is told of.
    Expire,
    /// Another day of tries for the notices of an ending.
    Retry { ending: usize },
    /// No more tries for them.
    GiveUp { ending: usize },
}

/// Why nobody was signed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SignOnRefusal {
    /// Name and password do not fit, or count no more.
    Wrong,
    /// The user may not.
    Disabled,
    /// The quota is reached.
    Quota,
}

/// What a caller is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CallAnswer {
    /// A session, with a token.
    SignedOn { token: TokenNumber, session: SessionNumber },
    /// None, and why.
    NotSignedOn(SignOnRefusal),
    /// The session is live.
    Live,
    /// It is not.
    NotLive(NotLive),
    /// It is over: by this order, with the id of the ending if it has one, or it was before.
    Ended(Option<EndingId>),
    /// There is nothing that could be ended.
    NothingToEnd,
    /// It is changed; and what ended with it, if anything did.
    Changed { ended: bool, ending: Option<EndingId> },
    /// It is not changed.
    NotChanged,
    /// A code, and how its client knows the session.
    Code { code: CodeNumber, sid: Arc<str> },
    /// A refresh token.
    Refresh { refresh: RefreshNumber },
    /// The code or token is worth nothing.
    NoGrant,
    /// So many sessions are live, and are so for a while yet if nobody ends them.
    Counted(usize),
    /// It is done.
    Done,
    /// Nobody can tell what became of it, or it was not done.
    CannotTell,
}

/// What a receiver is told.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum NoticeSeen {
    /// By a logout token.
    Logout { sub: String, sid: Option<String> },
    /// By a web hook, of an ending.
    Hook { ending: String },
    /// To revoke what a user has.
    Revoke { subject: String },
}

/// What a receiver makes of what it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReceiverReply {
    /// It takes it.
    Takes,
    /// It refuses it for good.
    Refuses,
    /// It cannot now.
    Fails,
    /// It says nothing.
    Hangs,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Happening {
    /// Somebody gives an order to a node.
    Begun { op: OpNumber, node: NodeNumber, order: Order },
    /// The answer arrives.
    Answered { op: OpNumber, answer: CallAnswer },
    /// No answer will arrive: the node is gone.
    Lost { op: OpNumber },
    /// A node loses all that it has in memory.
    Crashed { node: NodeNumber },
    /// A node begins anew.
    Started { node: NodeNumber },
    /// All time that passes at once, in which nobody does anything.
    Jumped { ms: u64 },
    /// A notice reaches its receiver.
    Posted { try_no: TryNumber, receiver: ReceiverNumber, told: NoticeSeen },
    /// The receiver has made up its mind.
    Replied { try_no: TryNumber, reply: ReceiverReply },
    /// Whoever sent it has heard of that, or has waited for long enough.
    Heard { try_no: TryNumber },
}

/// Something that happened, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    /// Milliseconds since the run began, by a clock without error.
    pub(crate) at: i64,
    /// What.
    pub(crate) what: Happening,
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>10} ms  {:?}", self.at, self.what)
    }
}

/// All that happened, in its order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct History(pub(crate) Vec<Event>);

impl History {
    /// A number that is the same for the same history.
    pub(crate) fn hash(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        for event in &self.0 {
            event.to_string().hash(&mut hasher);
        }
        hasher.finish()
    }
}

impl History {
    /// How many orders were given.
    pub(crate) fn orders(&self) -> usize {
        self.0.iter().filter(|event| matches!(event.what, Happening::Begun { .. })).count()
    }
}
