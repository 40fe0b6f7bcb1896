//! The pages as plain structs; each renders itself to HTML.
//!
//! Labels and names of fields come from the dialect that shows the page. Nothing here knows one.

use askama::Template;

/// Asks for identifier and password.
#[derive(Clone, Debug, Template)]
#[template(path = "sign_on.html")]
pub struct SignOnPage<'a> {
    /// The realm's name for people.
    pub realm: &'a str,
    /// The application that asked, if one did.
    pub application: Option<&'a str>,
    /// Who is signed on here already, in a sentence.
    pub note: Option<&'a str>,
    /// Where the form goes.
    pub action: &'a str,
    /// How it goes: `post`.
    pub method: &'a str,
    /// What the first field is called in the form. Its words on the page are the same wherever it stands.
    pub identifier_name: &'a str,
    /// What stands in it; if not empty, the cursor waits in the password field.
    pub identifier: &'a str,
    /// What the second field is called in the form.
    pub password_name: &'a str,
    /// Further fields that nobody sees: name and value.
    pub hidden: &'a [(&'a str, &'a str)],
    /// Why the last try failed.
    pub error: Option<&'a str>,
    /// Other ways to sign on.
    pub others: &'a [Link<'a>],
}

impl SignOnPage<'_> {
    /// What one signs on to: the application, else the realm.
    fn place(&self) -> &str {
        self.application.unwrap_or(self.realm)
    }

    /// The page.
    pub fn html(&self) -> String {
        rendered(self)
    }
}

/// Asks for one code.
#[derive(Clone, Debug, Template)]
#[template(path = "code_entry.html")]
pub struct CodeEntry<'a> {
    /// What is asked for, in a few words.
    pub title: &'a str,
    /// Where the code is to be had, in a sentence.
    pub message: &'a str,
    /// Where the form goes, by POST.
    pub action: &'a str,
    /// What the field is called on the page.
    pub label: &'a str,
    /// What it is called in the form.
    pub name: &'a str,
    /// Further fields that nobody sees: name and value.
    pub hidden: &'a [(&'a str, &'a str)],
    /// Why the last try failed.
    pub error: Option<&'a str>,
    /// What to do without a code, in a sentence.
    pub without: Option<&'a str>,
    /// A way on without a code that is a form.
    pub leave: Option<SignOffPage<'a>>,
    /// Ways on without a code.
    pub links: &'a [Link<'a>],
}

impl<'a> CodeEntry<'a> {
    /// Asks for a recovery code after the password: the same words at every sign-on. The way on without one is the caller's, in
    /// `leave` or `links`.
    pub const fn second_step(
        action: &'a str,
        name: &'a str,
        hidden: &'a [(&'a str, &'a str)],
        error: Option<&'a str>,
    ) -> Self {
        Self {
            title: "Second step",
            message: "Please enter one of your recovery codes. Each of them works once.",
            action,
            label: "Recovery code",
            name,
            hidden,
            error,
            without: Some(crate::words::CODES_LOST),
            leave: None,
            links: &[],
        }
    }

    /// The page.
    pub fn html(&self) -> String {
        rendered(self)
    }
}

/// A link with its words.
#[derive(Clone, Copy, Debug)]
pub struct Link<'a> {
    /// The address. Only `http:`, `https:` and relative ones belong here: escaping does not disarm `javascript:`.
    pub href: &'a str,
    /// The words.
    pub text: &'a str,
}

/// Says what went wrong, and how to refer to it.
#[derive(Clone, Debug, Template)]
#[template(path = "error.html")]
pub struct ErrorPage<'a> {
    /// What went wrong, in a few words.
    pub title: &'a str,
    /// What to do about it, in a sentence.
    pub message: &'a str,
    /// The same in the words of an interface, for whoever has to mend it.
    pub detail: Option<&'a str>,
    /// The id under which logs speak of it.
    pub correlation_id: Option<&'a str>,
    /// A way to sign off all the same.
    pub sign_off: Option<SignOffPage<'a>>,
    /// Ways back.
    pub links: &'a [Link<'a>],
}

/// A form of one button.
#[derive(Clone, Copy, Debug)]
pub struct SignOffPage<'a> {
    /// How it goes: `get` or `post`.
    pub method: &'a str,
    /// Where it goes.
    pub action: &'a str,
    /// Fields that go with it.
    pub hidden: &'a [(&'a str, &'a str)],
    /// What stands on the button.
    pub label: &'a str,
}

impl ErrorPage<'_> {
    /// The page.
    pub fn html(&self) -> String {
        rendered(self)
    }
}

/// Says one thing, and where one may go from here.
#[derive(Clone, Debug, Template)]
#[template(path = "status.html")]
pub struct StatusPage<'a> {
    /// The thing, in a few words.
    pub title: &'a str,
    /// The thing, in a sentence.
    pub message: &'a str,
    /// A way to sign off.
    pub sign_off: Option<SignOffPage<'a>>,
    /// The ways on. The first one is the one to go.
    pub links: &'a [Link<'a>],
}

impl StatusPage<'_> {
    /// The page.
    pub fn html(&self) -> String {
        rendered(self)
    }
}

pub(crate) fn rendered(page: &impl Template) -> String {
    page.render().expect("a template fails only when a value's Display does, and ours are strings")
}

#[cfg(test)]
mod tests {
    use super::*;

    const NASTY: &str = r#"<script>"'&</script>"#;

    fn sign_on(text: &'static str) -> SignOnPage<'static> {
        SignOnPage {
            realm: text,
            application: None,
            note: None,
            action: text,
            method: "post",
            identifier_name: text,
            identifier: text,
            password_name: text,
            hidden: &[(NASTY, NASTY)],
            error: Some(text),
            others: &[],
        }
    }

    /// Nothing of the nasty text may come out as it went in, wherever it stood.
    fn check_escaped(html: &str, times: usize) {
        assert!(!html.contains("<script"), "{html}");
        let escaped = "&#60;script&#62;&#34;&#39;&#38;&#60;/script&#62;";
        assert_eq!(html.matches(escaped).count(), times, "{html}");
    }

    #[test]
    fn every_value_is_escaped() {
        let links = [Link { href: NASTY, text: NASTY }];
        let sign_on =
            SignOnPage { method: NASTY, application: Some(NASTY), others: &links, ..sign_on(NASTY) };
        check_escaped(&sign_on.html(), 13);
        let form = SignOffPage { method: NASTY, action: NASTY, hidden: &[(NASTY, NASTY)], label: NASTY };
        let page = ErrorPage {
            title: NASTY,
            message: NASTY,
            detail: Some(NASTY),
            correlation_id: Some(NASTY),
            sign_off: Some(form),
            links: &links,
        };
        check_escaped(&page.html(), 12);
        let entry = CodeEntry {
            title: NASTY,
            message: NASTY,
            action: NASTY,
            label: NASTY,
            name: NASTY,
            hidden: &[(NASTY, NASTY)],
            error: Some(NASTY),
            without: Some(NASTY),
            leave: Some(form),
            links: &links,
        };
        check_escaped(&entry.html(), 17);
        let sign_off = SignOffPage { method: NASTY, action: NASTY, hidden: &[(NASTY, NASTY)], label: NASTY };
        let sign_off = Some(sign_off);
        check_escaped(&StatusPage { title: NASTY, message: NASTY, sign_off, links: &links }.html(), 10);
    }

    #[test]
    fn fields_have_labels_and_an_error_is_announced_and_tied_to_them() {
        let html = sign_on("x").html();
        for part in [
            r#"<html lang="en">"#,
            r#"<label for="identifier">Username or e-mail address</label>"#,
            r#"<label for="password">Password</label>"#,
            r#"<p class="alert" role="alert" id="error">x</p>"#,
            r#"type="password" autocomplete="current-password" required aria-invalid="true" aria-describedby="error" autofocus>"#,
            "<title>Error: Sign on",
        ] {
            assert!(html.contains(part), "{part}\n{html}");
        }
        let html = SignOnPage { error: None, identifier: "", ..sign_on("x") }.html();
        assert!(!html.contains("aria-invalid=\"true\"") && !html.contains("role="), "{html}");
        assert!(html.contains(r#"spellcheck="false" required autofocus>"#), "{html}");
        assert_eq!(html.matches("autofocus").count(), 1);
    }

    #[test]
    fn no_page_runs_a_script_or_fetches_anything() {
        let pages = [
            sign_on("x").html(),
            ErrorPage {
                title: "x",
                message: "x",
                detail: None,
                correlation_id: None,
                sign_off: None,
                links: &[],
            }
            .html(),
            StatusPage { title: "x", message: "x", sign_off: None, links: &[] }.html(),
        ];
        for page in pages {
            for word in ["<script", "src=", "<link", "url(", "@import", " style="] {
                assert!(!page.contains(word), "{word}\n{page}");
            }
            assert!(!has_handler(&page), "{page}");
        }
    }

    /// Whether an element has an `on…=` attribute.
    fn has_handler(html: &str) -> bool {
        html.match_indices(" on").any(|(at, _)| {
            let word = html[at + 1..].split([' ', '>']).next().unwrap_or_default();
            word.contains('=')
        })
    }
}
