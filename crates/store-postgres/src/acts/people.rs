//! Changes of users inside the batch that is being committed: gather, let core decide, write.
//!
//! What ends with a change ends first, on the one road (ONE-ROAD); the record is then written over what the ending left.

use adieu_core::{
    ConfirmCodesOrder, ConfirmError, DirectoryError, EditUserOrder, Edited, EndOrder, Ended, NewUser,
    PasswordRenewal, RemoveUserOrder, Timestamp, Unwritten, User, UserAround, UserChanges, UserId,
    decide_confirm_codes, decide_create_user, decide_edit_user, decide_remove_user, decide_renew_password,
};
use adieu_store_records::Damaged;

use crate::acts::sessions::end;
use crate::batch::Batch;
use crate::working::{Halt, Looked};

type Written<T> = Looked<Result<T, DirectoryError>>;

pub(super) fn create_user(batch: &mut Batch, new: &NewUser) -> Written<User> {
    // All of it is asked for at once.
    let (known, around, key) =
        (batch.user(new.user.id), around(batch, &new.user), batch.free_key(new.user.key));
    match decide_create_user(new, known?.is_some(), key?, &around?) {
        Ok(UserChanges { user, names, end: _ }) => {
            batch.write_names(&user, &names)?;
            batch.write_user(user.clone());
            Ok(Ok(user))
        }
        Err(refusal) => Ok(Err(refusal)),
    }
}

pub(super) fn edit_user(batch: &mut Batch, order: &EditUserOrder, now: Timestamp) -> Written<Edited> {
    let before = batch.user(order.user)?;
    let around = match &before {
        Some(before) => around(batch, &order.edit.applied_to(before, now)),
        None => Ok(UserAround::default()),
    };
    let by_session = order.by_session.map(|session| batch.facts(session)).transpose();
    let around = UserAround { by_session: by_session?.flatten(), ..around? };
    match decide_edit_user(before.as_deref(), order, &around, now) {
        Ok(changes) => apply(batch, changes, now).map(Ok),
        Err(refusal) => Ok(Err(refusal)),
    }
}

pub(super) fn remove_user(batch: &mut Batch, order: &RemoveUserOrder, now: Timestamp) -> Written<Ended> {
    let before = batch.user(order.user)?;
    match decide_remove_user(before.as_deref(), order, now) {
        Ok(changes) => {
            let consents = batch.consents_of(order.user)?;
            let ended = apply(batch, changes, now)?.ended.unwrap_or(Ended::Before);
            for consent in consents {
                batch.drop_consent(order.user, consent.client);
            }
            Ok(Ok(ended))
        }
        Err(refusal) => Ok(Err(refusal)),
    }
}

pub(super) fn renew_password(
    batch: &mut Batch,
    id: UserId,
    renewal: &PasswordRenewal,
    now: Timestamp,
) -> Looked<Result<bool, Unwritten>> {
    let user = batch.user(id)?;
    match user.and_then(|user| decide_renew_password(&user, renewal, now)) {
        Some(next) => {
            batch.write_user(next);
            Ok(Ok(true))
        }
        None => Ok(Ok(false)),
    }
}

/// The user's codes and the session that has seen them are written together.
pub(super) fn confirm_recovery_codes(
    batch: &mut Batch,
    order: ConfirmCodesOrder,
    now: Timestamp,
) -> Looked<Result<User, ConfirmError>> {
    let facts = batch.facts(order.session)?;
    match decide_confirm_codes(facts.as_ref(), order, now) {
        Ok((user, session)) => {
            batch.write_session(session)?;
            batch.write_user(user.clone());
            Ok(Ok(user))
        }
        Err(refusal) => Ok(Err(refusal)),
    }
}

/// The facts around a record that is to be written.
fn around(batch: &Batch, wanted: &User) -> Looked<UserAround> {
    let population = batch.population(wanted.population);
    let name_holders = batch.name_holders(wanted.realm, wanted.listed_names());
    let external = wanted.external_id.as_deref();
    let external_holder = external.map(|id| batch.external_holder(wanted.realm, id)).transpose();
    Ok(UserAround {
        population_realm: population?.map(|population| population.realm),
        name_holders: name_holders?,
        external_holder: external_holder?.flatten(),
        by_session: None,
    })
}

fn apply(batch: &mut Batch, changes: UserChanges, now: Timestamp) -> Looked<Edited> {
    let ended = match changes.end {
        Some(order) => Some(ended(batch, &order, now)?),
        None => None,
    };
    let user = match batch.user_by_key(changes.user.key)? {
        Some(stored) => changes.user.under(&stored),
        None => changes.user,
    };
    batch.write_names(&user, &changes.names)?;
    batch.write_user(user.clone());
    Ok(Edited { user, ended })
}

fn ended(batch: &mut Batch, order: &EndOrder, now: Timestamp) -> Looked<Ended> {
    end(batch, order, now)?.map_err(|_| Halt::Damaged(Damaged("user")))
}
