//! What traits say of their user's names. Decision 0049.
//!
//! Traits are JSON that no rule reads, but for this one: some dialects show the name and the address of a user from there, others
//! from the record, and both must name the same person.

use serde_json::Value;

use crate::directory::User;
use crate::names::matched;
use crate::record_fault::RecordFault;

/// Traits beside the names that the record has.
#[derive(Clone, Copy, Debug)]
pub struct TraitNames<'a> {
    /// A JSON object.
    pub traits: &'a str,
    /// The name of the record.
    pub username: &'a str,
    /// Its e-mail address.
    pub email: Option<&'a str>,
}

impl<'a> From<&'a User> for TraitNames<'a> {
    fn from(user: &'a User) -> Self {
        Self { traits: &user.traits, username: &user.username, email: user.email.as_deref() }
    }
}

/// Judges whether the traits that a user is to have name somebody else than the record does. `before` is what both are now: what
/// contradicts itself already is judged again once the trait changes.
pub fn traits_are_sound(before: Option<TraitNames<'_>>, next: TraitNames<'_>) -> Result<(), RecordFault> {
    let said = ClaimedNames::of(next);
    if said == ClaimedNames::default() {
        return Ok(());
    }
    let known = before.map(ClaimedNames::of).unwrap_or_default();
    let contradicts = |said: &Option<String>, is: Option<&str>| {
        said.as_deref().is_some_and(|said| Some(matched(said)) != is.map(matched))
    };
    let stood = |now: &Option<String>, was: &Option<String>, before: Option<&str>| {
        now == was && contradicts(was, before)
    };
    let name_before = before.map(|before| before.username);
    if contradicts(&said.username, Some(next.username))
        && !stood(&said.username, &known.username, name_before)
    {
        return Err(RecordFault::TraitUsername);
    }
    let email_before = before.and_then(|before| before.email);
    if contradicts(&said.email, next.email) && !stood(&said.email, &known.email, email_before) {
        return Err(RecordFault::TraitEmail);
    }
    Ok(())
}

/// Whom traits name; what is blank or no text names nobody.
#[derive(Default, PartialEq, Eq)]
struct ClaimedNames {
    username: Option<String>,
    email: Option<String>,
}

impl ClaimedNames {
    fn of(names: TraitNames<'_>) -> Self {
        let Ok(Value::Object(traits)) = serde_json::from_str(names.traits) else { return Self::default() };
        let text = |member: &str| {
            let text = traits.get(member).and_then(Value::as_str)?;
            (!text.trim().is_empty()).then(|| text.to_owned())
        };
        Self { username: text("username"), email: text("email") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names<'a>(traits: &'a str, username: &'a str, email: Option<&'a str>) -> TraitNames<'a> {
        TraitNames { traits, username, email }
    }

    /// F-53: whoami said "ada", AM and PingOne said "mm1", of one user.
    #[test]
    fn traits_name_whom_the_record_names() {
        let mail = Some("mm1@example.test");
        for good in [
            "{}",
            r#"{"username":"MM1 ","email":"mm1@Example.test"}"#,
            r#"{"username":"","email":null,"name":"ada"}"#,
            r#"{"username":7}"#,
        ] {
            assert_eq!(traits_are_sound(None, names(good, "mm1", mail)), Ok(()), "{good}");
        }
        let (other, address) = (r#"{"username":"ada"}"#, r#"{"email":"ada@example.test"}"#);
        for email in [mail, None] {
            let judged = |traits| traits_are_sound(None, names(traits, "mm1", email));
            assert_eq!(judged(other), Err(RecordFault::TraitUsername));
            assert_eq!(judged(address), Err(RecordFault::TraitEmail));
        }
    }

    /// What stood before stays until the trait changes; a rename that leaves the trait behind is a contradiction.
    #[test]
    fn what_stood_before_is_not_judged_again() {
        let other = r#"{"username":"ada"}"#;
        let before = names(other, "mm1", None);
        assert_eq!(traits_are_sound(Some(before), names(other, "mm2", None)), Ok(()));
        let third = r#"{"username":"eve"}"#;
        assert_eq!(
            traits_are_sound(Some(before), names(third, "mm1", None)),
            Err(RecordFault::TraitUsername)
        );
        assert_eq!(
            traits_are_sound(Some(names(other, "ada", None)), names(other, "mm1", None)),
            Err(RecordFault::TraitUsername)
        );
    }
}
