//! Pages that a person sees: templates and the one stylesheet.
//!
//! No routes, no authority, and nothing that a browser would have to fetch: the stylesheet stands in the page, and the policy
//! names its hash. Two pages run a script: one posts its form, one copies and prints its codes. Every value is escaped by the
//! templates. What a page says is its caller's business.

mod form_post;
mod forms;
mod headers;
mod pages;
mod session_pages;
mod words;

pub use form_post::FormPostPage;
pub use forms::{FormButton, FormField, FormPage, SettingsPage, SettingsPart};
pub use headers::{PageHeaders, csp, form_action_of};
pub use pages::{CodeEntry, ErrorPage, Link, SignOffPage, SignOnPage, StatusPage};
pub use session_pages::{
    SeenByDialect, SignedOffPage, SignedOnPage, SignedOnRealm, SignedOnRealmsPage, WelcomePage,
};
pub use words::too_often;

/// The one stylesheet, as it stands in every page.
pub(crate) const STYLE: &str = include_str!("../templates/style.css");

/// The script of the page with codes: its buttons appear where there is something that they can do.
pub(crate) const KEEPS_CODES: &str = include_str!("../templates/codes.js");

/// The script that posts the form of its page.
pub(crate) const POSTS_ITSELF: &str = "document.forms[0].submit()";
