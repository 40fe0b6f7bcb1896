//! What a page was asked with: realm, goal, whether a live session does and how old its proof may be, and form.
//!
//! Reads only; what follows from it is the page's affair.

use std::sync::Arc;

use adieu_authority::{ROOT, Realm, Session, Timestamp};
use adieu_http_kit::form::{Params, append_query};
use adieu_http_kit::media;
use axum::body::Body;

use crate::address;
use crate::call::{self, Call};
use crate::error::AmError;
use crate::face::Face;

/// What a page was asked with: realm and goal, from the query or from a form that carried them along.
#[derive(Clone)]
pub(super) struct Asked {
    pub(super) realm: Arc<Realm>,
    /// Whether it was named; else it is the root realm.
    pub(super) is_named: bool,
    /// Where to afterwards, if that is allowed.
    pub(super) goto: Option<String>,
    /// Whether somebody is to sign on, signed on or not.
    pub(super) is_forced: bool,
    /// How many seconds old the proof of whoever goes on may be, where that matters; here and at another provider.
    pub(super) proof_age_max_s: Option<i64>,
}

/// The parameters of both.
pub(super) const FORCE_AUTH: &str = "ForceAuth";
pub(super) const MAX_AGE: &str = "max_age";
/// What says the first.
const FORCED: &str = "true";

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
        let is_forced = params.first(FORCE_AUTH) == Some(FORCED);
        Ok(Self { realm, is_named, goto, is_forced, proof_age_max_s })
    }

    /// The address of the sign-on page that was asked for like this.
    pub(super) fn address(&self, face: &Face) -> String {
        let page =
            append_query(&format!("{}/UI/Login", face.settings.context_path), "realm", &self.realm.path);
        let page = if self.is_forced { append_query(&page, FORCE_AUTH, FORCED) } else { page };
        let page = match self.proof_age_max_s {
            Some(age_s) => append_query(&page, MAX_AGE, &age_s.to_string()),
            None => page,
        };
        match &self.goto {
            Some(goto) => append_query(&page, "goto", goto),
            None => page,
        }
    }

    /// Whether it is forced, for a form, which has an empty field for what was not asked for.
    pub(super) const fn forced(&self) -> &'static str {
        if self.is_forced { FORCED } else { "" }
    }

    /// Whether a live session goes on from the page at once. OpenID Connect Core §3.1.2.1: `max_age=0` asks for a new proof.
    pub(super) fn is_met_by(&self, session: &Session, now: Timestamp) -> bool {
        let age_s = now.since(session.authenticated_at).s();
        !self.is_forced && self.proof_age_max_s.is_none_or(|max_s| max_s > 0 && age_s <= max_s)
    }
}

/// The fields of a form.
pub(super) async fn form(call: &Call, body: Body) -> Result<Params, AmError> {
    if !media::is(call.headers(), "application/x-www-form-urlencoded") {
        return Err(AmError::NotJsonType);
    }
    Ok(Params::body(&call::whole(body).await?))
}
