//! The `claims` parameter: claims that a request asks for by name, for its ID token and for userinfo.
//!
//! What is not known here asks for nothing. A grant keeps the names. OpenID Connect Core §5.5.

use adieu_authority::{Client, UserId};
use serde_json::Value;

use crate::{Refusal, asks_for, user_claims};

/// The longest parameter (HOME-LIMITS).
pub(crate) const CLAIMS_BYTES_MAX: usize = 4096;

/// What a request asks for by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ClaimsRequest {
    /// Claims for the ID token.
    pub(crate) id_token: Vec<&'static str>,
    /// Claims for userinfo.
    pub(crate) userinfo: Vec<&'static str>,
    /// The authentication contexts that it accepts, if it names some.
    pub(crate) acr: Vec<String>,
    /// The user that it is about, if it names one.
    pub(crate) user: Option<UserId>,
}

impl ClaimsRequest {
    /// Reads the parameter.
    pub(crate) fn read(text: &str) -> Result<Self, Refusal> {
        let wrong = || Refusal::Request("`claims` is no JSON object.");
        let asked: Value = serde_json::from_str(text).map_err(|_| wrong())?;
        let members = asked.as_object().ok_or_else(wrong)?;
        let part = |name| members.get(name).unwrap_or(&Value::Null);
        if [part("id_token"), part("userinfo")].iter().any(|part| !part.is_object() && !part.is_null()) {
            return Err(wrong());
        }
        let user = values(&part("id_token")["sub"]).into_iter().next();
        let no_user = Refusal::Request("`claims` asks for a `sub` that is no user.");
        Ok(Self {
            id_token: named(part("id_token")),
            userinfo: named(part("userinfo")),
            acr: values(&part("id_token")["acr"]),
            user: user.map(|user| user.parse()).transpose().map_err(|_| no_user)?,
        })
    }

    /// The same without claims of scopes that the client may not ask for.
    #[must_use]
    pub(crate) fn within(mut self, client: &Client) -> Self {
        let may =
            |claim: &&'static str| user_claims::scope_of(claim).is_none_or(|scope| asks_for(client, scope));
        self.id_token.retain(may);
        self.userinfo.retain(may);
        self
    }

    /// The names, as a grant keeps them; none if there are none.
    pub(crate) fn to_text(&self) -> Option<String> {
        let of = |part: &str, claims: &[&str]| {
            claims.iter().map(|claim| format!("{part}.{claim}")).collect::<Vec<_>>()
        };
        let all = [of(ID_TOKEN, &self.id_token), of(USERINFO, &self.userinfo)].concat();
        (!all.is_empty()).then(|| all.join(" "))
    }

    /// The names that a grant kept.
    pub(crate) fn from_text(text: Option<&str>) -> Self {
        let words: Vec<&str> = text.unwrap_or_default().split(' ').collect();
        let of = |part: &str| {
            let has =
                |claim: &&str| words.iter().any(|word| word.strip_prefix(part) == Some(&format!(".{claim}")));
            user_claims::names().filter(has).collect()
        };
        Self { id_token: of(ID_TOKEN), userinfo: of(USERINFO), ..Self::default() }
    }
}

const ID_TOKEN: &str = "id_token";
const USERINFO: &str = "userinfo";

/// The claims that a part names, as far as they can be told.
fn named(part: &Value) -> Vec<&'static str> {
    user_claims::names().filter(|claim| part.get(claim).is_some()).collect()
}

/// The values that a request for a claim accepts.
fn values(asked: &Value) -> Vec<String> {
    let one = asked["value"].as_str().into_iter();
    let some = asked["values"].as_array().into_iter().flatten().filter_map(Value::as_str);
    one.chain(some).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_and_kept() {
        let text = r#"{"userinfo": {"name": {"essential": true}, "odd": null, "email": null},
            "id_token": {"email": null, "acr": {"values": ["2", "1"]}, "auth_time": {"essential": true}}}"#;
        let read = ClaimsRequest::read(text).expect("it is sound");
        assert_eq!(
            (read.id_token.as_slice(), read.userinfo.as_slice()),
            (&["email"][..], &["name", "email"][..])
        );
        assert_eq!(read.acr, ["2", "1"]);
        let kept = read.to_text();
        assert_eq!(kept.as_deref(), Some("id_token.email userinfo.name userinfo.email"));
        let again = ClaimsRequest::from_text(kept.as_deref());
        assert_eq!((again.id_token, again.userinfo), (read.id_token, read.userinfo));
        assert_eq!(ClaimsRequest::from_text(None), ClaimsRequest::default());
        assert_eq!(ClaimsRequest::default().to_text(), None);
    }

    #[test]
    fn what_is_no_request_is_refused() {
        for bad in ["", "x", "[]", "1", r#"{"userinfo": 1}"#, r#"{"id_token": {"sub": {"value": "x"}}}"#] {
            assert!(ClaimsRequest::read(bad).is_err(), "{bad}");
        }
        for nothing in ["{}", r#"{"userinfo": null}"#, r#"{"other": {"name": null}}"#] {
            assert_eq!(ClaimsRequest::read(nothing).ok(), Some(ClaimsRequest::default()), "{nothing}");
        }
    }
}
