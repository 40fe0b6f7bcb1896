//! Registration: strangers make themselves users, where the realm allows it. Contract kratos.md 3.4; K-51, K-52.
//!
//! First the traits, then the password; whoever gives both at once is done at once. Whether anybody may, and what a password has
//! to be, is decided below.

mod begin;
mod flow;
mod submit;

pub(crate) use begin::{create_browser, create_native, fetch};
pub(crate) use flow::{RegistrationFlow, RegistrationStep};
pub(crate) use submit::submit;
