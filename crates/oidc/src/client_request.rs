//! What a client asks for itself: its headers, its form, and where both come from.
//!
//! Whether it is who it says is judged in `client_auth`.

use adieu_http_kit::client::Peer;
use adieu_http_kit::form::Params;
use http::HeaderMap;

/// A request that a client makes itself, without a browser.
#[derive(Clone, Copy)]
pub struct ClientRequest<'a> {
    /// Its headers.
    pub headers: &'a HeaderMap,
    /// Its form.
    pub form: &'a Params,
    /// Where it comes from.
    pub peer: Option<&'a Peer>,
}
