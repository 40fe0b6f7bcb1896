//! The question whether an application gets what it asks for, and the list of those that a user has let have something.
//!
//! Who asks and what for comes from whoever shows the page. OpenID Connect Core §3.1.2.4.

use askama::Template;

use crate::pages::{Link, rendered};

/// The question.
#[derive(Clone, Debug, Template)]
#[template(path = "consent.html")]
pub struct ConsentPage<'a> {
    /// The application.
    pub application: &'a str,
    /// The place that the answer goes to: names can lie. None if it goes nowhere.
    pub goes_to: Option<&'a str>,
    /// Where later answers may go, which are not asked about again: the same of the application's other addresses.
    pub other_places: &'a [String],
    /// Who is signed on.
    pub username: &'a str,
    /// What it gets, each in a few words.
    pub gets: &'a [String],
    /// Where the form goes, by POST.
    pub action: &'a str,
    /// Fields that nobody sees: name and value.
    pub hidden: &'a [(&'a str, &'a str)],
    /// The name of the answer: [`ConsentPage::ALLOW`], [`ConsentPage::OTHER`] or [`ConsentPage::DENY`].
    pub answer: &'a str,
}

impl ConsentPage<'_> {
    /// The user agrees.
    pub const ALLOW: &'static str = "allow";
    /// Somebody else signs on.
    pub const OTHER: &'static str = "other";
    /// The user does not agree.
    pub const DENY: &'static str = "deny";

    /// The page.
    pub fn html(&self) -> String {
        rendered(self)
    }
}

/// The applications that a user has let have something.
#[derive(Clone, Debug, Template)]
#[template(path = "applications.html")]
pub struct ApplicationsPage<'a> {
    /// Who is signed on.
    pub username: &'a str,
    /// What was just done, in a sentence.
    pub done: Option<&'a str>,
    /// The applications.
    pub applications: &'a [AllowedApplication],
    /// Where the forms go, by POST.
    pub action: &'a str,
    /// Fields of every form that nobody sees: name and value.
    pub hidden: &'a [(&'a str, &'a str)],
    /// The name of the field with the application.
    pub name: &'a str,
    /// Ways back.
    pub links: &'a [Link<'a>],
}

/// One of them.
#[derive(Clone, Debug)]
pub struct AllowedApplication {
    /// What people call it.
    pub application: String,
    /// Its id.
    pub id: String,
    /// What it gets, each in a few words.
    pub gets: Vec<String>,
    /// Since when, as a day.
    pub since: String,
}

impl ApplicationsPage<'_> {
    /// The page.
    pub fn html(&self) -> String {
        rendered(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NASTY: &str = r#"<script>"'&</script>"#;
    const ESCAPED: &str = "&#60;script&#62;&#34;&#39;&#38;&#60;/script&#62;";

    #[test]
    fn every_value_is_escaped() {
        let gets = [NASTY.to_owned()];
        let hidden = [(NASTY, NASTY)];
        let question = ConsentPage {
            application: NASTY,
            goes_to: Some(NASTY),
            other_places: &[NASTY.to_owned()],
            username: NASTY,
            gets: &gets,
            action: NASTY,
            hidden: &hidden,
            answer: NASTY,
        };
        let application = AllowedApplication {
            application: NASTY.into(),
            id: NASTY.into(),
            gets: gets.to_vec(),
            since: NASTY.into(),
        };
        let list = ApplicationsPage {
            username: NASTY,
            done: Some(NASTY),
            applications: &[application],
            action: NASTY,
            hidden: &hidden,
            name: NASTY,
            links: &[Link { href: NASTY, text: NASTY }],
        };
        for (html, times) in [(question.html(), 14), (list.html(), 13)] {
            assert!(!html.contains("<script"), "{html}");
            assert_eq!(html.matches(ESCAPED).count(), times, "{html}");
        }
    }

    #[test]
    fn the_first_button_allows_and_the_next_one_refuses() {
        let page = ConsentPage {
            application: "Shop",
            goes_to: None,
            other_places: &[],
            username: "alice",
            gets: &[],
            action: "/x",
            hidden: &[],
            answer: "answer",
        };
        let html = page.html();
        let values: Vec<_> =
            html.split("value=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        assert_eq!(values, [ConsentPage::ALLOW, ConsentPage::DENY, ConsentPage::OTHER]);
    }
}
