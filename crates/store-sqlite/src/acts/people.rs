//! Changes of users inside the batch that is being committed: gather, let core decide, write.
//!
//! What ends with a change ends first, on the one road (ONE-ROAD); the record is then written over what the ending left.

use adieu_core::{
    ConfirmCodesOrder, ConfirmError, DirectoryError, EditUserOrder, Edited, EndOrder, Ended, NewUser,
    PasswordRenewal, RemoveUserOrder, Timestamp, Unwritten, User, UserAround, UserChanges, UserId,
    decide_confirm_codes, decide_create_user, decide_edit_user, decide_remove_user, decide_renew_password,
};
use rusqlite::Connection;

use crate::acts::family::facts_in;
use crate::acts::sessions::end;
use crate::batch::Batch;
use crate::error::Damaged;
use crate::rows;

type Written<T> = rusqlite::Result<Result<T, DirectoryError>>;

pub(super) fn create_user(batch: &mut Batch<'_>, new: &NewUser) -> Written<User> {
    let known = rows::user(batch.db, new.user.id)?.is_some();
    let key = rows::free_key(batch.db, new.user.key)?;
    match decide_create_user(new, known, key, &around(batch.db, &new.user)?) {
        Ok(UserChanges { user, names, end: _ }) => {
            rows::write_names(batch.db, &user, &names)?;
            batch.write_user(user.clone())?;
            Ok(Ok(user))
        }
        Err(refusal) => Ok(Err(refusal)),
    }
}

pub(super) fn edit_user(batch: &mut Batch<'_>, order: &EditUserOrder, now: Timestamp) -> Written<Edited> {
    let before = rows::user(batch.db, order.user)?;
    let around = match &before {
        Some(before) => around(batch.db, &order.edit.applied_to(before, now))?,
        None => UserAround::default(),
    };
    let by_session = match order.by_session {
        Some(session) => facts_in(batch, session)?,
        None => None,
    };
    let around = UserAround { by_session, ..around };
    match decide_edit_user(before.as_ref(), order, &around, now) {
        Ok(changes) => apply(batch, changes, now).map(Ok),
        Err(refusal) => Ok(Err(refusal)),
    }
}

pub(super) fn remove_user(batch: &mut Batch<'_>, order: &RemoveUserOrder, now: Timestamp) -> Written<Ended> {
    let before = rows::user(batch.db, order.user)?;
    match decide_remove_user(before.as_ref(), order, now) {
        Ok(changes) => {
            let ended = apply(batch, changes, now)?.ended.unwrap_or(Ended::Before);
            for consent in rows::consents(batch.db, order.user)? {
                batch.drop_consent(order.user, consent.client)?;
            }
            Ok(Ok(ended))
        }
        Err(refusal) => Ok(Err(refusal)),
    }
}

pub(super) fn renew_password(
    batch: &mut Batch<'_>,
    id: UserId,
    renewal: &PasswordRenewal,
    now: Timestamp,
) -> rusqlite::Result<Result<bool, Unwritten>> {
    let user = rows::user(batch.db, id)?;
    match user.and_then(|user| decide_renew_password(&user, renewal, now)) {
        Some(next) => batch.write_user(next).map(|()| Ok(true)),
        None => Ok(Ok(false)),
    }
}

/// The user's codes and the session that has seen them are written together.
pub(super) fn confirm_recovery_codes(
    batch: &mut Batch<'_>,
    order: ConfirmCodesOrder,
    now: Timestamp,
) -> rusqlite::Result<Result<User, ConfirmError>> {
    let facts = facts_in(batch, order.session)?;
    match decide_confirm_codes(facts.as_ref(), order, now) {
        Ok((user, session)) => {
            batch.write_session(session)?;
            batch.write_user(user.clone())?;
            Ok(Ok(user))
        }
        Err(refusal) => Ok(Err(refusal)),
    }
}

/// The facts around a record that is to be written.
fn around(db: &Connection, wanted: &User) -> rusqlite::Result<UserAround> {
    let external = wanted.external_id.as_deref();
    Ok(UserAround {
        population_realm: rows::population(db, wanted.population)?.map(|population| population.realm),
        name_holders: rows::name_holders(db, wanted.realm, wanted.listed_names())?,
        external_holder: match external {
            Some(id) => rows::external_holder(db, wanted.realm, id)?,
            None => None,
        },
        by_session: None,
    })
}

fn apply(batch: &mut Batch<'_>, changes: UserChanges, now: Timestamp) -> rusqlite::Result<Edited> {
    let ended = changes.end.map(|order| ended(batch, &order, now)).transpose()?;
    let user = match rows::user(batch.db, changes.user.id)? {
        Some(stored) => changes.user.under(&stored),
        None => changes.user,
    };
    rows::write_names(batch.db, &user, &changes.names)?;
    batch.write_user(user.clone())?;
    Ok(Edited { user, ended })
}

fn ended(batch: &mut Batch<'_>, order: &EndOrder, now: Timestamp) -> rusqlite::Result<Ended> {
    end(batch, order, now)?.map_err(|_| Damaged::row("user"))
}
