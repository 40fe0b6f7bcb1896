//! What is said of users as verified: only administrators say it, and another address or number is not verified because the last one was.
//!
//! The two members are traits, since every dialect keeps them there. OpenID Connect Core §5.1; `docs/openid.md`.

use adieu_core::{DirectoryError, RecordFault, User, UserEdit};
use serde_json::{Map, Value};

/// The members.
const EMAIL: &str = "email_verified";
const PHONE: &str = "phone_number_verified";
/// The traits that a number is read from, the first one first.
const PHONE_NUMBERS: [&str; 4] = ["phone_number", "primaryPhone", "mobilePhone", "phone"];

/// Judges traits that users give themselves: they say nothing as verified that was not said before.
pub(crate) fn own_traits_are_sound(before: Option<&str>, next: &str) -> Result<(), DirectoryError> {
    let (before, next) = (before.map(members).unwrap_or_default(), members(next));
    let said = |name: &&str| next.get(*name).is_some_and(|value| before.get(*name) != Some(value));
    match [EMAIL, PHONE].into_iter().find(said) {
        Some(member) => Err(DirectoryError::Fault(RecordFault::Verified(member))),
        None => Ok(()),
    }
}

/// The change of a user, which takes back what was verified of another address or number, unless it says that itself.
pub(crate) fn without_stale(before: &User, edit: UserEdit) -> UserEdit {
    if edit.says_verified {
        return edit;
    }
    let known = members(&before.traits);
    let mut next = edit.traits.as_deref().map_or_else(|| known.clone(), members);
    let another_email = edit.email.as_ref().is_some_and(|email| *email != before.email);
    let another_number = number(&next) != number(&known);
    let mut stale = false;
    for (member, another) in [(EMAIL, another_email), (PHONE, another_number)] {
        // What the same change says of it for the first time is meant for the new one.
        if another && next.contains_key(member) && next.get(member) == known.get(member) {
            next.remove(member);
            stale = true;
        }
    }
    if stale { UserEdit { traits: Some(Value::Object(next).to_string()), ..edit } } else { edit }
}

fn members(traits: &str) -> Map<String, Value> {
    serde_json::from_str(traits).unwrap_or_default()
}

fn number(traits: &Map<String, Value>) -> Option<&str> {
    PHONE_NUMBERS.iter().find_map(|name| traits.get(*name).and_then(Value::as_str))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::throttle::tests::record;

    fn ada(traits: &Value) -> User {
        User { email: Some("ada@example.test".into()), traits: traits.to_string(), ..record() }
    }

    /// Goal: H6-6: what users say of themselves verifies nothing, and what an administrator said may be said again.
    #[test]
    fn users_verify_nothing_of_themselves() {
        let fault = |before: Option<Value>, next: Value| {
            let before = before.map(|before| before.to_string());
            match own_traits_are_sound(before.as_deref(), &next.to_string()) {
                Err(DirectoryError::Fault(RecordFault::Verified(member))) => Some(member),
                Err(_) => Some("another"),
                Ok(()) => None,
            }
        };
        for said in [json!(true), json!("true"), json!(false), json!({})] {
            assert_eq!(fault(None, json!({"email_verified": said})), Some(EMAIL));
            let before = json!({"email_verified": true, "phone_number": "1"});
            assert_eq!(fault(Some(before), json!({"phone_number_verified": said})), Some(PHONE));
        }
        let known = json!({"email_verified": true, "nickname": "Ada"});
        assert_eq!(fault(Some(known.clone()), known.clone()), None);
        assert_eq!(fault(Some(known.clone()), json!({"email_verified": "true"})), Some(EMAIL));
        assert_eq!(fault(Some(known), json!({"nickname": "Ada"})), None);
        assert_eq!(fault(None, json!({"email": "ada@example.test"})), None);
    }

    /// Goal: H6-6: another address or number is not verified because the last one was; who changes both says so.
    #[test]
    fn another_address_is_not_verified() {
        let before =
            ada(&json!({"email_verified": true, "primaryPhone": "1", "phone_number_verified": true}));
        let traits = |edit: UserEdit| without_stale(&before, edit).traits.map(|text| members(&text));
        let email = |email: &str| UserEdit { email: Some(Some(email.into())), ..UserEdit::default() };
        assert_eq!(traits(UserEdit::default()), None);
        assert_eq!(traits(email("ada@example.test")), None, "it is the same");
        let cleared = traits(email("eve@example.test")).expect("a change");
        assert!(!cleared.contains_key(EMAIL) && cleared[PHONE] == true);
        assert_eq!(traits(UserEdit { says_verified: true, ..email("eve@example.test") }), None);
        let given = |traits: Value| UserEdit { traits: Some(traits.to_string()), ..UserEdit::default() };
        let carried = json!({"email_verified": true, "primaryPhone": "2", "phone_number_verified": true});
        let cleared = traits(given(carried)).expect("traits");
        assert!(cleared[EMAIL] == true && !cleared.contains_key(PHONE));
        let anew = ada(&json!({"primaryPhone": "1"}));
        let said = given(json!({"primaryPhone": "2", "phone_number_verified": true}));
        let traits = without_stale(&anew, said).traits.map(|text| members(&text)).expect("traits");
        assert_eq!(traits[PHONE], true, "it is said with the number");
    }
}
