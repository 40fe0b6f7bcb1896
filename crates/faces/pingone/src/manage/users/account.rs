//! PingOne: whether a user may sign on, as `enabled` and `account` say it.
//!
//! Disabling ends the user's sessions, locking ends none. Whatever a request says of it is done or refused (F-8). Contract:
//! PingOne Platform API, "User Accounts".

use adieu_authority::{AccountLock, LockChange, Timestamp, User, UserEdit};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::manage::input::Input;
use crate::problem::Problem;
use crate::session_json;

const LOCKED: &str = "LOCKED";
const OK: &str = "OK";

/// What a request says of it; what it does not say stays as it is.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct AccountInput {
    enabled: Option<bool>,
    lock: Option<LockChange>,
    can_authenticate: Option<bool>,
}

impl AccountInput {
    pub(super) fn read(input: &Input) -> Result<Self, Problem> {
        let enabled = input.flag("enabled")?;
        let Some(account) = input.object("account")? else { return Ok(Self { enabled, ..Self::default() }) };
        let unlock_at = unlock_at(&account)?;
        let wrong =
            || Problem::invalid("account", "`status` is `OK`, or `LOCKED` with an optional `unlockAt`.");
        let lock = match (account.text("status")?, unlock_at) {
            (None, None) => None,
            (Some(OK), None) => Some(LockChange::Unlock),
            (Some(LOCKED), until) => Some(LockChange::Lock { until }),
            (Some(_), _) | (None, Some(_)) => return Err(wrong()),
        };
        Ok(Self { enabled, lock, can_authenticate: account.flag("canAuthenticate")? })
    }

    /// The change of a user who is there. `canAuthenticate` follows from the rest: it may say what comes out, or what was so
    /// when the user was read.
    pub(super) fn over(self, before: &User, edit: UserEdit, now: Timestamp) -> Result<UserEdit, Problem> {
        let edit = UserEdit { enabled: self.enabled, lock: self.lock, ..edit };
        let after = edit.applied_to(before, now).may_sign_on(now);
        match self.can_authenticate {
            Some(said) if said != after && said != before.may_sign_on(now) => Err(follows()),
            Some(_) | None => Ok(edit),
        }
    }

    /// Whether a new user is disabled, and whether locked.
    pub(super) fn of_new(self) -> Result<(bool, bool), Problem> {
        let disabled = self.enabled == Some(false);
        let locked = match self.lock {
            None | Some(LockChange::Unlock) => false,
            Some(LockChange::Lock { until: None }) => true,
            Some(LockChange::Lock { until: Some(_) }) => {
                return Err(Problem::invalid("account", "A new user is locked without `unlockAt`."));
            }
        };
        match self.can_authenticate {
            Some(said) if said == (disabled || locked) => Err(follows()),
            Some(_) | None => Ok((disabled, locked)),
        }
    }
}

fn follows() -> Problem {
    Problem::invalid("account", "`canAuthenticate` follows from `enabled` and `account.status`: say those.")
}

/// When a lock ends by itself, if that is said.
pub(super) fn unlock_at(account: &Input) -> Result<Option<Timestamp>, Problem> {
    let Some(text) = account.text("unlockAt")? else { return Ok(None) };
    let wrong = |_| Problem::invalid("account", "`unlockAt` is a time of RFC 3339.");
    let at = OffsetDateTime::parse(text, &Rfc3339).map_err(wrong)?;
    Ok(Some(Timestamp::from_ms(at.unix_timestamp() * 1000 + i64::from(at.millisecond()))))
}

pub(super) fn json(user: &User, now: Timestamp) -> Value {
    let may = user.may_sign_on(now);
    let Some(AccountLock { at, until }) = user.lock.filter(|lock| lock.holds(now)) else {
        return json!({"canAuthenticate": may, "status": OK});
    };
    let mut shown = json!({"canAuthenticate": may, "lockedAt": session_json::time(at), "status": LOCKED});
    if let Some(until) = until {
        let left_ms = until.ms().saturating_sub(now.ms());
        shown["secondsUntilUnlock"] = (left_ms / 1000 + i64::from(left_ms % 1000 != 0)).into();
        shown["unlockAt"] = session_json::time(until);
    }
    shown
}
