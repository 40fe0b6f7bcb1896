//! What a sign-on page offers beside its form to whoever has no account, no second factor, or is signed on already.
//!
//! Addresses come from the dialect that shows the page. Which of them fits is decided here, so that all pages decide alike.

use crate::pages::Link;

/// Somebody who is signed on in the browser that is shown the page.
#[derive(Clone, Debug)]
pub struct AlreadyHere {
    /// The username.
    pub username: String,
    /// Whether a second factor is missing that was never made.
    pub lacks_factor: bool,
}

/// The ways.
#[derive(Clone, Debug, Default)]
pub struct AccountWays {
    /// Who is signed on already.
    pub here: Option<AlreadyHere>,
    /// Where strangers make themselves users, where they may.
    pub sign_up: Option<String>,
    /// Where users make a second factor, where that is a page of this installation.
    pub second_factor: Option<String>,
    /// Whether somebody has just been refused here for want of one, maybe.
    pub wants_factor: bool,
    /// Where whoever is here signs off.
    pub sign_off: String,
}

impl AccountWays {
    /// Who is signed on already, and what that is worth here.
    pub fn note(&self) -> Option<String> {
        let AlreadyHere { username, lacks_factor } = self.here.as_ref()?;
        Some(match lacks_factor {
            true => format!(
                "You are signed on as {username}, but a second factor is asked for here, and you have none yet."
            ),
            false => {
                format!("You are signed on as {username}. Please sign on once more, or with another account.")
            }
        })
    }

    /// The ways as links. Whoever is signed on is no stranger, and signs off before somebody else signs up.
    pub fn links(&self) -> Vec<Link<'_>> {
        let wants = self.wants_factor || self.here.as_ref().is_some_and(|here| here.lacks_factor);
        let factor = self.second_factor.as_deref().filter(|_| wants);
        let factor = factor.map(|href| Link { href, text: "Make recovery codes" });
        let other = match &self.here {
            Some(_) => Some(Link { href: &self.sign_off, text: "Sign off" }),
            None => self.sign_up.as_deref().map(|href| Link { href, text: "Sign up" }),
        };
        factor.into_iter().chain(other).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(ways: &AccountWays) -> Vec<&str> {
        ways.links().iter().map(|link| link.text).collect()
    }

    /// Goal: nobody who is signed on is sent to a registration, which would send them back; they can sign off.
    #[test]
    fn whoever_is_signed_on_signs_off_before_somebody_signs_up() {
        let mut ways = AccountWays {
            sign_up: Some("/up".into()),
            second_factor: Some("/codes".into()),
            sign_off: "/off".into(),
            ..AccountWays::default()
        };
        assert_eq!((texts(&ways), ways.note()), (vec!["Sign up"], None));
        ways.wants_factor = true;
        assert_eq!(texts(&ways), ["Make recovery codes", "Sign up"]);
        ways.wants_factor = false;
        for (lacks_factor, expect) in
            [(false, &["Sign off"][..]), (true, &["Make recovery codes", "Sign off"])]
        {
            ways.here = Some(AlreadyHere { username: "ada".into(), lacks_factor });
            assert_eq!(texts(&ways), expect);
            assert!(ways.note().is_some_and(|note| note.contains("You are signed on as ada")));
        }
    }
}
