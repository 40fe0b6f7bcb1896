//! The addresses that every request of every application comes through, answered before the routes are asked.
//!
//! Finding a route costs about as much as the check that follows it.

use adieu_authority::RealmId;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::Method;

use crate::problem::Problem;
use crate::{Face, as_endpoints, signoff};

/// One of these addresses, in an environment.
pub(crate) struct Direct {
    env: RealmId,
    what: What,
}

enum What {
    Introspection,
    SignOff,
}

impl Direct {
    /// What a request asks for, if it is one of these.
    pub(crate) fn of(request: &Request) -> Option<Self> {
        let (env, rest) = request.uri().path().strip_prefix('/')?.split_once('/')?;
        let what = match rest {
            "as/introspect" => What::Introspection,
            "as/signoff" => What::SignOff,
            _ => return None,
        };
        Some(Self { env: env.parse().ok()?, what })
    }

    pub(crate) async fn answer(self, face: &Face, request: Request) -> Response {
        self.tried(face, request).await.into_response()
    }

    async fn tried(self, face: &Face, request: Request) -> Result<Response, Problem> {
        let allow = match (&self.what, request.method()) {
            (What::Introspection, &Method::POST) | (What::SignOff, &Method::GET | &Method::POST) => None,
            (What::Introspection, _) => Some("POST"),
            (What::SignOff, _) => Some("GET, POST"),
        };
        if let Some(allow) = allow {
            return Err(Problem::Method { allow });
        }
        let realm = face.authority().realm(self.env).await?.ok_or(Problem::NotFound)?;
        match self.what {
            What::Introspection => as_endpoints::introspect(face, &realm, request).await,
            What::SignOff => signoff::sign_off(face, &realm, request).await,
        }
    }
}
