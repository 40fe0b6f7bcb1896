//! Realms, populations, clients, keys.
//!
//! Each change gathers facts, lets core decide, and writes what was decided.

use std::sync::Arc;

use adieu_core::names::listed_forms;
use adieu_core::{
    ApplicationTrait, Client, ClientChanges, ClientDraft, ClientId, ClientsFacts, ConfirmCodesOrder,
    ConfirmError, DirectoryError, Document, EditClientOrder, EditClientsOrder, EditUserOrder, Edited,
    EditedClient, Ended, NewUser, Outage, PasswordRenewal, Population, PopulationAround, PopulationId, Realm,
    RealmDraft, RealmId, Receiver, RemoveClientOrder, RemoveUserOrder, SecondFactorRule, StoredClient,
    Timestamp, Unwritten, User, UserId, Version, decide_add, decide_create_client, decide_create_population,
    decide_create_realm, decide_edit_client, decide_edit_clients, decide_edit_population,
    decide_remove_client, decide_remove_documents, decide_remove_population, decide_second_factor_rule,
    is_beside, present_client, present_user, removed_client,
};
use adieu_store::{Directory, Lookup, Pending, StoredKey};

use crate::MemoryStore;
use crate::kept::name_of;
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

    fn create_realm(&self, draft: RealmDraft) -> Pending<Result<(), DirectoryError>> {
        self.act(|tables| {
            let realms: Vec<_> = tables.realms.values().cloned().collect();
            let around = tables.population_around(&draft.first);
            let beside = tables.facts_of_changes(&draft.documents);
            let (realm, first, documents) = decide_create_realm(&draft, &realms, &around, &beside)?;
            tables.change_documents(documents);
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

    fn create_population(&self, new: Population) -> Pending<Result<Population, DirectoryError>> {
        self.act(|tables| {
            let around = tables.population_around(&new);
            let made = decide_create_population(&new, &around)?;
            tables.populations.push(made.clone());
            Ok(made)
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
            let before = tables.population(id);
            let around = before.map(|before| tables.population_around(before)).unwrap_or_default();
            tables.removed_versions = decide_remove_population(before, from, &around)?;
            tables.populations.retain(|one| one.id != id);
            Ok(())
        })
    }

    fn count_users(&self, population: PopulationId) -> Pending<Result<u64, Outage>> {
        self.act(|tables| Ok(tables.users_in(population)))
    }

    fn user(&self, id: UserId) -> Lookup<Result<Option<Arc<User>>, Outage>> {
        self.look(|tables| Ok(present_user(tables.users.get(&id).cloned())))
    }

    fn user_named(&self, realm: RealmId, name: &str) -> Pending<Result<Option<Arc<User>>, Outage>> {
        let forms = listed_forms(name);
        self.act(|tables| {
            let key = forms.into_iter().find_map(|form| tables.names.get(&(realm, form)));
            Ok(key.and_then(|key| tables.user_by_key(*key)).cloned())
        })
    }

    fn user_external(&self, realm: RealmId, external_id: &str) -> Pending<Result<Option<Arc<User>>, Outage>> {
        let id = (realm, external_id.to_owned());
        self.act(|tables| Ok(tables.external_ids.get(&id).and_then(|key| tables.user_by_key(*key)).cloned()))
    }

    fn users(&self, realm: RealmId, after: Option<UserId>, most: u32) -> Pending<Result<Vec<User>, Outage>> {
        self.act(|tables| {
            let wanted = |user: &&User| user.realm == realm && after.is_none_or(|after| user.id > after);
            Ok(tables.present_users().filter(wanted).take(most as usize).cloned().collect())
        })
    }

    fn removed_users(&self, ids: Vec<UserId>) -> Pending<Result<Vec<UserId>, Outage>> {
        self.act(|tables| {
            let is_removed = |id: &UserId| tables.users.get(id).is_some_and(|user| user.removed);
            Ok(ids.into_iter().filter(is_removed).collect())
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

    fn removed_client(&self, id: &ClientId) -> Pending<Result<Option<Client>, Outage>> {
        self.act(|tables| Ok(removed_client(tables.clients.get(id).cloned())))
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

    fn has_application(&self, realm: RealmId, of: ApplicationTrait) -> Pending<Result<bool, Outage>> {
        self.act(|tables| {
            Ok(tables.clients_of(realm).iter().any(|one| one.application_traits().contains(&of)))
        })
    }

    fn clients(&self, realm: RealmId) -> Pending<Result<Vec<Client>, Outage>> {
        self.act(|tables| Ok(tables.clients_of(realm)))
    }

    fn create_client(&self, draft: ClientDraft) -> Pending<Result<Client, DirectoryError>> {
        self.act(|tables| {
            let before = tables.clients.get(&draft.client.id);
            let beside = tables.facts_of_changes(&draft.documents);
            let changes = decide_create_client(before, &draft, &beside)?;
            tables.tell_client_elsewhere(&changes);
            let ClientChanges { stored, documents, end: _ } = changes;
            tables.change_documents(documents);
            tables.write_client(stored.clone());
            Ok(stored.client)
        })
    }

    fn edit_client(
        &self,
        order: EditClientOrder,
        now: Timestamp,
    ) -> Pending<Result<EditedClient, DirectoryError>> {
        self.act(|tables| tables.edit_client(&order, now))
    }

    fn edit_clients(
        &self,
        order: EditClientsOrder,
        now: Timestamp,
    ) -> Pending<Result<Vec<EditedClient>, DirectoryError>> {
        self.act(|tables| {
            let with_beside = |one: &EditClientOrder| {
                let stored = tables.clients.get(&one.next.client.id).cloned();
                (stored, tables.facts_of_changes(&one.next.documents))
            };
            let clients = order.clients.iter().map(with_beside).collect();
            let facts = ClientsFacts { clients, documents: tables.facts_of_changes(&order.documents) };
            let (clients, documents) = decide_edit_clients(&facts, &order)?;
            tables.change_documents(documents);
            Ok(clients.into_iter().map(|changes| tables.change_client(changes, now)).collect())
        })
    }

    fn remove_client(
        &self,
        order: RemoveClientOrder,
        now: Timestamp,
    ) -> Pending<Result<Ended, DirectoryError>> {
        self.act(|tables| {
            let changes = decide_remove_client(tables.clients.get(&order.client), &order)?;
            let realm = changes.stored.client.realm;
            let goes = |one: &Document| {
                one.realm == realm
                    && order.document_kinds.contains(&one.kind.as_str())
                    && is_beside(&order.client, &one.id)
            };
            let beside: Vec<_> = tables.documents.values().filter(|one| goes(one)).cloned().collect();
            let changed = tables.change_client(changes, now);
            tables.removed_versions = decide_remove_documents(&beside, tables.removed_versions);
            for gone in &beside {
                tables.documents.remove(&name_of(gone));
            }
            Ok(changed.ended.unwrap_or(Ended::Before))
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
            let taken = tables.keys.iter().any(|known| (known.realm, &known.kid) == (key.realm, &key.kid));
            decide_add(taken)?;
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
        self.present_users().filter(|user| user.population == population).count() as u64
    }

    fn present_users(&self) -> impl Iterator<Item = &User> {
        self.users.values().filter_map(|user| present_user(Some(&**user)))
    }

    /// What stands around a population.
    fn population_around(&self, population: &Population) -> PopulationAround {
        PopulationAround {
            in_realm: self.realms.contains_key(&population.realm),
            known: self.population(population.id).is_some(),
            users: self.users_in(population.id),
            removed: self.removed_versions,
        }
    }

    /// What the client holds ends by the same act, where core says so.
    fn edit_client(
        &mut self,
        order: &EditClientOrder,
        now: Timestamp,
    ) -> Result<EditedClient, DirectoryError> {
        let before = self.clients.get(&order.next.client.id);
        let beside = self.facts_of_changes(&order.next.documents);
        let changes = decide_edit_client(before, order, &beside)?;
        Ok(self.change_client(changes, now))
    }

    /// Carries out what was decided of a client: the ending first. It is not refused: the client is there.
    fn change_client(&mut self, changes: ClientChanges, now: Timestamp) -> EditedClient {
        self.tell_client_elsewhere(&changes);
        let ClientChanges { stored, documents, end: ending } = changes;
        let ended = ending.map(|order| end(self, &order, now).expect("the client is stored"));
        let now_stored = self.clients.get(&stored.client.id).cloned();
        let stored = stored.under(now_stored.as_ref());
        self.change_documents(documents);
        self.write_client(stored.clone());
        EditedClient { client: stored.client, ended }
    }

    fn tell_client_elsewhere(&mut self, changes: &ClientChanges) {
        let id = &changes.stored.client.id;
        if changes.told_elsewhere(self.clients.get(id)) {
            self.tell_elsewhere(&Receiver::Client(id.clone()));
        }
    }

    pub(crate) fn write_client(&mut self, stored: StoredClient) {
        self.clients.insert(stored.client.id.clone(), stored);
    }
}
