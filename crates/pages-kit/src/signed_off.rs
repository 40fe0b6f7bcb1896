//! The page after a sign-off: who was told, in frames or by this server, and the way on.
//!
//! Its frames are of the origins that its policy names, and of no others. Its script, which runs only where the page leads to an
//! application, goes on when all frames are there, and after three seconds in any case; without scripts the header `Refresh` does.
//! OpenID Connect Front-Channel Logout 1.0 section 2.

use adieu_core::{HowTold, LogoutFrame, ToldClient};
use askama::Template;

use crate::headers::PageHeaders;
use crate::pages::{Link, rendered};
use crate::session_pages::SeenByDialect;

/// How long the page waits for its frames where it leads to an application; the script of the page has the same number.
const WAIT_S: u32 = 3;

/// A page with somebody who is still being told is made anew after so many seconds.
const AGAIN_AFTER_S: u32 = 2;

/// The words of the link to it.
const AGAIN: &str = "Look again";

/// Says that the session has ended.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "signed_off.html")]
pub struct SignedOffPage<'a> {
    /// The realm's name for people.
    pub realm: &'a str,
    /// Whether there was no session that could end.
    pub nobody: bool,
    /// What every dialect says of the session now, if it was asked.
    pub seen: &'a [SeenByDialect<'a>],
    /// The applications that took part, and how each is told.
    pub told: &'a [ToldClient],
    /// The applications that this browser tells, each by a frame.
    pub frames: &'a [LogoutFrame],
    /// Where the page leads.
    pub onward: Option<Onward<'a>>,
    /// Where one may sign on again.
    pub again: Option<Link<'a>>,
}

/// Where the page after a sign-off leads.
#[derive(Clone, Copy, Debug)]
pub enum Onward<'a> {
    /// To an application, once the frames are there.
    Application(Link<'a>),
    /// To the same page, made anew after so many seconds, or when somebody wants it.
    Again(Link<'a>, Option<u32>),
}

impl<'a> Onward<'a> {
    /// To the same page at its address, made anew in a moment.
    pub const fn look_again(href: &'a str) -> Self {
        Self::Again(Link { href, text: AGAIN }, Some(AGAIN_AFTER_S))
    }

    /// To a page at that address which does not say all that this one says: nobody is taken there who did not ask.
    pub const fn look_elsewhere(href: &'a str) -> Self {
        Self::Again(Link { href, text: AGAIN }, None)
    }

    const fn link(&self) -> Link<'a> {
        match self {
            Self::Application(link) | Self::Again(link, _) => *link,
        }
    }
}

impl SignedOffPage<'_> {
    /// The page.
    pub fn html(&self) -> String {
        rendered(self)
    }

    /// Its headers: the policy lets its frames be of their own origins and of no others, and its script run, if it has one.
    pub fn headers(&self) -> PageHeaders {
        let refresh = self.onward.and_then(|onward| match onward {
            Onward::Application(link) => Some((WAIT_S, link.href)),
            Onward::Again(link, after_s) => Some((after_s?, link.href)),
        });
        let frames: Vec<&str> = self.frames.iter().map(|frame| frame.address.as_str()).collect();
        PageHeaders::after_sign_off(&frames, self.goes_on(), refresh)
    }

    /// Whether it goes on to an application by its script.
    const fn goes_on(&self) -> bool {
        matches!(self.onward, Some(Onward::Application(_)))
    }

    /// In words, how an application was told.
    const fn verdict_of(told: &ToldClient) -> &'static str {
        match told.how {
            HowTold::Confirmed => "signed off",
            HowTold::Pending => "still being told",
            HowTold::Later => "does not answer now, and is told once it does",
            HowTold::Failed => "could not be told",
            HowTold::ByBrowser => "told by your browser",
            HowTold::NotAtAll => "is not told",
        }
    }

    /// The class of these words in the stylesheet.
    const fn class_of(told: &ToldClient) -> &'static str {
        match told.how {
            HowTold::Confirmed => "yes",
            HowTold::Failed | HowTold::Later => "unknown",
            HowTold::Pending | HowTold::ByBrowser | HowTold::NotAtAll => "no",
        }
    }

    /// Whether somebody may look signed on although the session is over: frames get no cookies where a browser keeps those of other
    /// sites from them, and nobody hears of it.
    fn may_have_failed(&self) -> bool {
        self.told.iter().any(|one| one.how == HowTold::ByBrowser)
    }

    /// Whether somebody is told by nobody.
    fn leaves_out(&self) -> bool {
        self.told.iter().any(|one| matches!(one.how, HowTold::NotAtAll | HowTold::Failed | HowTold::Later))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::headers::hash;

    const NASTY: &str = r#"<script>"'&</script>"#;
    const NASTY_LINK: Link<'_> = Link { href: NASTY, text: NASTY };
    const ESCAPED: &str = "&#60;script&#62;&#34;&#39;&#38;&#60;/script&#62;";

    #[test]
    fn every_value_is_escaped() {
        let seen = [SeenByDialect { dialect: NASTY, request: NASTY, live: Some(true), said: NASTY }];
        let told = [ToldClient { name: NASTY.into(), how: HowTold::ByBrowser }];
        let frames = [LogoutFrame { name: NASTY.into(), address: NASTY.into() }];
        let page = SignedOffPage {
            realm: NASTY,
            nobody: false,
            seen: &seen,
            told: &told,
            frames: &frames,
            onward: Some(Onward::Again(NASTY_LINK, Some(2))),
            again: Some(NASTY_LINK),
        };
        let html = page.html();
        assert!(!html.contains("<script"), "{html}");
        assert_eq!(html.matches(ESCAPED).count(), 12, "{html}");
    }

    #[test]
    fn a_page_says_live_only_where_a_dialect_does() {
        for (live, words) in [(Some(true), ">live<"), (Some(false), ">not live<"), (None, ">cannot tell<")] {
            let seen = [SeenByDialect { dialect: "x", request: "x", live, said: "x" }];
            let html = SignedOffPage { realm: "x", seen: &seen, ..SignedOffPage::default() }.html();
            assert!(html.contains(words), "{html}");
        }
    }

    /// S-FCL-5: the policy names the origins of the frames and no other place; its script is the one that stands in the page.
    #[test]
    fn the_policy_names_the_origins_of_the_frames_and_the_script() {
        let frame = |address: &str| LogoutFrame { name: "Shop".into(), address: address.into() };
        let frames = [
            frame("https://shop.example.test/out?iss=x&sid=y"),
            frame("http://127.0.0.1:8080/out"),
            frame("https://shop.example.test/other"),
        ];
        let there = Link { href: "https://shop.example.test/bye?state=a%3Bb", text: "Shop" };
        let onward = Some(Onward::Application(there));
        let page = SignedOffPage { realm: "x", frames: &frames, onward, ..SignedOffPage::default() };
        let (html, headers) = (page.html(), page.headers());
        let script = html.split("<script>").nth(1).and_then(|rest| rest.split("</script>").next());
        let policy = &headers.content_security_policy;
        let frames = "; frame-src https://shop.example.test http://127.0.0.1:8080; ";
        assert!(policy.contains(frames), "{policy}");
        assert!(
            policy.contains(&format!("; script-src 'sha256-{}'; ", hash(script.expect("a script")))),
            "{policy}"
        );
        assert_eq!(headers.refresh.as_deref(), Some("3; url=https://shop.example.test/bye?state=a%3Bb"));
        assert!(html.contains("<iframe src=\"https://shop.example.test/out?iss=x&#38;sid=y\""), "{html}");
        let plain = SignedOffPage { realm: "x", ..SignedOffPage::default() };
        let headers = plain.headers();
        assert!(!plain.html().contains("<script"));
        assert!(!headers.content_security_policy.contains("script-src") && headers.refresh.is_none());
        assert!(!headers.content_security_policy.contains("frame-src"), "default-src has none");
    }
}
