//! The addresses that every request of every application comes through, answered before the routes are asked.
//!
//! Finding a route costs about as much as the check that follows it.

use adieu_authority::RealmId;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};

use crate::face::Face;
use crate::problem::Problem;
use crate::{as_endpoints, signoff};

/// One of these addresses, in an environment.
pub(crate) struct Direct {
    env: RealmId,
    what: What,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Introspection,
    SignOff,
}

impl What {
    const ALL: [Self; 2] = [Self::Introspection, Self::SignOff];

    /// Below the environment.
    const fn path(self) -> &'static str {
        match self {
            Self::Introspection => "as/introspect",
            Self::SignOff => "as/signoff",
        }
    }

    const fn allow(self) -> &'static str {
        match self {
            Self::Introspection => "POST",
            Self::SignOff => "GET, POST",
        }
    }
}

impl Direct {
    /// What a request asks for, if it is one of these.
    pub(crate) fn of(request: &Request) -> Option<Self> {
        let (env, rest) = request.uri().path().strip_prefix('/')?.split_once('/')?;
        let what = What::ALL.into_iter().find(|what| what.path() == rest)?;
        Some(Self { env: env.parse().ok()?, what })
    }

    /// These addresses below an environment, with their methods.
    pub(crate) fn paths() -> impl Iterator<Item = (&'static str, &'static str)> {
        What::ALL.into_iter().map(|what| (what.path(), what.allow()))
    }

    pub(crate) async fn answer(self, face: &Face, request: Request) -> Response {
        self.tried(face, request).await.into_response()
    }

    async fn tried(self, face: &Face, request: Request) -> Result<Response, Problem> {
        let allow = self.what.allow();
        if !allow.split(", ").any(|method| method == request.method().as_str()) {
            return Err(Problem::Method { allow });
        }
        let realm = face.authority().realm(self.env).await?.ok_or(Problem::NotFound)?;
        match self.what {
            What::Introspection => as_endpoints::introspect(face, &realm, request).await,
            What::SignOff => signoff::sign_off(face, &realm, request).await,
        }
    }
}
