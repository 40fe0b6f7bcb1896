//! The browser that a sign-on form is shown to, by a cookie of before the sign-on: the same browser sends the form.
//!
//! The cookie is a random text that changes with every sign-on, so that whoever knew it before knows nothing any more; what it was
//! is kept behind a point as a name, by which forms of before are known for what they are. Names are derived by the caller, with a
//! key; nothing is compared here. Decision 0112.

use http::HeaderMap;

use crate::cookies;

/// The length of a UUID as text.
const VALUE_CHARS: usize = 36;
/// The length of a name.
const NAME_CHARS: usize = 32;

/// A browser that was shown a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormBrowser {
    value: String,
    /// What it is called, and was before its last sign-on.
    name: String,
    before: Option<String>,
}

/// To whom a form was shown that a browser sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormShownTo {
    /// To this browser.
    It,
    /// To this browser before its last sign-on: it may send it again.
    ItBefore,
    /// To another one, or to nobody.
    Another,
}

impl FormBrowser {
    /// The browser that sends these headers, by the first sound cookie of that name; `name_of` derives what it is called.
    pub fn of(headers: &HeaderMap, cookie: &str, name_of: impl Fn(&str) -> String) -> Option<Self> {
        cookies::all(headers, cookie).find_map(|text| Self::read(text, &name_of))
    }

    fn read(text: &str, name_of: impl Fn(&str) -> String) -> Option<Self> {
        let (value, before) = match text.split_once('.') {
            Some((value, before)) => (value, Some(before)),
            None => (text, None),
        };
        let is_value =
            value.len() == VALUE_CHARS && value.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
        let is_name =
            |name: &str| name.len() == NAME_CHARS && name.bytes().all(|b| b.is_ascii_alphanumeric());
        let sound = is_value && before.is_none_or(is_name);
        let before = before.map(str::to_owned);
        sound.then(|| Self { value: value.to_owned(), name: name_of(value), before })
    }

    /// One that has no cookie yet, and gets this random value.
    pub fn new(value: String, name_of: impl Fn(&str) -> String) -> Self {
        let name = name_of(&value);
        Self { value, name, before: None }
    }

    /// The same after a sign-on, with another value.
    #[must_use]
    pub fn after_sign_on(self, value: String, name_of: impl Fn(&str) -> String) -> Self {
        Self { before: Some(self.name), ..Self::new(value, name_of) }
    }

    /// What it is called: nobody makes a cookie of that.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is called, and was called before its last sign-on.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        [Some(self.name.as_str()), self.before.as_deref()].into_iter().flatten()
    }

    /// What the browser was called that a form was shown to which it sends.
    pub fn called(browser: Option<&Self>, shown: FormShownTo) -> &str {
        let name = browser.and_then(|browser| match shown {
            FormShownTo::It => Some(browser.name.as_str()),
            FormShownTo::ItBefore => browser.before.as_deref(),
            FormShownTo::Another => None,
        });
        name.unwrap_or_default()
    }

    /// The value of its cookie.
    #[must_use]
    pub fn cookie_value(&self) -> String {
        match &self.before {
            Some(before) => format!("{}.{before}", self.value),
            None => self.value.clone(),
        }
    }

    /// To whom a form was shown; `is_of` says whether its token is that of a browser of a name.
    pub fn shown(browser: Option<&Self>, is_of: impl Fn(&str) -> bool) -> FormShownTo {
        match browser {
            Some(browser) if is_of(&browser.name) => FormShownTo::It,
            Some(browser) if browser.before.as_deref().is_some_and(is_of) => FormShownTo::ItBefore,
            Some(_) | None => FormShownTo::Another,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "6f0d8a51-3c1e-4b7a-9d52-8e2b4f7c1a90";
    const TWO: &str = "7e5d4c3b-2a19-4807-b6f5-e4d3c2b1a098";

    fn name_of(value: &str) -> String {
        format!("{:A<32}", value.split('-').next().unwrap_or_default())
    }

    fn sent(text: &str) -> Option<FormBrowser> {
        let headers = [(http::header::COOKIE, text.parse().expect("a header"))].into_iter().collect();
        FormBrowser::of(&headers, "f", name_of)
    }

    #[test]
    fn a_browser_is_known_by_its_cookie_and_has_another_one_after_a_sign_on() {
        let first = FormBrowser::new(ONE.into(), name_of);
        assert_eq!(sent(&format!("f={ONE}")).as_ref(), Some(&first));
        let second = first.clone().after_sign_on(TWO.into(), name_of);
        assert!(!second.cookie_value().contains(ONE));
        assert_eq!(sent(&format!("f={}", second.cookie_value())).as_ref(), Some(&second));
        let third = second.clone().after_sign_on(ONE.into(), name_of);
        assert_eq!(third.names().collect::<Vec<_>>(), [name_of(ONE), name_of(TWO)]);
        let to = |browser: Option<&FormBrowser>, whose: &str| {
            FormBrowser::shown(browser, |name| name == name_of(whose))
        };
        assert_eq!(to(Some(&first), ONE), FormShownTo::It);
        assert_eq!(to(Some(&first), TWO), FormShownTo::Another);
        assert_eq!(to(Some(&second), ONE), FormShownTo::ItBefore);
        assert_eq!(to(None, ONE), FormShownTo::Another);
    }

    #[test]
    fn what_is_no_such_cookie_is_passed_over() {
        for bad in ["x".to_owned(), String::new(), format!("{ONE}."), format!("{ONE}.x"), format!("{ONE}x")] {
            assert_eq!(sent(&format!("f={bad}")), None, "{bad}");
            assert!(sent(&format!("f={bad}; f={ONE}")).is_some(), "{bad}");
        }
    }
}
