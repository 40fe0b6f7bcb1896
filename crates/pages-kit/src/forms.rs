//! Pages with forms that somebody else has thought up: a registration, a user's settings.
//!
//! Fields, their names and their words come from the dialect that shows the page.

use askama::Template;

use crate::pages::{Link, rendered};

/// A field of a form.
#[derive(Clone, Copy, Debug)]
pub struct FormField<'a> {
    /// What it is called on the page.
    pub label: &'a str,
    /// What it is called in the form, where no other field has that name.
    pub name: &'a str,
    /// The kind of input: `text`, `email`, `password`, `checkbox`.
    pub kind: &'a str,
    /// What stands in it; a password's field is always empty.
    pub value: &'a str,
    /// What a browser may fill in, if anything.
    pub autocomplete: &'a str,
    /// Whether it has to be filled in.
    pub required: bool,
    /// What is wrong with what was filled in.
    pub said: Option<&'a str>,
}

/// A button of a form: its name, its value, and its words.
pub type FormButton<'a> = (&'a str, &'a str, &'a str);

/// One form.
#[derive(Clone, Debug, Template)]
#[template(path = "form.html")]
pub struct FormPage<'a> {
    /// What it is for, in a few words.
    pub title: &'a str,
    /// The same in a sentence.
    pub message: &'a str,
    /// Why the last try failed.
    pub error: Option<&'a str>,
    /// Where the form goes, by POST.
    pub action: &'a str,
    /// Fields that nobody sees: name and value.
    pub hidden: &'a [(&'a str, &'a str)],
    /// The fields.
    pub fields: &'a [FormField<'a>],
    /// The buttons. The first one is the one to press.
    pub buttons: &'a [FormButton<'a>],
    /// Where else one may go.
    pub elsewhere: Option<Link<'a>>,
}

impl FormPage<'_> {
    /// The page.
    pub fn html(&self) -> String {
        rendered(self)
    }
}

/// What a user can change, part by part; each part is a form of its own.
#[derive(Clone, Debug, Template)]
#[template(path = "settings.html")]
pub struct SettingsPage<'a> {
    /// What there is to know, in a sentence.
    pub message: &'a str,
    /// Why the last try failed.
    pub error: Option<&'a str>,
    /// Where the forms go, by POST.
    pub action: &'a str,
    /// Fields of every form that nobody sees: name and value.
    pub hidden: &'a [(&'a str, &'a str)],
    /// The parts.
    pub parts: &'a [SettingsPart<'a>],
    /// Ways on.
    pub links: &'a [Link<'a>],
}

/// Something that a user can change.
#[derive(Clone, Copy, Debug)]
pub struct SettingsPart<'a> {
    /// What it is, in a few words.
    pub title: &'a str,
    /// What there is to know about it, in a sentence.
    pub message: &'a str,
    /// Codes, if some are shown; in one part at most.
    pub codes: &'a [&'a str],
    /// The fields.
    pub fields: &'a [FormField<'a>],
    /// The buttons.
    pub buttons: &'a [FormButton<'a>],
    /// Whether no button of it is the one to press.
    pub quiet: bool,
}

impl SettingsPage<'_> {
    /// Whether it shows codes, which a script copies and prints: then its headers are those of
    /// [`PageHeaders::keeping_codes`](crate::PageHeaders::keeping_codes).
    pub fn keeps_codes(&self) -> bool {
        self.parts.iter().any(|part| !part.codes.is_empty())
    }

    /// The page.
    pub fn html(&self) -> String {
        rendered(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NASTY: &str = r#"<script>"'&</script>"#;

    fn field(kind: &'static str) -> FormField<'static> {
        let said = Some(NASTY);
        FormField { label: NASTY, name: NASTY, kind, value: NASTY, autocomplete: NASTY, required: true, said }
    }

    #[test]
    fn every_value_is_escaped() {
        let fields = [field("text"), field("checkbox"), field("password")];
        let (hidden, buttons) = ([(NASTY, NASTY)], [(NASTY, NASTY, NASTY)]);
        let page = FormPage {
            title: NASTY,
            message: NASTY,
            error: Some(NASTY),
            action: NASTY,
            hidden: &hidden,
            fields: &fields,
            buttons: &buttons,
            elsewhere: Some(Link { href: NASTY, text: NASTY }),
        };
        let part = SettingsPart {
            title: NASTY,
            message: NASTY,
            codes: &[NASTY],
            fields: &fields,
            buttons: &buttons,
            quiet: false,
        };
        let settings = SettingsPage {
            message: NASTY,
            error: Some(NASTY),
            action: NASTY,
            hidden: &hidden,
            parts: &[part],
            links: &[Link { href: NASTY, text: NASTY }],
        };
        let settings = settings.html();
        let (settings, script) = settings.split_once("<script>").expect("the script that keeps codes");
        assert_eq!(script.matches("</script>").count(), 1, "{script}");
        for html in [&page.html(), settings] {
            assert!(!html.contains("<script") && !html.contains("\"'&"), "{html}");
        }
    }

    #[test]
    fn a_field_is_labelled_and_what_is_wrong_is_tied_to_it() {
        let fields = [FormField {
            label: "E-mail",
            name: "traits.email",
            kind: "email",
            value: "ada",
            autocomplete: "email",
            required: true,
            said: Some("This is no address."),
        }];
        let page = FormPage {
            title: "Sign up",
            message: "x",
            error: None,
            action: "/x",
            hidden: &[],
            fields: &fields,
            buttons: &[("method", "profile", "Go on"), ("screen", "previous", "Back")],
            elsewhere: None,
        };
        let html = page.html();
        for part in [
            r#"<label for="traits.email">E-mail</label>"#,
            r#"<p class="said" id="traits.email-said">This is no address.</p>"#,
            r#"type="email" value="ada" autocomplete="email" required autofocus aria-invalid="true" aria-describedby="traits.email-said">"#,
            r#"value="previous" class="second" formnovalidate>Back</button>"#,
        ] {
            assert!(html.contains(part), "{part}\n{html}");
        }
    }

    #[test]
    fn a_password_is_never_filled_in() {
        let fields = [FormField { value: "Rabbit-hole-11", said: None, ..field("password") }];
        let part = SettingsPart {
            title: "x",
            message: "",
            codes: &[],
            fields: &fields,
            buttons: &[("end", "true", "End")],
            quiet: true,
        };
        let page =
            SettingsPage { message: "x", error: None, action: "/x", hidden: &[], parts: &[part], links: &[] };
        assert!(!page.keeps_codes());
        let html = page.html();
        assert!(!html.contains("Rabbit"), "{html}");
        assert!(html.contains(r#"value="true" class="second">End</button>"#), "{html}");
    }
}
