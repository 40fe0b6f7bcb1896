//! What every sign-on page says alike.
//!
//! Words only: which of them fits is its caller's business.

/// What the first field of a sign-on is called, whichever dialect shows it: all of them take either.
pub(crate) const IDENTIFIER: &str = "Username or e-mail address";

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

#[cfg(test)]
mod tests {
    use super::*;

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
