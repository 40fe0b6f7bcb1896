//! `session_state`: what an answer to an authorize request says of the browser's session, for the client's page to ask about later.
//!
//! It is a digest with a salt of its own, so that two answers cannot be told to be of one browser. OpenID Connect Session
//! Management 1.0 sections 2 and 3.2.

use adieu_authority::web_origin;
use adieu_core::TokenHash;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::{AuthorizeReply, Provider};

impl Provider<'_> {
    /// The value for an answer to this client where the browser's state is `browser`; none where the answer goes to no page that could
    /// ask. S-SES-2, S-SES-3
    pub fn session_state(&self, client: &str, reply: &AuthorizeReply, browser: &str) -> Option<String> {
        let origin = reply.redirect_uri.as_deref().and_then(web_origin)?;
        let salt = URL_SAFE_NO_PAD.encode(self.authority.draw::<12>()); // S-SES-7: a fresh one each time.
        Some(format!("{}.{salt}", digest(client, &origin, browser, &salt)))
    }
}

/// What the script of the frame computes as well: `check_session.js` in `adieu-pages-kit`.
fn digest(client: &str, origin: &str, browser: &str, salt: &str) -> String {
    let digest = TokenHash::of(format!("{client} {origin} {browser} {salt}").as_bytes());
    URL_SAFE_NO_PAD.encode(digest.to_bytes())
}
