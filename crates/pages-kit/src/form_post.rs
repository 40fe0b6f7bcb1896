//! The page that posts itself: it carries an answer to an application by the browser, in a form.
//!
//! The form goes to the application's origin and nowhere else. Without scripts its button does the same. OAuth 2.0 Form Post
//! Response Mode §2 and §4.

use askama::Template;

use crate::headers::{PageHeaders, form_action_of};

/// Posts fields to an application.
#[derive(Clone, Debug, Template)]
#[template(path = "form_post.html")]
pub struct FormPostPage<'a> {
    /// What happens, in a few words.
    pub title: &'a str,
    /// What to do if nothing happens, in a sentence.
    pub message: &'a str,
    /// The application's address.
    pub action: &'a str,
    /// What is posted: name and value.
    pub fields: &'a [(String, String)],
}

impl<'a> FormPostPage<'a> {
    /// The page with an answer, in the words of every channel.
    pub fn of(action: &'a str, fields: &'a [(String, String)]) -> Self {
        let message = "You are sent back to the application. If nothing happens, continue by the button.";
        Self { title: "One moment", message, action, fields }
    }

    /// The page.
    pub fn html(&self) -> String {
        self.render().expect("a template fails only when a value's Display does, and ours are strings")
    }

    /// Its headers: the policy lets its script run, and its form go to the application.
    pub fn headers(&self) -> PageHeaders {
        PageHeaders::posting_itself(&form_action_of(self.action))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::headers::hash;

    /// Goal: F-26: the policy lets the one script of the page run, and nothing that a value brings along.
    #[test]
    fn the_policy_names_the_script_that_stands_in_the_page() {
        let nasty = "\"><script>alert(1)</script>".to_owned();
        let fields = [("code".to_owned(), nasty)];
        let page = FormPostPage::of("https://app.example.test:8443/cb?x=1", &fields);
        let html = page.html();
        assert_eq!(html.matches("<script>").count(), 1, "{html}");
        let script = html.split("<script>").nth(1).and_then(|rest| rest.split("</script>").next());
        let script = script.expect("a script");
        let policy = page.headers().content_security_policy;
        assert!(policy.contains(&format!("; script-src 'sha256-{}'; ", hash(script))), "{policy}");
        assert!(policy.contains("; form-action https://app.example.test:8443; "), "{policy}");
        assert!(html.contains("<button type=\"submit\">"), "{html}");
    }
}
