//! Where strangers make themselves users of a realm: one page, which the sign-on pages of every dialect lead to.
//!
//! It leads back to the page that it was asked from. Whether the realm takes strangers is its policy's affair.

use crate::form::append_query;
use crate::return_to::BYTES_MAX;

/// The page where strangers make themselves users.
#[derive(Clone, Debug)]
pub struct SignUp {
    /// Path of the realm that they become users of.
    pub realm: String,
    /// The address at which browsers reach the page and whatever leads to it, without a slash at the end.
    pub public_url: String,
    /// Where a registration begins.
    pub begin: String,
}

impl SignUp {
    /// Where strangers become users of a realm and come back to a sign-on page of this installation; nothing if they can't.
    #[must_use]
    pub fn address(&self, realm: &str, return_to: &str) -> Option<String> {
        let behind = return_to.strip_prefix(&self.public_url)?;
        let can_come_back = behind.starts_with('/') && return_to.len() <= BYTES_MAX;
        (realm == self.realm && can_come_back).then(|| append_query(&self.begin, "return_to", return_to))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_of_one_realm_and_leads_back_to_this_installation() {
        let sign_up = SignUp {
            realm: "/a".into(),
            public_url: "https://id.test".into(),
            begin: "https://id.test/registration".into(),
        };
        let address = sign_up.address("/a", "https://id.test/o/a/authorize?x=1");
        assert_eq!(
            address.as_deref(),
            Some("https://id.test/registration?return_to=https%3A%2F%2Fid.test%2Fo%2Fa%2Fauthorize%3Fx%3D1")
        );
        let long = format!("https://id.test/{}", "a".repeat(BYTES_MAX));
        for (realm, to) in [
            ("/b", "https://id.test/o/b/authorize"),
            ("/a", "https://other.test/"),
            ("/a", "https://id.test.evil.test/"),
            ("/a", &long),
        ] {
            assert_eq!(sign_up.address(realm, to), None, "{realm} {to}");
        }
    }
}
