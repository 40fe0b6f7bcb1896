//! What an installation may say about this face.
//!
//! Nothing is read from the environment, and no address is taken from a request.

use adieu_http_kit::companion::Companions;
use adieu_http_kit::cookies::SessionCookieName;
use adieu_http_kit::self_service::SelfService;

/// The settings of the native issuers.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The address at which browsers and clients reach this installation, without a slash at the end.
    pub public_url: String,
    /// Names of the cookies of other dialects that carry a session, in the order in which they are asked.
    pub cookie_names: Vec<SessionCookieName>,
    /// Whether cookies are `Secure`.
    pub cookies_secure: bool,
    /// Cookies of other dialects, set and cleared together with the session cookie.
    pub companions: Companions,
    /// Whether clients may register themselves, with a token for that.
    pub registration: bool,
    /// The origins at which this installation itself is reached, where no client that registers itself sends a browser.
    pub own_origins: Vec<String>,
    /// Whether requests count only that their clients have pushed.
    pub requires_pushed: bool,
    /// The page where people sign on to a realm, whose path its parameter `realm` says, and go on to what `goto` says.
    pub sign_on_page: String,
    /// Where people find the installation's front page, if it has one.
    pub front_page: Option<String>,
    /// Where people look after their own account, if those are pages of this installation from which a session counts here.
    pub self_service: Option<SelfService>,
}
