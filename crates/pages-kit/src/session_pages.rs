//! Pages about a session: no user is signed on, a user is, or several are. The page after it is in `signed_off`.
//!
//! They show what every dialect says of the session, if their caller has asked; who may sign off how is its affair, too.

use askama::Template;

use crate::pages::{Link, SignOffPage, rendered};

/// What a dialect says of a session.
#[derive(Clone, Copy, Debug)]
pub struct SeenByDialect<'a> {
    /// The dialect's name.
    pub dialect: &'a str,
    /// What it was asked.
    pub request: &'a str,
    /// Whether it calls the session live; none if it cannot tell.
    pub live: Option<bool>,
    /// What it answered, as text.
    pub said: &'a str,
}

impl SeenByDialect<'_> {
    pub(crate) fn verdict(&self) -> &'static str {
        match self.live {
            Some(true) => "live",
            Some(false) => "not live",
            None => "cannot tell",
        }
    }

    pub(crate) fn class(&self) -> &'static str {
        match self.live {
            Some(true) => "yes",
            Some(false) => "no",
            None => "unknown",
        }
    }
}

/// Says that nobody is signed on, and how to change that.
#[derive(Clone, Debug, Template)]
#[template(path = "welcome.html")]
pub struct WelcomePage<'a> {
    /// The realm's name for people.
    pub realm: &'a str,
    /// Where to sign on. The first one is the one to take.
    pub sign_on: &'a [Link<'a>],
    /// What is there for whoever builds applications.
    pub documents: &'a [Link<'a>],
}

impl WelcomePage<'_> {
    /// The page.
    pub fn html(&self) -> String {
        rendered(self)
    }
}

/// Says who is signed on, and offers to sign off.
#[derive(Clone, Debug, Template)]
#[template(path = "signed_on.html")]
pub struct SignedOnPage<'a> {
    /// The user's name.
    pub username: &'a str,
    /// The realm's name for people.
    pub realm: &'a str,
    /// What every dialect says of the session, if it was asked.
    pub seen: &'a [SeenByDialect<'a>],
    /// The way off.
    pub sign_off: SignOffPage<'a>,
    /// Ways on.
    pub links: &'a [Link<'a>],
    /// What is there for whoever builds applications.
    pub documents: &'a [Link<'a>],
}

impl SignedOnPage<'_> {
    /// The page.
    pub fn html(&self) -> String {
        rendered(self)
    }
}

/// A realm that a browser is signed on to, among others.
#[derive(Clone, Copy, Debug)]
pub struct SignedOnRealm<'a> {
    /// The realm's name for people.
    pub realm: &'a str,
    /// Who is signed on there, and how far.
    pub message: &'a str,
    /// What every dialect says of the session, if it was asked.
    pub seen: &'a [SeenByDialect<'a>],
    /// The way off of this realm.
    pub sign_off: SignOffPage<'a>,
    /// Ways on.
    pub links: &'a [Link<'a>],
}

/// Says to which realms a browser is signed on, and offers to sign off of each.
#[derive(Clone, Debug, Template)]
#[template(path = "signed_on_realms.html")]
pub struct SignedOnRealmsPage<'a> {
    /// The realms.
    pub realms: &'a [SignedOnRealm<'a>],
    /// What is there for whoever builds applications.
    pub documents: &'a [Link<'a>],
}

impl SignedOnRealmsPage<'_> {
    /// The page.
    pub fn html(&self) -> String {
        rendered(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NASTY: &str = r#"<script>"'&</script>"#;
    const SEEN: [SeenByDialect<'_>; 1] =
        [SeenByDialect { dialect: NASTY, request: NASTY, live: Some(true), said: NASTY }];
    const LINKS: [Link<'_>; 1] = [Link { href: NASTY, text: NASTY }];

    #[test]
    fn every_value_is_escaped() {
        let sign_off = SignOffPage { method: NASTY, action: NASTY, hidden: &[(NASTY, NASTY)], label: NASTY };
        let (seen, links, documents) = (&SEEN, &LINKS, &LINKS);
        let signed_on = SignedOnPage { username: NASTY, realm: NASTY, seen, sign_off, links, documents };
        let welcome = WelcomePage { realm: NASTY, sign_on: links, documents };
        let realms = [SignedOnRealm { realm: NASTY, message: NASTY, seen, sign_off, links }];
        let realms = SignedOnRealmsPage { realms: &realms, documents };
        for (html, times) in [(signed_on.html(), 15), (welcome.html(), 6), (realms.html(), 15)] {
            assert!(!html.contains("<script"), "{html}");
            let escaped = "&#60;script&#62;&#34;&#39;&#38;&#60;/script&#62;";
            assert_eq!(html.matches(escaped).count(), times, "{html}");
        }
    }
}
