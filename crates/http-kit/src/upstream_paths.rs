//! Where a browser begins to sign on through an upstream provider: one address for the pages of every dialect.
//!
//! It is the native issuer of the realm that answers there. `docs/upstream.md`.

use crate::form::append_query;

/// Where the native issuer of a realm is, without scheme and host; the root realm is `_`.
#[must_use]
pub fn issuer_path(realm: &str) -> String {
    if realm == "/" { "/o/_".to_owned() } else { format!("/o{realm}") }
}

/// The address of a provider of a realm; of what it is for, behind it.
#[must_use]
pub fn upstream(public_url: &str, realm: &str, name: &str, endpoint: &str) -> String {
    format!("{public_url}{}/upstream/{name}/{endpoint}", issuer_path(realm))
}

/// The parameter of an address that somebody comes back to who was asked for a proof of no more than some age: that it is so.
pub const PROOF_MARK: &str = "adieu_proven";
/// The parameter that asks for two factors, and its word for that.
pub const LEVEL: &str = "acr";
/// That word: the native issuer's name of two factors.
pub const TWO_FACTORS: &str = "2";
/// The oldest proof that can be asked for by a number of seconds: 31 years.
const AGE_S_MAX: i64 = 999_999_999;

/// The number of seconds that is asked for where a proof may be so old.
#[must_use]
pub fn asked_age_s(age_max_s: i64) -> i64 {
    age_max_s.clamp(0, AGE_S_MAX)
}

/// What a sign-on has to prove that leads back to a page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WantedProof {
    /// How many seconds old the person's proof may be, if that matters.
    pub age_max_s: Option<i64>,
    /// Whether two factors are wanted, whatever the realm asks for.
    pub two_factors: bool,
}

/// Where a browser signs on through a provider and goes on to an address of this installation.
#[must_use]
pub fn begin(public_url: &str, realm: &str, name: &str, return_to: &str, wanted: WantedProof) -> String {
    let address = append_query(&upstream(public_url, realm, name, "begin"), "return_to", return_to);
    let address = match wanted.age_max_s {
        Some(age_s) => append_query(&address, "max_age", &asked_age_s(age_s).to_string()),
        None => address,
    };
    if wanted.two_factors { append_query(&address, LEVEL, TWO_FACTORS) } else { address }
}

/// The address that a browser goes on to, if it is one of this installation: a path behind its address, or that whole.
#[must_use]
pub fn return_address(public_url: &str, candidate: &str) -> Option<String> {
    // AM's page has the request of an application in it, encoded once more.
    const BYTES_MAX: usize = 16 * 1024;
    let behind = candidate.strip_prefix(public_url).unwrap_or(candidate);
    let path = behind.strip_prefix('/')?;
    // Browsers read `//` and `/\` as the beginning of a host, and leave out control characters.
    let sound = !path.starts_with(['/', '\\'])
        && candidate.len() <= BYTES_MAX
        && path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    sound.then(|| format!("{public_url}/{path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_stand_below_the_issuer_of_the_realm() {
        let at = |realm| upstream("https://id.test", realm, "corp", "callback");
        assert_eq!(at("/"), "https://id.test/o/_/upstream/corp/callback");
        assert_eq!(at("/a/b"), "https://id.test/o/a/b/upstream/corp/callback");
        assert_eq!(
            begin("https://id.test", "/a", "corp", "/x?y=z", WantedProof::default()),
            "https://id.test/o/a/upstream/corp/begin?return_to=%2Fx%3Fy%3Dz"
        );
        let wanted = WantedProof { age_max_s: Some(i64::MAX), two_factors: true };
        assert_eq!(
            begin("https://id.test", "/a", "corp", "/x", wanted),
            "https://id.test/o/a/upstream/corp/begin?return_to=%2Fx&max_age=999999999&acr=2"
        );
    }

    #[test]
    fn nothing_but_this_installation_is_gone_on_to() {
        let base = "https://id.test";
        for good in ["/", "/a?b=c#d", "https://id.test/a"] {
            assert!(
                return_address(base, good).is_some_and(|to| to.starts_with("https://id.test/")),
                "{good}"
            );
        }
        for bad in [
            "",
            "a",
            "//evil.test",
            "/\\evil.test",
            "\\\\evil.test",
            "/\t/evil.test",
            "https://evil.test/",
            "https://id.test.evil.test/",
            "https://id.test@evil.test/",
            "https://id.test//evil.test",
            "javascript:alert(1)",
            "/a b",
        ] {
            assert_eq!(return_address(base, bad), None, "{bad}");
        }
    }
}
