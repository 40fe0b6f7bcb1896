//! The question whether to sign off: everywhere, which are these applications, or only at the one that asks.
//!
//! Nothing has ended when it is shown. OpenID Connect RP-Initiated Logout 1.0 section 2.

use askama::Template;

use crate::pages::{Link, rendered};

/// The question.
#[derive(Clone, Debug, Template)]
#[template(path = "sign_off_question.html")]
pub struct SignOffQuestion<'a> {
    /// Who asks, and who is signed on, in a sentence.
    pub message: &'a str,
    /// The applications that take part in the session.
    pub applications: &'a [&'a str],
    /// Where the form goes, by POST.
    pub action: &'a str,
    /// Fields that nobody sees: name and value.
    pub hidden: &'a [(&'a str, &'a str)],
    /// The name of the answer: `everywhere` or [`SignOffQuestion::HERE`].
    pub reach: &'a str,
    /// The application that can be left alone, if there is one.
    pub only_at: Option<&'a str>,
    /// Ways to stay signed on.
    pub links: &'a [Link<'a>],
}

impl SignOffQuestion<'_> {
    /// The answer that only the application that asks is left.
    pub const HERE: &'static str = "here";

    /// The page.
    pub fn html(&self) -> String {
        rendered(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NASTY: &str = r#"<script>"'&</script>"#;

    #[test]
    fn every_value_is_escaped() {
        let page = SignOffQuestion {
            message: NASTY,
            applications: &[NASTY],
            action: NASTY,
            hidden: &[(NASTY, NASTY)],
            reach: NASTY,
            only_at: Some(NASTY),
            links: &[Link { href: NASTY, text: NASTY }],
        };
        let html = page.html();
        assert!(!html.contains("<script"), "{html}");
        assert_eq!(html.matches("&#60;script&#62;&#34;&#39;&#38;&#60;/script&#62;").count(), 10, "{html}");
    }

    #[test]
    fn the_button_to_press_is_the_first_and_ends_the_session() {
        let page = SignOffQuestion {
            message: "x",
            applications: &[],
            action: "/x",
            hidden: &[],
            reach: "reach",
            only_at: Some("Shop"),
            links: &[],
        };
        let html = page.html();
        let values: Vec<_> =
            html.split("value=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        assert_eq!(values, ["everywhere", SignOffQuestion::HERE]);
    }
}
