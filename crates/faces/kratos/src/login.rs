//! Login flows: made, fetched, submitted. Contract kratos.md 3.1 to 3.3; K-43 to K-49.

mod begin;
mod flow;
mod submission;
mod submit;

pub(crate) use begin::{create_browser, create_native, fetch};
pub(crate) use flow::{Found, LoginFlow};
pub(crate) use submit::submit;
