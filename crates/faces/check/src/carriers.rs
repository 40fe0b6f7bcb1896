//! Where a request may carry a session: the headers that programs set, then the cookies of every dialect.
//!
//! Any carrier takes any of our credentials. What is no token of ours, an application's own bearer token for one, is
//! not looked at.

use adieu_authority::SessionToken;
use adieu_http_kit::auth;
use http::HeaderMap;

use crate::Settings;

/// The tokens that a request carries, in the order in which they are asked. The size of a request's head bounds them.
pub(crate) fn tokens(settings: &Settings, headers: &HeaderMap) -> Vec<SessionToken> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let named = settings.header_names.iter().filter_map(|name| header(name));
    let from_headers = header("x-session-token").into_iter().chain(auth::bearer(headers)).chain(named);
    let from_cookies = settings.cookie_names.iter().flat_map(|name| name.values(headers));
    from_headers.chain(from_cookies).filter_map(SessionToken::parse).collect()
}
