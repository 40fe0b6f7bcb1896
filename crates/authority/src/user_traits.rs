//! Traits that repeat a user's name and e-mail address, for dialects that show these from there.
//!
//! Every way to make or change a user asks here, so that the traits say the same whichever it was.

use adieu_core::names::matched;
use adieu_core::{User, UserEdit};
use serde_json::{Map, Value};

const USERNAME: &str = "username";
const EMAIL: &str = "email";

/// Traits of a user who is described anew: these attributes, the name, and the address if there is one.
pub fn of_new(mut attributes: Map<String, Value>, username: &str, email: Option<&str>) -> String {
    set(&mut attributes, USERNAME, Some(username.trim()));
    set(&mut attributes, EMAIL, email);
    Value::Object(attributes).to_string()
}

/// The user's traits after a change of the name or the address that says nothing of traits; none if they stay as they are, or
/// are no object.
pub fn after_change(user: &User, edit: &UserEdit) -> Option<String> {
    let before: Map<String, Value> = serde_json::from_str(&user.traits).ok()?;
    let mut traits = before.clone();
    follow(&mut traits, user, edit);
    (traits != before).then(|| Value::Object(traits).to_string())
}

/// Makes traits of a user say what a change makes of name and address, each where they repeated it before. An address that is
/// the first one is added where they repeat the name.
pub fn follow(traits: &mut Map<String, Value>, user: &User, edit: &UserEdit) {
    let repeats = |traits: &Map<String, Value>, member, what: &str| {
        traits.get(member).and_then(Value::as_str).map(matched) == Some(matched(what))
    };
    let named = repeats(traits, USERNAME, &user.username);
    if let Some(email) = &edit.email {
        let follows = match &user.email {
            Some(old) => repeats(traits, EMAIL, old),
            None => named && !traits.contains_key(EMAIL),
        };
        if follows {
            set(traits, EMAIL, email.as_deref());
        }
    }
    if let Some(username) = edit.username.as_ref().filter(|_| named) {
        set(traits, USERNAME, Some(username.trim()));
    }
}

fn set(traits: &mut Map<String, Value>, member: &str, to: Option<&str>) {
    match to {
        Some(to) => _ = traits.insert(member.into(), to.into()),
        None => _ = traits.remove(member),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::throttle::tests::record;

    /// What becomes of traits with a change of name and address, as JSON.
    fn after(
        traits: &str,
        email: Option<&str>,
        username: Option<&str>,
        to: Option<Option<&str>>,
    ) -> Option<Value> {
        let user = User { traits: traits.into(), email: email.map(str::to_owned), ..record() };
        let edit = UserEdit {
            username: username.map(str::to_owned),
            email: to.map(|to| to.map(str::to_owned)),
            ..UserEdit::default()
        };
        after_change(&user, &edit).map(|text| text.parse().expect("JSON"))
    }

    #[test]
    fn traits_follow_name_and_address_where_they_repeated_them() {
        let (old, both) = (Some("ada@example.test"), r#"{"email":"ada@example.test","username":"ada"}"#);
        let renamed = after(both, old, Some(" lovelace "), None);
        assert_eq!(renamed, Some(json!({"email": "ada@example.test", "username": "lovelace"})));
        let moved = after(both, old, Some("ada"), Some(Some("a@example.test")));
        assert_eq!(moved, Some(json!({"email": "a@example.test", "username": "ada"})));
        assert_eq!(after(both, old, None, Some(None)), Some(json!({"username": "ada"})));
        let first = after(r#"{"username":"ada"}"#, None, Some("lovelace"), Some(old));
        assert_eq!(first, Some(json!({"email": "ada@example.test", "username": "lovelace"})));
        for others in
            ["{}", r#"{"email":"other@example.test","username":"other"}"#, r#"{"username":7}"#, "[]"]
        {
            for email in [old, None] {
                let same = after(others, email, Some("lovelace"), Some(Some("a@example.test")));
                assert_eq!(same, None, "{others}");
            }
        }
    }

    #[test]
    fn traits_of_a_new_description_say_name_and_address() {
        let made = |attributes, email| of_new(attributes, " ada ", email).parse::<Value>().expect("JSON");
        assert_eq!(made(Map::new(), None), json!({"username": "ada"}));
        let attributes = Map::from_iter([("nickname".to_owned(), Value::from("A"))]);
        let whole = json!({"email": "ada@example.test", "nickname": "A", "username": "ada"});
        assert_eq!(made(attributes, Some("ada@example.test")), whole);
    }
}
