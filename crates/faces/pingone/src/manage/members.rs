//! Members that the vendor knows and that are not kept here, by resource.
//!
//! Each is taken where it says what is so anyway, and refused by its name where it would change what happens: nobody is told
//! that something was done which was not (F-8). Members that nobody knows are ignored. Contract pingone.md 5.6.

use serde_json::Value;

use super::input::Input;
use crate::problem::Problem;

/// A member that is not kept.
pub(crate) struct Unkept {
    /// Where it stands: names of members, with dots between; what is in a list is looked at one by one.
    path: &'static str,
    /// The values that are taken, as JSON. Where there is none, only what says nothing is: `null`, an empty text, list or object.
    taken: &'static [&'static str],
}

const fn nothing(path: &'static str) -> Unkept {
    Unkept { path, taken: &[] }
}

const fn only(path: &'static str, taken: &'static [&'static str]) -> Unkept {
    Unkept { path, taken }
}

pub(crate) static ENVIRONMENT: &[Unkept] = &[
    only("status", &[r#""ACTIVE""#]),
    only("billOfMaterials.products.type", &[r#""PING_ONE_BASE""#]),
    nothing("billOfMaterials.products.deployment"),
];

pub(crate) static POPULATION: &[Unkept] = &[
    nothing("passwordPolicy"),
    nothing("alternativeIdentifiers"),
    nothing("preferredLanguage"),
    nothing("theme"),
];

/// What else is said of whether somebody may sign on stands in `account`.
pub(crate) static USER: &[Unkept] = &[
    only("lifecycle.status", &[r#""ACCOUNT_OK""#]),
    only("mfaEnabled", &["false"]),
    nothing("identityProvider.id"),
    only("identityProvider.type", &[r#""PING_ONE""#]),
    only("verifyStatus", &[r#""DISABLED""#, r#""NOT_INITIATED""#]),
    nothing("password"),
];

/// A user who is made with a password.
pub(crate) static IMPORTED_USER: &[Unkept] =
    &[only("password.forceChange", &["false"]), NO_BYPASS_OF_NEW, nothing("password.external")];

/// The rules of the realm count for every password, whoever sets it.
const NO_BYPASS: Unkept = only("bypassPolicy", &["false"]);
const NO_BYPASS_OF_NEW: Unkept = only("password.bypassPolicy", &["false"]);

pub(crate) static PASSWORD: &[Unkept] =
    &[only("forceChange", &["false"]), NO_BYPASS, nothing("currentPassword")];

pub(crate) static APPLICATION: &[Unkept] = &[
    nothing("accessControl.role"),
    nothing("accessControl.group"),
    only("additionalRefreshTokenReplayProtectionEnabled", &["true"]),
    only("allowWildcardInRedirectUris", &["false"]),
    nothing("bundleId"),
    nothing("cibaSignInPolicy"),
    nothing("deviceCustomVerificationUri"),
    nothing("devicePathId"),
    only("devicePollingInterval", &["5"]),
    only("deviceTimeout", &["600"]),
    nothing("kerberos"),
    nothing("mobile"),
    only("opSessionCheckEnabled", &["false"]),
    nothing("packageName"),
    only("parRequirement", &[r#""OPTIONAL""#]),
    only("parTimeout", &["60"]),
    only("refreshTokenRollingDuration", &["15552000"]),
    only("refreshTokenRollingGracePeriodDuration", &["0"]),
    only("requestScopesForMultipleResourcesEnabled", &["false"]),
    only("requireSignedRequestObject", &["false"]),
    nothing("signing"),
    only("supportUnsignedRequestObject", &["false"]),
];

pub(crate) static ACTION: &[Unkept] = &[
    nothing("condition"),
    nothing("conditions"),
    only("registration.enabled", &["false"]),
    nothing("registration.externalHref"),
    nothing("registration.population"),
    only("registration.confirmIdentityProviderAttributes", &["false"]),
    only("recovery.enabled", &["false"]),
    nothing("socialProviders"),
    only("enforceLockoutForIdentityProviders", &["false"]),
];

/// Refuses the first member that would change what happens.
pub(crate) fn refuse(input: &Input, unkept: &'static [Unkept]) -> Result<(), Problem> {
    refuse_first(input, unkept.iter())
}

/// The same of some of a resource's members.
pub(crate) fn refuse_first(
    input: &Input,
    mut unkept: impl Iterator<Item = &'static Unkept>,
) -> Result<(), Problem> {
    match unkept.find(|one| !one.fits(input)) {
        None => Ok(()),
        Some(one) => {
            let message = "This is not supported here: only the default value is taken.";
            Err(Problem::invalid(one.member(), message))
        }
    }
}

impl Unkept {
    /// The member of the object itself in which it stands.
    pub(crate) fn member(&self) -> &'static str {
        self.path.split_once('.').map_or(self.path, |(member, _)| member)
    }

    fn fits(&self, input: &Input) -> bool {
        let inner = self.path.split_once('.').map(|(_, inner)| inner);
        input.value(self.member()).is_none_or(|value| self.takes(value, inner))
    }

    /// Whether this value is taken, or what stands at that place in it.
    fn takes(&self, value: &Value, inner: Option<&str>) -> bool {
        let Some(path) = inner else { return says_nothing(value) || self.is_taken(value) };
        let (name, rest) = path.split_once('.').map_or((path, None), |(name, rest)| (name, Some(rest)));
        match value {
            Value::Array(items) => items.iter().all(|item| self.takes(item, inner)),
            Value::Object(members) => members.get(name).is_none_or(|value| self.takes(value, rest)),
            Value::Null => true,
            // It is not of the type that its place asks for.
            Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
        }
    }

    fn is_taken(&self, value: &Value) -> bool {
        let text = value.to_string();
        self.taken.iter().any(|taken| *taken == text)
    }
}

fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.values().all(says_nothing),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static TABLE: [Unkept; 3] = [only("a", &["1"]), nothing("b.c"), only("d.e.f", &[r#""x""#])];

    /// F-8. Goal: what says what is so anyway is taken, and nothing else is; unknown members are ignored.
    #[test]
    fn only_what_changes_nothing_is_taken() {
        let judge = |text: &str| {
            let Ok(input) = Input::read(text.as_bytes()) else { panic!("no object: {text}") };
            refuse(&input, &TABLE)
        };
        for good in [
            r#"{}"#,
            r#"{"a":1,"b":{"c":[]},"z":2}"#,
            r#"{"a":null,"b":null,"d":{"e":[{"f":"x"},{"g":1}]}}"#,
            r#"{"b":{"c":{"x":null}},"d":{"e":null}}"#,
        ] {
            assert!(judge(good).is_ok(), "{good}");
        }
        for (bad, member) in [
            (r#"{"a":2}"#, "a"),
            (r#"{"a":"1"}"#, "a"),
            (r#"{"b":{"c":false}}"#, "b"),
            (r#"{"b":true}"#, "b"),
            (r#"{"d":{"e":[{"f":"x"},{"f":"y"}]}}"#, "d"),
        ] {
            let refused = judge(bad);
            assert!(matches!(refused, Err(Problem::Invalid { target, .. }) if target == member), "{bad}");
        }
    }
}
