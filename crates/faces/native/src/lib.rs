//! faces/native: our own API for administrators: everything under `/v1` of the admin listener.
//!
//! JSON in, JSON out, problems as RFC 9457 says. The table in `operations` is the router, the list of what is checked
//! before a handler runs, and the OpenAPI document; so none of them can say something else. Who may reach the listener
//! is not decided here. `docs/native-api.md` shows it to people.

#![warn(clippy::wildcard_enum_match_arm)]

mod answer;
mod client_signing;
mod clients;
mod consents;
mod declarations;
mod document;
mod endings;
mod face;
mod followers;
mod input;
mod keys;
mod notices;
mod operation;
mod operations;
mod page;
mod plans;
mod problem;
mod realms;
mod registration_tokens;
mod repeats;
mod roles;
mod routes;
mod sessions;
mod subscribers;
mod upstreams;
mod users;
mod wire;

use adieu_authority::Authority;
use adieu_http_kit::service::{Answers, FaceService};
use axum::body::Body;
use axum::response::Response;
use http::request::Parts;
use http::{Method, Request};

use crate::answer::Done;
pub use crate::face::COMMAND_AGENT;
use crate::face::{Call, Face};
use crate::followers::Followers;
use crate::input::Query;
use crate::operation::{Endpoint, Operation};
use crate::plans::Plans;
use crate::problem::{Problem, ProblemKind};
use crate::repeats::Repeats;
use crate::routes::{Route, find};

pub use crate::document::document;

impl Face {
    async fn answer(&self, request: Request<Body>) -> Response {
        let (parts, body) = request.into_parts();
        let head = parts.method == Method::HEAD;
        let mut answer: Response = match find(parts.uri.path(), &parts.method) {
            Route::To(operation, ids) => self.carried_out(operation, ids, parts, body).await.into(),
            Route::OtherMethods(allow) => Answered::Refused(Problem::method(allow)).into(),
            Route::Nowhere => {
                Answered::Refused(Problem::new(ProblemKind::NoSuchPath, "Nothing is here.")).into()
            }
        };
        if head {
            *answer.body_mut() = Body::empty();
        }
        answer
    }

    async fn carried_out(
        &self,
        operation: &Operation,
        [id, second]: [String; 2],
        parts: Parts,
        body: Body,
    ) -> Answered {
        let outcome = match Query::of(&parts, operation.query) {
            Ok(query) => self.handled(operation.endpoint, Call { parts, id, second, query }, body).await,
            Err(problem) => Err(problem),
        };
        match outcome {
            Ok(done) => {
                debug_assert_eq!(done.status(), operation.done.status(), "{}: as documented", operation.id);
                Answered::Done(done)
            }
            Err(problem) => {
                let kind = problem.kind;
                debug_assert!(operation.problems().contains(&kind), "{}: {kind:?}", operation.id);
                Answered::Refused(problem)
            }
        }
    }

    async fn handled(&self, endpoint: Endpoint, call: Call, body: Body) -> Result<Done, Problem> {
        match endpoint {
            Endpoint::Document => Ok(Done::Shown(document())),
            Endpoint::Realms => realms::list(self, &call).await,
            Endpoint::MakeRealm => realms::make(self, &call, body).await,
            Endpoint::Realm => realms::read(self, &call).await,
            Endpoint::Populations => realms::populations(self, &call).await,
            Endpoint::RegistrationTokens => registration_tokens::list(self, &call).await,
            Endpoint::MakeRegistrationToken => registration_tokens::make(self, &call, body).await,
            Endpoint::RemoveRegistrationToken => registration_tokens::remove(self, &call).await,
            Endpoint::Keys => keys::list(self, &call).await,
            Endpoint::RotateKey => keys::rotate(self, &call, body).await,
            Endpoint::Users => users::list(self, &call).await,
            Endpoint::MakeUser => users::make(self, &call, body).await,
            Endpoint::User => users::read(self, &call).await,
            Endpoint::ChangeUser => users::change(self, &call, body).await,
            Endpoint::RemoveUser => users::remove(self, &call).await,
            Endpoint::SetPassword => users::set_password(self, &call, body).await,
            Endpoint::UnlockUser => users::unlock(self, &call).await,
            Endpoint::DropCodes => users::drop_codes(self, &call).await,
            Endpoint::Consents => consents::list(self, &call).await,
            Endpoint::WithdrawConsent => consents::withdraw(self, &call).await,
            Endpoint::Clients => clients::list(self, &call).await,
            Endpoint::MakeClient => clients::make(self, &call, body).await,
            Endpoint::Client => clients::read(self, &call).await,
            Endpoint::ChangeClient => clients::change(self, &call, body).await,
            Endpoint::RotateSecret => clients::rotate(self, &call, body).await,
            Endpoint::RemoveClient => clients::remove(self, &call).await,
            Endpoint::Subscribers => subscribers::list(self, &call).await,
            Endpoint::MakeSubscriber => subscribers::make(self, &call, body).await,
            Endpoint::Subscriber => subscribers::read(self, &call).await,
            Endpoint::ChangeSubscriber => subscribers::change(self, &call, body).await,
            Endpoint::RotateSubscriberSecret => subscribers::rotate(self, &call, body).await,
            Endpoint::RemoveSubscriber => subscribers::remove(self, &call).await,
            Endpoint::Upstreams => upstreams::list(self, &call).await,
            Endpoint::MakeUpstream => upstreams::make(self, &call, body).await,
            Endpoint::Upstream => upstreams::read(self, &call).await,
            Endpoint::ChangeUpstream => upstreams::change(self, &call, body).await,
            Endpoint::RemoveUpstream => upstreams::remove(self, &call).await,
            Endpoint::LinkUpstream => upstreams::link(self, &call, body).await,
            Endpoint::UpstreamLinks => upstreams::links(self, &call).await,
            Endpoint::UnlinkUpstream => upstreams::unlink(self, &call).await,
            Endpoint::SessionsOfRealm => sessions::of_realm(self, &call).await,
            Endpoint::SessionsOfUser => sessions::of_user(self, &call).await,
            Endpoint::Session => sessions::read(self, &call).await,
            Endpoint::End => endings::end(self, &call, body).await,
            Endpoint::Endings => endings::found::list(self, &call).await,
            Endpoint::Ending => endings::found::read(self, &call).await,
            Endpoint::EndingEvents => notices::follow(self, &call).await,
            Endpoint::RetryNotices => notices::retry(self, &call).await,
            Endpoint::GiveUpNotices => notices::give_up(self, &call).await,
            Endpoint::Receivers => notices::receivers(self, &call).await,
            Endpoint::Declaration => declarations::read(self, &call).await,
            Endpoint::Declare => declarations::declare(self, &call, body).await,
            Endpoint::CarryOut => declarations::carry_out(self, &call, body).await,
        }
    }
}

/// What a request comes to.
enum Answered {
    Done(Done),
    Refused(Problem),
}

impl From<Answered> for Response {
    fn from(answered: Answered) -> Self {
        match answered {
            Answered::Done(done) => done.into(),
            Answered::Refused(problem) => problem.into(),
        }
    }
}

/// The answer to whoever brings no credential, or a wrong one, where the listener asks for one.
pub fn unauthorized() -> Response {
    Problem::new(ProblemKind::Unauthorized, "This listener asks for its token: Authorization: Bearer …")
        .into()
}

/// Every route, as method and path with its parameters in braces. `HEAD` goes where `GET` goes.
pub fn routes() -> impl Iterator<Item = (Method, &'static str)> {
    operations::ALL.iter().map(|operation| (operation.method(), operation.path))
}

/// The API as a service. `document_kinds` are the kinds of documents that dialects keep: exports have them, and documents may
/// speak of them.
pub fn service(authority: Authority, document_kinds: &'static [&'static str]) -> FaceService<Native> {
    let (repeats, plans, followers) = (Repeats::default(), Plans::default(), Followers::default());
    FaceService::new(Native(Face { authority, document_kinds, repeats, plans, followers }))
}

/// The API. Who may reach it is not decided here.
pub struct Native(Face);

impl Answers<Body> for Native {
    type Body = Body;

    async fn answer(&self, request: Request<Body>) -> Response {
        self.0.answer(request).await
    }
}
