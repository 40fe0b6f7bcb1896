//! One browser in all dialects: what a sign-on and a sign-off here do to what the cookies of other dialects carry.
//!
//! Says which of these cookies carry a session of another realm: they are left alone. Nothing is done where a sign-on stays with
//! this dialect (`kratos.set_all_cookies`). Decision 0020.

use adieu_authority::{Origin, SessionId, SessionToken, SignedIn};
use adieu_http_kit::cookies;

use crate::call::Call;
use crate::credentials::CarriedTokens;
use crate::error::KratosError;
use crate::face::{CHANNEL, Face};

impl Face {
    /// Ends the sessions whose cookies a sign-on overwrites, also other users': they could not be used any more.
    pub(crate) async fn leave_to(
        &self,
        call: &Call,
        signed_in: &SignedIn,
    ) -> Result<Vec<String>, KratosError> {
        if self.settings.companions.is_empty() {
            return Ok(Vec::new());
        }
        let realm = self.realm_id().await?;
        let beside = self.authority.sessions_beside(&carried(self, call), realm).await?;
        let overwritten = beside.others_than(signed_in.session.id);
        self.authority.end_beside(realm, overwritten, &origin(call)).await?;
        Ok(beside.elsewhere)
    }

    /// Ends what the cookies carry that are taken away with this session; it itself is ended by whoever calls this.
    pub(crate) async fn end_carried(&self, call: &Call, own: SessionId) -> Result<Vec<String>, KratosError> {
        if self.settings.companions.is_empty() {
            return Ok(Vec::new());
        }
        let realm = self.realm_id().await?;
        let beside = self.authority.sessions_beside(&carried(self, call), realm).await?;
        let besides = beside.others_than(own);
        self.authority.end_beside(realm, besides, &origin(call)).await?;
        Ok(beside.elsewhere)
    }

    /// The sessions of this realm that cookies of other dialects carry in a browser, for whose sign-off they count where its own cookie opens
    /// none: it is signed off of the realm, not of one dialect. Ends nothing.
    pub(crate) async fn signed_on_beside(
        &self,
        call: &Call,
        credentials: &CarriedTokens,
    ) -> Result<Vec<SessionToken>, KratosError> {
        if self.settings.companions.is_empty() || !credentials.may_be_a_browsers() {
            return Ok(Vec::new());
        }
        let realm = self.realm_id().await?;
        Ok(self.authority.sessions_beside(&carried(self, call), realm).await?.here)
    }
}

fn origin(call: &Call) -> Origin {
    Origin::of_holder(CHANNEL, call.address())
}

/// The tokens in the cookies that are taken over or away.
fn carried(face: &Face, call: &Call) -> Vec<(String, SessionToken)> {
    let settings = &face.settings;
    let taken = |name: &str| name == settings.cookie.name || settings.companions.has(name, &settings.realm);
    let pairs = cookies::pairs(call.headers()).filter(|(name, _)| taken(name));
    pairs.filter_map(|(name, value)| Some((name.to_owned(), SessionToken::parse(value)?))).collect()
}
