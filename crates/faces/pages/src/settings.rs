//! What these pages are told by whoever wires the faces: addresses, cookies, and a function that asks the dialects.
//!
//! Nothing is read from the environment, and no address is taken from a request.

use std::pin::Pin;
use std::sync::Arc;

use adieu_authority::{RealmId, SessionToken};
use adieu_http_kit::companion::Companions;
use adieu_http_kit::cookies::SessionCookieName;

/// The front page.
pub const FRONT: &str = "/";
/// Where its sign-off goes.
pub const SIGN_OFF: &str = "/ui/sign-off";

/// How these pages are set up.
#[derive(Clone)]
pub struct Settings {
    /// The address at which browsers reach this installation, without a slash at the end.
    pub public_url: String,
    /// Path of the realm that people sign on to here.
    pub realm: String,
    /// Names of cookies that carry a session, in the order in which they are asked, each read as its dialect reads it.
    pub cookie_names: Vec<SessionCookieName>,
    /// Those cookies as a browser is made to forget them.
    pub cookies: Companions,
    /// Where people sign on. The first is the one to take.
    pub sign_on: Vec<NamedAddress>,
    /// Where a user of the realm gives a second factor after the first.
    pub second_step: String,
    /// Where a user of the realm changes credentials.
    pub settings: String,
    /// Where a user of the realm at a path sees what applications may have.
    pub applications: AddressOfRealm,
    /// What this server says of itself to whoever builds applications.
    pub documents: Vec<NamedAddress>,
    /// Asks the dialects.
    pub dialects: AskDialects,
}

/// An address of the realm at a path.
pub type AddressOfRealm = Arc<dyn Fn(&str) -> String + Send + Sync>;

/// An address and what it is called.
#[derive(Clone, Debug)]
pub struct NamedAddress {
    /// The words of its link.
    pub name: String,
    /// The address.
    pub address: String,
}

/// What a dialect said of a session.
#[derive(Clone, Debug)]
pub struct DialectAnswer {
    /// The dialect.
    pub dialect: &'static str,
    /// What it was asked, for people to read.
    pub request: String,
    /// Whether it calls the session live; none if it cannot tell (NO-FALSE-NO).
    pub live: Option<bool>,
    /// What it answered, as text.
    pub said: String,
}

/// Answers of all dialects in the making.
pub type DialectAnswers = Pin<Box<dyn Future<Output = Vec<DialectAnswer>> + Send>>;

/// Asks every dialect of the realm what it says of the session that a token opens, or opened. Whoever wires the faces together
/// gives it, because no face knows another.
pub type AskDialects = Arc<dyn Fn(RealmId, String, SessionToken) -> DialectAnswers + Send + Sync>;
