//! Recovery: an administrator's code or link signs somebody on who can't sign on. Contract kratos.md 3.6; K-50.
//!
//! It leads to the settings, where a password is chosen. Nobody begins a recovery alone: that takes mail, and there is none here.

mod begin;
mod flow;
mod submit;

pub(crate) use begin::{create_browser, create_native, fetch};
pub(crate) use flow::RecoveryFlow;
pub(crate) use submit::{follow, submit};
