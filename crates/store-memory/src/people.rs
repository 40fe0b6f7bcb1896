//! Changes of users: gather, let core decide, write.
//!
//! What ends with a change ends first, on the one road (ONE-ROAD); the record is then written over what the ending left.

use adieu_core::{
    ConfirmCodesOrder, ConfirmError, DirectoryError, EditUserOrder, Edited, Ended, NewUser, PasswordRenewal,
    RemoveUserOrder, Timestamp, User, UserAround, UserChanges, UserId, UserKey, decide_confirm_codes,
    decide_create_user, decide_edit_user, decide_remove_user, decide_renew_password,
};

use crate::sessions::end;
use crate::tables::Tables;

impl Tables {
    pub(crate) fn create_user(&mut self, new: &NewUser) -> Result<User, DirectoryError> {
        let known = self.users.contains_key(&new.user.id);
        let key = self.free_key(new.user.key);
        let changes = decide_create_user(new, known, key, &self.around(&new.user))?;
        Ok(self.write(&changes, changes.user.clone()))
    }

    pub(crate) fn edit_user(
        &mut self,
        order: &EditUserOrder,
        now: Timestamp,
    ) -> Result<Edited, DirectoryError> {
        let before = self.users.get(&order.user).cloned();
        let around = before.as_ref().map(|before| self.around(&order.edit.applied_to(before, now)));
        let by_session = order.by_session.and_then(|session| self.facts_of(session));
        let around = UserAround { by_session, ..around.unwrap_or_default() };
        Ok(self.carried_out(decide_edit_user(before.as_deref(), order, &around, now)?, now))
    }

    pub(crate) fn remove_user(
        &mut self,
        order: &RemoveUserOrder,
        now: Timestamp,
    ) -> Result<Ended, DirectoryError> {
        let before = self.users.get(&order.user).cloned();
        let edited = self.carried_out(decide_remove_user(before.as_deref(), order, now)?, now);
        self.drop_consents(order.user);
        Ok(edited.ended.unwrap_or(Ended::Before))
    }

    pub(crate) fn renew_password(&mut self, id: UserId, renewal: &PasswordRenewal, now: Timestamp) -> bool {
        let next = self.users.get(&id).and_then(|user| decide_renew_password(user, renewal, now));
        let renewed = next.is_some();
        if let Some(next) = next {
            self.write_user(next);
        }
        renewed
    }

    /// The user's codes and the session that has seen them are written together.
    pub(crate) fn confirm_recovery_codes(
        &mut self,
        order: ConfirmCodesOrder,
        now: Timestamp,
    ) -> Result<User, ConfirmError> {
        let facts = self.facts_of(order.session);
        let (user, session) = decide_confirm_codes(facts.as_ref(), order, now)?;
        self.write_session(session);
        self.write_user(user.clone());
        Ok(user)
    }

    /// A key that is nobody's, neither a user's nor a session's nor a tombstone's.
    fn free_key(&self, wanted: UserKey) -> UserKey {
        let mut key = wanted;
        while self.user_by_key(key).is_some() || self.rows_of(key).next().is_some() {
            key = UserKey::from_random(key.number() + 1);
        }
        key
    }

    /// The facts around a record that is to be written.
    fn around(&self, wanted: &User) -> UserAround {
        let holder = |name: String| {
            let key = self.names.get(&(wanted.realm, name.clone())).copied();
            key.map(|key| (name, key))
        };
        let external = wanted.external_id.clone().map(|id| (wanted.realm, id));
        UserAround {
            population_realm: self.population(wanted.population).map(|population| population.realm),
            name_holders: wanted.listed_names().into_iter().filter_map(holder).collect(),
            external_holder: external.and_then(|id| self.external_ids.get(&id).copied()),
            by_session: None,
        }
    }

    /// Carries out what was decided of a user: the ending first. It is not refused: the user is there.
    fn carried_out(&mut self, changes: UserChanges, now: Timestamp) -> Edited {
        let ended = changes.end.as_ref().map(|order| end(self, order, now).expect("the user is stored"));
        let user = match self.users.get(&changes.user.id) {
            Some(stored) => changes.user.clone().under(stored),
            None => changes.user.clone(),
        };
        Edited { user: self.write(&changes, user), ended }
    }

    /// Writes a user and the names by which they are found.
    fn write(&mut self, changes: &UserChanges, user: User) -> User {
        let names = &changes.names;
        for name in &names.drop {
            self.names.remove(&(user.realm, name.clone()));
        }
        for name in &names.add {
            self.names.insert((user.realm, name.clone()), user.key);
        }
        if let Some(id) = &names.drop_external {
            self.external_ids.remove(&(user.realm, id.clone()));
        }
        if let Some(id) = &names.add_external {
            self.external_ids.insert((user.realm, id.clone()), user.key);
        }
        self.write_user(user.clone());
        user
    }
}
