//! How an answer to an authorize request goes back: in the query or the fragment of the redirect address, or in a form that the
//! browser posts there.
//!
//! Nothing here decides what is answered. OAuth 2.0 Multiple Response Type Encoding Practices §2.1, Form Post Response Mode §2.

use adieu_http_kit::form::append_query;

/// Where an answer goes.
#[derive(Clone, Debug)]
pub struct AuthorizeReply {
    /// The registered address, if the request named one.
    pub redirect_uri: Option<String>,
    /// The client's state.
    pub state: Option<String>,
    /// By which way.
    pub mode: ResponseMode,
}

/// By which way an answer goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponseMode {
    /// In the query of the redirect address.
    Query,
    /// In its fragment.
    Fragment,
    /// In a form that the browser posts to it.
    FormPost,
    /// In the body of the response, by the mounting dialect's own mode.
    Direct,
}

/// What a browser does with an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthorizeAnswer {
    /// It goes to this address.
    Goes(String),
    /// It posts these fields.
    Posts {
        /// Where to.
        action: String,
        /// Name and value of each.
        fields: Vec<(String, String)>,
    },
}

impl ResponseMode {
    /// Those that every issuer has.
    pub const STANDARD: [Self; 3] = [Self::Query, Self::Fragment, Self::FormPost];

    /// Its word in requests; the mounting dialect's own has one that is its own.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Fragment => "fragment",
            Self::FormPost => "form_post",
            Self::Direct => "",
        }
    }

    /// The standard one of that word.
    pub fn named(word: &str) -> Option<Self> {
        Self::STANDARD.into_iter().find(|mode| mode.word() == word)
    }

    /// Whether an answer can go to this address so: forms are posted to sites only.
    pub(crate) fn reaches(self, address: &str) -> bool {
        let scheme = address.split(':').next().unwrap_or_default();
        let site = || ["http", "https"].iter().any(|known| known.eq_ignore_ascii_case(scheme));
        self != Self::FormPost || site()
    }
}

impl AuthorizeReply {
    /// The answer for the browser; parameters without a value are left out. None where the request named no address, or where the
    /// mounting dialect answers directly.
    pub fn answer(&self, parameters: &[(&str, Option<&str>)]) -> Option<AuthorizeAnswer> {
        let to = self.redirect_uri.as_deref()?;
        let state = ("state", self.state.as_deref());
        let given = || {
            let all = parameters.iter().chain([&state]);
            all.filter_map(|(name, value)| value.map(|value| (*name, value)))
        };
        let joined = |to: String, (name, value): (&str, &str)| append_query(&to, name, value);
        match self.mode {
            ResponseMode::Query => Some(AuthorizeAnswer::Goes(given().fold(to.to_owned(), joined))),
            ResponseMode::Fragment => {
                let query = given().fold(String::new(), joined);
                Some(AuthorizeAnswer::Goes(format!("{to}#{}", query.trim_start_matches('?'))))
            }
            ResponseMode::FormPost => {
                let fields = given().map(|(name, value)| (name.to_owned(), value.to_owned()));
                Some(AuthorizeAnswer::Posts { action: to.to_owned(), fields: fields.collect() })
            }
            ResponseMode::Direct => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(mode: ResponseMode) -> Option<AuthorizeAnswer> {
        let redirect_uri = Some("https://rp.test/cb?x=1".into());
        let reply = AuthorizeReply { redirect_uri, state: Some("a b".into()), mode };
        reply.answer(&[("code", Some("c&d")), ("error", None)])
    }

    #[test]
    fn an_answer_joins_the_registered_address_and_keeps_its_query() {
        let goes = |address: &str| Some(AuthorizeAnswer::Goes(address.to_owned()));
        assert_eq!(answer(ResponseMode::Query), goes("https://rp.test/cb?x=1&code=c%26d&state=a+b"));
        assert_eq!(answer(ResponseMode::Fragment), goes("https://rp.test/cb?x=1#code=c%26d&state=a+b"));
        assert_eq!(answer(ResponseMode::Direct), None);
        let nowhere = AuthorizeReply { redirect_uri: None, state: None, mode: ResponseMode::Query };
        assert_eq!(nowhere.answer(&[("code", Some("c"))]), None);
    }

    #[test]
    fn a_form_has_the_values_as_they_are() {
        let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let action = "https://rp.test/cb?x=1".to_owned();
        let fields = vec![field("code", "c&d"), field("state", "a b")];
        assert_eq!(answer(ResponseMode::FormPost), Some(AuthorizeAnswer::Posts { action, fields }));
    }

    #[test]
    fn a_form_is_posted_to_sites_only() {
        assert!(
            ResponseMode::FormPost.reaches("HTTPS://rp.test/cb")
                && ResponseMode::FormPost.reaches("http://[::1]/")
        );
        assert!(!ResponseMode::FormPost.reaches("com.example.app:/cb"));
        assert!(ResponseMode::Fragment.reaches("com.example.app:/cb"));
    }
}
