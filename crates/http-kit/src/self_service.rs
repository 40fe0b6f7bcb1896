//! Where people look after their own account on the way to an application: strangers make themselves users of a realm, users make a
//! second factor. The sign-on pages of every dialect lead there.
//!
//! Both lead back to the page that they were asked from. Whether the realm takes strangers, and asks for a factor, is its policy's affair.

use crate::form::append_query;
use crate::return_to::BYTES_MAX;

/// The pages where people look after their own account.
#[derive(Clone, Debug)]
pub struct SelfService {
    /// Path of the realm that it is for.
    pub realm: String,
    /// The address at which browsers reach these pages and whatever leads to them, without a slash at the end.
    pub public_url: String,
    /// Where a registration begins.
    pub registration: String,
    /// Where users change their own account.
    pub settings: String,
}

impl SelfService {
    /// Where strangers become users of a realm and come back to a sign-on page of this installation; nothing if they can't.
    #[must_use]
    pub fn sign_up(&self, realm: &str, return_to: &str) -> Option<String> {
        self.and_back(&self.registration, realm, return_to)
    }

    /// Where users of a realm make a second factor, the same way.
    #[must_use]
    pub fn second_factor(&self, realm: &str, return_to: &str) -> Option<String> {
        self.and_back(&self.settings, realm, return_to)
    }

    fn and_back(&self, begin: &str, realm: &str, return_to: &str) -> Option<String> {
        let behind = return_to.strip_prefix(&self.public_url)?;
        let can_come_back = behind.starts_with('/') && return_to.len() <= BYTES_MAX;
        (realm == self.realm && can_come_back).then(|| append_query(begin, "return_to", return_to))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_of_one_realm_and_leads_back_to_this_installation() {
        let pages = SelfService {
            realm: "/a".into(),
            public_url: "https://id.test".into(),
            registration: "https://id.test/registration".into(),
            settings: "https://id.test/settings".into(),
        };
        let back = "https://id.test/o/a/authorize?x=1";
        let encoded = "return_to=https%3A%2F%2Fid.test%2Fo%2Fa%2Fauthorize%3Fx%3D1";
        assert_eq!(pages.sign_up("/a", back), Some(format!("https://id.test/registration?{encoded}")));
        assert_eq!(pages.second_factor("/a", back), Some(format!("https://id.test/settings?{encoded}")));
        let long = format!("https://id.test/{}", "a".repeat(BYTES_MAX));
        for (realm, to) in [
            ("/b", "https://id.test/o/b/authorize"),
            ("/a", "https://other.test/"),
            ("/a", "https://id.test.evil.test/"),
            ("/a", &long),
        ] {
            assert_eq!(pages.sign_up(realm, to), None, "{realm} {to}");
            assert_eq!(pages.second_factor(realm, to), None, "{realm} {to}");
        }
    }
}
