//! Login flows: made, fetched, submitted. Contract kratos.md 3.1 to 3.3; K-28, K-43 to K-49.
//!
//! A flow is not a session: it is short-lived state that a form is filled in on.

mod begin;
mod flow;
mod step;
mod submit;

pub(crate) use begin::{create_browser, create_native, fetch};
pub(crate) use flow::{Asks, LoginFlow};
pub(crate) use submit::submit;
