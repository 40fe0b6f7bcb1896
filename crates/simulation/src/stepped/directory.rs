//! What passes of realms, users, clients and keys.
//!
//! Each act becomes a step of the simulated network.

use std::sync::Arc;

use adieu_core::{
    ApplicationTrait, Client, ClientDraft, ClientId, ConfirmCodesOrder, ConfirmError, DirectoryError,
    EditClientOrder, EditClientsOrder, EditUserOrder, Edited, EditedClient, Ended, NewUser, Outage,
    PasswordRenewal, Population, PopulationId, Realm, RealmDraft, RealmId, RemoveClientOrder,
    RemoveUserOrder, SecondFactorRule, Timestamp, Unwritten, User, UserId, Version,
};
use adieu_store::{Directory, Lookup, Pending, StoredKey};

use super::SteppedStore;
use crate::plant::{Plant, scene};

impl Directory for SteppedStore {
    fn realm(&self, id: RealmId) -> Lookup<Result<Option<Arc<Realm>>, Outage>> {
        self.look("realm", move |store| store.realm(id))
    }

    fn realms(&self) -> Pending<Result<Vec<Realm>, Outage>> {
        self.read("realms", move |store| store.realms())
    }

    fn create_realm(&self, draft: RealmDraft) -> Pending<Result<(), DirectoryError>> {
        self.write("create_realm", move |store| store.create_realm(draft))
    }

    fn set_second_factor_rule(
        &self,
        realm: RealmId,
        rule: SecondFactorRule,
    ) -> Pending<Result<Realm, DirectoryError>> {
        self.write("set_second_factor_rule", move |store| store.set_second_factor_rule(realm, rule))
    }

    fn population(&self, id: PopulationId) -> Pending<Result<Option<Population>, Outage>> {
        self.read("population", move |store| store.population(id))
    }

    fn populations(&self, realm: RealmId) -> Pending<Result<Vec<Population>, Outage>> {
        self.read("populations", move |store| store.populations(realm))
    }

    fn create_population(&self, new: Population) -> Pending<Result<Population, DirectoryError>> {
        self.write("create_population", move |store| store.create_population(new))
    }

    fn edit_population(
        &self,
        from: Version,
        next: Population,
    ) -> Pending<Result<Population, DirectoryError>> {
        self.write("edit_population", move |store| store.edit_population(from, next))
    }

    fn remove_population(
        &self,
        id: PopulationId,
        from: Option<Version>,
    ) -> Pending<Result<(), DirectoryError>> {
        self.write("remove_population", move |store| store.remove_population(id, from))
    }

    fn count_users(&self, population: PopulationId) -> Pending<Result<u64, Outage>> {
        self.read("count_users", move |store| store.count_users(population))
    }

    fn user(&self, id: UserId) -> Lookup<Result<Option<Arc<User>>, Outage>> {
        self.look("user", move |store| store.user(id))
    }

    fn user_named(&self, realm: RealmId, name: &str) -> Pending<Result<Option<Arc<User>>, Outage>> {
        let name = name.to_owned();
        self.read("user_named", move |store| store.user_named(realm, &name))
    }

    fn create_user(&self, new: NewUser) -> Pending<Result<User, DirectoryError>> {
        self.write("create_user", move |store| store.create_user(new))
    }

    fn user_external(&self, realm: RealmId, external_id: &str) -> Pending<Result<Option<Arc<User>>, Outage>> {
        let external_id = external_id.to_owned();
        self.read("user_external", move |store| store.user_external(realm, &external_id))
    }

    fn users(&self, realm: RealmId, after: Option<UserId>, most: u32) -> Pending<Result<Vec<User>, Outage>> {
        self.read("users", move |store| store.users(realm, after, most))
    }

    fn removed_users(&self, ids: Vec<UserId>) -> Pending<Result<Vec<UserId>, Outage>> {
        self.read("removed_users", move |store| store.removed_users(ids))
    }

    fn edit_user(&self, order: EditUserOrder, now: Timestamp) -> Pending<Result<Edited, DirectoryError>> {
        let forgotten = self.strikes(Plant::ForgetsChange);
        self.write("edit_user", move |store| scene(store, forgotten).edit_user(order, now))
    }

    fn renew_password(
        &self,
        user: UserId,
        renewal: PasswordRenewal,
        now: Timestamp,
    ) -> Pending<Result<bool, Unwritten>> {
        self.write("renew_password", move |store| store.renew_password(user, renewal, now))
    }

    fn remove_user(&self, order: RemoveUserOrder, now: Timestamp) -> Pending<Result<Ended, DirectoryError>> {
        self.write("remove_user", move |store| store.remove_user(order, now))
    }

    fn confirm_recovery_codes(
        &self,
        order: ConfirmCodesOrder,
        now: Timestamp,
    ) -> Pending<Result<User, ConfirmError>> {
        self.write("confirm_recovery_codes", move |store| store.confirm_recovery_codes(order, now))
    }

    fn client(&self, id: &ClientId) -> Lookup<Result<Option<Arc<Client>>, Outage>> {
        let id = id.to_owned();
        self.look("client", move |store| store.client(&id))
    }

    fn clients_with_post_logout_uri(
        &self,
        realm: RealmId,
        uri: &str,
    ) -> Pending<Result<Vec<Client>, Outage>> {
        let uri = uri.to_owned();
        self.read("clients_with_post_logout_uri", move |store| {
            store.clients_with_post_logout_uri(realm, &uri)
        })
    }

    fn has_application(&self, realm: RealmId, of: ApplicationTrait) -> Pending<Result<bool, Outage>> {
        self.read("has_application", move |store| store.has_application(realm, of))
    }

    fn removed_client(&self, id: &ClientId) -> Pending<Result<Option<Client>, Outage>> {
        let id = id.to_owned();
        self.read("removed_client", move |store| store.removed_client(&id))
    }

    fn clients(&self, realm: RealmId) -> Pending<Result<Vec<Client>, Outage>> {
        self.read("clients", move |store| store.clients(realm))
    }

    fn create_client(&self, draft: ClientDraft) -> Pending<Result<Client, DirectoryError>> {
        self.write("create_client", move |store| store.create_client(draft))
    }

    fn edit_client(
        &self,
        order: EditClientOrder,
        now: Timestamp,
    ) -> Pending<Result<EditedClient, DirectoryError>> {
        self.write("edit_client", move |store| store.edit_client(order, now))
    }

    fn edit_clients(
        &self,
        order: EditClientsOrder,
        now: Timestamp,
    ) -> Pending<Result<Vec<EditedClient>, DirectoryError>> {
        self.write("edit_clients", move |store| store.edit_clients(order, now))
    }

    fn remove_client(
        &self,
        order: RemoveClientOrder,
        now: Timestamp,
    ) -> Pending<Result<Ended, DirectoryError>> {
        self.write("remove_client", move |store| store.remove_client(order, now))
    }

    fn keys(&self, realm: RealmId) -> Pending<Result<Vec<StoredKey>, Outage>> {
        self.read("keys", move |store| store.keys(realm))
    }

    fn add_key(&self, key: StoredKey) -> Pending<Result<(), DirectoryError>> {
        self.write("add_key", move |store| store.add_key(key))
    }
}
