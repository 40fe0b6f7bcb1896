//! Routes: a path, exactly the methods that it has, and what refuses the others.
//!
//! Nothing here knows a path.

use axum::routing::MethodRouter;

use crate::face::Face;
use crate::problem::Problem;

/// A path, its methods, and what they lead to.
pub(crate) struct Route {
    pub(crate) path: String,
    pub(crate) allow: &'static str,
    pub(crate) to: MethodRouter<Face>,
}

/// Exactly these methods. `HEAD` is none of them: a `get` route would serve it, and a look must not sign anybody off.
pub(crate) fn only(path: impl Into<String>, allow: &'static str, routes: MethodRouter<Face>) -> Route {
    let refuse = move || async move { Problem::Method { allow } };
    Route { path: path.into(), allow, to: routes.head(refuse).fallback(refuse) }
}

/// A document that may also be asked for by `HEAD`.
pub(crate) fn readable(path: impl Into<String>, routes: MethodRouter<Face>) -> Route {
    let allow = "GET, HEAD";
    Route { path: path.into(), allow, to: routes.fallback(move || async move { Problem::Method { allow } }) }
}
