//! What a page was asked with: realm, goal, age of a proof, and form.
//!
//! Reads only; what follows from it is the page's affair.

use std::sync::Arc;

use adieu_authority::{ROOT, Realm};
use adieu_http_kit::form::Params;
use adieu_http_kit::media;
use axum::body::Body;

use crate::address;
use crate::call::{self, Call};
use crate::error::AmError;
use crate::face::Face;

/// What a page was asked with: realm and goal, from the query or from a form that carried them along.
pub(super) struct Asked {
    pub(super) realm: Arc<Realm>,
    /// Whether it was named; else it is the root realm.
    pub(super) is_named: bool,
    /// Where to afterwards, if that is allowed.
    pub(super) goto: Option<String>,
    /// How many seconds old the proof may be that another provider has of the user, where that matters.
    pub(super) proof_age_max_s: Option<i64>,
}

/// The parameter of that.
pub(super) const MAX_AGE: &str = "max_age";

impl Asked {
    pub(super) async fn of(face: &Face, params: &Params) -> Result<Self, AmError> {
        let name = params.only("realm").map_err(|_| AmError::Repeated("realm"))?;
        let named = address::named(&face.authority, name).await?;
        let is_named = named.is_some();
        let realm = match named {
            Some(realm) => Some(realm),
            None => face.authority.root_realm().await?,
        };
        let realm = realm.ok_or_else(|| AmError::UnknownRealm(ROOT.into()))?;
        let goto = params
            .only("goto")
            .map_err(|_| AmError::Repeated("goto"))?
            .and_then(|goto| face.goto.check(goto));
        let age = params.only(MAX_AGE).map_err(|_| AmError::Repeated(MAX_AGE))?;
        let proof_age_max_s = age.and_then(|age| age.parse().ok()).filter(|age| *age >= 0);
        Ok(Self { realm, is_named, goto, proof_age_max_s })
    }
}

/// The fields of a form.
pub(super) async fn form(call: &Call, body: Body) -> Result<Params, AmError> {
    if !media::is(call.headers(), "application/x-www-form-urlencoded") {
        return Err(AmError::NotJsonType);
    }
    Ok(Params::body(&call::whole(body).await?))
}
