//! Users and their names in a batch.
//!
//! No rule is here.

use std::sync::Arc;

use adieu_core::{NameChanges, RealmId, User, UserKey};

use crate::batch::Batch;
use crate::rows::{KeptExternal, KeptName, KeptUser, KeyInUse};
use crate::working::Looked;

impl Batch {
    pub(crate) fn write_user(&mut self, user: User) {
        self.users.put(KeptUser(Arc::new(user)));
    }

    /// The first key behind this one that is nobody's: neither a user's nor a session's nor a tombstone's.
    pub(crate) fn free_key(&mut self, from: UserKey) -> Looked<UserKey> {
        let mut key = from;
        loop {
            let made = self.users.changed_between(&key, &key).next().is_some();
            if !made && !*self.asked.key_in_use.get(&KeyInUse(key))? {
                // Whoever takes it at the same moment meets this one at the key.
                self.users.know_absent(key);
                return Ok(key);
            }
            key = UserKey::from_random(key.number() + 1);
        }
    }

    /// Who is listed under which of these names.
    pub(crate) fn name_holders(&self, realm: RealmId, names: Vec<String>) -> Looked<Vec<(String, UserKey)>> {
        let keys: Vec<_> = names.into_iter().map(|name| (realm, name)).collect();
        keys.iter().for_each(|key| self.names.want(key, None));
        let mut holders = Vec::new();
        for key in keys {
            let holder = self.names.get(&key)?.map(|kept| kept.key);
            holders.extend(holder.map(|holder| (key.1, holder)));
        }
        Ok(holders)
    }

    /// Who has this external id.
    pub(crate) fn external_holder(&self, realm: RealmId, id: &str) -> Looked<Option<UserKey>> {
        Ok(self.externals.get(&(realm, id.to_owned()))?.map(|kept| kept.key))
    }

    /// Gives a user names and takes others away.
    pub(crate) fn write_names(&mut self, user: &User, changes: &NameChanges) -> Looked<()> {
        let (realm, key) = (user.realm, user.key);
        for name in &changes.drop {
            let name = (realm, name.clone());
            if self.names.get(&name)?.is_some_and(|kept| kept.key == key) {
                self.names.remove(name);
            }
        }
        for id in changes.drop_external.iter() {
            let id = (realm, id.clone());
            if self.externals.get(&id)?.is_some_and(|kept| kept.key == key) {
                self.externals.remove(id);
            }
        }
        for name in &changes.add {
            self.names.put(KeptName { name: (realm, name.clone()), key });
        }
        for id in changes.add_external.iter() {
            self.externals.put(KeptExternal { id: (realm, id.clone()), key });
        }
        Ok(())
    }
}
