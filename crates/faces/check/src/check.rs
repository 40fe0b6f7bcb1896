//! "May this request pass?": three answers, kept apart (NO-FALSE-NO).
//!
//! The first live session of the realm speaks for the request, and counts as activity of its user. A credential that
//! nobody can judge right now stops the search: another one must not speak in its place.

use adieu_authority::{Authority, Check, LineTaken, LiveSession, Outage, RealmId};
use axum::response::Response;
use http::request::Parts;

use crate::answer::CheckAnswer;
use crate::{Mount, Settings, carriers, mounted, original};

/// What speaks for a request.
enum Found {
    /// A live session.
    Enough(LiveSession),
    /// A session whose user is half signed on.
    OneFactor,
    Nothing,
}

/// The face.
pub(crate) struct Face {
    authority: Authority,
    settings: Settings,
}

impl Face {
    pub(crate) fn new(authority: Authority, settings: Settings) -> Self {
        Self { authority, settings }
    }

    pub(crate) async fn answer(&self, parts: &Parts) -> Response {
        let Some((mount, below)) = mounted(parts.uri.path()) else { return CheckAnswer::Nowhere.into() };
        if self.settings.preflights_pass && original::is_preflight(parts, self.settings.method_forwarded) {
            return CheckAnswer::PassesAsQuestion.into();
        }
        // The sign-on page knows what is missing.
        let address = || original::sign_on_address(&self.settings.sign_on_url, parts, below);
        let sign_on = || original::is_a_page(parts).then(address);
        let answer = match (self.passes(parts).await, mount) {
            (Ok(Found::Enough(live)), _) => CheckAnswer::Passes { live, realm: &self.settings.realm },
            (Ok(Found::OneFactor), Mount::Check) => CheckAnswer::NotEnough(sign_on()),
            (Ok(Found::Nothing), Mount::Check) => CheckAnswer::NotLive(sign_on()),
            (Ok(Found::OneFactor), Mount::OrSignOn) => {
                sign_on().map_or(CheckAnswer::NotEnough(None), CheckAnswer::SignOn)
            }
            (Ok(Found::Nothing), Mount::OrSignOn) => {
                sign_on().map_or(CheckAnswer::NotLive(None), CheckAnswer::SignOn)
            }
            (Err(outage), _) => {
                if let Some(LineTaken { left_out }) = self.authority.take_line("check", "outage") {
                    tracing::error!(error = %outage, left_out, "a proxy's check can't be answered");
                }
                CheckAnswer::CannotTell
            }
        };
        answer.into()
    }

    /// The session that lets a request through, if one does.
    async fn passes(&self, parts: &Parts) -> Result<Found, Outage> {
        let tokens = carriers::tokens(&self.settings, &parts.headers);
        let mut found = Found::Nothing;
        if tokens.is_empty() {
            return Ok(found);
        }
        let realm = self.realm().await?;
        for token in &tokens {
            match self.authority.check(token, true).get().await? {
                Check::Live(live) if live.session.realm == realm => return Ok(Found::Enough(live)),
                Check::Half(half) if half.session.realm == realm => found = Found::OneFactor,
                Check::Live(_) | Check::Half(_) | Check::Not(_) => {}
            }
        }
        Ok(found)
    }

    /// Missing is a fault of the installation, not of the caller.
    async fn realm(&self) -> Result<RealmId, Outage> {
        let path = &self.settings.realm;
        if let Some(id) = self.authority.realm_id_seen(path) {
            return Ok(id);
        }
        let realm = self.authority.realm_at(path).await?;
        realm
            .map(|realm| realm.id)
            .ok_or_else(|| Outage::new("the realm of the proxies' check does not exist"))
    }
}
