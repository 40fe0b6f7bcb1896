//! Login flows: made, fetched, submitted. Contract kratos.md 3.1 to 3.3; K-43 to K-49.
//!
//! A flow is not a session: it is short-lived state that a form is filled in on.

mod begin;
mod flow;
mod submission;
mod submit;

pub(crate) use begin::{create_browser, create_native, fetch};
pub(crate) use flow::{Found, LoginFlow};
pub(crate) use submit::submit;
