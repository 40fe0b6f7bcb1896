//! Pages that a person sees: templates and the one stylesheet.
//!
//! No routes, no authority, and nothing that a browser would have to fetch: the stylesheet stands in the page, and the policy
//! names its hash. Four pages run a script: one posts its form, one copies and prints its codes, one goes on when its frames are
//! there, and one, which nobody sees, answers the page around it. Every value is escaped by the templates. What a page says is its caller's business.

mod account_ways;
mod check_session;
mod consent;
mod form_post;
mod forms;
mod headers;
mod pages;
mod session_pages;
mod sign_off_question;
mod signed_off;
mod words;

pub use account_ways::{AccountWays, AlreadyHere};
pub use check_session::CheckSessionFrame;
pub use consent::{AllowedApplication, ApplicationsPage, ConsentPage};
pub use form_post::FormPostPage;
pub use forms::{FormButton, FormField, FormPage, SettingsPage, SettingsPart};
pub use headers::{PageHeaders, csp, form_action_of};
pub use pages::{CodeEntry, ErrorPage, Link, SignOffPage, SignOnPage, StatusPage};
pub use session_pages::{SeenByDialect, SignedOnPage, SignedOnRealm, SignedOnRealmsPage, WelcomePage};
pub use sign_off_question::SignOffQuestion;
pub use signed_off::{Onward, SignedOffPage};
pub use words::{BUSY, FORM_TOO_OLD, FORM_TOO_OLD_WHY, OTHER_ACCOUNT, gets_in_words, too_often};

/// The one stylesheet, as it stands in every page.
pub(crate) const STYLE: &str = include_str!("../templates/style.css");

/// The script of the page with codes: its buttons appear where there is something that they can do.
pub(crate) const KEEPS_CODES: &str = include_str!("../templates/codes.js");

/// The script of the page after a sign-off that leads to an application: it goes there when all frames are loaded, or after three
/// seconds.
pub(crate) const GOES_ON: &str = include_str!("../templates/goes_on.js");

/// The script of the page that is asked whether the session is the same still.
pub(crate) const CHECKS_SESSION: &str = include_str!("../templates/check_session.js");

/// The script that posts the form of its page.
pub(crate) const POSTS_ITSELF: &str = "document.forms[0].submit()";
