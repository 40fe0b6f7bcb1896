//! How far somebody has proven who they are, and how far a realm asks them to.
//!
//! Two facts lead to one level: the rule of the realm and whether the user has a second factor. Every sign-on and every check
//! asks for that level; nothing here knows a dialect. NIST SP 800-63B calls it the authenticator assurance level.

/// The name of a recovery code among the methods of a session. Dialects have words of their own for it.
pub const RECOVERY_CODE: &str = "recovery_code";
/// The name of a sign-on through an upstream provider. It counts as one factor, whatever the provider did.
pub const UPSTREAM: &str = "upstream";

/// How far a user has proven who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Assurance {
    /// By one factor.
    One,
    /// By two.
    Two,
}

/// What a method of that name proves.
pub fn assurance_of(method: &str) -> Assurance {
    if method == RECOVERY_CODE { Assurance::Two } else { Assurance::One }
}

/// What methods of these names prove together: a second factor counts beside a first one.
pub fn assurance_of_all<'m>(methods: impl Iterator<Item = &'m str>) -> Assurance {
    let (mut first, mut second) = (false, false);
    for method in methods {
        match assurance_of(method) {
            Assurance::One => first = true,
            Assurance::Two => second = true,
        }
    }
    if first && second { Assurance::Two } else { Assurance::One }
}

/// When the users of a realm are asked for a second factor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SecondFactorRule {
    /// Never: one factor is enough for everybody.
    Never,
    /// Whoever has one is asked for it.
    #[default]
    WhenEnrolled,
    /// Everybody is asked for one; whoever has none has to make one first.
    Required,
}

impl SecondFactorRule {
    /// All of them.
    const ALL: [Self; 3] = [Self::Never, Self::WhenEnrolled, Self::Required];

    /// The level that a session must have to be live, for a user who has a second factor or has none.
    pub const fn level(self, has_second_factor: bool) -> Assurance {
        match (self, has_second_factor) {
            (Self::Required, _) | (Self::WhenEnrolled, true) => Assurance::Two,
            (Self::Never, _) | (Self::WhenEnrolled, false) => Assurance::One,
        }
    }

    /// The rule as one word, for configurations and records.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::WhenEnrolled => "when_enrolled",
            Self::Required => "required",
        }
    }

    /// The rule of that word.
    pub fn read(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rule| rule.word() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_factor_counts_beside_a_first() {
        for (methods, expect) in [
            (&["password"][..], Assurance::One),
            (&[RECOVERY_CODE], Assurance::One),
            (&["password", RECOVERY_CODE, "password"], Assurance::Two),
            (&[], Assurance::One),
        ] {
            assert_eq!(assurance_of_all(methods.iter().copied()), expect, "{methods:?}");
        }
    }

    /// Goal: F-1: the rule of the realm and the state of the user say together what is asked of a session.
    #[test]
    fn the_rule_and_the_user_say_the_level() {
        use Assurance::{One, Two};
        for (rule, without, with) in [
            (SecondFactorRule::Never, One, One),
            (SecondFactorRule::WhenEnrolled, One, Two),
            (SecondFactorRule::Required, Two, Two),
        ] {
            assert_eq!((rule.level(false), rule.level(true)), (without, with), "{rule:?}");
            assert_eq!(SecondFactorRule::read(rule.word()), Some(rule));
        }
        assert_eq!(SecondFactorRule::read("sometimes"), None);
        assert_eq!(SecondFactorRule::default(), SecondFactorRule::WhenEnrolled);
    }
}
