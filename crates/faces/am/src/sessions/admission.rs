//! Who may do what to which session, judged before version and action are looked at (recorded).
//!
//! 401 is for who has no live session, 403 for who has one and may not. Contract am.md 1.2.

use adieu_authority::{LiveSession, RealmId, SessionToken, Standing};
use serde_json::Value;

use super::actions::{Right, Row, SessionAction};
use super::by_user;
use super::turn::{Turn, in_body};
use crate::answer::Extras;
use crate::beside;
use crate::caller::{self, Caller};
use crate::error::AmError;
use crate::face::Face;

/// The session that a request is about.
pub(super) enum AskedSession {
    /// None in particular, or the action finds it itself.
    Unasked,
    /// A live one, with its token.
    Live(SessionToken, LiveSession),
    /// One that is over or never was, asked for by somebody who may hear that.
    Dead,
}

impl Turn<'_> {
    /// A live caller, or no caller if the body holds a live token and that is enough. All else is 401. A user who is half signed on
    /// may sign off (S-15).
    pub(super) async fn proven(
        &self,
        face: &Face,
        row: Option<&Row>,
        body: &Value,
        extras: &mut Extras,
    ) -> Result<Caller, AmError> {
        let caller = caller::caller(face, self.call.headers(), Some(self.realm)).await?;
        let possession = |row: &&Row| self.served.is_ok_and(|served| served.since(row.possession_since));
        let signs_off = row.is_some_and(|row| row.act == SessionAction::Logout);
        let enough = match &caller {
            Caller::Live(..) => true,
            Caller::Half(..) => signs_off,
            Caller::Dead => {
                // Whoever names a session asks for the end of that one, not of what the browser carries.
                if signs_off && self.named(body)?.is_none() {
                    // Contract am.md Q-25
                    extras.cookies = beside::signed_off_before(face, self.call, self.realm).await?;
                }
                false
            }
            Caller::Absent => match (row.filter(possession), in_body(body)?) {
                (Some(_), Some(text)) => match caller::held_by(face, text).await? {
                    Caller::Live(..) => true,
                    Caller::Half(..) => signs_off,
                    Caller::Dead | Caller::Absent => false,
                },
                (Some(_) | None, Some(_) | None) => {
                    if signs_off && self.named(body)?.is_none() && !caller::may_be_foreign(face, self.call) {
                        extras.cookies = beside::signed_off_elsewhere(face, self.call, self.realm).await?;
                    }
                    false
                }
            },
        };
        if enough { Ok(caller) } else { Err(AmError::AccessDenied) }
    }

    /// What the caller may do it to. An unknown action is an administrator's to ask for.
    pub(super) async fn admitted(
        &self,
        face: &Face,
        caller: &Caller,
        right: Right,
        (named, body): (Option<&str>, &Value),
    ) -> Result<AskedSession, AmError> {
        match right {
            Right::Anybody | Right::Bearer => Ok(AskedSession::Unasked),
            Right::Owner | Right::Admin => self.aimed(face, caller, named, right == Right::Owner).await,
            Right::Administrator => {
                self.demand_administrator(face, caller).await?;
                Ok(AskedSession::Unasked)
            }
            Right::Oneself => {
                by_user::admit(face, caller, self.realm, body).await?;
                Ok(AskedSession::Unasked)
            }
        }
    }

    /// The session that is named, or the caller's own.
    async fn aimed(
        &self,
        face: &Face,
        caller: &Caller,
        named: Option<&str>,
        owner_may: bool,
    ) -> Result<AskedSession, AmError> {
        let own = caller.live();
        let target = match named {
            Some(text) => caller::opened_by(face, text, false).await?,
            None => {
                Some(own.map(|(token, live)| (token.clone(), live.clone())).ok_or(AmError::AccessDenied)?)
            }
        };
        let Some((token, target)) = target else {
            // Of a dead session nobody can tell whose it was: only an administrator hears that it is dead.
            self.demand_administrator(face, caller).await?;
            return Ok(AskedSession::Dead);
        };
        let mine = match own {
            Some((_, own)) => own.user.id == target.user.id,
            None => true, // The token is the credential, where that was enough.
        };
        if !(mine && owner_may) {
            demand_reach(face, caller, &target).await?;
        }
        Ok(AskedSession::Live(token, target))
    }

    /// An administrator of the whole addressed realm.
    pub(super) async fn demand_administrator(&self, face: &Face, caller: &Caller) -> Result<(), AmError> {
        demand_realm(face, caller, self.realm).await
    }
}

/// An administrator of a whole realm.
pub(super) async fn demand_realm(face: &Face, caller: &Caller, realm: RealmId) -> Result<(), AmError> {
    let (_, live) = caller.live().ok_or(AmError::AccessDenied)?;
    match caller::standing(face, live, realm).await? {
        Standing::OfRealm => Ok(()),
        Standing::Nobody | Standing::OfPopulations(_) => Err(AmError::Forbidden),
    }
}

async fn demand_reach(face: &Face, caller: &Caller, target: &LiveSession) -> Result<(), AmError> {
    let (_, live) = caller.live().ok_or(AmError::AccessDenied)?;
    let standing = caller::standing(face, live, target.session.realm).await?;
    if standing.reaches(target.user.population) { Ok(()) } else { Err(AmError::Forbidden) }
}
