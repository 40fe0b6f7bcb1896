//! What every request of this face needs, made once: the authority, the settings and what follows from them.
//!
//! Holds no state of its own: sessions and attempts lie in the store.

use adieu_authority::{Authority, LineTaken, Purpose};
use axum::response::Response;
use http::HeaderName;

use crate::answer::{Extras, HeaderSet, HeaderSets};
use crate::cookies::CookieLines;
use crate::cors::Cors;
use crate::error::AmError;
use crate::goto::Goto;
use crate::settings::Settings;

/// The face.
pub(crate) struct Face {
    pub(crate) authority: Authority,
    pub(crate) settings: Settings,
    /// The header that carries a token. A cookie name that is no header name has none.
    pub(crate) carrier: Option<HeaderName>,
    pub(crate) cookies: CookieLines,
    pub(crate) cors: Cors,
    pub(crate) goto: Goto,
    /// Seals the `authId` of an attempt.
    pub(crate) attempt_key: [u8; 32],
    header_sets: HeaderSets,
}

impl Face {
    pub(crate) fn new(authority: Authority, settings: Settings) -> Self {
        Self {
            carrier: HeaderName::from_bytes(settings.cookie_name.as_bytes()).ok(),
            cookies: CookieLines::new(&settings),
            cors: Cors::new(&settings),
            goto: Goto::new(&settings.public_url, &settings.goto_allowed),
            attempt_key: authority.key().derive(Purpose::Attempt),
            header_sets: HeaderSets::new(settings.version_warning, settings.escapes_messages),
            authority,
            settings,
        }
    }

    /// The path without the context path, if it begins with that.
    pub(crate) fn below_context<'p>(&self, path: &'p str) -> &'p str {
        match path.strip_prefix(self.settings.context_path.as_str()) {
            Some(rest) if rest.is_empty() || rest.starts_with('/') => rest,
            Some(_) | None => path,
        }
    }

    /// Writes down what went wrong below, as long as there was not too much of it in this second.
    pub(crate) fn log(&self, error: &AmError) {
        if let AmError::CannotTell(outage) = error
            && let Some(LineTaken { left_out }) = self.authority.take_line("am", "outage")
        {
            tracing::error!(error = %outage, left_out, "the store cannot tell");
        }
    }

    /// The whole answer.
    pub(crate) fn answer(
        &self,
        header_set: HeaderSet,
        extras: Extras,
        result: Result<Vec<u8>, AmError>,
    ) -> Response {
        if let Err(error) = &result {
            self.log(error);
        }
        self.header_sets.answer(header_set, extras, &self.cookies, result)
    }
}
