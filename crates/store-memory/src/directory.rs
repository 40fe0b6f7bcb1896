//! Realms, populations, clients, keys.
//!
//! Each change gathers facts, lets core decide, and writes what was decided.

use std::sync::Arc;

use adieu_core::directory::matched;
use adieu_core::{
    Client, ClientChanges, ClientId, ConfirmCodesOrder, ConfirmError, DirectoryError, EditClientOrder,
    EditUserOrder, Edited, Ended, NewUser, Outage, PasswordRenewal, Population, PopulationId, Realm, RealmId,
    RemoveClientOrder, RemoveUserOrder, SecondFactorRule, StoredClient, Timestamp, Unwritten, User, UserId,
    Version, decide_create_client, decide_create_population, decide_create_realm, decide_edit_client,
    decide_edit_population, decide_remove_client, decide_remove_population, decide_second_factor_rule,
    present_client,
};
use adieu_store::{Directory, Lookup, Pending, StoredKey};

use crate::MemoryStore;
use crate::sessions::end;
use crate::tables::Tables;

impl Directory for MemoryStore {
    fn realm(&self, id: RealmId) -> Lookup<Result<Option<Arc<Realm>>, Outage>> {
        self.look(|tables| Ok(tables.realms.get(&id).cloned().map(Arc::new)))
    }

    fn realms(&self) -> Pending<Result<Vec<Realm>, Outage>> {
        self.act(|tables| {
            let mut realms: Vec<_> = tables.realms.values().cloned().collect();
            realms.sort_by(|a, b| a.path.cmp(&b.path));
            Ok(realms)
        })
    }

    fn create_realm(&self, realm: Realm, first: Population) -> Pending<Result<(), DirectoryError>> {
        self.act(|tables| {
            let same = |other: &Realm| other.id == realm.id || other.path == realm.path;
            let taken = tables.realms.values().any(same) || tables.population(first.id).is_some();
            let (realm, first) = decide_create_realm(&realm, &first, taken)?;
            tables.populations.push(first);
            tables.realms.insert(realm.id, realm);
            Ok(())
        })
    }

    fn set_second_factor_rule(
        &self,
        realm: RealmId,
        rule: SecondFactorRule,
    ) -> Pending<Result<Realm, DirectoryError>> {
        self.act(|tables| {
            let realm = decide_second_factor_rule(tables.realms.get(&realm), rule)?;
            tables.realms.insert(realm.id, realm.clone());
            Ok(realm)
        })
    }

    fn population(&self, id: PopulationId) -> Pending<Result<Option<Population>, Outage>> {
        self.act(|tables| Ok(tables.population(id).cloned()))
    }

    fn populations(&self, realm: RealmId) -> Pending<Result<Vec<Population>, Outage>> {
        self.act(|tables| Ok(tables.populations.iter().filter(|one| one.realm == realm).cloned().collect()))
    }

    fn create_population(&self, new: Population) -> Pending<Result<(), DirectoryError>> {
        self.act(|tables| {
            let in_realm = tables.realms.contains_key(&new.realm);
            let taken = tables.population(new.id).is_some();
            tables.populations.push(decide_create_population(&new, in_realm, taken)?);
            Ok(())
        })
    }

    fn edit_population(
        &self,
        from: Version,
        next: Population,
    ) -> Pending<Result<Population, DirectoryError>> {
        self.act(|tables| {
            let next = decide_edit_population(tables.population(next.id), from, &next)?;
            for population in tables.populations.iter_mut().filter(|one| one.id == next.id) {
                population.clone_from(&next);
            }
            Ok(next)
        })
    }

    fn remove_population(
        &self,
        id: PopulationId,
        from: Option<Version>,
    ) -> Pending<Result<(), DirectoryError>> {
        self.act(|tables| {
            decide_remove_population(tables.population(id), from, tables.users_in(id))?;
            tables.populations.retain(|one| one.id != id);
            Ok(())
        })
    }

    fn count_users(&self, population: PopulationId) -> Pending<Result<u64, Outage>> {
        self.act(|tables| Ok(tables.users_in(population)))
    }

    fn user(&self, id: UserId) -> Lookup<Result<Option<Arc<User>>, Outage>> {
        self.look(|tables| Ok(tables.users.get(&id).filter(|user| !user.removed).cloned()))
    }

    fn user_named(&self, realm: RealmId, name: &str) -> Pending<Result<Option<Arc<User>>, Outage>> {
        let name = (realm, matched(name));
        self.act(|tables| Ok(tables.names.get(&name).and_then(|key| tables.user_by_key(*key)).cloned()))
    }

    fn user_external(&self, realm: RealmId, external_id: &str) -> Pending<Result<Option<Arc<User>>, Outage>> {
        let id = (realm, external_id.to_owned());
        self.act(|tables| Ok(tables.external_ids.get(&id).and_then(|key| tables.user_by_key(*key)).cloned()))
    }

    fn users(&self, realm: RealmId, after: Option<UserId>, most: u32) -> Pending<Result<Vec<User>, Outage>> {
        self.act(|tables| {
            let there = |user: &&Arc<User>| {
                user.realm == realm && !user.removed && after.is_none_or(|after| user.id > after)
            };
            let users = tables.users.values().filter(there).take(most as usize);
            Ok(users.map(|user| User::clone(user)).collect())
        })
    }

    fn create_user(&self, new: NewUser) -> Pending<Result<User, DirectoryError>> {
        self.act(|tables| tables.create_user(&new))
    }

    fn edit_user(&self, order: EditUserOrder, now: Timestamp) -> Pending<Result<Edited, DirectoryError>> {
        self.act(|tables| tables.edit_user(&order, now))
    }

    fn renew_password(
        &self,
        id: UserId,
        renewal: PasswordRenewal,
        now: Timestamp,
    ) -> Pending<Result<bool, Unwritten>> {
        self.act(|tables| Ok(tables.renew_password(id, &renewal, now)))
    }

    fn remove_user(&self, order: RemoveUserOrder, now: Timestamp) -> Pending<Result<Ended, DirectoryError>> {
        self.act(|tables| tables.remove_user(&order, now))
    }

    fn confirm_recovery_codes(
        &self,
        order: ConfirmCodesOrder,
        now: Timestamp,
    ) -> Pending<Result<User, ConfirmError>> {
        self.act(|tables| tables.confirm_recovery_codes(order, now))
    }

    fn client(&self, id: &ClientId) -> Lookup<Result<Option<Arc<Client>>, Outage>> {
        self.look(|tables| Ok(tables.client(id).map(Arc::new)))
    }

    fn clients_with_post_logout_uri(
        &self,
        realm: RealmId,
        uri: &str,
    ) -> Pending<Result<Vec<Client>, Outage>> {
        self.act(|tables| {
            let mut clients = tables.clients_of(realm);
            clients.retain(|client| client.post_logout_redirect_uris.iter().any(|known| known == uri));
            Ok(clients)
        })
    }

    fn clients(&self, realm: RealmId) -> Pending<Result<Vec<Client>, Outage>> {
        self.act(|tables| Ok(tables.clients_of(realm)))
    }

    fn create_client(&self, new: Client) -> Pending<Result<Client, DirectoryError>> {
        self.act(|tables| {
            let client = decide_create_client(tables.clients.get(&new.id), &new)?;
            tables.write_client(client.clone());
            Ok(client)
        })
    }

    fn edit_client(&self, order: EditClientOrder, now: Timestamp) -> Pending<Result<Client, DirectoryError>> {
        self.act(|tables| tables.edit_client(&order, now))
    }

    fn remove_client(&self, order: RemoveClientOrder, now: Timestamp) -> Pending<Result<(), DirectoryError>> {
        self.act(|tables| {
            let changes = decide_remove_client(tables.clients.get(&order.client), &order)?;
            tables.change_client(changes, true, now).map(drop)
        })
    }

    fn keys(&self, realm: RealmId) -> Pending<Result<Vec<StoredKey>, Outage>> {
        self.act(|tables| {
            let mut keys: Vec<_> = tables.keys.iter().filter(|key| key.realm == realm).cloned().collect();
            keys.sort_by(|a, b| (a.created_at, &a.kid).cmp(&(b.created_at, &b.kid)));
            Ok(keys)
        })
    }

    fn add_key(&self, key: StoredKey) -> Pending<Result<(), DirectoryError>> {
        self.act(|tables| {
            tables.keys.retain(|known| (known.realm, &known.kid) != (key.realm, &key.kid));
            tables.keys.push(key);
            Ok(())
        })
    }
}

impl Tables {
    pub(crate) fn population(&self, id: PopulationId) -> Option<&Population> {
        self.populations.iter().find(|population| population.id == id)
    }

    /// The clients of a realm that were not removed, by id.
    fn clients_of(&self, realm: RealmId) -> Vec<Client> {
        let stored = self.clients.values().cloned().map(Some);
        stored.filter_map(present_client).filter(|client| client.realm == realm).collect()
    }

    fn users_in(&self, population: PopulationId) -> u64 {
        self.users.values().filter(|user| user.population == population && !user.removed).count() as u64
    }

    /// What the client holds ends by the same act, where it is switched off.
    fn edit_client(&mut self, order: &EditClientOrder, now: Timestamp) -> Result<Client, DirectoryError> {
        let changes = decide_edit_client(self.clients.get(&order.next.id), order)?;
        self.change_client(changes, false, now)
    }

    /// Carries out what was decided of a client: the ending first.
    fn change_client(
        &mut self,
        changes: ClientChanges,
        removed: bool,
        now: Timestamp,
    ) -> Result<Client, DirectoryError> {
        let ClientChanges { client, end: ending } = changes;
        if let Some(order) = ending {
            end(self, &order, now).map_err(|_| DirectoryError::Unknown)?;
        }
        let client = match self.clients.get(&client.id) {
            Some(stored) => client.under(&stored.client),
            None => client,
        };
        self.clients.insert(client.id.clone(), StoredClient { client: client.clone(), removed });
        Ok(client)
    }

    pub(crate) fn write_client(&mut self, client: Client) {
        self.clients.insert(client.id.clone(), StoredClient { client, removed: false });
    }
}
