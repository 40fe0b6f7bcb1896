//! Return addresses out of requests. Contract kratos.md 5; K-55.
//!
//! The rules are `http-kit`'s; here they become this dialect's errors.

use adieu_http_kit::form::Params;
use adieu_http_kit::return_to::{AllowList, RefusedReturn};
use url::Url;

use crate::error::KratosError;
use crate::face::Face;

impl Face {
    /// The `return_to` of a query, absolute and allowed, if there is one.
    pub(crate) fn wanted_return(&self, params: &Params) -> Result<Option<String>, KratosError> {
        let wanted = params.first("return_to").filter(|wanted| !wanted.is_empty());
        wanted.map(|wanted| self.return_to(Some(wanted), &self.default_return)).transpose()
    }

    /// The same where people may have come from a sign-on page of another dialect: to sign up, or for a second factor.
    pub(crate) fn wanted_return_from_pages(&self, params: &Params) -> Result<Option<String>, KratosError> {
        match params.first("return_to") {
            Some(wanted) if self.is_sign_on_page(wanted) => Ok(Some(wanted.to_owned())),
            Some(_) | None => self.wanted_return(params),
        }
    }

    /// Whether a return address is such a page.
    pub(crate) fn is_sign_on_page(&self, to: &str) -> bool {
        let read = self.sign_on_pages.check(to, &self.default_return);
        read.is_ok_and(|page| !to.is_empty() && page.as_str() == to)
    }

    /// A return address out of a request: absolute and allowed, or the default. Contract kratos.md 5.
    pub(crate) fn return_to(&self, wanted: Option<&str>, default: &Url) -> Result<String, KratosError> {
        match wanted.filter(|wanted| !wanted.is_empty()) {
            None => Ok(default.as_str().to_owned()),
            Some(wanted) => self.allowed_return(wanted, default),
        }
    }

    /// The same of one that is there.
    pub(crate) fn allowed_return(&self, wanted: &str, default: &Url) -> Result<String, KratosError> {
        checked(&self.allowed, wanted, default)
    }
}

fn checked(allowed: &AllowList, wanted: &str, default: &Url) -> Result<String, KratosError> {
    match allowed.check(wanted, default) {
        Ok(address) => Ok(address.as_str().to_owned()),
        Err(RefusedReturn::Unparseable) => Err(KratosError::malformed("The return address is no address.")),
        Err(RefusedReturn::Forbidden) => Err(KratosError::return_to_forbidden(wanted)),
    }
}
