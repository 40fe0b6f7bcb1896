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

    /// The same for a registration, which may have begun at a sign-on page of another dialect.
    pub(crate) fn wanted_return_of_registration(
        &self,
        params: &Params,
    ) -> Result<Option<String>, KratosError> {
        let wanted = params.first("return_to").filter(|wanted| !wanted.is_empty());
        let allowed = &self.allowed_of_registrations;
        wanted.map(|wanted| checked(allowed, wanted, &self.default_return)).transpose()
    }

    /// Whether a return address is such a page.
    pub(crate) fn is_sign_on_page(&self, to: &str) -> bool {
        self.settings.registration_returns.iter().any(|page| to.starts_with(page.as_str()))
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
