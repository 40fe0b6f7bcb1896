//! Pages that a person sees: templates and the one stylesheet.
//!
//! No routes, no authority, no script, and nothing that a browser would have to fetch: the stylesheet stands in the page,
//! and the policy names its hash. Every value is escaped by the templates. What a page says is its caller's business.

mod headers;
mod pages;
mod words;

pub use headers::{PageHeaders, csp};
pub use pages::{CodeEntry, Codes, ErrorPage, Link, SignOffPage, SignOnPage, SignedOffPage, StatusPage};
pub use words::too_often;

/// The one stylesheet, as it stands in every page.
pub(crate) const STYLE: &str = include_str!("../templates/style.css");
