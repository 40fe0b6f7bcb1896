//! Proof that a signature was checked, with the claims it covers.
//!
//! A [`Verified`] is made by the verifiers of this crate only. It says nothing about time, audience or whether the
//! session behind the token lives: callers read those every time.

use std::fmt;

use serde_json::{Map, Value};

/// The claims of a token whose signature has been checked.
#[derive(Clone, PartialEq)]
#[non_exhaustive] // Keeps the making of one inside this crate.
pub struct Verified {
    /// The header's `typ`, as it stood there.
    pub typ: Option<String>,
    /// The claims, in the order of the token.
    pub claims: Map<String, Value>,
}

impl Verified {
    pub(crate) fn new(typ: Option<String>, claims: Map<String, Value>) -> Self {
        Self { typ, claims }
    }

    /// A claim that is a string.
    #[must_use]
    pub fn str(&self, name: &str) -> Option<&str> {
        self.claims.get(name)?.as_str()
    }

    /// A claim that is a number, cut to whole ones: a NumericDate may carry a fraction (RFC 7519 §2).
    #[must_use]
    pub fn int(&self, name: &str) -> Option<i64> {
        let value = self.claims.get(name)?;
        if let Some(whole) = value.as_i64() {
            return Some(whole);
        }
        // Beyond 2^53 a float no longer names one second; such a claim is not a time.
        let float = value.as_f64().filter(|float| float.abs() < 9e15)?;
        #[expect(clippy::cast_possible_truncation, reason = "bounded on the line above")]
        Some(float.trunc() as i64)
    }

    /// Whether `exp` is reached at `now_s`. A token without a readable `exp` counts as expired: every token of ours
    /// has one, and silence must not mean "for ever".
    #[must_use]
    pub fn expired(&self, now_s: i64) -> bool {
        self.int("exp").is_none_or(|exp| exp <= now_s) // RFC 7519 §4.1.4: on or after `exp` is too late.
    }

    /// The audiences: `aud` may be one string or a list of them. Members of other types are left out.
    #[must_use]
    pub fn audiences(&self) -> Vec<&str> {
        match self.claims.get("aud") {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }
}

/// Names the claims without their values, which may be personal.
impl fmt::Debug for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.claims.keys().collect();
        f.debug_struct("Verified").field("typ", &self.typ).field("claims", &names).finish()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn verified(claims: Value) -> Verified {
        Verified::new(None, claims.as_object().unwrap().clone())
    }

    #[test]
    fn expiry_begins_with_the_second_it_names() {
        let token = verified(json!({"exp": 100}));
        assert!(!token.expired(99));
        assert!(token.expired(100));
        assert!(token.expired(101));
    }

    #[test]
    fn a_token_without_a_readable_exp_is_expired() {
        for claims in [json!({}), json!({"exp": "100"}), json!({"exp": null}), json!({"exp": 1e300})] {
            assert!(verified(claims.clone()).expired(0), "{claims}");
        }
    }

    #[test]
    fn times_with_a_fraction_are_cut() {
        let token = verified(json!({"a": 12.9, "b": -1.5, "c": u64::MAX, "d": i64::MAX, "e": true}));
        assert_eq!(token.int("a"), Some(12));
        assert_eq!(token.int("b"), Some(-1));
        assert_eq!(token.int("c"), None);
        assert_eq!(token.int("d"), Some(i64::MAX));
        assert_eq!(token.int("e"), None);
    }

    #[test]
    fn one_audience_or_many() {
        assert_eq!(verified(json!({"aud": "shop"})).audiences(), ["shop"]);
        assert_eq!(verified(json!({"aud": ["shop", 7, "desk"]})).audiences(), ["shop", "desk"]);
        assert!(verified(json!({"aud": {"shop": 1}})).audiences().is_empty());
        assert!(verified(json!({})).audiences().is_empty());
    }

    #[test]
    fn debug_tells_names_and_no_values() {
        let text = format!("{:?}", verified(json!({"email": "ada@example.test"})));
        assert!(text.contains("email") && !text.contains("ada@"), "{text}");
    }
}
