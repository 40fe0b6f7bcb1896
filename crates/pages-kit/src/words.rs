//! What the pages of all dialects say alike.
//!
//! Words only: which of them fits is its caller's business.

/// What the first field of a sign-on is called, whichever dialect shows it: all of them take either.
pub(crate) const IDENTIFIER: &str = "Username or e-mail address";
/// What a person can do who does not know the password: there is no mail by which a password is set anew, and whether there are codes for it is
/// the realm's affair.
pub(crate) const FORGOTTEN: &str = "Forgotten your password? Ask your administrator.";
/// What a person can do who is asked for a recovery code and has none.
pub(crate) const CODES_LOST: &str = "Codes lost? Ask your administrator.";
/// The way on for whoever is asked for something as somebody else.
pub const OTHER_ACCOUNT: &str = "Use another account";
/// Too much waits just now, whoever asks: what was typed is right or wrong, nobody has looked.
pub const BUSY: &str = "The server is busy. Try again in a moment.";
/// What came is not the form that this browser was shown.
pub const FORM_TOO_OLD: &str = "That form is too old";
/// Why, and what to do about it: browsers that keep no cookies come to no other end.
pub const FORM_TOO_OLD_WHY: &str = "It was made for another browser or too long ago: please begin again. If that does not help, \
    allow this site to keep cookies in your browser; nobody can sign on without them.";

/// What the second one is called.
pub(crate) const PASSWORD: &str = "Password";

/// Longer waits are said in minutes.
const SECONDS_MAX: u64 = 90;

/// Sign-ons were tried too often; says when the form may be sent again.
pub fn too_often(retry_after_s: u64) -> String {
    let when = match retry_after_s {
        0 | 1 => "a second".to_owned(),
        2..=SECONDS_MAX => format!("{retry_after_s} seconds"),
        _ => format!("{} minutes", retry_after_s.div_ceil(60)),
    };
    format!("Sign-on was tried too often. Please try again in {when}.")
}

/// What an application gets by a scope. OpenID Connect Core §5.4 and §11
const GETS: [(&str, &str); 6] = [
    ("openid", "Who you are here"),
    ("profile", "Your name and profile"),
    ("email", "Your e-mail address"),
    ("address", "Your postal address"),
    ("phone", "Your phone number"),
    ("offline_access", "Access after you have signed off, until you withdraw it"),
];

/// What an application gets by scopes, separated by blanks, and by claims, each in a few words.
pub fn gets_in_words<'a>(scopes: &str, claims: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let of_scope = |scope: &str| match GETS.iter().find(|(known, _)| *known == scope) {
        Some((_, words)) => (*words).to_owned(),
        None => format!("Use of {scope} in your name"),
    };
    let of_claim = |claim: &str| format!("From your account: {}", claim.replace('_', " "));
    let scopes = scopes.split(' ').filter(|scope| !scope.is_empty()).map(of_scope);
    scopes.chain(claims.into_iter().map(of_claim)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_application_gets_is_said_in_words() {
        let said = gets_in_words("openid phone p1:read:user", ["phone_number"]);
        let expected = [
            "Who you are here",
            "Your phone number",
            "Use of p1:read:user in your name",
            "From your account: phone number",
        ];
        assert_eq!(said, expected);
        assert!(gets_in_words("", []).is_empty());
    }

    #[test]
    fn the_wait_is_said_in_seconds_or_minutes() {
        let said = |seconds| too_often(seconds).split_once("again in ").map(|(_, when)| when.to_owned());
        for (seconds, when) in
            [(0, "a second."), (1, "a second."), (30, "30 seconds."), (90, "90 seconds."), (91, "2 minutes.")]
        {
            assert_eq!(said(seconds).as_deref(), Some(when));
        }
    }
}
