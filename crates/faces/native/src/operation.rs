//! What an operation of the API is: which problems it may answer follows from its shape, and only the odd ones are named.
//!
//! The table of all of them is `operations`.

use http::Method;

use crate::answer::Success;
use crate::page::{AFTER, LIMIT};
use crate::problem::ProblemKind;

/// What carries an operation out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    Document,
    Realms,
    MakeRealm,
    Realm,
    Populations,
    Keys,
    RotateKey,
    Users,
    MakeUser,
    User,
    ChangeUser,
    RemoveUser,
    SetPassword,
    UnlockUser,
    DropCodes,
    Consents,
    WithdrawConsent,
    Clients,
    MakeClient,
    Client,
    ChangeClient,
    RotateSecret,
    RemoveClient,
    Subscribers,
    MakeSubscriber,
    Subscriber,
    ChangeSubscriber,
    RotateSubscriberSecret,
    RemoveSubscriber,
    Upstreams,
    MakeUpstream,
    Upstream,
    ChangeUpstream,
    RemoveUpstream,
    LinkUpstream,
    UpstreamLinks,
    UnlinkUpstream,
    RegistrationTokens,
    MakeRegistrationToken,
    RemoveRegistrationToken,
    SessionsOfRealm,
    SessionsOfUser,
    Session,
    End,
    Endings,
    Ending,
    EndingEvents,
    RetryNotices,
    GiveUpNotices,
    Receivers,
    Declaration,
    Declare,
    CarryOut,
}

/// The methods that the API uses; [`Method`] itself can't be copied in a constant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

/// One operation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Operation {
    pub(crate) verb: Verb,
    /// With at most two parameters, in braces.
    pub(crate) path: &'static str,
    pub(crate) endpoint: Endpoint,
    /// Its name in the document.
    pub(crate) id: &'static str,
    pub(crate) about: &'static str,
    pub(crate) query: &'static [&'static str],
    /// The schema of the body that it reads.
    pub(crate) body: Option<&'static str>,
    pub(crate) done: Success,
    /// Problems that its shape does not tell.
    pub(crate) also: &'static [ProblemKind],
}

pub(crate) const PAGED: &[&str] = &[LIMIT, AFTER];

/// An operation that reads.
pub(crate) const fn reads(
    endpoint: Endpoint,
    path: &'static str,
    id: &'static str,
    shows: &'static str,
    about: &'static str,
) -> Operation {
    let (query, done) = (&[], Success::Shows(shows));
    Operation { verb: Verb::Get, path, endpoint, id, about, query, body: None, done, also: &[] }
}

/// The same, with parameters in the query.
pub(crate) const fn asking(query: &'static [&'static str], operation: Operation) -> Operation {
    Operation { query, ..operation }
}

/// An operation that writes.
pub(crate) const fn writes(
    verb: Verb,
    endpoint: Endpoint,
    (path, id): (&'static str, &'static str),
    (body, done): (Option<&'static str>, Success),
    about: &'static str,
) -> Operation {
    Operation { verb, path, endpoint, id, about, query: &[], body, done, also: &[] }
}

pub(crate) const fn also(also: &'static [ProblemKind], operation: Operation) -> Operation {
    Operation { also, ..operation }
}

impl Operation {
    pub(crate) const fn method(&self) -> Method {
        match self.verb {
            Verb::Get => Method::GET,
            Verb::Post => Method::POST,
            Verb::Put => Method::PUT,
            Verb::Patch => Method::PATCH,
            Verb::Delete => Method::DELETE,
        }
    }

    /// Its methods as a table of routes has them. `HEAD` goes where `GET` goes.
    pub(crate) const fn methods(&self) -> &'static str {
        match self.verb {
            Verb::Get => "GET HEAD",
            Verb::Post => "POST",
            Verb::Put => "PUT",
            Verb::Patch => "PATCH",
            Verb::Delete => "DELETE",
        }
    }

    /// The names in the braces of its path.
    pub(crate) fn parameters(&self) -> impl Iterator<Item = &'static str> {
        self.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
    }

    /// Whether it reads `Idempotency-Key`.
    pub(crate) fn has_key(&self) -> bool {
        matches!(self.endpoint, Endpoint::End | Endpoint::RotateSecret)
    }

    /// Every problem that it may answer.
    pub(crate) fn problems(&self) -> Vec<ProblemKind> {
        let mut kinds = vec![ProblemKind::Malformed, ProblemKind::Unauthorized];
        if self.parameters().next().is_some() {
            kinds.push(ProblemKind::NotFound);
        }
        if self.body.is_some() {
            kinds.extend([
                ProblemKind::TooSlow,
                ProblemKind::TooLarge,
                ProblemKind::MediaType,
                ProblemKind::Invalid,
            ]);
        }
        if self.endpoint != Endpoint::Document {
            kinds.push(ProblemKind::CannotTell);
        }
        if self.verb != Verb::Get {
            kinds.extend([ProblemKind::NotTaken, ProblemKind::InDoubt]);
        }
        kinds.extend(self.also);
        kinds
    }
}
